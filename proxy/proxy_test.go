package proxy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/internal/sentinel"
	"github.com/seed-3bbad739/requests/proxy"
)

func text(u *url.URL) string {
	if u == nil {
		return "direct"
	}
	return u.String()
}

func TestMapFor(t *testing.T) {
	all := proxy.Map{
		"http://host.example": "http://1.test", "http": "http://2.test",
		"all://host.example": "http://3.test", "all": "http://4.test",
	}
	tests := []struct {
		name string
		m    proxy.Map
		url  string
		want string
	}{
		{"R135 scheme and host go first", all, "http://host.example/", "http://1.test"},
		{"R135 a port is not looked at", all, "http://host.example:8080/", "http://1.test"},
		{"R135 scheme and host are lowered", all, "HTTP://Host.Example/", "http://1.test"},
		{"R135 the scheme goes second", all, "http://other.example/", "http://2.test"},
		{"R135 any scheme of the host goes third", all, "https://host.example/", "http://3.test"},
		{"R135 all goes last", all, "https://other.example/", "http://4.test"},
		{"R135 the scheme goes before the host of all", proxy.Map{"http": "http://2.test", "all://h": "http://3.test"}, "http://h/", "http://2.test"},
		{"R135 keys are matched literally", proxy.Map{"HTTP": "http://1.test", "http://H": "http://2.test"}, "http://h/", "direct"},
		{"R135 an IPv6 host has no brackets in a key", proxy.Map{"http://::1": "http://1.test"}, "http://[::1]:80/", "http://1.test"},
		{"an IPv6 host may have them", proxy.Map{"http://[::1]": "http://1.test"}, "http://[::1]:80/", "http://1.test"},
		{"an IPv6 host may have them under all", proxy.Map{"all": "http://2.test", "all://[::1]": ""}, "http://[::1]:80/", "direct"},
		{"R135 an empty value ends the search", proxy.Map{"http://h": "", "http": "http://2.test"}, "http://h/", "direct"},
		{"R135 a URL without a host by its scheme", proxy.Map{"file": "http://1.test", "all": "http://2.test"}, "file:///x", "http://1.test"},
		{"R135 a URL without a host by all", proxy.Map{"http": "http://1.test", "all": "http://2.test"}, "file:///x", "http://2.test"},
		{"no key is direct", proxy.Map{"https": "http://1.test"}, "http://h/", "direct"},
		{"an empty map is direct", proxy.Map{}, "http://h/", "direct"},
		{"a nil map is direct", nil, "http://h/", "direct"},
		{"D3 the map's exceptions hold for its own proxies", proxy.Map{"all": "http://1.test", "no_proxy": "h,i"}, "http://a.h/", "direct"},
		{"D3 others are not excepted", proxy.Map{"all": "http://1.test", "no_proxy": "h,i"}, "http://j/", "http://1.test"},
		{"D3 empty exceptions are none", proxy.Map{"all": "http://1.test", "no_proxy": ""}, "http://h/", "http://1.test"},
		{"D3 empty exceptions are none for a URL without a host either", proxy.Map{"file": "http://1.test", "no_proxy": ""}, "file:///x", "http://1.test"},
		{"a long host is a key too", proxy.Map{"http://" + strings.Repeat("a.", 120) + "test": "http://1.test"}, "http://" + strings.Repeat("a.", 120) + "test/", "http://1.test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.m.For(parse(t, tt.url))
			require.NoError(t, err)
			assert.Equal(t, tt.want, text(got))
		})
	}
	t.Run("a nil URL is direct", func(t *testing.T) {
		got, err := all.For(nil)
		require.NoError(t, err)
		assert.Nil(t, got)
	})
	t.Run("a bad value is an error, not a direct connection", func(t *testing.T) {
		got, err := proxy.Map{"http": "ftp://1.test"}.For(parse(t, "http://h/"))
		require.ErrorIs(t, err, proxy.ErrInvalid)
		assert.Nil(t, got)
	})
	t.Run("a bad value that is not chosen is none", func(t *testing.T) {
		_, err := proxy.Map{"https": "ftp://1.test"}.For(parse(t, "http://h/"))
		require.NoError(t, err)
	})
}

func TestParse(t *testing.T) {
	tests := []struct{ name, raw, want string }{
		{"R147 no scheme is http", "p:3128", "http://p:3128"},
		{"R147 a name alone", "p", "http://p"},
		{"R147 an address alone", "192.0.2.1", "http://192.0.2.1"},
		{"R147 slashes without a scheme", "//p:3128", "http://p:3128"},
		{"D24b credentials without a scheme", "user:pw@p:3128", "http://user:pw@p:3128"},
		{"D24b a user without a scheme", "user@p", "http://user@p"},
		{"D24b an escaped password", "user:p%40ss@p:3128", "http://user:p%40ss@p:3128"},
		{"an @ within a password", "http://user:p@ss@p:3128", "http://user:p%40ss@p:3128"},
		{"R149 http", "http://p:3128", "http://p:3128"},
		{"R149 https", "https://p", "https://p"},
		{"R149 socks4", "socks4://p:1080", "socks4://p:1080"},
		{"R149 socks4a", "socks4a://p:1080", "socks4a://p:1080"},
		{"R149 socks5", "socks5://u:p@p:1080", "socks5://u:p@p:1080"},
		{"R149 socks5h", "socks5h://p", "socks5h://p"},
		{"scheme and host are lowered", "HTTP://Proxy.Test:3128/", "http://proxy.test:3128"},
		{"a slash is dropped", "http://p/", "http://p"},
		{"blanks around it are dropped", " http://p\n", "http://p"},
		{"an empty port is dropped", "http://p:", "http://p"},
		{"zeros before a port are dropped", "http://p:0080", "http://p:80"},
		{"an IPv6 address", "http://[::1]:3128", "http://[::1]:3128"},
		{"an IPv6 address with a zone", "http://[fe80::1%25eth0]:3128", "http://[fe80::1%25eth0]:3128"},
		{"an IDNA name", "http://bücher.example:80", "http://xn--bcher-kva.example:80"},
		{"an underscore", "http://my_proxy:80", "http://my_proxy:80"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := proxy.Parse(tt.raw)
			require.NoError(t, err)
			assert.Equal(t, tt.want, u.String())
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, raw, message string }{
		{"empty", "", `proxy: invalid proxy URL "": it is empty`},
		{"blank", " \t", `proxy: invalid proxy URL " \t": it is empty`},
		{"R147 no host", "http://", `proxy: invalid proxy URL "http:": no host`},
		{"R147 a port alone", "http://:3128", `proxy: invalid proxy URL "http://:3128": no host`},
		{"R147 credentials without a host", "http://u:hunter2@", `proxy: invalid proxy URL "http://[redacted]@": no host`},
		{"R147 a single slash", "http:/p:3128", `proxy: invalid proxy URL "http:/p:3128": the scheme is not followed by //`},
		{"R147 a scheme that is not supported", "ftp://u:hunter2@p", `proxy: invalid proxy URL "ftp://[redacted]@p": the scheme is not one of http, https, socks4, socks4a, socks5 and socks5h`},
		{"no scheme before the slashes", "://p", `proxy: invalid proxy URL "://p": it is not a URL`},
		{"a port out of range", "http://p:65536", `proxy: invalid proxy URL "http://p:65536": the port is not between 1 and 65535`},
		{"port zero", "http://p:0", `proxy: invalid proxy URL "http://p:0": the port is not between 1 and 65535`},
		{"a port that is no number", "http://u:hunter2@p:x", `proxy: invalid proxy URL "http://[redacted]@p:x": it is not a URL`},
		{"a password with a slash", "http://u:8/hunter2@p:3128", `proxy: invalid proxy URL "http://[redacted]@p:3128": it has more than scheme, credentials, host and port; special characters in a password must be escaped`},
		{"a password with a question mark", "http://u:8?hunter2@p:3128", `proxy: invalid proxy URL "http://[redacted]@p:3128": it has more than scheme, credentials, host and port; special characters in a password must be escaped`},
		{"a password with a hash", "http://u:8#hunter2@p:3128", `proxy: invalid proxy URL "http://[redacted]@p:3128": it has more than scheme, credentials, host and port; special characters in a password must be escaped`},
		{"a password with a stray percent", "http://u:hunter2%@p:3128", `proxy: invalid proxy URL "http://[redacted]@p:3128": it is not a URL`},
		{"a password that looks like a scheme", "u:hunter2://x@p:3128", `proxy: invalid proxy URL "[redacted]@p:3128": the scheme is not one of http, https, socks4, socks4a, socks5 and socks5h`},
		{"a configuration file", "http://p/wpad.dat?token=hunter2", `proxy: invalid proxy URL "http://p/wpad.dat?token=[redacted]": it has more than scheme, credentials, host and port; special characters in a password must be escaped`},
		{"a space in the host", "http://a b", `proxy: invalid proxy URL "http://a b": it is not a URL`},
		{"an escape in the host", "http://a%2eb", `proxy: invalid proxy URL "http://a%2eb": it is not a URL`},
		{"an odd character in the host", "http://a*b", `proxy: invalid proxy URL "http://a*b": the host is not a name or an address`},
		{"a control character", "http://p\r\nX: y", `proxy: invalid proxy URL "http://p\r\nX:[redacted]": it is not a URL`},
		{"an IPv6 address without brackets", "http://::1:3128", `proxy: invalid proxy URL "http://:[redacted]": it is not a URL`},
		{"dots alone", "..", `proxy: invalid proxy URL "..": the host is not a name or an address`},
		{"a leading dot", ".p", `proxy: invalid proxy URL ".p": the host is not a name or an address`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := proxy.Parse(tt.raw)
			require.ErrorIs(t, err, proxy.ErrInvalid)
			require.ErrorIs(t, err, sentinel.InvalidURL)
			assert.Nil(t, u)
			assert.Equal(t, tt.message, err.Error())
		})
	}
}

func TestMapHidesItsCredentials(t *testing.T) {
	m := proxy.Map{"http": "http://u:hunter2@p:3128", "https": "u:hunter2@p", "all": "u:8/hunter2@p", "no_proxy": "a.test", "ftp": ""}
	e := proxy.Environment{Proxies: m, NoProxy: "a.test"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{m, &m, e, &e, []any{m}, struct{ M proxy.Map }{m}} {
			got := fmt.Sprintf(format, value)
			assert.NotContains(t, got, "hunter2")
			assert.NotContains(t, got, "68756e74657232")
		}
	}
	assert.Equal(t, "map[all:[redacted]@p ftp: http:http://[redacted]@p:3128 https:[redacted]@p no_proxy:a.test]", fmt.Sprint(m))
	assert.Equal(t, "map[]", fmt.Sprint(proxy.Map(nil)))

	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("x", "map", m, "environment", e, "within", struct{ E *proxy.Environment }{&e})
	assert.NotContains(t, out.String(), "hunter2")
	assert.Contains(t, out.String(), "p:3128")

	encoded, err := json.Marshal(e)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Proxies":{"http":"http://[redacted]@p:3128","https":"[redacted]@p","all":"[redacted]@p","no_proxy":"a.test","ftp":""},"NoProxy":"a.test"}`, string(encoded))
	encoded, err = json.Marshal(proxy.Map(nil))
	require.NoError(t, err)
	assert.Equal(t, "null", string(encoded))
}

// What is accepted is a supported scheme with a host and nothing else, is
// accepted again as itself, and no refusal tells a password.
func FuzzParse(f *testing.F) {
	for _, raw := range []string{"p:3128", "u:pw@p", "http://u:p@[::1%25z]:1/", "socks5h://p", "http:/p", "//p", "a://b@c?d#e", "u:x://y@p", "\x00"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		const secret = "hunter2secret"
		if _, err := proxy.Parse("u:" + secret + raw + "@p"); err != nil {
			assert.NotContains(t, err.Error(), secret)
		}
		if _, err := proxy.Parse("http://" + raw + secret + "@p"); err != nil {
			assert.NotContains(t, err.Error(), secret)
		}
		u, err := proxy.Parse(raw)
		if err != nil {
			assert.ErrorIs(t, err, proxy.ErrInvalid)
			assert.Nil(t, u)
			return
		}
		assert.NotEmpty(t, u.Hostname())
		assert.Empty(t, u.Path+u.RawQuery+u.Fragment+u.Opaque)
		again, err := proxy.Parse(u.String())
		require.NoError(t, err)
		assert.Equal(t, u.String(), again.String())
	})
}

func TestMapForAllocatesNothingWithoutAProxy(t *testing.T) {
	m := proxy.Map{"https": "http://1.test", "no_proxy": "localhost,example.com"}
	for _, raw := range []string{"http://other.example/", "https://api.example.com/v1"} {
		u := parse(t, raw)
		assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = m.For(u) }), raw)
	}
}

func ExampleMap_For() {
	proxies := proxy.Map{
		"https":              "proxy.example:3128",
		"https://db.example": "", // direct
		"no_proxy":           "10.0.0.0/8",
	}
	for _, raw := range []string{"https://api.example/", "https://db.example/", "https://10.1.2.3/"} {
		u, _ := url.Parse(raw)
		p, err := proxies.For(u)
		fmt.Println(raw, p, err)
	}
	// Output:
	// https://api.example/ http://proxy.example:3128 <nil>
	// https://db.example/ <nil> <nil>
	// https://10.1.2.3/ <nil> <nil>
}

func ExampleBypass() {
	u, _ := url.Parse("https://wiki.corp.example/")
	fmt.Println(proxy.Bypass("localhost, .corp.example", u))
	// Output: true
}

func ExampleParse() {
	_, err := proxy.Parse("ftp://user:secret@proxy.example")
	fmt.Println(err)
	// Output:
	// proxy: invalid proxy URL "ftp://[redacted]@proxy.example": the scheme is not one of http, https, socks4, socks4a, socks5 and socks5h
}
