package proxy

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/tidwall/gjson"
)

const (
	modelsTimeout = 3 * time.Second // for an upstream's list
	modelsFresh   = time.Minute     // how long it is believed
	modelsLimit   = 1 << 20         // bytes of a list
)

// modelCache keeps the model lists of upstreams.
type modelCache struct {
	mu    sync.Mutex
	lists map[string]modelList
}

type modelList struct {
	at     time.Time
	models []model
}

// model is one entry of a list as the OpenAI API shapes it.
type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

// listModels tells what the caller may ask for: the names of its routes, and what
// the upstreams of "*" routes offer. An upstream that does not answer leaves its
// part out.
func (s *Server) listModels(c *fiber.Ctx) error {
	who, err := s.keys.caller(string(c.Request().Header.Peek("Authorization")), string(c.Request().Header.Peek("Origin")))
	if err != nil {
		return err
	}
	out := []model{}
	seen := map[string]bool{}
	add := func(m model) {
		if !seen[m.ID] {
			seen[m.ID] = true
			out = append(out, m)
		}
	}
	for _, r := range s.routes.list {
		if !who.may(r.Name) {
			continue
		}
		for _, name := range r.Models {
			if name != "*" {
				add(model{ID: name, Object: "model", OwnedBy: r.Upstream})
				continue
			}
			for _, m := range s.upstreamModels(r.upstream) {
				add(m)
			}
		}
	}
	c.Set("x-guard-verdict", "unchecked")
	return c.JSON(fiber.Map{"object": "list", "data": out})
}

// upstreamModels is an upstream's own list, at most modelsFresh old. Failure is
// remembered as long as success: clients ask at their start, all at once.
func (s *Server) upstreamModels(u *upstream) []model {
	s.models.mu.Lock()
	defer s.models.mu.Unlock()
	if list, ok := s.models.lists[u.Name]; ok && time.Since(list.at) < modelsFresh {
		return list.models
	}
	if s.models.lists == nil {
		s.models.lists = map[string]modelList{}
	}
	models, err := s.fetchModels(u)
	if err != nil {
		s.log.Warn("listing models", "upstream", u.Name, "error", err)
	}
	s.models.lists[u.Name] = modelList{time.Now(), models}
	return models
}

func (s *Server) fetchModels(u *upstream) ([]model, error) {
	deadline, done := context.WithTimeout(s.base, modelsTimeout)
	defer done()
	ctx, cancel := context.WithCancelCause(deadline)
	rep, err := u.do(ctx, cancel, http.MethodGet, "/models", http.Header{"Accept": {"application/json"}}, nil)
	if err != nil {
		return nil, err
	}
	defer rep.Close()
	body, err := readAll(io.Reader(rep), rep.ContentLength, modelsLimit)
	if err != nil {
		return nil, err
	}
	if err := checkJSON(body); err != nil || rep.StatusCode != http.StatusOK {
		return nil, upstreamError(502, "upstream_bad_answer", u.Name, "sent no list of models", err)
	}
	var out []model
	gjson.GetBytes(body, "data").ForEach(func(_, m gjson.Result) bool {
		if id := m.Get("id"); id.Type == gjson.String {
			out = append(out, model{ID: id.Str, Object: "model", Created: m.Get("created").Int(), OwnedBy: m.Get("owned_by").String()})
		}
		return true
	})
	return out, nil
}
