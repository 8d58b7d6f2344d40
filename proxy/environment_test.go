package proxy_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/proxy"
)

// environ makes vars all that the process's environment says about proxies.
func environ(t testing.TB, vars map[string]string) {
	t.Helper()
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasSuffix(strings.ToLower(name), "_proxy") || name == "REQUEST_METHOD" {
			t.Setenv(name, "") // restores it when the test ends
			require.NoError(t, os.Unsetenv(name))
		}
	}
	for name, value := range vars {
		t.Setenv(name, value)
	}
}

func TestFromEnvironment(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("variables differing in case only are one on Windows")
	}
	type vars = map[string]string
	tests := []struct {
		name string
		vars vars
		want proxy.Environment
	}{
		{"R134 nothing is set", nil, proxy.Environment{}},
		{"R134 any scheme", vars{"http_proxy": "a", "https_proxy": "b", "ftp_proxy": "c", "http+unix_proxy": "d", "all_proxy": "e", "no_proxy": "f"},
			proxy.Environment{Proxies: proxy.Map{"http": "a", "https": "b", "ftp": "c", "http+unix": "d", "all": "e"}, NoProxy: "f"}},
		{"R134 upper case", vars{"HTTP_PROXY": "a", "ALL_PROXY": "b", "NO_PROXY": "c"},
			proxy.Environment{Proxies: proxy.Map{"http": "a", "all": "b"}, NoProxy: "c"}},
		{"R134 mixed case", vars{"Https_Proxy": "a"}, proxy.Environment{Proxies: proxy.Map{"https": "a"}}},
		{"R134 lower case beats upper case", vars{"http_proxy": "a", "HTTP_PROXY": "b", "no_proxy": "c", "NO_PROXY": "d"},
			proxy.Environment{Proxies: proxy.Map{"http": "a"}, NoProxy: "c"}},
		{"R134 empty lower case disables upper case", vars{"http_proxy": "", "HTTP_PROXY": "b"}, proxy.Environment{Proxies: proxy.Map{}}},
		{"R134 empty upper case disables nothing", vars{"http_proxy": "a", "HTTP_PROXY": ""}, proxy.Environment{Proxies: proxy.Map{"http": "a"}}},
		{"R134 empty lower-case exceptions fall through", vars{"no_proxy": "", "NO_PROXY": "d"}, proxy.Environment{NoProxy: "d"}},
		{"R134 HTTP_PROXY is ignored by a CGI program", vars{"HTTP_PROXY": "a", "HTTPS_PROXY": "b", "REQUEST_METHOD": ""},
			proxy.Environment{Proxies: proxy.Map{"https": "b"}}},
		{"R134 http_proxy is not", vars{"HTTP_PROXY": "a", "http_proxy": "b", "REQUEST_METHOD": "GET"},
			proxy.Environment{Proxies: proxy.Map{"http": "b"}}},
		{"the suffix alone is no scheme", vars{"_proxy": "a"}, proxy.Environment{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environ(t, tt.vars)
			assert.Equal(t, tt.want, proxy.FromEnvironment())
		})
	}
	t.Run("R146 it is read at each call", func(t *testing.T) {
		environ(t, vars{"http_proxy": "a"})
		assert.Equal(t, "a", proxy.FromEnvironment().Proxies["http"])
		t.Setenv("http_proxy", "b")
		assert.Equal(t, "b", proxy.FromEnvironment().Proxies["http"])
	})
}

func TestEnvironmentFor(t *testing.T) {
	e := proxy.Environment{Proxies: proxy.Map{"http": "http://1.test", "all": "http://2.test"}, NoProxy: "a.example"}
	tests := []struct{ name, url, want string }{
		{"by its scheme", "http://h/", "http://1.test"},
		{"by all", "https://h/", "http://2.test"},
		{"R138 excepted", "https://a.example/", "direct"},
		{"R140 localhost goes through the proxy", "http://localhost/", "http://1.test"},
		{"R141 a URL without a host is direct", "file:///x", "direct"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := e.For(parse(t, tt.url))
			require.NoError(t, err)
			assert.Equal(t, tt.want, text(got))
		})
	}
	t.Run("a bad variable is an error", func(t *testing.T) {
		_, err := proxy.Environment{Proxies: proxy.Map{"http": "ftp://x"}}.For(parse(t, "http://h/"))
		require.ErrorIs(t, err, proxy.ErrInvalid)
	})
	t.Run("the zero value is direct", func(t *testing.T) {
		got, err := proxy.Environment{}.For(parse(t, "http://h/"))
		require.NoError(t, err)
		assert.Nil(t, got)
	})
}
