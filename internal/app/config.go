package app

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/policies"
)

// Config is the configuration file. Default gives the value of every option that
// a file leaves out; deploy/config.example.yaml shows and explains them all.
type Config struct {
	Listen      string            `yaml:"listen"`
	Admin       AdminConfig       `yaml:"admin"`
	Upstreams   []UpstreamConfig  `yaml:"upstreams"`
	Keys        []KeyConfig       `yaml:"keys"`
	Routes      []RouteConfig     `yaml:"routes"`
	GroundTruth GroundTruthConfig `yaml:"ground_truth"`
	Encoders    EncodersConfig    `yaml:"encoders"`
	Policies    PoliciesConfig    `yaml:"policies"`
	Privacy     PrivacyConfig     `yaml:"privacy"`
	Audit       AuditConfig       `yaml:"audit"`
	Fairness    FairnessConfig    `yaml:"fairness"`
	Limits      LimitsConfig      `yaml:"limits"`
	Log         LogConfig         `yaml:"log"`

	at places // where each field stood in the file
}

// AdminConfig guards the dashboard, /api and /metrics.
type AdminConfig struct {
	Key     Secret `yaml:"key"`
	KeyFile string `yaml:"key_file"`
}

// UpstreamConfig is one OpenAI-compatible API.
type UpstreamConfig struct {
	Name       string            `yaml:"name"`
	BaseURL    string            `yaml:"base_url"` // with the version path, such as https://api.openai.com/v1
	APIKey     Secret            `yaml:"api_key"`
	APIKeyFile string            `yaml:"api_key_file"`
	Timeout    Duration          `yaml:"timeout"` // longest silence: before the first byte and between two
	Headers    map[string]Secret `yaml:"headers"` // sent with every request
}

// KeyConfig gives one application its key.
type KeyConfig struct {
	App     string            `yaml:"app"`
	Key     Secret            `yaml:"key"`
	KeyFile string            `yaml:"key_file"`
	Routes  []string          `yaml:"routes"` // it may use; empty: all
	Detail  bool              `yaml:"detail"` // may see the guard object: sentences, evidence, rules
	Tenant  string            `yaml:"tenant"` // whose ground truth its answers are checked against
	Scope   groundtruth.Scope `yaml:"scope"`  // for whom its answers are
}

// RouteConfig says where the requests for some models go and how their answers
// are checked.
type RouteConfig struct {
	Name         string           `yaml:"name"`
	Models       []string         `yaml:"models"`
	Upstream     string           `yaml:"upstream"`
	Model        string           `yaml:"model"`
	Collections  []string         `yaml:"collections"`
	Guards       []string         `yaml:"guards"`
	GuardTimeout Duration         `yaml:"guard_timeout"`
	Stream       string           `yaml:"stream" oneof:"hold"`
	Mode         policies.Mode    `yaml:"mode" oneof:"enforce shadow"`
	OnFailure    policies.Action  `yaml:"on_failure" oneof:"block flag allow"`
	OnBlock      string           `yaml:"on_block" oneof:"message error"`
	BlockMessage string           `yaml:"block_message"`
	PromptBlock  string           `yaml:"prompt_block_message"` // when the prompt was blocked: nothing is sent upstream
	Audit        RouteAuditConfig `yaml:"audit"`
}

// RouteAuditConfig says what an entry keeps and what happens when the queue is full.
type RouteAuditConfig struct {
	Content audit.Keep `yaml:"content" oneof:"keep mask hash"`
	OnFull  string     `yaml:"on_full" oneof:"drop wait"`
	KeepFor Duration   `yaml:"keep_for"` // content is erased when it is older; 0: never
}

// PrivacyConfig is how masks with a hash are keyed: the same text gets the same hash
// under the same key. Without a key each start of the program makes its own.
type PrivacyConfig struct {
	HashKey     Secret `yaml:"hash_key"`
	HashKeyFile string `yaml:"hash_key_file"`
}

// AuditConfig says where entries go.
type AuditConfig struct {
	Path  string   `yaml:"path"`
	Queue int      `yaml:"queue"` // entries that may wait to be written
	Flush Duration `yaml:"flush"` // longest wait of an entry in memory
	// Key names the file with the key that signs checkpoints; Path + ".key" without it.
	// It is made when there is none.
	Key string `yaml:"key"`
}

func (c AuditConfig) keyFile() string {
	if c.Key != "" {
		return c.Key
	}
	return c.Path + ".key"
}

// LimitsConfig bounds what one exchange may hold in memory.
type LimitsConfig struct {
	Body   Size `yaml:"body"`   // of a request
	Answer Size `yaml:"answer"` // of an upstream's answer, all choices
	// Exchanges is how many may be under way at once; more are turned away with 503.
	Exchanges int `yaml:"exchanges"`
}

// LogConfig says how much is logged; content never is.
type LogConfig struct {
	Level string `yaml:"level" oneof:"debug info warn error"`
}

// Default is the configuration of an empty file. It has no upstreams.
func Default() *Config {
	return &Config{
		Listen:      "127.0.0.1:8080",
		GroundTruth: defaultGroundTruth(),
		Policies:    PoliciesConfig{Algorithm: "RS256"},
		Audit:       AuditConfig{Path: "data/audit.db", Queue: 4096, Flush: Duration(100 * time.Millisecond)},
		Fairness:    defaultFairness,
		Limits:      LimitsConfig{Body: 4 << 20, Answer: 8 << 20, Exchanges: 1024},
		Log:         LogConfig{Level: "info"},
	}
}

func (u *UpstreamConfig) setDefaults() { u.Timeout = Duration(2 * time.Minute) }

func (r *RouteConfig) setDefaults() {
	*r = RouteConfig{
		Collections:  []string{"default"},
		Guards:       []string{"groundedness"},
		GuardTimeout: Duration(2 * time.Second),
		Stream:       "hold",
		Mode:         policies.Enforce,
		OnFailure:    policies.Block,
		OnBlock:      "message",
		BlockMessage: "This answer was withheld: it could not be verified against our sources.",
		PromptBlock:  "This request was not sent on: it is against the rules of this service.",
		Audit:        RouteAuditConfig{Content: audit.KeepAll, OnFull: "drop"},
	}
}

// maxConfig is the largest configuration in bytes, far above any real one.
const maxConfig = 1 << 20

// LoadConfig reads a regular file of at most 1 MiB: defaults first, then the file,
// strictly, then Validate. Each line of its error reads
// `file:line: field: what is wrong`.
func LoadConfig(path string) (*Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, fmt.Errorf("reading configuration: %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	return ParseConfig(path, data)
}

// ParseConfig is LoadConfig of a file already read; name stands for the file in
// errors.
func ParseConfig(name string, data []byte) (*Config, error) {
	if len(data) > maxConfig {
		return nil, &placedError{name, 0, fmt.Sprintf("is larger than %d MiB: it is no configuration", maxConfig>>20)}
	}
	cfg := Default()
	at, err := decodeYAML(name, data, cfg)
	if err != nil {
		return nil, err
	}
	cfg.at = at
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return cfg, nil
}

// Validate fills in what follows from other fields (a single upstream needs no
// naming, a key file is read) and reports everything that cannot work, joined. It
// may be called again after a change.
func (c *Config) Validate() error {
	var errs []error
	bad := func(field, format string, args ...any) {
		errs = append(errs, c.at.errorf(field, format, args...))
	}
	c.fillRoutes()
	c.readSecrets(bad)
	c.check(bad)
	sortByLine(errs)
	return errors.Join(errs...)
}

// check reports what cannot work.
func (c *Config) check(bad complaint) {
	c.checkListen(bad)
	upstreams := c.checkUpstreams(bad)
	routes := c.checkRoutes(upstreams, bad)
	c.checkKeys(routes, bad)
	c.checkGroundTruth(bad)
	if c.Audit.Path == "" {
		bad("audit.path", "must name a file, such as data/audit.db")
	}
	c.Policies.check(bad)
	c.checkEncoders(bad)
	positive(bad, "audit.queue", int64(c.Audit.Queue), "1 entry")
	if c.Audit.Queue > maxQueue {
		bad("audit.queue", "must be at most %d entries", maxQueue)
	}
	positive(bad, "audit.flush", int64(c.Audit.Flush), "1ms")
	for i, r := range c.Routes {
		if keep := time.Duration(r.Audit.KeepFor); keep < 0 || keep > 0 && keep < time.Minute {
			bad(fmt.Sprintf("routes[%d].audit.keep_for", i), "must be at least 1m, or 0 to keep content for good")
		}
	}
	c.Fairness.check(bad)
	positive(bad, "limits.body", int64(c.Limits.Body), "1 byte")
	positive(bad, "limits.answer", int64(c.Limits.Answer), "1 byte")
	positive(bad, "limits.exchanges", int64(c.Limits.Exchanges), "1")
}

// maxQueue is the most audit entries that may wait in memory.
const maxQueue = 1_000_000

// complaint reports a field that cannot work.
type complaint func(field, format string, args ...any)

func positive(bad complaint, field string, v int64, least string) {
	if v <= 0 {
		bad(field, "must be at least %s", least)
	}
}

// fillRoutes makes the smallest file work: one upstream and nothing else.
func (c *Config) fillRoutes() {
	if len(c.Upstreams) != 1 {
		return
	}
	if c.Routes == nil {
		r := RouteConfig{}
		r.setDefaults()
		r.Name, r.Models = "default", []string{"*"}
		c.Routes = []RouteConfig{r}
	}
	for i := range c.Routes {
		if c.Routes[i].Upstream == "" {
			c.Routes[i].Upstream = c.Upstreams[0].Name
		}
	}
}

// readSecrets takes the secrets that stand in files of their own.
func (c *Config) readSecrets(bad complaint) {
	read := func(field string, secret *Secret, file *string) {
		if *file == "" {
			return
		}
		if secret.Reveal() != "" {
			bad(field+"_file", "is set beside %s; keep one of them", field)
			return
		}
		data, err := os.ReadFile(*file)
		if err != nil {
			bad(field+"_file", "cannot be read: %v", errors.Unwrap(err))
			return
		}
		*secret = NewSecret(strings.TrimSpace(string(data)))
		if secret.Reveal() == "" {
			bad(field+"_file", "%q is empty", *file)
		}
		*file = "" // done: Validate may run again
	}
	read("admin.key", &c.Admin.Key, &c.Admin.KeyFile)
	read("ground_truth.postgres.dsn", &c.GroundTruth.Postgres.DSN, &c.GroundTruth.Postgres.DSNFile)
	read("privacy.hash_key", &c.Privacy.HashKey, &c.Privacy.HashKeyFile)
	read("policies.token", &c.Policies.Token, &c.Policies.TokenFile)
	read("policies.key", &c.Policies.Key, &c.Policies.KeyFile)
	for i := range c.Upstreams {
		read(fmt.Sprintf("upstreams[%d].api_key", i), &c.Upstreams[i].APIKey, &c.Upstreams[i].APIKeyFile)
	}
	for i := range c.Keys {
		read(fmt.Sprintf("keys[%d].key", i), &c.Keys[i].Key, &c.Keys[i].KeyFile)
	}
}

func (c *Config) checkListen(bad complaint) {
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil || port == "" {
		bad("listen", "%q is not host:port, such as 127.0.0.1:8080", c.Listen)
		return
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		bad("listen", "%q is not a port between 0 and 65535", port)
	}
	if !loopback(c.Listen) && c.Admin.Key.Reveal() == "" {
		bad("listen", "others can reach %q, so admin.key is needed: it guards the dashboard, /api and /metrics", c.Listen)
	}
}

func (c *Config) checkUpstreams(bad complaint) []string {
	var names []string
	if len(c.Upstreams) == 0 {
		bad("upstreams", "names no upstream; one needs a name and a base_url")
	}
	for i, u := range c.Upstreams {
		field := fmt.Sprintf("upstreams[%d]", i)
		names = unique(bad, field+".name", u.Name, names)
		target, err := url.Parse(u.BaseURL)
		switch {
		case u.BaseURL == "":
			bad(field+".base_url", "is missing; give the API's address, such as https://api.openai.com/v1")
		case err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https"):
			bad(field+".base_url", "%q is not an http:// or https:// address", withoutSecrets(u.BaseURL))
		}
		positive(bad, field+".timeout", int64(u.Timeout), "1ms")
	}
	return names
}

// withoutSecrets leaves out of a malformed address what may be a user, a password or
// a key: all before the last @ and after a question mark.
func withoutSecrets(address string) string {
	address, _, _ = strings.Cut(address, "?")
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		address = "[secret]" + address[at:]
	}
	return address
}

func (c *Config) checkRoutes(upstreams []string, bad complaint) []string {
	var names []string
	owner := map[string]string{} // model → route
	if len(c.Routes) == 0 && len(c.Upstreams) > 0 {
		bad("routes", "names no route; with several upstreams, say which models go to which")
	}
	for i, r := range c.Routes {
		field := fmt.Sprintf("routes[%d]", i)
		names = unique(bad, field+".name", r.Name, names)
		if len(r.Models) == 0 {
			bad(field+".models", `names no model; list them, or ["*"] for all others`)
		}
		for j, m := range r.Models {
			at := fmt.Sprintf("%s.models[%d]", field, j)
			switch {
			case m == "":
				bad(at, "is empty")
			case strings.Contains(m, "*") && m != "*":
				bad(at, `%q is not a model name; "*" alone stands for every model that no other route names`, m)
			case owner[m] != "":
				bad(at, "%q is a model of route %q already", m, owner[m])
			default:
				owner[m] = r.Name
			}
		}
		if !slices.Contains(upstreams, r.Upstream) && len(upstreams) > 0 {
			bad(field+".upstream", "%q is not an upstream; there are: %s", r.Upstream, strings.Join(upstreams, ", "))
		}
		for j, g := range r.Guards {
			if known := guards.Names(); !slices.Contains(known, g) {
				bad(fmt.Sprintf("%s.guards[%d]", field, j), "%q is not a guard; there are: %s", g, strings.Join(known, ", "))
			}
		}
		positive(bad, field+".guard_timeout", int64(r.GuardTimeout), "1ms")
		if r.BlockMessage == "" {
			bad(field+".block_message", "is empty: clients need a text to show in place of a blocked answer")
		}
		if r.PromptBlock == "" {
			bad(field+".prompt_block_message", "is empty: clients need a text to show when their request is not sent on")
		}
	}
	return names
}

func (c *Config) checkKeys(routes []string, bad complaint) {
	seen := map[string]string{} // key → application
	for i, k := range c.Keys {
		field := fmt.Sprintf("keys[%d]", i)
		if k.App == "" {
			bad(field+".app", "is missing; name the application that uses this key")
		}
		secret := k.Key.Reveal()
		switch {
		case secret == "" && k.KeyFile == "":
			bad(field+".key", "is missing; give key or key_file")
		case secret != "" && seen[secret] != "":
			bad(field+".key", "is the key of application %q already", seen[secret])
		default:
			seen[secret] = k.App
		}
		for j, r := range k.Routes {
			if !slices.Contains(routes, r) {
				bad(fmt.Sprintf("%s.routes[%d]", field, j), "%q is not a route; there are: %s", r, strings.Join(routes, ", "))
			}
		}
	}
}

// unique adds a name to those seen, complaining of an empty or a second one.
func unique(bad complaint, field, name string, seen []string) []string {
	switch {
	case name == "":
		bad(field, "is missing")
	case slices.Contains(seen, name):
		bad(field, "%q is used twice", name)
	}
	return append(seen, name)
}
