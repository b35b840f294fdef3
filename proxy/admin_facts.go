package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"touchstone/groundtruth"
	"touchstone/internal/audit"
)

// records serves what operators see and change of facts and approved answers.
type records struct {
	a     *admin
	store groundtruth.Recorder
	mu    sync.Mutex // one change at a time: deleting reads a source and writes it back
}

// registerRecords adds the API of facts and approved answers where the store keeps
// them.
func (a *admin) registerRecords(app fiber.Router) {
	store, ok := a.s.opt.Store.(groundtruth.Recorder)
	if !ok {
		return
	}
	r := &records{a: a, store: store}
	app.Get("/api/facts", a.guardAPI, r.facts)
	app.Post("/api/facts", a.guardAPI, a.sameSite, r.addFact)
	app.Delete("/api/facts/:id", a.guardAPI, a.sameSite, r.drop)
	app.Get("/api/approved", a.guardAPI, r.approved)
	app.Post("/api/approved", a.guardAPI, a.sameSite, r.addApproved)
	app.Delete("/api/approved/:id", a.guardAPI, a.sameSite, r.drop)
}

// sameSite refuses a change that a page of another site may have caused: where no key
// is asked for, a visitor's browser would carry it out. A body must be declared as JSON,
// which no such page can do without asking first.
func (a *admin) sameSite(c *fiber.Ctx) error {
	if origin := c.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host != string(c.Request().Host()) && !loopbackHost(u.Host) {
			return &apiError{status: 403, kind: "permission_error", code: "origin_not_allowed", message: "Pages of other sites may not change anything here."}
		}
	}
	if c.Method() == fiber.MethodPost {
		if media, _, err := mime.ParseMediaType(c.Get("Content-Type")); err != nil || media != "application/json" {
			return badRequest("Content-Type", "The body must be JSON, with Content-Type: application/json.")
		}
	}
	return c.Next()
}

// view is the store of the tenant that a request names.
func (r *records) view(c *fiber.Ctx) groundtruth.Recorder {
	return r.store.For(clone(c.Query("tenant"))).(groundtruth.Recorder)
}

func (r *records) list(c *fiber.Ctx) (list []groundtruth.Recorded, collection string, words []string, err error) {
	ctx, cancel := context.WithTimeout(r.a.s.base, queryTime)
	defer cancel()
	if list, err = r.view(c).Recorded(ctx); err != nil {
		err = storeError(err)
	}
	return list, clone(c.Query("collection")), strings.Fields(clone(c.Query("q"))), err
}

// facts is GET /api/facts.
func (r *records) facts(c *fiber.Ctx) error {
	list, collection, words, err := r.list(c)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"revision": r.view(c).Revision(), "facts": groundtruth.AllFacts(list, func(f *groundtruth.FactIn) bool {
		return (collection == "" || f.Collection == collection) && f.Mentions(words...)
	})})
}

// approved is GET /api/approved.
func (r *records) approved(c *fiber.Ctx) error {
	list, collection, words, err := r.list(c)
	if err != nil {
		return err
	}
	return c.JSON(fiber.Map{"revision": r.view(c).Revision(), "approved": groundtruth.AllApproved(list, func(a *groundtruth.ApprovedIn) bool {
		return (collection == "" || a.Collection == collection) && a.Mentions(words...)
	})})
}

// filing is the body of a POST: a fact or an approved answer, and the exchange that a
// reviewer ruled on.
type filing struct {
	Fact       *groundtruth.Fact     `json:"fact"`
	Approved   *groundtruth.Approved `json:"approved"`
	Collection string                `json:"collection"` // "default" unless given
	Exchange   string                `json:"exchange"`   // ID, as in x-guard-request-id
	Sentence   *int                  `json:"sentence"`   // index in its answer
}

// addFact is POST /api/facts.
func (r *records) addFact(c *fiber.Ctx) error {
	in, err := r.ruling(c)
	if err != nil {
		return err
	}
	f := in.Fact
	if f == nil || in.Approved != nil {
		return badRequest("fact", "The field \"fact\" is missing, or another one is given.")
	}
	if f.Author == "" {
		return badRequest("fact.author", "The field \"fact.author\" is missing: say who rules so.")
	}
	if f.Source == "" {
		f.Source = in.cited()
	}
	f.Identify()
	return r.add(c, in, f.ID, f.Author, groundtruth.MediaFacts, groundtruth.Records{Facts: []groundtruth.Fact{*f}})
}

// addApproved is POST /api/approved.
func (r *records) addApproved(c *fiber.Ctx) error {
	in, err := r.ruling(c)
	if err != nil {
		return err
	}
	a := in.Approved
	if a == nil || in.Fact != nil {
		return badRequest("approved", "The field \"approved\" is missing, or another one is given.")
	}
	if a.Author == "" {
		return badRequest("approved.author", "The field \"approved.author\" is missing: say who approves it.")
	}
	if a.Source == "" {
		a.Source = in.cited()
	}
	a.Identify()
	return r.add(c, in, a.ID, a.Author, groundtruth.MediaApproved, groundtruth.Records{Approved: []groundtruth.Approved{*a}})
}

// ruling reads a POST and makes sure that the exchange it is about exists.
func (r *records) ruling(c *fiber.Ctx) (*filing, error) {
	in := &filing{Collection: "default"}
	body := append([]byte(nil), c.Request().Body()...)
	if err := checkJSON(body); err != nil {
		return nil, badRequest("", "The request body is not valid JSON: %v.", err)
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return nil, badRequest("", "The request body cannot be read: %s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	if in.Exchange == "" {
		return in, nil
	}
	ctx, cancel := context.WithTimeout(r.a.s.base, queryTime)
	defer cancel()
	e, err := r.a.history.Entry(ctx, in.Exchange)
	if errors.Is(err, audit.ErrNotFound) {
		return nil, badRequest("exchange", "The audit log holds no exchange %q.", in.Exchange)
	}
	if err != nil {
		return nil, historyError(err)
	}
	if in.Sentence != nil && (len(e.Choices) == 0 || *in.Sentence < 0 || *in.Sentence >= len(e.Choices[0].Sentences)) {
		return nil, badRequest("sentence", "The answer of that exchange has no sentence %d.", *in.Sentence)
	}
	return in, nil
}

// cited is where a ruling can be looked up.
func (in *filing) cited() string {
	if in.Exchange == "" {
		return "ruling"
	}
	return "ruling on exchange " + in.Exchange
}

// add stores one record as a source of its own, so that rulings at the same moment do
// not meet.
func (r *records) add(c *fiber.Ctx, in *filing, id, author, media string, held groundtruth.Records) error {
	doc := groundtruth.NewRecords(in.cited(), media, held)
	doc.ID, doc.Collection = "rulings/"+id, in.Collection
	if err := doc.Check(); err != nil {
		return badRequest("", "It cannot be stored: %v.", err)
	}
	ctx, cancel := context.WithTimeout(groundtruth.By(r.a.s.base, author), queryTime)
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	view := r.view(c)
	if _, err := view.Replace(ctx, doc); err != nil {
		return storeError(err)
	}
	return c.Status(201).JSON(fiber.Map{"id": id, "in": doc.ID, "collection": doc.Collection, "revision": view.Revision()})
}

// drop is DELETE /api/facts/ID and /api/approved/ID.
func (r *records) drop(c *fiber.Ctx) error {
	author := strings.TrimSpace(clone(c.Query("author")))
	if author == "" {
		return badRequest("author", "The query parameter \"author\" is missing: say who deletes it.")
	}
	ctx, cancel := context.WithTimeout(groundtruth.By(r.a.s.base, author), queryTime)
	defer cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	view := r.view(c)
	_, err := groundtruth.Drop(ctx, view, clone(c.Query("collection")), clone(c.Params("id")))
	switch {
	case errors.Is(err, groundtruth.ErrNotFound):
		return &apiError{status: 404, kind: "invalid_request_error", param: "id", code: "not_found", message: "There is no record with this ID."}
	case errors.Is(err, groundtruth.ErrShared):
		return &apiError{status: 409, kind: "invalid_request_error", param: "id", code: "in_document", message: upper(err.Error()) + "."}
	case err != nil:
		return storeError(err)
	}
	return c.JSON(fiber.Map{"revision": view.Revision()})
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func storeError(err error) *apiError {
	return &apiError{status: 503, kind: "server_error", code: "ground_truth_unavailable", message: "The ground truth could not be read or written.", cause: err}
}
