package cookies_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var _ http.CookieJar = (*cookies.Jar)(nil)

func mustURL(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

// bubbleStart is the time at which a synctest bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// inBubble is t.Run in a bubble, where time passes only when it is waited for.
func inBubble(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}

// store gives the jar a response from raw with these Set-Cookie lines.
func store(t testing.TB, j *cookies.Jar, raw string, lines ...string) {
	t.Helper()
	j.StoreHeader(mustURL(t, raw), http.Header{"Set-Cookie": lines})
}

func TestJar_limits(t *testing.T) {
	// fill makes n cookies, each with a request between, so that the order of
	// use is that of the names.
	fill := func(t *testing.T, j *cookies.Jar, from, attributes string, names ...string) {
		for _, name := range names {
			store(t, j, from, name+"=x"+attributes)
		}
	}
	header := func(t *testing.T, j *cookies.Jar) string { return j.Header(mustURL(t, "https://h.example.org/")) }

	t.Run("50 cookies a host are kept by default, and no more", func(t *testing.T) {
		j := cookies.New(nil)
		for i := range 60 {
			store(t, j, "https://h.example.org/", fmt.Sprintf("n%d=x", i))
		}
		assert.Equal(t, 50, j.Len())
		_, err := j.Get("n10")
		assert.NoError(t, err)
		_, err = j.Get("n9")
		assert.ErrorIs(t, err, cookies.ErrNoCookie)
	})
	t.Run("3000 cookies in all are kept by default, and no more", func(t *testing.T) {
		j := cookies.New(nil)
		for i := range 3100 {
			store(t, j, fmt.Sprintf("https://h%d.test/", i/40), fmt.Sprintf("n%d=x", i))
		}
		assert.Equal(t, 3000, j.Len())
		_, err := j.Get("n99")
		assert.ErrorIs(t, err, cookies.ErrNoCookie)
	})
	t.Run("a negative limit is none", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: -1, MaxTotal: -1, MaxSize: -1})
		for i := range 3100 {
			store(t, j, "https://h.example.org/", fmt.Sprintf("n%d=x", i))
		}
		store(t, j, "https://h.example.org/", "big="+strings.Repeat("x", 5000))
		assert.Equal(t, 3101, j.Len())
	})
	t.Run("MaxSize counts name and value", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxSize: 5})
		fill(t, j, "https://h.example.org/", "", "1234", "12345")
		assert.Equal(t, "1234=x", header(t, j))
	})
	t.Run("the least recently used goes first", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: 3})
		fill(t, j, "https://h.example.org/", "", "a", "b", "c")
		store(t, j, "https://h.example.org/", "a=y")
		fill(t, j, "https://h.example.org/", "", "d")
		assert.Equal(t, "a=y; c=x; d=x", header(t, j))
	})
	t.Run("being sent is use", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: 2})
		fill(t, j, "https://h.example.org/", "; Path=/a", "a")
		fill(t, j, "https://h.example.org/", "; Path=/b", "b")
		j.Header(mustURL(t, "https://h.example.org/a"))
		fill(t, j, "https://h.example.org/", "", "c")
		assert.Equal(t, "a@h.example.org/a c@h.example.org/", names(j))
	})
	t.Run("expired ones go before any other", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			j := cookies.New(&cookies.Options{MaxPerHost: 3})
			fill(t, j, "https://h.example.org/", "", "a")
			fill(t, j, "https://h.example.org/", "; Max-Age=1", "b")
			fill(t, j, "https://h.example.org/", "", "c")
			time.Sleep(time.Second)
			fill(t, j, "https://h.example.org/", "", "d")
			assert.Equal(t, "a=x; c=x; d=x", header(t, j))
		})
	})
	t.Run("those without Secure go before those with", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: 3})
		fill(t, j, "https://h.example.org/", "; Secure", "a")
		fill(t, j, "https://h.example.org/", "", "b")
		fill(t, j, "https://h.example.org/", "; Secure", "c", "d")
		assert.Equal(t, "a=x; c=x; d=x", header(t, j))
		fill(t, j, "https://h.example.org/", "", "e")
		assert.Equal(t, "a=x; c=x; d=x", header(t, j), "the new one is the only one without")
		fill(t, j, "https://h.example.org/", "; Secure", "f")
		assert.Equal(t, "c=x; d=x; f=x", header(t, j))
	})
	t.Run("a domain does not push out another's", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: 2})
		fill(t, j, "https://h.example.org/", "", "a")
		fill(t, j, "https://h.example.org/", "; Domain=example.org", "b", "c", "d")
		assert.Equal(t, "a=x; c=x; d=x", header(t, j))
	})
	t.Run("of all the least recently used goes, of whatever site", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxTotal: 3})
		fill(t, j, "https://one.test/", "; Secure", "a")
		fill(t, j, "https://two.test/", "", "b")
		fill(t, j, "https://three.test/", "", "c")
		j.Header(mustURL(t, "https://one.test/"))
		fill(t, j, "https://four.test/", "", "d")
		assert.Equal(t, []string{"one.test", "three.test", "four.test"}, j.Domains())
	})
	t.Run("a site with many domains makes room itself", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: 2, MaxTotal: 20})
		fill(t, j, "https://one.test/", "", "a")
		labels := strings.Repeat("a.", 20) + "example.org"
		for from := labels; strings.HasPrefix(from, "a."); from = from[2:] {
			fill(t, j, "https://"+labels+"/", "; Domain="+from, "b", "c")
		}
		assert.Equal(t, 20, j.Len())
		assert.Equal(t, "a=x", j.Header(mustURL(t, "https://one.test/")))
		for i := range 10 {
			fill(t, j, fmt.Sprintf("https://h.site%d.test/", i), "", "d")
		}
		assert.Equal(t, 20, j.Len())
		assert.Equal(t, "a=x", j.Header(mustURL(t, "https://one.test/")), "also for cookies of others")
	})
	t.Run("unless a domain may have any number of them", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: -1, MaxTotal: 3})
		fill(t, j, "https://one.test/", "", "a")
		fill(t, j, "https://two.test/", "", "b", "c", "d")
		assert.Equal(t, []string{"two.test"}, j.Domains())
	})
	t.Run("of all the expired go first", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			j := cookies.New(&cookies.Options{MaxTotal: 3})
			fill(t, j, "https://one.test/", "", "a")
			fill(t, j, "https://two.test/", "; Max-Age=1", "b")
			fill(t, j, "https://three.test/", "", "c")
			time.Sleep(time.Second)
			fill(t, j, "https://four.test/", "", "d")
			assert.Equal(t, []string{"one.test", "three.test", "four.test"}, j.Domains())
		})
	})
	t.Run("lines beyond the 3000th of one response are not read", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: -1, MaxTotal: -1})
		lines := make([]string, cookies.MaxLines+1)
		for i := range lines {
			lines[i] = fmt.Sprintf("n%d=x", i)
		}
		store(t, j, "https://h.example.org/", lines...)
		assert.Equal(t, cookies.MaxLines, j.Len())
	})
	t.Run("a field is no longer than 8 kB, and cookies that do not fit are left out", func(t *testing.T) {
		j := cookies.New(nil)
		for _, name := range []string{"a", "b", "c"} {
			store(t, j, "https://h.example.org/", name+"="+strings.Repeat(name, 4000))
		}
		store(t, j, "https://h.example.org/", "small=x")
		want := "a=" + strings.Repeat("a", 4000) + "; b=" + strings.Repeat("b", 4000) + "; small=x"
		assert.Equal(t, want, header(t, j))
		assert.Less(t, len(want), cookies.MaxHeader)
		assert.Len(t, j.Cookies(mustURL(t, "https://h.example.org/")), 3)
	})
	t.Run("what servers set and delete again does not pile up", func(t *testing.T) {
		j := cookies.New(nil)
		for i := range 2 * cookies.MaxGraves {
			store(t, j, "https://h.example.org/", fmt.Sprintf("n%d=x", i), fmt.Sprintf("n%d=; Max-Age=0", i))
		}
		_, graves := j.Held()
		assert.LessOrEqual(t, graves, cookies.MaxGraves)
		assert.Zero(t, j.Len())
	})
	t.Run("questions about many hosts do not pile up", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https://h.example.org/", "id=x; Domain=example.org")
		for i := range 20000 {
			u := &url.URL{Scheme: "https", Host: fmt.Sprintf("h%d.example.org", i), Path: "/"}
			require.Equal(t, "id=x", j.Header(u))
		}
		held, _ := j.Held()
		assert.LessOrEqual(t, held, cookies.MaxHeld)
	})
}

// A change of any kind must show at once, however often the jar was asked.
func TestJar_Header_after_changes(t *testing.T) {
	u := mustURL(t, "https://h.example.org/")
	other := mustURL(t, "https://other.test/")
	j := cookies.New(nil)
	ask := func(want string) {
		t.Helper()
		require.Equal(t, want, j.Header(u))
		require.Equal(t, want, j.Header(u))
		require.Equal(t, want, joined(j.Cookies(u)))
	}
	ask("")
	store(t, j, "https://other.test/", "o=1")
	ask("") // now with a jar that is not empty
	store(t, j, "https://h.example.org/", "a=1")
	ask("a=1")
	store(t, j, "https://h.example.org/", "a=1")
	ask("a=1")
	store(t, j, "https://h.example.org/", "a=2")
	ask("a=2")
	store(t, j, "https://sub.h.example.org/", "b=1; Domain=example.org")
	ask("a=2; b=1")
	j.Delete("a")
	ask("b=1")
	require.NoError(t, j.Set(cookies.Cookie{Name: "c", Value: "3", Domain: "h.example.org"}))
	ask("b=1; c=3")
	require.NoError(t, j.Set(cookies.Cookie{Name: "c", Value: "3", Domain: "h.example.org", Created: time.Unix(1, 0)}))
	ask("c=3; b=1")
	j.Clear()
	ask("")
	store(t, j, "https://h.example.org/", "d=4")
	ask("d=4")
	m := cookies.New(nil)
	store(t, m, "https://h.example.org/", "e=5")
	j.Merge(m)
	ask("d=4; e=5")
	assert.Equal(t, "", j.Header(other))
}

func TestJar_allocations(t *testing.T) {
	j := cookies.New(nil)
	for i := range 10 {
		store(t, j, "https://h.example.org/", fmt.Sprintf("n%d=x; Max-Age=100; Path=/", i))
	}
	urls := []*url.URL{
		mustURL(t, "https://h.example.org/"), mustURL(t, "https://h.example.org/a/b/c"), mustURL(t, "http://h.example.org:8080/"),
		mustURL(t, "https://H.Example.ORG/"), mustURL(t, "https://sub.example.org/"), mustURL(t, "https://elsewhere.test/"),
	}
	header := http.Header{"Set-Cookie": {"n1=x; Max-Age=100; Path=/", "n2=x; Max-Age=100; Path=/"}}
	for _, u := range urls {
		assert.Zero(t, testing.AllocsPerRun(100, func() { j.Header(u) }), u.String())
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() { j.StoreHeader(urls[0], header) }), "the same cookies again")
	assert.Equal(t, 2., testing.AllocsPerRun(100, func() { j.Cookies(urls[0]) }))
	empty := cookies.New(nil)
	assert.Zero(t, testing.AllocsPerRun(100, func() { empty.Header(urls[0]) }))
}

func TestJar_SetCookies(t *testing.T) {
	now := bubbleStart
	for _, tt := range []struct {
		name   string
		cookie *http.Cookie
		want   string
	}{
		{"a pair", &http.Cookie{Name: "id", Value: "x"}, "id=x"},
		{"a quoted value", &http.Cookie{Name: "id", Value: "x y", Quoted: true}, `id="x y"`},
		{"space goes", &http.Cookie{Name: " id ", Value: " x "}, "id=x"},
		{"a MaxAge", &http.Cookie{Name: "id", Value: "x", MaxAge: 10}, "id=x"},
		{"a huge MaxAge", &http.Cookie{Name: "id", Value: "x", MaxAge: int(^uint(0) >> 1)}, "id=x"},
		{"a negative MaxAge", &http.Cookie{Name: "id", Value: "x", MaxAge: -1}, ""},
		{"a past Expires", &http.Cookie{Name: "id", Value: "x", Expires: now}, ""},
		{"an Expires", &http.Cookie{Name: "id", Value: "x", Expires: now.Add(time.Second)}, "id=x"},
		{"an Expires that net/http could not read", &http.Cookie{Name: "id", Value: "x", RawExpires: "1 jan 1990 0:0:0"}, ""},
		{"a Domain", &http.Cookie{Name: "id", Value: "x", Domain: ".example.org"}, "id=x"},
		{"a foreign Domain", &http.Cookie{Name: "id", Value: "x", Domain: "example.com"}, ""},
		{"a Path elsewhere", &http.Cookie{Name: "id", Value: "x", Path: "/z"}, ""},
		{"a relative Path", &http.Cookie{Name: "id", Value: "x", Path: "z"}, "id=x"},
		{"a prefix", &http.Cookie{Name: "__Secure-id", Value: "x"}, ""},
		{"a semicolon in the value", &http.Cookie{Name: "id", Value: "x; Path=/"}, ""},
		{"an = in the name", &http.Cookie{Name: "i=d", Value: "x"}, ""},
		{"a line feed in the value", &http.Cookie{Name: "id", Value: "x\n"}, ""},
		{"neither name nor value", &http.Cookie{}, ""},
		{"none", nil, ""},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			u := mustURL(t, "https://h.example.org/")
			j.SetCookies(u, []*http.Cookie{tt.cookie})
			assert.Equal(t, tt.want, j.Header(u))
		})
	}
}

func TestJar_Cookies_belong_to_the_caller(t *testing.T) {
	j := cookies.New(nil)
	u := mustURL(t, "https://h.example.org/")
	store(t, j, u.String(), "a=1", "b=2")
	got := j.Cookies(u)
	got[0].Value, got[1] = "changed", nil
	assert.Equal(t, "a=1; b=2", joined(j.Cookies(u)))
	assert.Equal(t, "a=1; b=2", j.Header(u))
}

func TestJar_with_http_Client(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s3cret", Path: "/", HttpOnly: true})
			http.Redirect(w, r, "/home", http.StatusFound)
			return
		}
		fmt.Fprint(w, r.Header.Get("Cookie"))
	}))
	defer server.Close()
	client := &http.Client{Jar: cookies.New(nil), Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(server.URL + "/login")
	require.NoError(t, err)
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "session=s3cret", body.String())
}

func TestJar_without_arguments(t *testing.T) {
	j := cookies.New(nil)
	j.StoreHeader(nil, http.Header{"Set-Cookie": {"a=1"}})
	j.SetCookies(nil, []*http.Cookie{{Name: "a"}})
	j.StoreHeader(mustURL(t, "https://h.example.org/"), nil)
	j.SetCookies(mustURL(t, "https://h.example.org/"), nil)
	assert.Zero(t, j.Len())
	store(t, j, "https://h.example.org/", "a=1")
	assert.Empty(t, j.Header(nil))
	assert.Nil(t, j.Cookies(nil))
	assert.Empty(t, j.Header(&url.URL{}))
	j.StoreHeader(&url.URL{Scheme: "https", Opaque: "h.example.org"}, http.Header{"Set-Cookie": {"b=1"}})
	assert.Equal(t, 1, j.Len())
}

// Secrets stay out of whatever prints a cookie or a jar.
func TestPrinting_hides_values(t *testing.T) {
	j := cookies.New(nil)
	store(t, j, "https://h.example.org/", "id=s3cret; Secure; HttpOnly; Partitioned; SameSite=Lax; Max-Age=60", `q="s3cret"`, "s3cret")
	j.Header(mustURL(t, "https://h.example.org/"))
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for c := range j.All() {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			for _, v := range []any{c, &c, []cookies.Cookie{c}, struct{ C cookies.Cookie }{c}} {
				assert.NotContains(t, fmt.Sprintf(verb, v), "s3cret")
			}
			if c.Name != "" {
				assert.Contains(t, fmt.Sprintf(verb, c), c.Name)
			}
		}
		logger.Info("seen", "cookie", c, "jar", j)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.Equal(t, "cookies.Jar(3)", fmt.Sprintf(verb, j))
	}
	assert.Equal(t, "<nil>", fmt.Sprint((*cookies.Jar)(nil)))
	assert.NotContains(t, log.String(), "s3cret")
	err := j.Set(cookies.Cookie{Name: "id", Value: "s3cret;", Domain: "h.example.org"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "s3cret")
}

func TestJar_concurrent_use(t *testing.T) {
	j := cookies.New(&cookies.Options{MaxPerHost: 8, MaxTotal: 30})
	other := cookies.New(nil)
	store(t, other, "https://m.example.org/", "merged=1")
	path := t.TempDir() + "/jar.json"
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 200 {
				u := &url.URL{Scheme: "https", Host: fmt.Sprintf("h%d.example.org", (i+w)%5), Path: "/a/b"}
				switch i % 10 {
				case 0:
					j.Merge(other)
					other.Merge(j)
				case 1:
					j.Delete(fmt.Sprintf("n%d", i%7))
				case 2:
					for range j.All() {
						j.Clear(cookies.Domain("h1.example.org"))
						break
					}
				case 3:
					assert.NoError(t, j.Set(cookies.Cookie{Name: "set", Value: "1", Domain: u.Host}))
				case 4:
					_ = j.Clone().Header(u)
					_ = j.Domains()
				case 5:
					if i%50 == 5 {
						assert.NoError(t, j.SaveFile(path))
						assert.NoError(t, j.LoadFile(path))
					}
				case 6:
					j.SetCookies(u, j.Cookies(u))
				default:
					j.StoreHeader(u, http.Header{"Set-Cookie": {fmt.Sprintf("n%d=%d; Max-Age=%d", i%7, i, i%3)}})
				}
				_ = j.Header(u)
				_ = j.Cookies(u)
				assert.LessOrEqual(t, j.Len(), 30)
			}
		})
	}
	wg.Wait()
}
