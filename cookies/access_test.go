package cookies_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func names(j *cookies.Jar) string {
	var all []string
	for c := range j.All() {
		all = append(all, c.Name+"@"+c.Domain+c.Path)
	}
	return strings.Join(all, " ")
}

// sample has one name in three places, and another.
func sample(t *testing.T) *cookies.Jar {
	j := cookies.New(nil)
	store(t, j, "https://x.example/", "a=1", "a=2; Path=/p")
	store(t, j, "https://y.example/", "a=3", "b=4")
	return j
}

func TestJar_Get(t *testing.T) {
	j := sample(t)
	for _, tt := range []struct {
		rule    string
		name    string
		filters []cookies.Filter
		want    string
		err     error
	}{
		{"R97 a name alone", "b", nil, "4", nil},
		{"R97 a name that is not there", "z", nil, "", cookies.ErrNoCookie},
		{"R97 case counts", "B", nil, "", cookies.ErrNoCookie},
		{"R98 several of a name conflict", "a", nil, "", cookies.ErrConflict},
		{"R98 a domain resolves it", "a", []cookies.Filter{cookies.Domain("y.example")}, "3", nil},
		{"R98 a domain in capitals, with a dot", "a", []cookies.Filter{cookies.Domain(".Y.Example")}, "3", nil},
		{"R98 a domain may not be enough", "a", []cookies.Filter{cookies.Domain("x.example")}, "", cookies.ErrConflict},
		{"R98 a path resolves it", "a", []cookies.Filter{cookies.Path("/p")}, "2", nil},
		{"R98 a domain and a path resolve it", "a", []cookies.Filter{cookies.Domain("x.example"), cookies.Path("/")}, "1", nil},
		{"filters must all agree", "a", []cookies.Filter{cookies.Domain("y.example"), cookies.Path("/p")}, "", cookies.ErrNoCookie},
		{"a parent is another domain", "b", []cookies.Filter{cookies.Domain("example")}, "", cookies.ErrNoCookie},
		{"no domain is none", "b", []cookies.Filter{cookies.Domain("")}, "", cookies.ErrNoCookie},
		{"no filter is none", "b", []cookies.Filter{nil}, "4", nil},
		{"a filter of one's own", "a", []cookies.Filter{func(c cookies.Cookie) bool { return c.Value == "2" }}, "2", nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			got, err := j.Get(tt.name, tt.filters...)
			assert.ErrorIs(t, err, tt.err)
			assert.Equal(t, tt.want, got.Value)
		})
	}
}

func TestJar_listing(t *testing.T) {
	j := sample(t)
	assert.Equal(t, "a@x.example/ a@x.example/p a@y.example/ b@y.example/", names(j))
	assert.Equal(t, names(j), names(j), "the order is stable")
	assert.Equal(t, 4, j.Len())
	assert.Equal(t, []string{"x.example", "y.example"}, j.Domains(), "D9b distinct domains")
	assert.Empty(t, cookies.New(nil).Domains())

	t.Run("the jar may be changed while it is listed", func(t *testing.T) {
		j := sample(t)
		n := 0
		for c := range j.All() {
			j.Delete(c.Name)
			n++
		}
		assert.Equal(t, 4, n)
		assert.Zero(t, j.Len())
	})
	t.Run("a filter may use the jar", func(t *testing.T) {
		j := sample(t)
		assert.Equal(t, 4, j.Clear(func(cookies.Cookie) bool { j.Delete("none"); return j.Len() == 4 }))
	})
	t.Run("a listing may be left", func(t *testing.T) {
		for range j.All() {
			break
		}
	})
}

func TestJar_Delete_and_Clear(t *testing.T) {
	for _, tt := range []struct {
		name  string
		do    func(*cookies.Jar) int
		count int
		left  string
	}{
		{"R97 a name goes everywhere", func(j *cookies.Jar) int { return j.Delete("a") }, 3, "b@y.example/"},
		{"R97 a missing name is no error", func(j *cookies.Jar) int { return j.Delete("z") }, 0, "a@x.example/ a@x.example/p a@y.example/ b@y.example/"},
		{"a name of a domain", func(j *cookies.Jar) int { return j.Delete("a", cookies.Domain("x.example")) }, 2, "a@y.example/ b@y.example/"},
		{"a name of a path", func(j *cookies.Jar) int { return j.Delete("a", cookies.Path("/p")) }, 1, "a@x.example/ a@y.example/ b@y.example/"},
		{"a domain", func(j *cookies.Jar) int { return j.Clear(cookies.Domain("y.example")) }, 2, "a@x.example/ a@x.example/p"},
		{"a path", func(j *cookies.Jar) int { return j.Clear(cookies.Path("/")) }, 3, "a@x.example/p"},
		{"everything", func(j *cookies.Jar) int { return j.Clear() }, 4, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := sample(t)
			assert.Equal(t, tt.count, tt.do(j))
			assert.Equal(t, tt.left, names(j))
		})
	}
}

func TestJar_Set(t *testing.T) {
	now := bubbleStart
	for _, tt := range []struct {
		name string
		set  cookies.Cookie
		want cookies.Cookie // Created is now
	}{
		{"the path is the root", cookies.Cookie{Name: "a", Value: "1", Domain: "h.example", HostOnly: true}, cookies.Cookie{Name: "a", Value: "1", Domain: "h.example", HostOnly: true, Path: "/"}},
		{"a domain in capitals with a dot", cookies.Cookie{Name: "a", Domain: ".H.Example"}, cookies.Cookie{Name: "a", Domain: "h.example", Path: "/"}},
		{"a domain beyond ASCII", cookies.Cookie{Name: "a", Domain: "bücher.example"}, cookies.Cookie{Name: "a", Domain: "xn--bcher-kva.example", Path: "/"}},
		{"an address is a host", cookies.Cookie{Name: "a", Domain: "127.0.0.1"}, cookies.Cookie{Name: "a", Domain: "127.0.0.1", HostOnly: true, Path: "/"}},
		{"an IPv6 address is a host", cookies.Cookie{Name: "a", Domain: "::1"}, cookies.Cookie{Name: "a", Domain: "::1", HostOnly: true, Path: "/"}},
		{"a single label is a host", cookies.Cookie{Name: "a", Domain: "localhost"}, cookies.Cookie{Name: "a", Domain: "localhost", HostOnly: true, Path: "/"}},
		{"com is a host", cookies.Cookie{Name: "a", Domain: "com"}, cookies.Cookie{Name: "a", Domain: "com", HostOnly: true, Path: "/"}},
		{"a public suffix may be a host", cookies.Cookie{Name: "a", Domain: "github.io", HostOnly: true}, cookies.Cookie{Name: "a", Domain: "github.io", HostOnly: true, Path: "/"}},
		{"all attributes", cookies.Cookie{
			Name: "__Host-a", Value: "x y", Domain: "h.example", HostOnly: true, Path: "/", Secure: true, HttpOnly: true, Partitioned: true,
			Quoted: true, SameSite: http.SameSiteNoneMode, Expires: now.Add(time.Hour),
		}, cookies.Cookie{
			Name: "__Host-a", Value: "x y", Domain: "h.example", HostOnly: true, Path: "/", Secure: true, HttpOnly: true, Partitioned: true,
			Quoted: true, SameSite: http.SameSiteNoneMode, Expires: now.Add(time.Hour),
		}},
		{"quotation marks in the value mean the same", cookies.Cookie{Name: "a", Value: `"x"`, Domain: "h.example"}, cookies.Cookie{Name: "a", Value: "x", Quoted: true, Domain: "h.example", Path: "/"}},
		{"a nameless cookie", cookies.Cookie{Value: "v", Domain: "h.example"}, cookies.Cookie{Value: "v", Domain: "h.example", Path: "/"}},
		{"400 days at most", cookies.Cookie{Name: "a", Domain: "h.example", Expires: now.AddDate(5, 0, 0)}, cookies.Cookie{Name: "a", Domain: "h.example", Path: "/", Expires: now.Add(cookies.AgeLimit)}},
		{"400 days at most, of a year that no nanosecond reaches", cookies.Cookie{Name: "a", Domain: "h.example", Expires: now.AddDate(9000, 0, 0)}, cookies.Cookie{Name: "a", Domain: "h.example", Path: "/", Expires: now.Add(cookies.AgeLimit)}},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			require.NoError(t, j.Set(tt.set))
			tt.want.Created = now
			got := slices.Collect(j.All())
			require.Len(t, got, 1)
			assert.True(t, tt.want == got[0], "%s %v", got[0], got[0].Created)
		})
	}

	t.Run("what cannot be sent or must not be is an error", func(t *testing.T) {
		ok := cookies.Cookie{Name: "a", Value: "1", Domain: "h.example", Path: "/"}
		for _, tt := range []struct {
			name string
			edit func(*cookies.Cookie)
		}{
			{"R99 no domain would be every host", func(c *cookies.Cookie) { c.Domain = "" }},
			{"a dot is no domain", func(c *cookies.Cookie) { c.Domain = "." }},
			{"a domain with a port", func(c *cookies.Cookie) { c.Domain = "h.example:80" }},
			{"a domain with a slash", func(c *cookies.Cookie) { c.Domain = "h.example/" }},
			{"a domain with a space", func(c *cookies.Cookie) { c.Domain = "h .example" }},
			{"a domain with an empty label", func(c *cookies.Cookie) { c.Domain = "h..example" }},
			{"a URL as domain", func(c *cookies.Cookie) { c.Domain = "https://h.example" }},
			{"a public suffix", func(c *cookies.Cookie) { c.Domain = "co.uk" }},
			{"a private suffix", func(c *cookies.Cookie) { c.Domain = "github.io" }},
			{"neither name nor value", func(c *cookies.Cookie) { c.Name, c.Value = "", "" }},
			{"a semicolon in the value", func(c *cookies.Cookie) { c.Value = "1; b=2" }},
			{"a semicolon in the name", func(c *cookies.Cookie) { c.Name = "a;b" }},
			{"an = in the name", func(c *cookies.Cookie) { c.Name = "a=b" }},
			{"a line feed in the value", func(c *cookies.Cookie) { c.Value = "1\r\nX: y" }},
			{"a NUL in the name", func(c *cookies.Cookie) { c.Name = "a\x00" }},
			{"space at the end of the value", func(c *cookies.Cookie) { c.Value = "1 " }},
			{"space at the front of the name", func(c *cookies.Cookie) { c.Name = " a" }},
			{"a relative path", func(c *cookies.Cookie) { c.Path = "a" }},
			{"a semicolon in the path", func(c *cookies.Cookie) { c.Path = "/;" }},
			{"a long path", func(c *cookies.Cookie) { c.Path = "/" + strings.Repeat("p", cookies.MaxAttribute) }},
			{"too large", func(c *cookies.Cookie) { c.Value = strings.Repeat("v", 4096) }},
			{"__Secure- without Secure", func(c *cookies.Cookie) { c.Name = "__Secure-a" }},
			{"__Host- for a domain", func(c *cookies.Cookie) { c.Name, c.Secure = "__Host-a", true }},
			{"a prefix in a nameless value", func(c *cookies.Cookie) { c.Name, c.Value = "", "__Host-a=1" }},
		} {
			t.Run(tt.name, func(t *testing.T) {
				j := cookies.New(nil)
				require.NoError(t, j.Set(ok))
				c := ok
				tt.edit(&c)
				err := j.Set(c)
				require.Error(t, err)
				assert.True(t, strings.HasPrefix(err.Error(), "cookies: set "), err.Error())
				assert.Equal(t, 1, j.Len())
			})
		}
	})
	t.Run("a past end deletes", func(t *testing.T) {
		j := cookies.New(nil)
		c := cookies.Cookie{Name: "a", Domain: "h.example"}
		require.NoError(t, j.Set(c))
		c.Expires = time.Unix(0, 0)
		require.NoError(t, j.Set(c))
		assert.Zero(t, j.Len())
	})
	t.Run("a cookie given its creation has it", func(t *testing.T) {
		j := cookies.New(nil)
		require.NoError(t, j.Set(cookies.Cookie{Name: "a", Domain: "h.example"}))
		require.NoError(t, j.Set(cookies.Cookie{Name: "b", Domain: "h.example", Created: time.Unix(1, 0)}))
		assert.Equal(t, "b=; a=", j.Header(mustURL(t, "http://h.example/")))
	})
	t.Run("listing one jar and setting it in another is a copy", func(t *testing.T) {
		j, c := sample(t), cookies.New(nil)
		for cookie := range j.All() {
			require.NoError(t, c.Set(cookie))
		}
		assert.Equal(t, slices.Collect(j.All()), slices.Collect(c.All()))
	})
}

func TestJar_Clone(t *testing.T) {
	j := cookies.New(&cookies.Options{MaxPerHost: 2})
	store(t, j, "https://h.example/", "a=1", "b=2")
	u := mustURL(t, "https://h.example/")
	c := j.Clone()
	assert.Equal(t, j.Header(u), c.Header(u))
	store(t, c, "https://h.example/", "a=changed", "c=3")
	assert.Equal(t, "a=1; b=2", j.Header(u))
	assert.Equal(t, "a=changed; c=3", c.Header(u), "the limits are copied")
	j.Clear()
	assert.Equal(t, 2, c.Len())

	t.Run("of a large jar", func(t *testing.T) {
		j := cookies.New(&cookies.Options{MaxPerHost: -1})
		for _, name := range strings.Split(strings.Repeat("ab", 20), "") {
			store(t, j, "https://h.example/"+strings.Repeat(name, j.Len()+1)+"/", name+"=1")
		}
		n := j.Len()
		c := j.Clone()
		c.Delete("a")
		assert.Equal(t, n, j.Len())
		assert.Less(t, c.Len(), n)
	})
}

func TestJar_Merge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := mustURL(t, "https://h.example/")
		j, other := cookies.New(nil), cookies.New(nil)
		store(t, j, u.String(), "both=old", "mine=1", "newer=old")
		time.Sleep(time.Second)
		store(t, other, u.String(), "both=new", "theirs=2", "newer=x")
		time.Sleep(time.Second)
		store(t, j, u.String(), "newer=new")
		j.Merge(other)
		assert.Equal(t, "mine=1; newer=new; both=new; theirs=2", j.Header(u))
		assert.Equal(t, "both=new; theirs=2; newer=x", other.Header(u))
		j.Merge(j)
		j.Merge(nil)
		assert.Equal(t, 4, j.Len())
	})
	t.Run("the limits of the receiver hold", func(t *testing.T) {
		j, other := cookies.New(&cookies.Options{MaxPerHost: 2, MaxSize: 3}), cookies.New(nil)
		store(t, other, "https://h.example/", "a=1", "b=2", "c=3", "large=x")
		j.Merge(other)
		assert.Equal(t, "b=2; c=3", j.Header(mustURL(t, "https://h.example/")))
	})
}
