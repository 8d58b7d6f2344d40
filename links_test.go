package requests_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
)

// linked is a response to http://api.test/a with these Link fields.
func linked(t testing.TB, fields ...string) *requests.Response {
	t.Helper()
	return fetch(t, canned("200 OK", http.Header{"Link": fields}, ""))
}

func TestResponse_Links(t *testing.T) {
	type link struct{ url, rel string }
	for _, c := range []struct {
		name   string
		fields []string
		links  []link
	}{
		{"R190 none", nil, nil},
		{"R190 one", []string{`<http://h.test/2>; rel="next"`}, []link{{"http://h.test/2", "next"}}},
		{"R190 without quotes", []string{`<http://h.test/2>; rel=next`}, []link{{"http://h.test/2", "next"}}},
		{"R190 several in a field", []string{`</2>; rel=next, </9>; rel="last"`}, []link{{"http://api.test/2", "next"}, {"http://api.test/9", "last"}}},
		{"R190 several fields", []string{`</2>; rel=next`, `</9>; rel=last`}, []link{{"http://api.test/2", "next"}, {"http://api.test/9", "last"}}},
		{"R190 without rel", []string{`</2>`}, []link{{"http://api.test/2", ""}}},
		{"R190 commas and semicolons within a URL", []string{`</a,b;c>; rel=next`}, []link{{"http://api.test/a,b;c", "next"}}},
		{"D18b separators within quotes", []string{`</2>; title="a,b;c=d<e>"; rel=next, </3>; rel=last`}, []link{{"http://api.test/2", "next"}, {"http://api.test/3", "last"}}},
		{"D18b an escaped quote", []string{`</2>; title="a\"; rel=x"; rel=next`}, []link{{"http://api.test/2", "next"}}},
		{"D18b parameter names in any case", []string{`</2>; REL=next`}, []link{{"http://api.test/2", "next"}}},
		{"D18b relation types in any case", []string{`</2>; rel=NEXT`}, []link{{"http://api.test/2", "next"}}},
		{"D18b several relation types", []string{`</2>; rel="next last"`}, []link{{"http://api.test/2", "next"}, {"http://api.test/2", "last"}}},
		{"D18b the first rel counts", []string{`</2>; rel=next; rel=last`}, []link{{"http://api.test/2", "next"}}},
		{"D18b a relation type that is a URL stays", []string{`</2>; rel="http://Rel.test/X"`}, []link{{"http://api.test/2", "http://Rel.test/X"}}},
		{"D18b blanks around =", []string{`</2> ; rel = "next"`}, []link{{"http://api.test/2", "next"}}},
		{"D18b relative to the request", []string{`<b?x=1>; rel=next`}, []link{{"http://api.test/b?x=1", "next"}}},
		{"D18b a query alone", []string{`<?page=2>; rel=next`}, []link{{"http://api.test/a?page=2", "next"}}},
		{"R190 an empty target is the document", []string{`<>; rel=self`}, []link{{"http://api.test/a", "self"}}},
		{"D18b junk before and after", []string{`junk, </2>; rel=next junk; more, </3>; rel=last`}, []link{{"http://api.test/2", "next"}, {"http://api.test/3", "last"}}},
		{"D18b junk at the end", []string{`</2>; rel=next junk`, `</3>junk`}, []link{{"http://api.test/2", "next"}, {"http://api.test/3", ""}}},
		{"R190 a malformed link alone is left out", []string{`<http://h:bad/>; rel=x, </3>; rel=last`}, []link{{"http://api.test/3", "last"}}},
		{"R190 a target that does not end", []string{`</2; rel=next`}, nil},
		{"R190 a quote that does not end", []string{`</2>; rel="next`}, []link{{"http://api.test/2", "next"}}},
		{"R190 empty elements", []string{`, ,</2>; rel=next, `}, []link{{"http://api.test/2", "next"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []link
			for _, l := range linked(t, c.fields...).Links() {
				got = append(got, link{l.URL.String(), l.Rel})
			}
			assert.Equal(t, c.links, got)
		})
	}
}

func TestLink_Parameters(t *testing.T) {
	l, ok := linked(t, `</2>; rel=next; TYPE="text/html"; hreflang=de; media=print; anchor="#foo"; title="plain"; title*=UTF-8'en'%e2%82%ac%20rates; x-own=1; flag`).Link("NEXT")
	require.True(t, ok)
	assert.Equal(t, "text/html", l.Type)
	assert.Equal(t, "de", l.Hreflang)
	assert.Equal(t, "print", l.Media)
	assert.Equal(t, "#foo", l.Anchor)
	assert.Equal(t, "€ rates", l.Title, "title* outranks title (RFC 8288, section 3.4.1)")
	assert.Equal(t, "1", l.Params["x-own"])
	assert.Contains(t, l.Params, "flag")
	_, ok = linked(t, `</2>; rel=next`).Link("last")
	assert.False(t, ok)
}

func TestResponse_LinkIsTheLastOfItsRelation(t *testing.T) {
	for name, fields := range map[string][]string{
		"in one field":      {`</b>; rel=next, </c>; rel="prev next", </d>; rel=last`},
		"in several fields": {`</b>; rel=next`, `</c>; rel=NEXT`, `</d>; rel=last`},
	} {
		t.Run("R190 "+name, func(t *testing.T) {
			l, ok := linked(t, fields...).Link("next")
			require.True(t, ok)
			assert.Equal(t, "http://api.test/c", l.URL.String())
		})
	}
}

func TestLink_IsPrintedWithoutControlCharacters(t *testing.T) {
	links := linked(t, "<foo:\u009b>; rel=next").Links()
	require.Len(t, links, 1)
	assert.Equal(t, `<Link [foo:\u009b "next"]>`, fmt.Sprint(links[0]))
}

func TestResponse_LinksAreBounded(t *testing.T) {
	r := linked(t, strings.Repeat(`</2>; rel="a b c d e f g h", `, 5000))
	assert.LessOrEqual(t, len(r.Links()), 1000)
}

// pagesOf is a server of n pages that link to one another.
func pagesOf(n int) http.RoundTripper {
	return adapters.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		if page < n {
			w.Header().Set("Link", `</items?page=`+strconv.Itoa(page+1)+`>; rel="next"`)
		}
		w.Write([]byte("page " + strconv.Itoa(page) + " " + r.URL.RawQuery + " " + r.Header.Get("X-Own")))
	}))
}

func TestPages(t *testing.T) {
	s := newSession(t, requests.WithAdapter("http://", pagesOf(3)), requests.WithHeader("X-Own", "own"))
	var got []string
	for r, err := range requests.Pages(t.Context(), s, "http://api.test/items", requests.WithParam("size", "5")) {
		require.NoError(t, err)
		got = append(got, r.Text())
	}
	assert.Equal(t, []string{"page 1 size=5 own", "page 2 page=2 own", "page 3 page=3 own"}, got)

	got = nil
	for r, err := range requests.Pages(t.Context(), s, "http://api.test/items") {
		require.NoError(t, err)
		if got = append(got, r.Text()); len(got) == 2 {
			break
		}
	}
	assert.Len(t, got, 2, "leaving the loop asks for nothing more")
}

func TestPages_WithoutALinkEnd(t *testing.T) {
	for name, link := range map[string]string{"none at all": ``, "one of another relation": `</p>; rel=prev`} {
		t.Run(name, func(t *testing.T) {
			s := newSession(t, requests.WithAdapter("http://", canned("200 OK", http.Header{"Link": {link}}, "x")))
			n := 0
			for r, err := range requests.Pages(t.Context(), s, "http://api.test/items") {
				require.NoError(t, err)
				require.NotNil(t, r)
				n++
			}
			assert.Equal(t, 1, n)
		})
	}
}

func TestPages_ThatDoNotBegin(t *testing.T) {
	n := 0
	for r, err := range requests.Pages(t.Context(), newSession(t), "no scheme") {
		n++
		assert.Nil(t, r)
		require.ErrorIs(t, err, requests.ErrMissingScheme)
	}
	assert.Equal(t, 1, n)
}

func TestPages_CredentialsStayWithTheOrigin(t *testing.T) {
	other := newReplies(t, reply(200, "theirs"))
	first := newReplies(t, reply(200, "ours", "Link: <"+other.URL+"/p>; rel=next"))
	s := newSession(t, requests.WithHeader("X-Api-Key", "k"), requests.WithHeader("X-Plain", "p"))
	n := 0
	for r, err := range requests.Pages(t.Context(), s, first.URL, requests.WithHeader("Authorization", "Bearer t")) {
		require.NoError(t, err)
		require.NotNil(t, r)
		n++
	}
	require.Equal(t, 2, n)
	assert.Equal(t, "Bearer t", first.Last(t).Header.Get("Authorization"))
	assert.Empty(t, other.Last(t).Header.Get("Authorization"))
	assert.Empty(t, other.Last(t).Header.Get("X-Api-Key"))
	assert.Equal(t, "p", other.Last(t).Header.Get("X-Plain"))
}

// FuzzLink: whatever the field, reading it does not panic, gives at most a
// thousand links, each with a URL, a relation type without blanks and names of
// parameters in lower case; and what is behind a well-formed link cannot take
// that link away.
func FuzzLink(f *testing.F) {
	for _, s := range []string{
		``, `</2>; rel=next`, `</2>; rel="next last", <b>; title="a,b\"c"; rel=up`, `<`, `<>;`, `<a>;rel=";`, `<a>;=;;,<b`,
		`<a>; title*=UTF-8''%e2%82`, `<http://h:99999/>; rel=x`, "<\x00>; rel=\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, field string) {
		r := &requests.Response{Response: &http.Response{Header: http.Header{"Link": {field}}}}
		checkLinks(t, r.Links())
		base, err := http.NewRequest("GET", "http://api.test/a", nil)
		require.NoError(t, err)
		r.Request = base
		links := r.Links()
		checkLinks(t, links)
		r.Header["Link"] = []string{`</good>; rel="good", ` + field}
		again := r.Links()
		checkLinks(t, again)
		require.NotEmpty(t, again)
		require.Equal(t, "http://api.test/good", again[0].URL.String())
		require.Equal(t, "good", again[0].Rel)
		require.Equal(t, "http://api.test/a", base.URL.String(), "the request's URL is not written to")
	})
}

func checkLinks(t *testing.T, links []requests.Link) {
	require.LessOrEqual(t, len(links), 1000)
	for _, l := range links {
		require.NotNil(t, l.URL)
		require.NotNil(t, l.Params)
		require.NotContains(t, l.Rel, " ")
		for name := range l.Params {
			require.Equal(t, strings.ToLower(name), name)
		}
	}
}

func TestLinks_oneFieldOfManyRelations(t *testing.T) {
	s := answering(t, func(*http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{"Link": {`<u>; rel="` + strings.Repeat("a ", 100000) + `"`}}}
	})
	r, err := s.Get(t.Context(), "http://h.test/")
	require.NoError(t, err)
	links := r.Links()
	assert.Len(t, links, 1000)
	assert.LessOrEqual(t, cap(links), 2000)
}

func TestLink_PrintsNoSecrets(t *testing.T) {
	r := fetch(t, canned("200 OK", http.Header{"Link": {`<http://u:hunter2@api.test/?page=2&access_token=hunter2>; rel="next http://x.test/?token=hunter2"`}}, ""))
	for _, l := range r.Links() {
		var logged bytes.Buffer
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("link", "link", l, "in", struct{ V any }{l})
		inJSON, err := json.Marshal(struct{ V any }{&l})
		require.NoError(t, err)
		text := fmt.Sprintf("%v %+v %#v %s %q %x %v", l, l, l, l, l, l, &l) + logged.String() + string(inJSON)
		assert.NotContains(t, text, "hunter2")
		assert.NotContains(t, text, hex.EncodeToString([]byte("hunter2")))
		assert.Contains(t, text, "api.test/?page=2")
	}
	assert.Equal(t, "<Link [none]>", requests.Link{}.String())
}
