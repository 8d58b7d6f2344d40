package auth_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth"
	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// home makes an empty home directory, with NETRC not set.
func home(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("USERPROFILE", dir)
	t.Setenv("NETRC", "")
	require.NoError(t, os.Unsetenv("NETRC"))
	return dir
}

func write(t *testing.T, path, content string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), mode))
	require.NoError(t, os.Chmod(path, mode))
	return path
}

// netrcGives returns the credentials that a sets for target, decoded.
func netrcGives(t *testing.T, a auth.Authenticator, target string) (string, error) {
	t.Helper()
	r := newRequest(t, "GET", target, nil)
	if err := a.Authenticate(r); err != nil {
		assert.Empty(t, r.Header)
		return "", err
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Basic ")
	if !ok {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(given)
	require.NoError(t, err)
	return string(b), nil
}

func TestNetrc_entries(t *testing.T) {
	tests := []struct{ name, content, url, want string }{
		{"R84 the host without its port", "machine h.test login a password b", "http://h.test:81/", "a:b"},
		{"R84 the host in lower case", "machine h.test login a password b", "http://H.Test/", "a:b"},
		{"R84 an entry in upper case never matches", "machine H.test login a password b", "http://h.test/", ""},
		{"R84 an entry with a port never matches", "machine h.test:81 login a password b", "http://h.test:81/", ""},
		{"R84 a sub-domain is another host", "machine h.test login a password b", "http://x.h.test/", ""},
		{"R87 the userinfo is not the host", "machine good.test login a password b\nmachine evil.test login c password d", "http://good.test:80@evil.test/", ""},
		{"R84 default serves the rest, wherever it stands", "default login d password e\nmachine h.test login a password b", "http://x.test/", "d:e"},
		{"R84 a machine comes before default", "default login d password e\nmachine h.test login a password b", "http://h.test/", "a:b"},
		{"R84 the last of several counts", "machine h.test login a password b\nmachine h.test login c password d", "http://h.test/", "c:d"},
		{"R85 the account stands in for the login", "machine h.test account a password b", "http://h.test/", "a:b"},
		{"R85 with a login the account does not count", "machine h.test account x login a password b", "http://h.test/", "a:b"},
		{"R85 no password is an empty one", "machine h.test login a", "http://h.test/", "a:"},
		{"R85 a password alone", "machine h.test password b", "http://h.test/", ":b"},
		{"R85 an entry with nothing is none, and hides default", "machine h.test\ndefault login d password e", "http://h.test/", ""},
		{"R85 quotes hold spaces and quotes", `machine h.test login "a b" password "c \"d\" \\"`, "http://h.test/", `a b:c "d" \`},
		{"an empty value in quotes", `machine h.test login a password ""`, "http://h.test/", "a:"},
		{"a backslash takes the next byte literally", `machine h.test login a\ b password c\\d`, "http://h.test/", `a b:c\d`},
		{"user means login", "machine h.test user a password b", "http://h.test/", "a:b"},
		{"spread over lines and tabs", "machine\n\th.test\r\n login\ta\r\n\n password b\r\n", "http://h.test/", "a:b"},
		{"comments, and values that look like them", "# machine x\nmachine h.test # here\nlogin #a password #b\n#password c", "http://h.test/", "#a:#b"},
		{"a macro runs to a blank line", "machine h.test login a password b\nmacdef init\nmachine x.test login e\npassword f\n\nmachine y.test login g password h", "http://x.test/", ""},
		{"an entry goes on behind a macro", "macdef init\ncd /\n\nmachine h.test login a password b", "http://h.test/", "a:b"},
		{"a macro at the end needs no blank line", "machine h.test login a password b\nmacdef init\ncd /", "http://h.test/", "a:b"},
		{"an IPv6 host without brackets", "machine ::1 login a password b", "http://[::1]:8080/", "a:b"},
		{"a byte order mark is passed over", "\ufeffmachine h.test login a password b", "http://h.test/", "a:b"},
		{"the user in the URL chooses the entry", "machine h.test login a password b\nmachine h.test login c password d", "http://a@h.test/", "a:b"},
		{"no other user's password is sent", "machine h.test login a password b", "http://x@h.test/", ""},
		{"an empty file", "", "http://h.test/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, filepath.Join(home(t), "file"), tt.content, 0o600)
			got, err := netrcGives(t, auth.Netrc(path), tt.url)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestNetrc_mistakes(t *testing.T) {
	tests := []struct {
		name, content string
		line          int
	}{
		{"an unknown word", "machine h.test\nlogin a\npasswd canary", 3},
		{"a login before any machine", "\n\nlogin canary", 3},
		{"a machine without a name", "machine h.test login canary\nmachine", 2},
		{"a password without a value", "machine h.test login canary password", 1},
		{"an open quote", "machine h.test\npassword \"canary\nx\"", 2},
		{"a word too many", "machine h.test login a b canary", 1},
		{"a macro without a name", "macdef", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, filepath.Join(home(t), "file"), tt.content, 0o600)
			_, err := netrcGives(t, auth.Netrc(path), "http://other.test/")
			require.ErrorContains(t, err, "auth: netrc: ")
			assert.ErrorContains(t, err, fmt.Sprintf("%q, line %d: ", path, tt.line))
			assert.NotContains(t, err.Error(), "canary")
		})
	}
	t.Run("a value that Basic cannot send", func(t *testing.T) {
		path := write(t, filepath.Join(home(t), "file"), "\nmachine h.test login canary:x password b", 0o600)
		_, err := netrcGives(t, auth.Netrc(path), "http://h.test/")
		require.ErrorIs(t, err, sentinel.InvalidHeader)
		assert.ErrorContains(t, err, "line 2")
		assert.NotContains(t, err.Error(), "canary")
	})
	t.Run("D69 a directory", func(t *testing.T) {
		dir := home(t)
		_, err := netrcGives(t, auth.Netrc(dir), "http://h.test/")
		assert.ErrorContains(t, err, "auth: netrc: ")
		assert.ErrorContains(t, err, dir)
	})
	t.Run("a file too large", func(t *testing.T) {
		path := write(t, filepath.Join(home(t), "file"), strings.Repeat("#", 1<<20+1), 0o600)
		_, err := netrcGives(t, auth.Netrc(path), "http://h.test/")
		assert.ErrorContains(t, err, "larger than")
	})
}

func TestNetrc_choice(t *testing.T) {
	const entry = "machine h.test login %s password p"
	of := func(name string) string { return fmt.Sprintf(entry, name) }
	t.Run("R83 NETRC, set, is the only candidate", func(t *testing.T) {
		dir := home(t)
		write(t, filepath.Join(dir, ".netrc"), of("dot"), 0o600)
		t.Setenv("NETRC", write(t, filepath.Join(dir, "named"), of("named"), 0o600))
		got, err := netrcGives(t, auth.Netrc(""), "http://h.test/")
		require.NoError(t, err)
		assert.Equal(t, "named:p", got)
		for _, missing := range []string{filepath.Join(dir, "missing"), ""} {
			t.Setenv("NETRC", missing)
			got, err := netrcGives(t, auth.Netrc(""), "http://h.test/")
			require.NoError(t, err)
			assert.Empty(t, got)
		}
	})
	t.Run("R83 ~/.netrc hides ~/_netrc, with an entry or without", func(t *testing.T) {
		dir := home(t)
		write(t, filepath.Join(dir, "_netrc"), of("under"), 0o600)
		write(t, filepath.Join(dir, ".netrc"), "machine other.test login x password y", 0o600)
		got, err := netrcGives(t, auth.Netrc(""), "http://h.test/")
		require.NoError(t, err)
		assert.Empty(t, got)
	})
	t.Run("R83 ~/_netrc where there is no ~/.netrc", func(t *testing.T) {
		write(t, filepath.Join(home(t), "_netrc"), of("under"), 0o600)
		got, err := netrcGives(t, auth.Netrc(""), "http://h.test/")
		require.NoError(t, err)
		assert.Equal(t, "under:p", got)
	})
	t.Run("no file at all is no credentials", func(t *testing.T) {
		dir := home(t)
		for _, a := range []auth.Authenticator{auth.Netrc(""), auth.Netrc(filepath.Join(dir, "missing")), auth.Netrc(filepath.Join(dir, "x", "y"))} {
			got, err := netrcGives(t, a, "http://h.test/")
			require.NoError(t, err)
			assert.Empty(t, got)
		}
	})
	t.Run("a home that is no directory is no credentials", func(t *testing.T) {
		t.Setenv("HOME", write(t, filepath.Join(home(t), "file"), "", 0o600))
		got, err := netrcGives(t, auth.Netrc(""), "http://h.test/")
		require.NoError(t, err)
		assert.Empty(t, got)
	})
	t.Run("a tilde in NETRC is the home directory", func(t *testing.T) {
		write(t, filepath.Join(home(t), "mine"), of("tilde"), 0o600)
		t.Setenv("NETRC", "~/mine")
		got, err := netrcGives(t, auth.Netrc(""), "http://h.test/")
		require.NoError(t, err)
		assert.Equal(t, "tilde:p", got)
	})
}

func TestNetrc_mode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	const secret, harmless = "machine h.test login a password b", "machine h.test login a"
	for _, tt := range []struct {
		name, content string
		mode          os.FileMode
		named, ok     bool
	}{
		{"its owner's alone", secret, 0o600, false, true},
		{"readable by the group", secret, 0o640, false, false},
		{"readable by all", secret, 0o604, false, false},
		{"readable by all, without a password", harmless, 0o644, false, true},
		{"readable by all, but named by NETRC", secret, 0o644, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := write(t, filepath.Join(home(t), ".netrc"), tt.content, tt.mode)
			if tt.named {
				t.Setenv("NETRC", path)
			}
			for _, a := range []auth.Authenticator{auth.Netrc(""), auth.Netrc(path)} {
				_, err := netrcGives(t, a, "http://other.test/")
				if tt.ok {
					assert.NoError(t, err)
					continue
				}
				assert.ErrorContains(t, err, "others may read it")
				assert.ErrorContains(t, err, path)
				require.NoError(t, os.Chmod(path, 0o600))
				_, err = netrcGives(t, a, "http://other.test/")
				assert.NoError(t, err, "mended at once")
				require.NoError(t, os.Chmod(path, tt.mode))
			}
		})
	}
}

func TestNetrc_isLookedAtOnceASecond(t *testing.T) {
	path := write(t, filepath.Join(home(t), "file"), "machine h.test login a password b", 0o600)
	synctest.Test(t, func(t *testing.T) {
		a := auth.Netrc(path)
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, "a:b"}, {999 * time.Millisecond, "a:b"}, {time.Millisecond, "longer:b"}} {
			time.Sleep(step.wait)
			got, err := netrcGives(t, a, "http://h.test/")
			require.NoError(t, err)
			assert.Equal(t, step.want, got)
			write(t, path, "machine h.test login longer password b", 0o600)
		}
	})
}

func TestNetrc_SourceAndNamed(t *testing.T) {
	path := write(t, filepath.Join(home(t), "file"), "# x\ndefault login d password e\n\nmachine h.test\nlogin a", 0o600)
	n := auth.Netrc(path)
	file, line, ok := n.Source("h.test")
	assert.Equal(t, []any{path, 4, true}, []any{file, line, ok})
	file, line, ok = n.Source("other.test")
	assert.Equal(t, []any{path, 2, true}, []any{file, line, ok})
	assert.True(t, n.Named("h.test"))
	assert.False(t, n.Named("other.test"))
	n = auth.Netrc(write(t, filepath.Join(home(t), "bad"), "x", 0o600))
	_, _, ok = n.Source("h.test")
	assert.False(t, ok)
	assert.False(t, n.Named("h.test"))
}

func TestNetrc_openQuote(t *testing.T) {
	for name, content := range map[string]string{
		"at the end of its line":  "machine h.test\npassword \"canary\n",
		"at the end of the file":  "machine h.test\npassword \"canary",
		"with an escape at last":  "machine h.test\npassword \"canary\\",
		"with nothing but itself": "machine h.test\npassword \"",
	} {
		t.Run(name, func(t *testing.T) {
			entries, line, err := auth.ParseNetrc([]byte(content))
			require.ErrorContains(t, err, "quote is not closed")
			assert.NotContains(t, err.Error(), "canary")
			assert.Equal(t, 2, line)
			assert.Empty(t, entries)
		})
	}
}

func TestNetrc_defaultIsForHosts(t *testing.T) {
	n := auth.Netrc(write(t, filepath.Join(home(t), "file"), "default login d password e", 0o600))
	_, _, ok := n.Source("")
	assert.False(t, ok)
	for _, target := range []string{"file:///etc/hosts", "http:h.test"} {
		got, err := netrcGives(t, n, target)
		require.NoError(t, err)
		assert.Empty(t, got, target)
	}
}

// No content, however broken, makes it panic or loop, get a line wrong, or
// repeat in an error what the file holds.
func FuzzParseNetrc(f *testing.F) {
	f.Add([]byte("machine h.test login a password b\ndefault login c\n"))
	f.Add([]byte("macdef init\ncd /\n\nmachine \"a b\" # x\nlogin \\\" password \"c\\\"\""))
	f.Add([]byte("\ufeff#\nmachine"))
	f.Fuzz(func(t *testing.T, content []byte) {
		entries, line, err := auth.ParseNetrc(content)
		lines := strings.Count(string(content), "\n") + 1
		assert.True(t, 1 <= line && line <= lines, "line %d of %d", line, lines)
		if err != nil {
			assert.Empty(t, entries)
			assert.Less(t, len(err.Error()), 100, "a fixed text")
		}
		last := 1
		for _, e := range entries {
			assert.True(t, last <= e.Line && e.Line <= lines)
			last = e.Line
			if e.Default {
				assert.Empty(t, e.Machine)
			}
		}
	})
}

func ExampleNetrc() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "netrc")
	if err := os.WriteFile(path, []byte("machine api.test login me password secret\n"), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	r, _ := http.NewRequest("GET", "https://api.test/", nil)
	if err := auth.Netrc(path).Authenticate(r); err != nil {
		fmt.Println(err)
	}
	user, _, _ := r.BasicAuth()
	fmt.Println(user)
	// Output: me
}
