package cookies_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJar_WriteNetscape(t *testing.T) {
	inBubble(t, "each cookie is a line", func(t *testing.T) {
		j := cookies.New(nil)
		store(t, j, "https://h.example.org/a/b", "host=1", `domain="x y"; Domain=example.org; Path=/; Secure; HttpOnly; Max-Age=60`, "empty=", "nameless")
		store(t, j, "https://h.example.org/a/b", "tab=a\tb", "past=x; Max-Age=1")
		time.Sleep(time.Second)
		var out bytes.Buffer
		require.NoError(t, j.WriteNetscape(&out))
		assert.Equal(t, "# Netscape HTTP Cookie File\n"+
			"h.example.org\tFALSE\t/a\tFALSE\t0\thost\t1\n"+
			"#HttpOnly_.example.org\tTRUE\t/\tTRUE\t946684860\tdomain\t\"x y\"\n"+
			"h.example.org\tFALSE\t/a\tFALSE\t0\tempty\t\n"+
			"h.example.org\tFALSE\t/a\tFALSE\t0\t\tnameless\n", out.String())
	})
	t.Run("a writer's error is returned", func(t *testing.T) {
		err := cookies.New(nil).WriteNetscape(failingWriter{})
		assert.ErrorIs(t, err, errFault)
	})
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errFault }

func TestJar_ReadNetscape(t *testing.T) {
	session := func(name, value, domain, path string) cookies.Cookie {
		return cookies.Cookie{Name: name, Value: value, Domain: domain, Path: path, Created: bubbleStart}
	}
	with := func(c cookies.Cookie, edit func(*cookies.Cookie)) cookies.Cookie { edit(&c); return c }
	for _, tt := range []struct {
		name, text string
		want       []cookies.Cookie
	}{
		{"a domain", ".h.example\tTRUE\t/p\tFALSE\t0\tn\tv\n", []cookies.Cookie{session("n", "v", "h.example", "/p")}},
		{"a host", "h.example\tFALSE\t/\tFALSE\t0\tn\tv\n", []cookies.Cookie{with(session("n", "v", "h.example", "/"), func(c *cookies.Cookie) { c.HostOnly = true })}},
		{"TRUE without a dot", "h.example\tTRUE\t/\tFALSE\t0\tn\tv\n", []cookies.Cookie{session("n", "v", "h.example", "/")}},
		{"Secure", "h.example\tTRUE\t/\tTRUE\t0\tn\tv\n", []cookies.Cookie{with(session("n", "v", "h.example", "/"), func(c *cookies.Cookie) { c.Secure = true })}},
		{"HttpOnly", "#HttpOnly_.h.example\tTRUE\t/\tFALSE\t0\tn\tv\n", []cookies.Cookie{with(session("n", "v", "h.example", "/"), func(c *cookies.Cookie) { c.HttpOnly = true })}},
		{"an end", "h.example\tTRUE\t/\tFALSE\t946684860\tn\tv\n", []cookies.Cookie{with(session("n", "v", "h.example", "/"), func(c *cookies.Cookie) { c.Expires = bubbleStart.Add(time.Minute) })}},
		{"a far end", "h.example\tTRUE\t/\tFALSE\t9223372036854775807\tn\tv\n", []cookies.Cookie{with(session("n", "v", "h.example", "/"), func(c *cookies.Cookie) { c.Expires = bubbleStart.Add(cookies.AgeLimit) })}},
		{"an end that has come", "h.example\tTRUE\t/\tFALSE\t946684800\tn\tv\n", nil},
		{"a negative end", "h.example\tTRUE\t/\tFALSE\t-1\tn\tv\n", nil},
		{"no end, as Python writes it", "h.example\tTRUE\t/\tFALSE\t\tn\tv\n", []cookies.Cookie{session("n", "v", "h.example", "/")}},
		{"lower case", "h.example\ttrue\t/\tfalse\t0\tn\tv\n", []cookies.Cookie{session("n", "v", "h.example", "/")}},
		{"an empty value", "h.example\tTRUE\t/\tFALSE\t0\tn\t\n", []cookies.Cookie{session("n", "", "h.example", "/")}},
		{"an empty value without its tab", "h.example\tTRUE\t/\tFALSE\t0\tn\n", []cookies.Cookie{session("n", "", "h.example", "/")}},
		{"an empty name", "h.example\tTRUE\t/\tFALSE\t0\t\tv\n", []cookies.Cookie{session("", "v", "h.example", "/")}},
		{"no end of line", "h.example\tTRUE\t/\tFALSE\t0\tn\tv", []cookies.Cookie{session("n", "v", "h.example", "/")}},
		{"the lines of Windows", "# x\r\nh.example\tTRUE\t/\tFALSE\t0\tn\tv\r\n\r\n", []cookies.Cookie{session("n", "v", "h.example", "/")}},
		{"comments and empty lines", "# Netscape HTTP Cookie File\n#\n\n   \n# h.example\tTRUE\t/\tFALSE\t0\tn\tv\n", nil},
		{"a name that begins with a number sign", "h.example\tTRUE\t/\tFALSE\t0\t#n\tv\n", []cookies.Cookie{session("#n", "v", "h.example", "/")}},
		{"bytes of any kind", "h.example\tTRUE\t/\tFALSE\t0\tn\tcaf\xe9 x, y\n", []cookies.Cookie{session("n", "caf\xe9 x, y", "h.example", "/")}},
		{"the last of two counts", "h.example\tTRUE\t/\tFALSE\t0\tn\t1\nh.example\tTRUE\t/\tFALSE\t0\tn\t2\n", []cookies.Cookie{session("n", "2", "h.example", "/")}},
		{"nothing", "", nil},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			j := cookies.New(nil)
			require.NoError(t, j.ReadNetscape(strings.NewReader(tt.text)))
			var got []cookies.Cookie
			for c := range j.All() {
				got = append(got, c)
			}
			assert.Equal(t, tt.want, got)
		})
	}

	good := "h.example\tTRUE\t/\tFALSE\t0\tgood\tv\n"
	for _, tt := range []struct{ name, line, says string }{
		{"too few fields", "h.example\tTRUE\t/\tFALSE\t0", "5 fields"},
		{"too many fields", "h.example\tTRUE\t/\tFALSE\t0\tn\ts3cret\tmore", "8 fields"},
		{"spaces for tabs", "h.example TRUE / FALSE 0 n s3cret", "1 fields"},
		{"neither TRUE nor FALSE", "h.example\tYES\t/\tFALSE\t0\tn\ts3cret", "TRUE or FALSE"},
		{"no word for Secure", "h.example\tTRUE\t/\t\t0\tn\ts3cret", "TRUE or FALSE"},
		{"an end that is no number", "h.example\tTRUE\t/\tFALSE\tsoon\tn\ts3cret", "seconds expected"},
		{"an end beyond any", "h.example\tTRUE\t/\tFALSE\t9223372036854775808\tn\ts3cret", "seconds expected"},
		{"no domain", "\tTRUE\t/\tFALSE\t0\tn\ts3cret", "no domain"},
		{"a relative path", "h.example\tTRUE\tp\tFALSE\t0\tn\ts3cret", "path"},
		{"a public suffix", ".co.uk\tTRUE\t/\tFALSE\t0\tn\ts3cret", "public suffix"},
		{"neither name nor value", "h.example\tTRUE\t/\tFALSE\t0\t\t", "neither"},
		{"a semicolon", "h.example\tTRUE\t/\tFALSE\t0\tn\ts3cret;x", ";"},
		{"a control character", "h.example\tTRUE\t/\tFALSE\t0\tn\ts3cret\x01", "control"},
		{"a prefix that does not hold", "h.example\tTRUE\t/\tFALSE\t0\t__Secure-n\ts3cret", "__Secure-"},
		{"a line without end", strings.Repeat("s3cret", 1<<18), "too long"},
	} {
		t.Run(tt.name+" is an error and nothing is taken", func(t *testing.T) {
			j := cookies.New(nil)
			err := j.ReadNetscape(strings.NewReader("# title\n" + good + tt.line + "\n" + good))
			require.ErrorContains(t, err, "line 3: ")
			assert.ErrorContains(t, err, tt.says)
			assert.NotContains(t, err.Error(), "s3cret")
			assert.Zero(t, j.Len())
		})
	}
	t.Run("a reader's error is returned and nothing is taken", func(t *testing.T) {
		j := cookies.New(nil)
		err := j.ReadNetscape(iotest.TimeoutReader(iotest.HalfReader(strings.NewReader(good))))
		assert.True(t, errors.Is(err, iotest.ErrTimeout), err)
		assert.Zero(t, j.Len())
	})
	t.Run("what is read takes the place of what was there", func(t *testing.T) {
		j := cookies.New(nil)
		u := mustURL(t, "https://h.example/")
		store(t, j, u.String(), "good=old; Domain=h.example")
		require.NoError(t, j.ReadNetscape(strings.NewReader(good)))
		assert.Equal(t, "good=v", j.Header(u))
	})
}

func FuzzJar_ReadNetscape(f *testing.F) {
	f.Add("# Netscape HTTP Cookie File\n#HttpOnly_.h.example\tTRUE\t/\tTRUE\t9999999999\tn\tv\n")
	f.Add("h.example\tFALSE\t/\tFALSE\t0\tn\t\r\nh.example\tFALSE\t/\tFALSE\t\t\tv")
	f.Fuzz(func(t *testing.T, text string) {
		options := &cookies.Options{MaxPerHost: 2, MaxTotal: 3, MaxSize: 20}
		j := cookies.New(options)
		err := j.ReadNetscape(strings.NewReader(text))
		bounded(t, j, err)
		// What was read can be written, and reads the same.
		var out bytes.Buffer
		require.NoError(t, j.WriteNetscape(&out))
		again := cookies.New(options)
		require.NoError(t, again.ReadNetscape(&out))
		require.Equal(t, netscapeView(j), netscapeView(again))
		for c := range j.All() {
			require.Equal(t, http.SameSite(0), c.SameSite)
		}
	})
}
