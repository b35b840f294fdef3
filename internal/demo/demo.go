// Package demo is a stand-in for an LLM API and the documents of a company that
// does not exist, so that Touchstone can be tried without a key. The stand-in is
// no model: it has a fixed answer to each of a few questions about those
// documents, some of them wrong on purpose.
package demo

import (
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
)

// KnowledgeBase holds the documents of Larkfield Cycles, under kb/.
//
//go:embed kb
var KnowledgeBase embed.FS

// Name is what the stand-in calls itself: upstream, model and system_fingerprint.
const Name = "demo-upstream"

// Upstream answers like an OpenAI-compatible API: GET /v1/models and POST
// /v1/chat/completions, streamed or not.
type Upstream struct {
	// Pause is the time between two chunks of a stream.
	Pause time.Duration
	// Answer says something else than the function Answer does, where set.
	Answer func(question string, choice int) string
}

type request struct {
	Model    string `json:"model"`
	N        int    `json:"n"`
	Stream   bool   `json:"stream"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"` // text, or a list of parts
	} `json:"messages"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
}

type message struct {
	Role    string `json:"role,omitempty"`
	Content string `json:"content"`
}

type choice struct {
	Index   int      `json:"index"`
	Message *message `json:"message,omitempty"`
	Delta   *message `json:"delta,omitempty"`
	Logprob any      `json:"logprobs"`
	Finish  *string  `json:"finish_reason"`
}

// usage counts the chunks the stand-in cuts texts into; it has no tokenizer.
type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Total      int `json:"total_tokens"`
}

type completion struct {
	ID          string   `json:"id"`
	Object      string   `json:"object"`
	Created     int64    `json:"created"`
	Model       string   `json:"model"`
	Fingerprint string   `json:"system_fingerprint"`
	Choices     []choice `json:"choices"`
	Usage       *usage   `json:"usage,omitempty"`
}

// ServeHTTP implements http.Handler.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /v1/models":
		writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": []any{
			map[string]any{"id": Name, "object": "model", "created": 1767225600, "owned_by": "touchstone-demo"},
		}})
	case "POST /v1/chat/completions":
		u.chat(w, r)
	default:
		refuse(w, http.StatusNotFound, "not_found", "the demo upstream has no "+r.Method+" "+r.URL.Path)
	}
}

// maxBody bounds a request; Touchstone in front of it has its own limit.
const maxBody = 8 << 20

// maxChoices is the n that OpenAI accepts too.
const maxChoices = 128

func (u *Upstream) chat(w http.ResponseWriter, r *http.Request) {
	var req request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&req); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_json", "the request body is not valid JSON: "+err.Error())
		return
	}
	if req.Model != Name {
		refuse(w, http.StatusNotFound, "model_not_found", fmt.Sprintf("the model %q does not exist; the demo upstream has %q", req.Model, Name))
		return
	}
	if req.N < 0 || req.N > maxChoices {
		refuse(w, http.StatusBadRequest, "invalid_value", fmt.Sprintf("n must be between 1 and %d", maxChoices))
		return
	}
	question, asked := "", 0
	for _, m := range req.Messages {
		text := contentText(m.Content)
		asked += len(chunks(text))
		if m.Role == "user" {
			question = text
		}
	}
	answer := u.Answer
	if answer == nil {
		answer = Answer
	}
	replies := make([]string, max(1, req.N))
	said := 0
	for i := range replies {
		replies[i] = answer(question, i)
		said += len(chunks(replies[i]))
	}
	now := time.Now()
	out := completion{
		ID: fmt.Sprintf("chatcmpl-demo-%x", now.UnixNano()), Object: "chat.completion", Created: now.Unix(),
		Model: Name, Fingerprint: Name, Choices: []choice{}, Usage: &usage{asked, said, asked + said},
	}
	if req.Stream {
		u.stream(w, r, out, replies, req.StreamOptions.IncludeUsage)
		return
	}
	stop := "stop"
	for i, text := range replies {
		out.Choices = append(out.Choices, choice{Index: i, Message: &message{"assistant", text}, Finish: &stop})
	}
	writeJSON(w, http.StatusOK, out)
}

// stream sends the replies as an API does: first the role, then pieces of each
// choice in turn, a finish reason each, the usage if asked for, and [DONE].
func (u *Upstream) stream(w http.ResponseWriter, r *http.Request, head completion, replies []string, withUsage bool) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-cache")
	total := head.Usage
	head.Object, head.Usage = "chat.completion.chunk", nil
	send := func(choices ...choice) bool {
		head.Choices = choices
		data, err := json.Marshal(head)
		if err != nil {
			return false
		}
		_, err = fmt.Fprintf(w, "data: %s\n\n", data)
		http.NewResponseController(w).Flush()
		return err == nil && r.Context().Err() == nil
	}
	pieces := make([][]string, len(replies))
	longest := 0
	for i, text := range replies {
		pieces[i] = chunks(text)
		longest = max(longest, len(pieces[i]))
		send(choice{Index: i, Delta: &message{Role: "assistant"}})
	}
	stop := "stop"
	for k := 0; k <= longest; k++ {
		for i := range pieces {
			c := choice{Index: i, Delta: &message{}}
			switch {
			case k < len(pieces[i]):
				c.Delta.Content = pieces[i][k]
			case k == len(pieces[i]):
				c.Finish = &stop
			default:
				continue
			}
			if !send(c) {
				return
			}
		}
		select {
		case <-time.After(u.Pause):
		case <-r.Context().Done():
			return
		}
	}
	if withUsage {
		head.Usage = total
		send([]choice{}...)
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
}

// chunks cuts a text about where tokens end: before each space, and long words
// in two, so that no piece need end where a word or a sentence does.
func chunks(text string) []string {
	var out []string
	for len(text) > 0 {
		end := 1
		for end < len(text) && text[end] != ' ' && text[end] != '\n' {
			end++
		}
		if end > 8 {
			end = 5
			for end < len(text) && !startsRune(text[end]) {
				end++
			}
		}
		out = append(out, text[:end])
		text = text[end:]
	}
	return out
}

func startsRune(b byte) bool { return b&0xC0 != 0x80 }

// contentText is the text of a message's content, parts joined.
func contentText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &parts) != nil {
		return ""
	}
	for _, p := range parts {
		text += p.Text + "\n"
	}
	return text
}

// words are the lower-case words of a question.
func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		out[w] = true
	}
	return out
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code, text string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"message": text, "type": "invalid_request_error", "param": nil, "code": code,
	}})
}
