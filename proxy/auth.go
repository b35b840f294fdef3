package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"touchstone/groundtruth"
)

// caller is who sent a request and what it may see.
type caller struct {
	app    string
	routes []string // empty: all
	detail bool
	tenant string
	scope  groundtruth.Scope
}

func (c *caller) may(route string) bool {
	return len(c.routes) == 0 || slices.Contains(c.routes, route)
}

// anonymous is everybody where no keys are configured.
var anonymous = &caller{app: "anonymous", detail: true}

// keyring knows client keys by their digests only.
type keyring struct {
	digests [][sha256.Size]byte
	callers []*caller
}

func newKeyring(keys []Key) (*keyring, error) {
	k := &keyring{}
	for _, key := range keys {
		if key.App == "" || key.Secret == "" {
			return nil, fmt.Errorf("key of app %q: app and key must be given", key.App)
		}
		k.digests = append(k.digests, sha256.Sum256([]byte(key.Secret)))
		k.callers = append(k.callers, &caller{app: key.App, routes: key.Routes, detail: key.Detail, tenant: key.Tenant, scope: key.Scope})
	}
	return k, nil
}

// foreignPage reports whether an Origin header names a page that is not of this
// machine. Where no keys are configured, whoever reaches the port may ask, and a
// page somewhere else must not use its visitor's browser for that.
func (k *keyring) foreignPage(origin string) bool {
	if len(k.digests) > 0 || origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !loopbackHost(u.Host)
}

// caller finds who an Authorization header belongs to. It looks at every key
// and compares digests, so that its time tells nothing about them.
func (k *keyring) caller(authorization, origin string) (*caller, error) {
	if k.foreignPage(origin) {
		return nil, &apiError{status: 403, kind: "permission_error", code: "origin_not_allowed", noRetry: true,
			message: "Without client keys, pages of other sites may not send requests here. Configure keys to allow them."}
	}
	if len(k.digests) == 0 {
		return anonymous, nil
	}
	scheme, token, _ := strings.Cut(authorization, " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return nil, &apiError{status: 401, kind: "authentication_error", code: "missing_api_key",
			message: "No API key was sent. Send it as: Authorization: Bearer KEY."}
	}
	sum := sha256.Sum256([]byte(token))
	var found *caller
	for i := range k.digests {
		if subtle.ConstantTimeCompare(sum[:], k.digests[i][:]) == 1 {
			found = k.callers[i]
		}
	}
	if found == nil {
		return nil, &apiError{status: 401, kind: "authentication_error", code: "invalid_api_key",
			message: "The API key is not known here."}
	}
	return found, nil
}
