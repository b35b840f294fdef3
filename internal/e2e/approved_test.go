package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"

	openai "github.com/sashabaranov/go-openai"

	"touchstone/internal/demo"
)

// An answer that is not as approved is replaced by the approved one from where it
// differs, streamed and not, and nothing behind that blocks it.
func TestApprovedAnswerTakesTheModelsPlace(t *testing.T) {
	s := start(t, 0)
	s.stop(t, syscall.SIGTERM)
	if out, code := s.run(t, "", "policy", "init", s.path("policies")); code != 0 {
		t.Fatalf("policy init: %d %s", code, out)
	}
	data, err := os.ReadFile(s.path("policies/data.yaml"))
	must(t, err)
	changed := strings.Replace(string(data), "\n  approved.answer:", "\n  approved.answer:\n    state: enforce\n", 1)
	head, rest, _ := strings.Cut(changed, "\n  approved.answer:")
	rest = strings.Replace(rest, "action: flag", "action: rewrite", 1)
	must(t, os.WriteFile(s.path("policies/data.yaml"), []byte(head+"\n  approved.answer:"+rest), 0o600))
	config, err := os.ReadFile(s.config)
	must(t, err)
	must(t, os.WriteFile(s.config, []byte(strings.Replace(string(config), "{name: default,", "{name: default, guards: [groundedness, approved],", 1)+
		"policies: {dir: "+s.path("policies")+"}\n"), 0o600))
	must(t, os.WriteFile(s.path("answers.csv"), []byte("question,answer\ngift wrapping,Gift wrapping costs €4. Please order it with the parcel.\n"), 0o600))
	if out, code := s.run(t, "", "approved", "import", "-config", s.config, s.path("answers.csv")); code != 0 || !strings.Contains(out, "1 approved answer, 1 new") {
		t.Fatalf("approved import: %d %s", code, out)
	}
	s.serve(t)

	const approved = "Gift wrapping costs €4. Please order it with the parcel."
	for question, want := range map[string]string{
		"What about the mixed gift wrapping?": "Returns are accepted for 30 days. " + approved, // the rest, with the wrong price, does not leave
		"What about gift wrapping?":           right,
		"What about the mixed parcel?":        "", // no approved answer: blocked
	} {
		whole, err := s.client(clientKey).CreateChatCompletion(t.Context(), ask(question, 1))
		must(t, err)
		stream, err := s.client(clientKey).CreateChatCompletionStream(t.Context(), ask(question, 1))
		must(t, err)
		streamed, _ := collect(t, stream)
		stream.Close()
		got := whole.Choices[0].Message.Content
		if want == "" {
			if whole.Choices[0].FinishReason != openai.FinishReasonContentFilter || strings.Contains(streamed, "€9") {
				t.Errorf("%s: %q, streamed %q", question, got, streamed)
			}
			continue
		}
		if got != want || streamed != want {
			t.Errorf("%s:\n whole    %q\n streamed %q\n want     %q", question, got, streamed, want)
		}
	}
	body, err := json.Marshal(map[string]any{"model": demo.Name, "messages": []map[string]string{{"role": "user", "content": "What about the mixed gift wrapping?"}}, "guard": map[string]any{"detail": true}})
	must(t, err)
	resp, answer := s.post(t, string(body))
	if resp.Header.Get("x-guard-verdict") != "flag" || !strings.Contains(string(answer), `"approved.answer","action":"rewrite"`) || strings.Contains(string(answer), "hallucination.contradicted") {
		t.Errorf("verdict %s, %s", resp.Header.Get("x-guard-verdict"), answer)
	}
	s.stop(t, syscall.SIGTERM)
	for _, e := range s.entries(t) {
		if strings.Contains(e.Question, "mixed gift") && (len(e.Sent) != 1 || !strings.HasSuffix(e.Sent[0], approved) || !strings.Contains(e.Answers[0], "€9")) {
			t.Errorf("recorded sent %q, answers %q", e.Sent, e.Answers)
		}
	}
}
