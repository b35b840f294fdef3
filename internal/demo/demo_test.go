package demo

import (
	"context"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	openai "github.com/sashabaranov/go-openai"
)

func client(t *testing.T) *openai.Client {
	srv := httptest.NewServer(&Upstream{})
	t.Cleanup(srv.Close)
	cfg := openai.DefaultConfig("none")
	cfg.BaseURL = srv.URL + "/v1"
	return openai.NewClientWithConfig(cfg)
}

func ask(question string, n int) openai.ChatCompletionRequest {
	return openai.ChatCompletionRequest{Model: Name, N: n, Messages: []openai.ChatCompletionMessage{{Role: "user", Content: question}}}
}

func TestEveryTopicAnswersItsOwnQuestion(t *testing.T) {
	for _, topic := range Topics {
		for i, want := range topic.Answers {
			if got := Answer(topic.Question, i); got != want {
				t.Errorf("%q, choice %d: %q", topic.Question, i, got)
			}
		}
	}
	if got := Answer("What is the airspeed of a swallow?", 0); !strings.Contains(got, "demonstration") {
		t.Errorf("an unknown question got %q", got)
	}
}

func TestStreamedAndWholeAnswersAreEqual(t *testing.T) {
	c, ctx := client(t), context.Background()
	for _, topic := range Topics {
		whole, err := c.CreateChatCompletion(ctx, ask(topic.Question, 2))
		if err != nil {
			t.Fatal(err)
		}
		if whole.SystemFingerprint != Name || len(whole.Choices) != 2 || whole.Usage.CompletionTokens == 0 {
			t.Fatalf("%+v", whole)
		}
		req := ask(topic.Question, 2)
		req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
		stream, err := c.CreateChatCompletionStream(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		got, finished, usage := make([]string, 2), 0, 0
		for {
			ev, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, ch := range ev.Choices {
				got[ch.Index] += ch.Delta.Content
				if ch.FinishReason == "stop" {
					finished++
				}
			}
			if ev.Usage != nil {
				usage = ev.Usage.CompletionTokens
			}
		}
		stream.Close()
		if finished != 2 || usage != whole.Usage.CompletionTokens {
			t.Errorf("%d choices finished, usage %d", finished, usage)
		}
		for i := range got {
			if got[i] != whole.Choices[i].Message.Content {
				t.Errorf("choice %d streamed %q, whole %q", i, got[i], whole.Choices[i].Message.Content)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	c, ctx := client(t), context.Background()
	req := ask("Hello!", 1)
	req.Model = "gpt-4o"
	var api *openai.APIError
	if _, err := c.CreateChatCompletion(ctx, req); !errors.As(err, &api) || api.HTTPStatusCode != 404 || api.Code != "model_not_found" {
		t.Errorf("unknown model: %v", err)
	}
	if _, err := c.CreateChatCompletion(ctx, ask("Hello!", 1000)); !errors.As(err, &api) || api.HTTPStatusCode != 400 {
		t.Errorf("n of 1000: %v", err)
	}
	if models, err := c.ListModels(ctx); err != nil || len(models.Models) != 1 || models.Models[0].ID != Name {
		t.Errorf("%+v, %v", models, err)
	}
}

func TestPartsOfAMessageAreRead(t *testing.T) {
	if got := contentText([]byte(`[{"type":"text","text":"When is the"},{"type":"text","text":"workshop open?"}]`)); !strings.Contains(Answer(got, 0), "Monday") {
		t.Errorf("%q", got)
	}
}
