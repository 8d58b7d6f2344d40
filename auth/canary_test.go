package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"github.com/seed-3bbad739/requests/auth"
)

const canary = "c4n4ry/Tw33t%Zyx"

// forms are how a secret can look: itself, escaped, in hex, and in base64 at
// any offset of what it was encoded with.
func forms(secret string) []string {
	all := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))),
	}
	for i := range 3 {
		b := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", i) + secret))
		all = append(all, b[4:len(b)-4])
	}
	return all
}

func assertNoCanary(t *testing.T, where, text string) {
	t.Helper()
	for _, form := range forms(canary) {
		assert.NotContains(t, text, form, where)
	}
}

// assertPrintsNoCanary prints v in all ways.
func assertPrintsNoCanary(t *testing.T, name string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		assertNoCanary(t, name+" by "+verb, fmt.Sprintf(verb, v))
		assertNoCanary(t, name+" in a field by "+verb, fmt.Sprintf(verb, struct{ A, b any }{v, v}))
		assertNoCanary(t, name+" in a slice by "+verb, fmt.Sprintf(verb, []any{v}))
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", v, "b", struct{ A any }{v})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", v, "b", struct{ A any }{v})
	assertNoCanary(t, name+" in a log", log.String())
	encoded, err := json.Marshal(struct{ A any }{v})
	if err == nil {
		assertNoCanary(t, name+" in JSON", string(encoded))
	}
}

// foreign is an authenticator that prints what it holds.
type foreign struct {
	plain
	Secret string
}

type foreignValue struct {
	plain
	Secret string
}

type printingSource struct{ secret string }

func (s printingSource) Token() (*oauth2.Token, error) {
	return &oauth2.Token{AccessToken: s.secret}, nil
}

func TestCanary(t *testing.T) {
	for _, form := range forms(canary) {
		require.Contains(t, "x"+canary+url.QueryEscape(canary)+url.PathEscape(canary)+hex.EncodeToString([]byte(canary))+
			strings.ToUpper(hex.EncodeToString([]byte(canary)))+base64.StdEncoding.EncodeToString([]byte("abc"+canary))+
			base64.StdEncoding.EncodeToString([]byte("ab"+canary))+base64.StdEncoding.EncodeToString([]byte("a"+canary)), form, "the forms are found where they are")
	}
	netrc := write(t, filepath.Join(home(t), "netrc"), "machine h.test login "+canary+" account "+canary+" password "+canary, 0o600)
	token := &oauth2.Token{AccessToken: canary, RefreshToken: canary}
	all := map[string]auth.Authenticator{
		"Basic":                auth.Basic(canary, canary),
		"Bearer":               auth.Bearer(canary),
		"Header":               auth.Header("X-Key", canary),
		"Query":                auth.Query("key", canary),
		"Digest":               auth.Digest(canary, canary),
		"Netrc":                auth.Netrc(netrc),
		"OAuth2":               auth.OAuth2(oauth2.StaticTokenSource(token)),
		"For":                  auth.For("https://"+url.UserPassword(canary, canary).String()+"@h.test/?"+url.QueryEscape(canary), auth.Basic(canary, canary)),
		"a source that prints": auth.OAuth2(printingSource{canary}),
		"First":                auth.First(foreignValue{Secret: canary}, auth.Digest(canary, canary), &foreign{Secret: canary}, auth.For("https://h.test", &foreign{Secret: canary})),
	}
	for name, a := range all {
		t.Run(name, func(t *testing.T) {
			assertPrintsNoCanary(t, name, a)
			// Once more when it holds what it learned and cached.
			r := newRequest(t, "GET", "https://h.test/", nil)
			require.NoError(t, a.Authenticate(r))
			if c, ok := a.(auth.Challenger); ok {
				_, err := c.Challenge(challengeOf(r, `Digest realm="r", nonce="n"`))
				require.NoError(t, err)
				require.NoError(t, a.Authenticate(r))
			}
			if name != "First" {
				require.True(t, len(r.Header) > 0 || r.URL.RawQuery != "", "credentials are sent")
			}
			assertPrintsNoCanary(t, name+" in use", a)
		})
	}

	bad := map[string]auth.Authenticator{
		"Basic with a colon":             auth.Basic(canary+":", canary),
		"Basic with a control character": auth.Basic("u", canary+"\n"),
		"Bearer with a space":            auth.Bearer(canary + " "),
		"Header with a bad value":        auth.Header("X-Key", canary+"\n"),
		"Header with its values swapped": auth.Header(canary, "X-Key"),
		"Digest with a control":          auth.Digest(canary+"\n", canary),
		"For with a bad origin":          auth.For("https://"+canary+":"+canary+"@%zz?token="+canary, auth.None),
		"For with a secret in the query": auth.For("?token="+url.QueryEscape(canary), auth.None),
		"Netrc that cannot be parsed":    auth.Netrc(write(t, filepath.Join(home(t), "bad"), "machine h.test "+canary, 0o600)),
		"Netrc that cannot be sent":      auth.Netrc(write(t, filepath.Join(home(t), "bad"), "machine h.test login "+canary+": password "+canary, 0o600)),
		"OAuth2 with a bad token":        auth.OAuth2(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: canary + "\n"})),
		"OAuth2 refused": auth.OAuth2(tokenFunc(func() (*oauth2.Token, error) {
			r := newRequest(t, "POST", "https://"+url.User(canary).String()+"@id.test/?x="+url.QueryEscape(canary), nil)
			r.Header.Set("Authorization", canary)
			return nil, fmt.Errorf("x: %w", &oauth2.RetrieveError{Response: challengeOf(r, canary), Body: []byte(canary), ErrorCode: canary, ErrorDescription: canary, ErrorURI: canary})
		})),
		"OAuth2 not reached": auth.OAuth2(tokenFunc(func() (*oauth2.Token, error) {
			return nil, &url.Error{Op: "Post", URL: "https://u:" + url.QueryEscape(canary) + "@id.test/?x=" + url.QueryEscape(canary), Err: errors.New("refused")}
		})),
		"OAuth2 failed with a URL": auth.OAuth2(tokenFunc(func() (*oauth2.Token, error) {
			return nil, errors.New(`Post "https://u:` + url.QueryEscape(canary) + `@id.test/?token=` + url.QueryEscape(canary) + `": refused`)
		})),
	}
	for name, a := range bad {
		t.Run(name, func(t *testing.T) {
			err := a.Authenticate(newRequest(t, "GET", "https://h.test/", nil))
			require.ErrorContains(t, err, "auth: ")
			assertPrintsNoCanary(t, name, a)
			for e := err; e != nil; e = errors.Unwrap(e) {
				assertPrintsNoCanary(t, name, e)
			}
		})
	}
}
