package secrets

import (
	"os"
	"strings"
	"testing"
)

// made are secrets of the right form that nobody ever had. They are put together here so
// that no scanner takes this file for a leak.
var made = map[string][2]string{
	"aws_access_token":    {"Our key is ", "AKIA" + "QYLPMN5HHHFPZAM2"},
	"github_pat":          {"Use the token ", "ghp" + "_" + "R8sT2uVwX4yZ6aBcD0eFgH1iJkL3mN5oP7qS"},
	"slack_bot_token":     {"SLACK_TOKEN=", "xoxb" + "-263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"},
	"gcp_api_key":         {"maps: ", "AIza" + "SyDx7Kq2LmN9pRsT3uVwXyZ0aBcDeFgHi4J"},
	"password":            {"The password is ", "Tr0ub4dor&3x"},
	"url_credentials":     {"", "s3cr3t-pw"},
	"generic_api_key":     {"api_key = ", "9f8a7c6b5d4e3f2a1b0c9d8e7f6a5b4c"},
	"stripe_access_token": {"charge with ", "sk" + "_live_" + "51Hb7Kq2LmN9pRsT3uVwXyZ0a"},
}

func TestSecretsAreFoundInProse(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for category, in := range made {
		for _, after := range []string{"", ".", ", thanks", "\n", " please", ")"} {
			text := in[0] + in[1] + after
			if category == "url_credentials" {
				text = "see postgres://app:" + in[1] + "@db.example.org/x" + after
			}
			found := s.Scan(text)
			if len(found) != 1 || found[0].Category != category || text[found[0].Start:found[0].End] != in[1] || found[0].Score < 0.5 {
				t.Errorf("%s: in %q found %+v", category, text, found)
			}
		}
	}
}

func TestPrivateKeyIsOneSecret(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	key := "-----BEGIN " + "PRIVATE KEY-----\n" + strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n", 20) + "-----END " + "PRIVATE KEY-----"
	text := "Here it is:\n" + key + "\nKeep it."
	found := s.Scan(text)
	if len(found) != 1 || found[0].Category != "private_key" || text[found[0].Start:found[0].End] != key {
		t.Errorf("found %+v of %d bytes from %d", found, len(key), strings.Index(text, key))
	}
}

// Ordinary text has numbers, codes, links and paths, and no secrets.
func TestOrdinaryTextHasNone(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"Order KX-48213-B was shipped on 2026-03-04 by DHL, tracking 1Z999AA10123456784.",
		"Reset your password at https://example.org/account/reset?step=2 and choose a new one.",
		"The password must have 12 characters.", "Your password has expired.", "password: ********", "Set DB_PASSWORD=${DB_PASSWORD} first.",
		"See RFC-2822, ISO-27001:2022 and commit 3f2a09c in /usr/local/share/doc/readme.txt.",
		"api_key = YOUR_API_KEY", "The key to success is hard work, the secret: practice.", "token: <token>",
		"Version 2.14.0-rc1 of libfoo-3.so (x86_64-unknown-linux-gnu)", "550e8400-e29b-41d4-a716-446655440000",
		"Contact ann.lee@example.org or https://user:password@example.org/.", "Passwort vergessen? Klicken Sie hier.",
	} {
		if found := s.Scan(text); len(found) > 0 {
			t.Errorf("in %q found %+v: %q", text, found, text[found[0].Start:found[0].End])
		}
	}
}

func TestEveryRuleCompilesAndHasWords(t *testing.T) {
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.rules) < 200 {
		t.Errorf("only %d rules", len(s.rules))
	}
	for _, r := range s.rules {
		r.pattern()
		for _, a := range append(r.allow, s.plain) {
			for _, p := range a.patterns {
				p()
			}
		}
		if len(r.words) == 0 {
			t.Errorf("the rule %s has no words: it would never run", r.category)
		}
		for _, w := range r.words {
			if len(w) < 2 {
				t.Errorf("the word %q of %s is too short to look for", w, r.category)
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, in := range made {
		f.Add(in[0] + in[1])
	}
	f.Add("password: \xff\xfe12345678")
	s, err := New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, found := range s.Scan(text) {
			if found.Start < end || found.End <= found.Start || found.End > len(text) {
				t.Fatalf("spans of %q: %+v", text, found)
			}
			end = found.End
		}
	})
}

// Throughput is bytes a second of one core, on ordinary text and on text full of codes.
func BenchmarkScan(b *testing.B) {
	s, err := New()
	if err != nil {
		b.Fatal(err)
	}
	data, err := os.ReadFile("../../eval/data/authored/work.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"prose": string(data),
		"codes": strings.Repeat("550e8400-e29b-41d4-a716-446655440000 KX48213B key=3f2a09c1b7d4e8f0\n", 2000),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s.Scan(text)
			}
		})
	}
}
