package proxy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
	"touchstone/internal/metrics"
	"touchstone/internal/web"
)

// A historian answers what the dashboard asks. audit.Log is one; where
// Options.Audit is none, there is no dashboard.
type historian interface {
	Rates(ctx context.Context, from, to time.Time, step time.Duration, f audit.Filter) ([]audit.Point, error)
	Judging(ctx context.Context, from, to time.Time, f audit.Filter, q ...float64) (ms []float64, ok bool, err error)
	Entries(ctx context.Context, f audit.Filter, before string, limit int) ([]audit.Summary, error)
	Entry(ctx context.Context, id string) (*audit.Entry, error)
	Groups(ctx context.Context, from, to time.Time, f audit.Filter) (fairness.Cells, error)
	Names() audit.Names
	Ready(ctx context.Context) error
	Stats() audit.Stats
}

// queryTime is how long one page or API call may ask the audit log.
const queryTime = 10 * time.Second

// admin serves what operators ask for: dashboard, API, metrics.
type admin struct {
	s       *Server
	history historian
	pages   *web.Pages

	reviewer reviewer // nil where the record takes no rulings
}

// registerAdmin adds what operators and probes ask for. Probes are open; all else
// asks for the admin key, or, where none is set, for a caller on this machine.
func (s *Server) registerAdmin(app fiber.Router) {
	app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	app.Get("/readyz", s.ready)
	a := &admin{s: s}
	if m := s.opt.Metrics; m != nil {
		serve := adaptor.HTTPHandler(m.Handler())
		app.Get("/metrics", a.guardAPI, func(c *fiber.Ctx) error {
			policy, index := a.revisions()
			m.PolicyRevision(policy)
			m.IndexRevision(index)
			if sw := s.opt.Switches; sw != nil {
				m.Switches(func(add func(route, to string)) {
					for _, one := range sw.List() {
						add(one.Route, string(one.To))
					}
				})
			}
			return serve(c)
		})
	}
	var ok bool
	if a.history, ok = s.opt.Audit.(historian); !ok {
		return
	}
	if m := s.opt.Metrics; m != nil {
		m.WatchAudit(func() metrics.Audit {
			st := a.history.Stats()
			return metrics.Audit{Queued: st.Queued, QueuedBytes: st.QueuedBytes, Written: st.Written, Dropped: st.Dropped, Failures: st.Failures}
		})
	}
	var err error
	if a.pages, err = web.New(); err != nil {
		panic(fmt.Errorf("the embedded pages: %w", err)) // a test renders them all
	}
	app.Get("/api/rates", a.guardAPI, a.rates)
	app.Get("/api/exchanges", a.guardAPI, a.exchanges)
	app.Get("/api/exchanges/:id", a.guardAPI, a.exchange)
	a.registerPolicies(app)
	app.Get("/api/groups", a.guardAPI, a.groups)
	app.Get("/groups", secure, a.guardPage, a.groupsPage)
	a.registerRulings(app)
	a.registerPromotion(app)
	a.registerRecords(app)
	app.Get("/static/:name", a.static)
	app.Get("/login", secure, a.loginForm)
	app.Post("/login", secure, a.login)
	app.Post("/logout", secure, a.logout)
	app.Get("/", secure, a.guardPage, a.overviewPage)
	app.Get("/exchanges/:id", secure, a.guardPage, a.exchangePage)
}

// ready tells whether requests can be served and recorded.
func (s *Server) ready(c *fiber.Ctx) error {
	problem := ""
	if s.base.Err() != nil {
		problem = "shutting down"
	} else if h, ok := s.opt.Audit.(historian); ok {
		ctx, cancel := context.WithTimeout(s.base, 2*time.Second)
		defer cancel()
		if err := h.Ready(ctx); err != nil {
			s.log.Error("not ready", "error", err)
			problem = "the audit log cannot be read or written"
		}
	}
	if problem != "" {
		return c.Status(503).SendString(problem + "\n")
	}
	return c.SendString(strings.Join(append([]string{"ready"}, s.opt.Notices...), "\n") + "\n")
}

// revisions are those in force of the policy and the ground truth; "" where no
// route is checked.
func (a *admin) revisions() (policy, index string) {
	for _, r := range a.s.routes.list {
		if r.Judge != nil {
			policy = r.Judge.Policy.Revision()
			if r.Judge.Index != nil {
				index = r.Judge.Index()
			}
			return policy, index
		}
	}
	return "", ""
}

// secure sets the headers of everything a browser shows.
func secure(c *fiber.Ctx) error {
	c.Set("Content-Security-Policy", web.Policy)
	c.Set("Referrer-Policy", "same-origin")
	c.Set("X-Frame-Options", "DENY")
	private(c)
	return c.Next()
}

// private keeps content out of caches, guesses and other sites.
func private(c *fiber.Ctx) {
	c.Set("Cache-Control", "no-store")
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// guardAPI lets operators pass and answers others in JSON.
func (a *admin) guardAPI(c *fiber.Ctx) error {
	private(c)
	if a.local(c) || a.signedIn(c) {
		return c.Next()
	}
	if a.s.opt.AdminKey == "" {
		return &apiError{status: 403, kind: "permission_error", code: "admin_local_only",
			message: "Without admin.key, this is served only to callers on this machine that ask for localhost."}
	}
	c.Set("WWW-Authenticate", `Bearer realm="touchstone admin"`)
	return &apiError{status: 401, kind: "authentication_error", code: "admin_key_required",
		message: "This needs the admin key: Authorization: Bearer, followed by the value of admin.key."}
}

// guardPage lets operators pass and sends others to the login form.
func (a *admin) guardPage(c *fiber.Ctx) error {
	if a.local(c) || a.signedIn(c) {
		return c.Next()
	}
	if a.s.opt.AdminKey == "" {
		return a.message(c, 403, "Only on this machine",
			"Without admin.key in the configuration, the dashboard is served only to this machine, under the name localhost or 127.0.0.1.", "", "")
	}
	return c.Redirect("/login?next="+urlEscape(c.OriginalURL()), 303)
}

// local tells whether no key is set and the request comes from this machine and
// asks for it by name: a page elsewhere whose name was made to resolve to 127.0.0.1
// (DNS rebinding) sends its own name.
func (a *admin) local(c *fiber.Ctx) bool {
	if a.s.opt.AdminKey != "" {
		return false
	}
	if ip := c.Context().RemoteIP(); !ip.IsLoopback() {
		return false
	}
	return loopbackHost(string(c.Request().Host()))
}

// loopbackHost reports whether a host, with or without port, is this machine by name
// or address.
func loopbackHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

const (
	sessionCookie = "touchstone_admin"
	sessionTime   = 12 * time.Hour
)

// signedIn tells whether the request carries the admin key or a cookie made of it.
func (a *admin) signedIn(c *fiber.Ctx) bool {
	key := a.s.opt.AdminKey
	if key == "" {
		return false
	}
	if token, ok := strings.CutPrefix(c.Get("Authorization"), "Bearer "); ok {
		return same(token, key)
	}
	until, _, ok := strings.Cut(c.Cookies(sessionCookie), ".")
	if !ok {
		return false
	}
	end, err := strconv.ParseInt(until, 10, 64)
	return err == nil && time.Now().Unix() < end && same(c.Cookies(sessionCookie), session(key, end))
}

// session is the value of a cookie that is good until end, in Unix seconds. No
// state is kept: a new admin key ends every session.
func session(key string, end int64) string {
	until := strconv.FormatInt(end, 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("touchstone admin until " + until))
	return until + "." + hex.EncodeToString(mac.Sum(nil))
}

// same compares secrets in a time that tells nothing, not even of their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

func (a *admin) loginForm(c *fiber.Ctx) error {
	if a.s.opt.AdminKey == "" {
		return c.Redirect("/", 303)
	}
	return a.html(c, 200, func() ([]byte, error) {
		return a.pages.Login(&web.Login{Page: web.Page{Title: "Sign in"}, Next: c.Query("next")})
	})
}

func (a *admin) login(c *fiber.Ctx) error {
	next := c.FormValue("next")
	if !same(c.FormValue("key"), a.s.opt.AdminKey) || a.s.opt.AdminKey == "" {
		a.s.log.Warn("admin sign-in refused", "from", c.Context().RemoteIP().String())
		return a.html(c, 401, func() ([]byte, error) {
			return a.pages.Login(&web.Login{Page: web.Page{Title: "Sign in"}, Next: next, Failed: true})
		})
	}
	end := time.Now().Add(sessionTime)
	c.Cookie(&fiber.Cookie{Name: sessionCookie, Value: session(a.s.opt.AdminKey, end.Unix()), Path: "/", Expires: end,
		HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode, Secure: c.Secure()})
	// Browsers drop tabs and line breaks from an address: "/<tab>/elsewhere" is "//elsewhere" to them.
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\t\r\n") {
		next = "/"
	}
	return c.Redirect(next, 303)
}

func (a *admin) logout(c *fiber.Ctx) error {
	c.Cookie(&fiber.Cookie{Name: sessionCookie, Path: "/", Expires: time.Unix(1, 0), HTTPOnly: true, SameSite: fiber.CookieSameSiteStrictMode})
	return c.Redirect("/", 303)
}

func (a *admin) static(c *fiber.Ctx) error {
	f, ok := a.pages.Static(c.Params("name"))
	if !ok {
		return fiber.ErrNotFound
	}
	c.Set("Cache-Control", "public, max-age=31536000, immutable")
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Content-Type", f.Type)
	return c.Send(f.Content)
}

// html writes a page.
func (a *admin) html(c *fiber.Ctx, status int, render func() ([]byte, error)) error {
	b, err := render()
	if err != nil {
		return &apiError{status: 500, kind: "server_error", code: "internal", message: "The page could not be made.", cause: err}
	}
	c.Set("Content-Type", "text/html; charset=utf-8")
	return c.Status(status).Send(b)
}

func (a *admin) message(c *fiber.Ctx, status int, title, text, link, linkText string) error {
	return a.html(c, status, func() ([]byte, error) {
		return a.pages.Message(&web.Message{Page: web.Page{Title: title}, Text: text, Link: link, LinkText: linkText})
	})
}
