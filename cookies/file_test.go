package cookies_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-3bbad739/requests/cookies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("COOKIES_TEST_SAVE"); path != "" {
		saveAsChild(path, os.Getenv("COOKIES_TEST_NAME"))
	}
	os.Exit(m.Run())
}

// saveAsChild is what each of several processes does to one file.
func saveAsChild(path, name string) {
	j := cookies.New(nil)
	for i := range 10 {
		c := cookies.Cookie{Name: fmt.Sprintf("%s%d", name, i), Value: "x", Domain: name + ".example", Expires: time.Now().Add(time.Hour)}
		if err := errors.Join(j.Set(c), j.SaveFile(path)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(0)
}

func loaded(t testing.TB, path string) *cookies.Jar {
	t.Helper()
	j := cookies.New(nil)
	require.NoError(t, j.LoadFile(path))
	return j
}

func set(t testing.TB, j *cookies.Jar, name, value string) {
	t.Helper()
	require.NoError(t, j.Set(cookies.Cookie{Name: name, Value: value, Domain: "h.example", Expires: time.Now().Add(time.Hour)}))
}

// content is what a jar holds, in short.
func content(j *cookies.Jar) string {
	var all []string
	for c := range j.All() {
		all = append(all, c.Name+"="+c.Value)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestJar_SaveFile_round_trip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jar.json")
	j := cookies.New(nil)
	store(t, j, "https://h.example.org/a/b",
		`plain=x; Max-Age=60`, `quoted="x y"; Max-Age=60`, "latin=caf\xe9; Max-Age=60", "utf=春节<&>\u2028; Max-Age=60", "nameless; Max-Age=60",
		"all=x; Domain=example.org; Path=/; Secure; HttpOnly; Partitioned; SameSite=Strict; Max-Age=60",
		"default=x; SameSite=What; Max-Age=60", "none=x; SameSite=None; Max-Age=60", "__Host-p=x; Secure; Path=/; Max-Age=60",
		"b\xfft=x; Path=/p\xff; Max-Age=60", "tab=a\tb; Max-Age=60", "session=x")
	store(t, j, "https://[::1]/", "six=x; Max-Age=60")
	require.NoError(t, j.SaveFile(path))
	got := loaded(t, path)
	want := slices.DeleteFunc(slices.Collect(j.All()), func(c cookies.Cookie) bool { return c.Name == "session" })
	assert.Equal(t, want, slices.Collect(got.All()), "every attribute, in the same order")
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	}

	t.Run("session cookies when asked for", func(t *testing.T) {
		require.NoError(t, j.SaveFile(path, cookies.WithSessionCookies(), nil))
		assert.Equal(t, slices.Collect(j.All()), slices.Collect(loaded(t, path).All()))
	})
	t.Run("session cookies go again when not", func(t *testing.T) {
		require.NoError(t, j.SaveFile(path))
		assert.Equal(t, want, slices.Collect(loaded(t, path).All()))
	})
	t.Run("and come again", func(t *testing.T) {
		require.NoError(t, j.SaveFile(path, cookies.WithSessionCookies()))
		assert.Equal(t, j.Len(), loaded(t, path).Len())
	})
}

// What servers send must not make a jar too large for its file. One cookie of
// the largest size, and then its deletion, stand for as many as a jar keeps.
func TestJar_SaveFile_has_room_for_a_full_jar(t *testing.T) {
	for _, fill := range []string{"a", "<", `\`, "\u2028", "\xff"} {
		t.Run(fmt.Sprintf("of %q", fill), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jar.json")
			j := cookies.New(nil)
			name := strings.Repeat(fill, 4096/len(fill))
			require.NoError(t, j.Set(cookies.Cookie{
				Name: name, Domain: strings.Repeat("a.", 126) + "b",
				Path: "/" + strings.Repeat(fill, (cookies.MaxAttribute-1)/len(fill)), Expires: time.Now().Add(time.Hour),
			}))
			size := func() int64 {
				require.NoError(t, j.SaveFile(path))
				info, err := os.Stat(path)
				require.NoError(t, err)
				return info.Size()
			}
			cookie := size()
			require.Equal(t, 1, j.Delete(name))
			deletion := size()
			require.Greater(t, deletion, int64(4096), "it is in the file")
			assert.Less(t, 3000*cookie+cookies.MaxGraves*deletion, int64(cookies.MaxFile))
		})
	}
}

func TestJar_SaveFile_any_jar(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		j := cookies.New(nil)
		for birth := range rapid.IntRange(0, 20).Draw(rt, "cookies") {
			s := drawSetting(rt, birth)
			s.value = string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "bytes"))
			j.StoreHeader(s.url(), http.Header{"Set-Cookie": {s.line()}})
		}
		n++
		path := filepath.Join(dir, fmt.Sprint(n))
		require.NoError(rt, j.SaveFile(path, cookies.WithSessionCookies()))
		again := cookies.New(nil)
		require.NoError(rt, again.LoadFile(path))
		require.Equal(rt, slices.Collect(j.All()), slices.Collect(again.All()))

		var out bytes.Buffer
		require.NoError(rt, j.WriteNetscape(&out))
		read := cookies.New(nil)
		require.NoError(rt, read.ReadNetscape(&out))
		require.Equal(rt, netscapeView(j), netscapeView(read))
	})
}

// netscapeView is what the Netscape form can hold of a jar.
func netscapeView(j *cookies.Jar) map[string]cookies.Cookie {
	all := make(map[string]cookies.Cookie)
	for c := range j.All() {
		if strings.Contains(c.Name+c.Value+c.Path, "\t") {
			continue
		}
		c.SameSite, c.Partitioned, c.Created = 0, false, time.Time{}
		c.Expires = c.Expires.Truncate(time.Second)
		all[fmt.Sprint(c.Name, c.Domain, c.Path, c.HostOnly)] = c
	}
	return all
}

func TestJar_SaveFile_merges(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, path string)
		want string // the file in the end
	}{
		{"a file keeps what another process saved", func(t *testing.T, path string) {
			a, b := cookies.New(nil), cookies.New(nil)
			set(t, a, "a", "1")
			set(t, b, "b", "2")
			require.NoError(t, a.SaveFile(path))
			require.NoError(t, b.SaveFile(path))
		}, "a=1 b=2"},
		{"saving does not change the jar", func(t *testing.T, path string) {
			a, b := cookies.New(nil), cookies.New(nil)
			set(t, a, "a", "1")
			set(t, b, "b", "2")
			require.NoError(t, a.SaveFile(path))
			require.NoError(t, b.SaveFile(path))
			assert.Equal(t, "b=2", content(b))
		}, "a=1 b=2"},
		{"the later change wins, saved last", func(t *testing.T, path string) {
			a, b := cookies.New(nil), cookies.New(nil)
			set(t, a, "x", "old")
			time.Sleep(time.Second)
			set(t, b, "x", "new")
			require.NoError(t, a.SaveFile(path))
			require.NoError(t, b.SaveFile(path))
		}, "x=new"},
		{"the later change wins, saved first", func(t *testing.T, path string) {
			a, b := cookies.New(nil), cookies.New(nil)
			set(t, a, "x", "old")
			time.Sleep(time.Second)
			set(t, b, "x", "new")
			require.NoError(t, b.SaveFile(path))
			require.NoError(t, a.SaveFile(path))
		}, "x=new"},
		{"what was deleted since loading stays deleted", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			set(t, a, "y", "1")
			require.NoError(t, a.SaveFile(path))
			b := loaded(t, path)
			b.Delete("x")
			require.NoError(t, b.SaveFile(path))
		}, "y=1"},
		{"what another process deleted is not saved again", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			set(t, a, "y", "1")
			require.NoError(t, a.SaveFile(path))
			b := loaded(t, path)
			b.Delete("x")
			require.NoError(t, b.SaveFile(path))
			require.NoError(t, a.SaveFile(path))
			require.NoError(t, a.SaveFile(path))
		}, "y=1"},
		{"what was changed after another process deleted it is saved", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			b := loaded(t, path)
			b.Delete("x")
			require.NoError(t, b.SaveFile(path))
			time.Sleep(time.Second)
			set(t, a, "x", "2")
			require.NoError(t, a.SaveFile(path))
		}, "x=2"},
		{"a deletion beats an earlier change of another process", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			b := loaded(t, path)
			set(t, b, "x", "2")
			time.Sleep(time.Second)
			a.Delete("x")
			require.NoError(t, a.SaveFile(path))
			require.NoError(t, b.SaveFile(path))
		}, ""},
		{"deleting and setting in one moment leaves it set", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			a.Delete("x")
			require.NoError(t, a.SaveFile(path))
			set(t, a, "x", "2")
			require.NoError(t, a.SaveFile(path))
		}, "x=2"},
		{"setting and deleting in one moment leaves it deleted", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			set(t, a, "x", "2")
			a.Delete("x")
			require.NoError(t, a.SaveFile(path))
		}, ""},
		{"a server's deletion counts", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			b := loaded(t, path)
			store(t, b, "https://h.example/", "x=; Max-Age=0; Domain=h.example; Path=/")
			require.NoError(t, b.SaveFile(path))
		}, ""},
		{"an end that has come counts", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			store(t, a, "https://h.example/", "x=1; Max-Age=1; Domain=h.example; Path=/")
			time.Sleep(time.Second)
			require.NoError(t, a.SaveFile(path))
		}, ""},
		{"a cookie that has become one of the session goes", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			store(t, a, "https://h.example/", "x=2; Domain=h.example; Path=/")
			require.NoError(t, a.SaveFile(path))
		}, ""},
		{"session cookies of another process stay", func(t *testing.T, path string) {
			a, b := cookies.New(nil), cookies.New(nil)
			store(t, a, "https://h.example/", "s=1")
			require.NoError(t, a.SaveFile(path, cookies.WithSessionCookies()))
			set(t, b, "x", "1")
			require.NoError(t, b.SaveFile(path))
		}, "s=1 x=1"},
		{"clearing the jar clears the file", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			a.Clear()
			require.NoError(t, a.SaveFile(path))
		}, ""},
		{"a clone knows what was deleted", func(t *testing.T, path string) {
			a := cookies.New(nil)
			set(t, a, "x", "1")
			require.NoError(t, a.SaveFile(path))
			a.Delete("x")
			require.NoError(t, a.Clone().SaveFile(path))
		}, ""},
		{"the limits hold for the file", func(t *testing.T, path string) {
			a, b := cookies.New(nil), cookies.New(&cookies.Options{MaxPerHost: 2})
			set(t, a, "a", "1")
			set(t, a, "b", "1")
			require.NoError(t, a.SaveFile(path))
			set(t, b, "c", "1")
			require.NoError(t, b.SaveFile(path))
		}, "b=1 c=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jar.json")
			synctest.Test(t, func(t *testing.T) {
				tt.do(t, path)
				assert.Equal(t, tt.want, content(loaded(t, path)))
			})
		})
	}
}

// buried writes a file in which the cookie x was deleted at these times.
func buried(t *testing.T, path string, times ...time.Time) {
	t.Helper()
	var graves []string
	for _, at := range times {
		graves = append(graves, fmt.Sprintf(`{"name":"x","domain":"h.example","path":"/","at":%q}`, at.Format(time.RFC3339)))
	}
	require.NoError(t, os.WriteFile(path, []byte(`{"version":1,"deleted":[`+strings.Join(graves, ",")+`]}`), 0o600))
}

func TestJar_LoadFile_merges(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, path string, j *cookies.Jar) // j has saved x=1
		want string
	}{
		{"what the jar has stays", func(t *testing.T, path string, j *cookies.Jar) { set(t, j, "y", "2") }, "x=1 y=2"},
		{"the jar's later change wins", func(t *testing.T, path string, j *cookies.Jar) { set(t, j, "x", "2") }, "x=2"},
		{"the file's later change wins", func(t *testing.T, path string, j *cookies.Jar) {
			time.Sleep(time.Second)
			b := loaded(t, path)
			set(t, b, "x", "3")
			require.NoError(t, b.SaveFile(path))
		}, "x=3"},
		{"the jar's later deletion wins", func(t *testing.T, path string, j *cookies.Jar) { j.Delete("x") }, ""},
		{"a cookie changed after the deletion comes", func(t *testing.T, path string, j *cookies.Jar) {
			j.Delete("x")
			time.Sleep(time.Second)
			b := loaded(t, path)
			set(t, b, "x", "3")
			require.NoError(t, b.SaveFile(path))
		}, "x=3"},
		{"the file's later deletion wins", func(t *testing.T, path string, j *cookies.Jar) {
			b := loaded(t, path)
			b.Delete("x")
			require.NoError(t, b.SaveFile(path))
		}, ""},
		{"the file's earlier deletion does not", func(t *testing.T, path string, j *cookies.Jar) {
			b := loaded(t, path)
			b.Delete("x")
			require.NoError(t, b.SaveFile(path))
			time.Sleep(time.Second)
			set(t, j, "x", "4")
		}, "x=4"},
		{"of two deletions in the file the later counts", func(t *testing.T, path string, j *cookies.Jar) {
			buried(t, path, time.Now().Add(time.Hour), time.Now().Add(-time.Hour))
		}, ""},
		{"whichever stands first", func(t *testing.T, path string, j *cookies.Jar) {
			buried(t, path, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
		}, ""},
		{"and neither does if both are earlier", func(t *testing.T, path string, j *cookies.Jar) {
			buried(t, path, time.Now().Add(-time.Hour), time.Now().Add(-2*time.Hour))
		}, "x=1"},
		{"after clearing all, the file's cookies come back", func(t *testing.T, path string, j *cookies.Jar) { j.Clear() }, "x=1"},
		{"an expired cookie does not come", func(t *testing.T, path string, j *cookies.Jar) { time.Sleep(time.Hour) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jar.json")
			synctest.Test(t, func(t *testing.T) {
				j := cookies.New(nil)
				set(t, j, "x", "1")
				require.NoError(t, j.SaveFile(path))
				tt.do(t, path, j)
				require.NoError(t, j.LoadFile(path))
				assert.Equal(t, tt.want, content(j))
			})
		})
	}
}

func TestJar_files_that_are_refused(t *testing.T) {
	good := func(t *testing.T) (path string) {
		path = filepath.Join(t.TempDir(), "jar.json")
		j := cookies.New(nil)
		set(t, j, "saved", "s3cret")
		require.NoError(t, j.SaveFile(path))
		return path
	}
	write := func(text string) func(*testing.T) string {
		return func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "jar.json")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			return path
		}
	}
	const entry = `{"name":"a","value":"s3cret","domain":"h.example","path":"/","changed":"2000-01-01T00:00:00Z"}`
	for _, tt := range []struct {
		name, says string
		make       func(t *testing.T) string
		unix       bool
	}{
		{"a file that others may read", "open to others", func(t *testing.T) string {
			path := good(t)
			require.NoError(t, os.Chmod(path, 0o644))
			return path
		}, true},
		{"a file that the group may write", "open to others", func(t *testing.T) string {
			path := good(t)
			require.NoError(t, os.Chmod(path, 0o620))
			return path
		}, true},
		{"a symbolic link", "symbolic link", func(t *testing.T) string {
			path := good(t)
			require.NoError(t, os.Symlink(path, path+".link"))
			return path + ".link"
		}, true},
		{"a symbolic link to nowhere", "symbolic link", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "jar.json")
			require.NoError(t, os.Symlink(path+".absent", path))
			return path
		}, true},
		{"a directory", "not a regular file", func(t *testing.T) string { return t.TempDir() }, false},
		{"an empty file", "unexpected EOF", write(""), false},
		{"a truncated file", "unexpected EOF", func(t *testing.T) string {
			path := good(t)
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, data[:len(data)-8], 0o600))
			return path
		}, false},
		{"text", "broken cookie file", write("# Netscape HTTP Cookie File\n"), false},
		{"another kind of JSON", "broken cookie file", write(`[1,2,3]`), false},
		{"no version", `"version" expected`, write(`{"cookies":[]}`), false},
		{"a newer version", "version 2 is newer", write(`{"version":2,"jars":{}}`), false},
		{"an impossible version", "version 0", write(`{"version":0}`), false},
		{"a version that is no number", "broken cookie file", write(`{"version":"1"}`), false},
		{"text behind the end", "behind the end", write(`{"version":1,"cookies":[]}{}`), false},
		{"cookies that are no array", "array expected", write(`{"version":1,"cookies":7}`), false},
		{"cookies of another type", "broken cookie file", write(`{"version":1,"cookies":["a"]}`), false},
		{"a good entry and one without a name", "entry 1: neither name nor value", write(`{"version":1,"cookies":[` + entry + `,{}]}`), false},
		{"a control character", "entry 1: control character", write(`{"version":1,"cookies":[` + entry + `,{"name":"a\n","domain":"h.example"}]}`), false},
		{"a domain in capitals", "entry 0: malformed domain", write(`{"version":1,"cookies":[{"name":"a","domain":"H.example"}]}`), false},
		{"no domain", "entry 0: no domain", write(`{"version":1,"cookies":[{"name":"a"}]}`), false},
		{"a time that is none", "broken cookie file", write(`{"version":1,"cookies":[{"name":"a","domain":"h.example","expires":"soon"}]}`), false},
		{"base64 that is none", "broken cookie file", write(`{"version":1,"cookies":[{"name":{"base64":"*"},"domain":"h.example"}]}`), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.unix && runtime.GOOS == "windows" {
				t.Skip("modes and symbolic links are of Unix")
			}
			path := tt.make(t)
			before, _ := os.ReadFile(path)
			j := cookies.New(nil)
			set(t, j, "mine", "1")
			err := j.LoadFile(path)
			require.ErrorContains(t, err, tt.says)
			assert.Contains(t, err.Error(), "cookies: load "+path)
			assert.NotContains(t, err.Error(), "s3cret")
			assert.Equal(t, "mine=1", content(j), "nothing was taken and nothing lost")
			err = j.SaveFile(path)
			require.ErrorContains(t, err, tt.says)
			assert.Contains(t, err.Error(), "cookies: save "+path)
			after, _ := os.ReadFile(path)
			assert.Equal(t, before, after, "the file is as it was")
		})
	}
	t.Run("a file that is not there", func(t *testing.T) {
		err := cookies.New(nil).LoadFile(filepath.Join(t.TempDir(), "absent"))
		assert.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("a directory that is not there", func(t *testing.T) {
		err := cookies.New(nil).SaveFile(filepath.Join(t.TempDir(), "absent", "jar.json"))
		assert.ErrorIs(t, err, fs.ErrNotExist)
	})
	t.Run("unknown keys are passed over", func(t *testing.T) {
		path := write(`{"version":1,"note":{"a":[1]},"cookies":null,"deleted":[{"name":"a","domain":"h.example","path":"/","at":"2000-01-01T00:00:00Z"},{}]}`)(t)
		assert.Equal(t, "", content(loaded(t, path)))
	})
	t.Run("what the policy refuses is passed over", func(t *testing.T) {
		path := write(`{"version":1,"cookies":[` + entry + `,{"name":"b","domain":"co.uk"},{"name":"__Host-c","domain":"h.example","host_only":true}]}`)(t)
		assert.Equal(t, "a=s3cret", content(loaded(t, path)))
	})
}

func TestJar_SaveFile_lock(t *testing.T) {
	t.Run("a lock that is held is waited for, and then an error", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "jar.json")
		unlock, err := cookies.Disk().Lock(path + ".lock")
		require.NoError(t, err)
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			err := cookies.New(nil).SaveFile(path)
			require.ErrorContains(t, err, "is held by another process")
			assert.InDelta(t, 10, time.Since(start).Seconds(), 0.1)
		})
		require.NoError(t, unlock())
		assert.NoError(t, cookies.New(nil).SaveFile(path))
	})
	t.Run("goroutines lose nothing", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "jar.json")
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				j := cookies.New(nil)
				for n := range 4 {
					set(t, j, fmt.Sprintf("c%d.%d", i, n), "x")
					assert.NoError(t, j.SaveFile(path))
				}
			})
		}
		wg.Wait()
		assert.Equal(t, 32, loaded(t, path).Len())
	})
	t.Run("processes lose nothing", func(t *testing.T) {
		self, err := os.Executable()
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "jar.json")
		var children []*exec.Cmd
		for _, name := range []string{"a", "b", "c"} {
			child := exec.Command(self)
			child.Env = append(os.Environ(), "COOKIES_TEST_SAVE="+path, "COOKIES_TEST_NAME="+name)
			require.NoError(t, child.Start())
			children = append(children, child)
		}
		for _, child := range children {
			require.NoError(t, child.Wait())
		}
		assert.Equal(t, 30, loaded(t, path).Len())
	})
}

// faulty is a disk whose nth operation fails. A process that is killed does
// nothing after it either; a write may have been done by half.
type faulty struct {
	cookies.Storage
	nth, count int
	killed     bool // everything after the nth fails too
	half       bool // the failing write writes the first half
	failed     bool
}

var errFault = errors.New("fault")

func (f *faulty) fails() bool {
	f.count++
	if f.count == f.nth || f.killed && f.count > f.nth {
		f.failed = true
		return true
	}
	return false
}

func (f *faulty) Lock(name string) (func() error, error) {
	if f.fails() {
		return nil, errFault
	}
	unlock, err := f.Storage.Lock(name)
	return func() error {
		// The system unlocks for a process that is killed.
		if err := unlock(); err != nil || f.fails() {
			return errFault
		}
		return nil
	}, err
}

func (f *faulty) Lstat(name string) (fs.FileInfo, error) {
	if f.fails() {
		return nil, errFault
	}
	return f.Storage.Lstat(name)
}

func (f *faulty) Open(name string) (cookies.File, error) {
	if f.fails() {
		return nil, errFault
	}
	file, err := f.Storage.Open(name)
	return faultyFile{file, f}, err
}

func (f *faulty) Create(name string) (cookies.File, error) {
	if f.fails() {
		return nil, errFault
	}
	file, err := f.Storage.Create(name)
	return faultyFile{file, f}, err
}

func (f *faulty) Rename(from, to string) error {
	if f.fails() {
		return errFault
	}
	return f.Storage.Rename(from, to)
}

func (f *faulty) Remove(name string) error {
	if f.fails() {
		return errFault
	}
	return f.Storage.Remove(name)
}

func (f *faulty) SyncDir(name string) error {
	if f.fails() {
		return errFault
	}
	return f.Storage.SyncDir(name)
}

type faultyFile struct {
	cookies.File
	f *faulty
}

func (f faultyFile) Read(p []byte) (int, error) {
	if f.f.fails() {
		return 0, errFault
	}
	return f.File.Read(p)
}

func (f faultyFile) Write(p []byte) (int, error) {
	if f.f.fails() {
		n := 0
		if f.f.half {
			n, _ = f.File.Write(p[:len(p)/2])
		}
		return n, errFault
	}
	return f.File.Write(p)
}

func (f faultyFile) Stat() (fs.FileInfo, error) {
	if f.f.fails() {
		return nil, errFault
	}
	return f.File.Stat()
}

func (f faultyFile) Sync() error {
	if f.f.fails() {
		return errFault
	}
	return f.File.Sync()
}

func (f faultyFile) Close() error {
	closed := f.File.Close() // the system closes what a killed process had open
	if f.f.fails() {
		return errFault
	}
	return closed
}

// Whatever fails, and wherever the process dies, the file is the old or the
// new one, and the next save works.
func TestJar_SaveFile_faults(t *testing.T) {
	for _, mode := range []faulty{{}, {killed: true}, {half: true}, {killed: true, half: true}} {
		for _, exists := range []bool{true, false} {
			t.Run(fmt.Sprintf("killed %t, half written %t, file exists %t", mode.killed, mode.half, exists), func(t *testing.T) {
				olds, news := 0, 0
				for nth := 1; ; nth++ {
					require.Less(t, nth, 100)
					path := filepath.Join(t.TempDir(), "jar.json")
					old := cookies.New(nil)
					set(t, old, "old", "1")
					if exists {
						require.NoError(t, old.SaveFile(path))
					}
					j := cookies.New(nil)
					set(t, j, "new", "2")
					d := mode
					d.Storage, d.nth = cookies.Disk(), nth
					err := j.SaveTo(&d, path)
					if !d.failed {
						require.NoError(t, err)
						break
					}
					after := cookies.New(nil)
					switch loading := after.LoadFile(path); {
					case errors.Is(loading, fs.ErrNotExist) && !exists:
						olds++
						require.ErrorIs(t, err, errFault)
					case content(after) == "old=1" && exists:
						olds++
						require.NoError(t, loading)
						require.ErrorIs(t, err, errFault)
					default:
						news++
						require.NoError(t, loading)
						require.Contains(t, content(after), "new=2")
						require.Equal(t, exists, strings.Contains(content(after), "old=1"))
					}
					require.NoError(t, j.SaveFile(path), "the next save works, operation %d", nth)
					require.Contains(t, content(loaded(t, path)), "new=2")
				}
				assert.Greater(t, olds, 4)
				assert.Greater(t, news, 0)
			})
		}
	}
}

func TestJar_SaveFile_after_a_death(t *testing.T) {
	path := filepath.Join(t.TempDir(), "jar.json")
	j := cookies.New(nil)
	set(t, j, "x", "1")
	require.NoError(t, j.SaveFile(path))
	left := path + ".tmp"
	require.NoError(t, os.WriteFile(left, []byte("left behind by a process that died"), 0o600))
	require.NoError(t, j.SaveFile(path))
	assert.NoFileExists(t, left)
}

func FuzzJar_file(f *testing.F) {
	f.Add([]byte(`{"version":1,"cookies":[{"name":"a","value":"b","domain":"h.example","path":"/","expires":"2999-01-01T00:00:00Z","created":"2000-01-01T00:00:00Z","changed":"2000-01-01T00:00:00Z"}],"deleted":[{"name":"c","domain":"h.example","path":"/","at":"2000-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"version":1,"cookies":[{"name":{"base64":"/w=="},"value":"","domain":"::1"},{"value":"b","domain":"example.org","host_only":true,"same_site":"lax"}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"x":[[[[]]]],"cookies":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		options := &cookies.Options{MaxPerHost: 2, MaxTotal: 3, MaxSize: 20}
		j := cookies.New(options)
		bounded(t, j, j.Decode(data))
		// What was loaded can be saved, and loads the same.
		saved, err := j.Encode()
		require.NoError(t, err)
		again := cookies.New(options)
		require.NoError(t, again.Decode(saved))
		require.Equal(t, slices.Collect(j.All()), slices.Collect(again.All()))
	})
}

// bounded checks the limits of a jar that read a file with MaxPerHost 2,
// MaxTotal 3 and MaxSize 20.
func bounded(t *testing.T, j *cookies.Jar, err error) {
	t.Helper()
	if err != nil {
		require.Zero(t, j.Len(), "nothing of a bad file is taken")
	}
	require.LessOrEqual(t, j.Len(), 3)
	perDomain := make(map[string]int)
	for c := range j.All() {
		perDomain[c.Domain]++
		require.LessOrEqual(t, perDomain[c.Domain], 2)
		require.LessOrEqual(t, len(c.Name)+len(c.Value), 20)
		require.False(t, strings.ContainsAny(c.Name+c.Value+c.Path+c.Domain, "\r\n\x00;"))
		require.True(t, strings.HasPrefix(c.Path, "/"))
		require.False(t, c.Expires.After(time.Now().Add(cookies.AgeLimit)))
	}
}
