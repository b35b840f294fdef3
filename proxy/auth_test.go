package proxy

import (
	"errors"
	"testing"
)

// Without keys, a page of another site must not ask through its visitor's browser.
func TestForeignPagesNeedAKey(t *testing.T) {
	open, err := newKeyring(nil)
	if err != nil {
		t.Fatal(err)
	}
	for origin, ok := range map[string]bool{
		"": true, "http://localhost:3000": true, "http://127.0.0.1": true, "http://[::1]:8080": true,
		"https://evil.example": false, "http://localhost.evil.example": false, "null": false, "http://%": false,
	} {
		_, err := open.caller("", origin)
		var e *apiError
		if ok != (err == nil) || err != nil && (!errors.As(err, &e) || e.status != 403) {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
	keyed, err := newKeyring([]Key{{App: "shop", Secret: "s3cret"}})
	if err != nil {
		t.Fatal(err)
	}
	if who, err := keyed.caller("Bearer s3cret", "https://shop.example"); err != nil || who.app != "shop" {
		t.Errorf("a page with a key: %v, %v", who, err)
	}
}
