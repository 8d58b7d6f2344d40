package aws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

// flaky answers each path's first call with 500 and later ones with an empty
// JSON object, and keeps what it saw.
type flaky struct {
	*httptest.Server
	calls   atomic.Int32
	headers []http.Header
	mu      sync.Mutex // guards headers
}

func newFlaky(t testing.TB, failures int) *flaky {
	f := &flaky{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		f.mu.Lock()
		f.headers = append(f.headers, r.Header.Clone())
		f.mu.Unlock()
		w.Header().Set("X-Amzn-Requestid", "rid")
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if int(f.calls.Add(1)) <= failures {
			w.WriteHeader(500)
			io.WriteString(w, `{"__type":"InternalServerError","message":"try again"}`)
			return
		}
		io.WriteString(w, `{"TableNames":["t"]}`)
	}))
	t.Cleanup(f.Close)
	return f
}

// callers are the ways to list tables.
var callers = []struct {
	name string
	call func(ctx context.Context, t testing.TB, s *aws.Session) error
}{
	{"typed", func(ctx context.Context, t testing.TB, s *aws.Session) error {
		_, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(ctx, &dynamodb.ListTablesInput{})
		return err
	}},
	{"by name", func(ctx context.Context, t testing.TB, s *aws.Session) error {
		_, err := client(t, s, "dynamodb").Call(ctx, "ListTables", nil)
		return err
	}},
}

// fast makes retries wait for nothing.
func fast(s *aws.Session) {
	s.Handlers.AfterRetry.PushBack(func(r *aws.Request) error { var d time.Duration; r.RetryDelay = &d; return nil })
}

func handlerSession(t testing.TB, url string) *aws.Session {
	home(t, nil, nil)
	models(t)
	return open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &url}))
}

func TestHandlersRunInThePhasesOfTheSDK(t *testing.T) {
	want := "Validate Build Sign Send UnmarshalMeta ValidateResponse UnmarshalError CompleteAttempt Retry AfterRetry " +
		"Sign Send UnmarshalMeta ValidateResponse Unmarshal CompleteAttempt Complete"
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 1)
			s := handlerSession(t, srv.URL)
			fast(s)
			var seen []string
			h := &s.Handlers
			for _, l := range []struct {
				name string
				list *aws.HandlerList
			}{
				{"Validate", &h.Validate}, {"Build", &h.Build}, {"Sign", &h.Sign}, {"Send", &h.Send}, {"UnmarshalMeta", &h.UnmarshalMeta},
				{"ValidateResponse", &h.ValidateResponse}, {"Unmarshal", &h.Unmarshal}, {"UnmarshalError", &h.UnmarshalError},
				{"CompleteAttempt", &h.CompleteAttempt}, {"Retry", &h.Retry}, {"AfterRetry", &h.AfterRetry}, {"Complete", &h.Complete},
			} {
				l.list.PushBack(func(r *aws.Request) error {
					seen = append(seen, l.name)
					assert.Equal(t, "DynamoDB", r.ClientInfo.ServiceID)
					assert.Equal(t, "ListTables", r.Operation.Name)
					return nil
				})
			}
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Equal(t, want, strings.Join(seen, " "))
		})
	}
}

func TestHandlersSignedHeaders(t *testing.T) {
	for _, c := range callers {
		t.Run("a Sign handler's header is signed on every attempt: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 1)
			s := handlerSession(t, srv.URL)
			fast(s)
			s.Handlers.Sign.PushBack(func(r *aws.Request) error { r.HTTPRequest.Header.Set("X-Signed", "1"); return nil })
			s.Handlers.Send.PushBack(func(r *aws.Request) error { r.HTTPRequest.Header.Set("X-Unsigned", "1"); return nil })
			require.NoError(t, c.call(context.Background(), t, s))
			require.Len(t, srv.headers, 2)
			for _, h := range srv.headers {
				assert.Equal(t, "1", h.Get("X-Signed"))
				assert.Equal(t, "1", h.Get("X-Unsigned"))
				assert.Contains(t, h.Get("Authorization"), "x-signed")
				assert.NotContains(t, h.Get("Authorization"), "x-unsigned")
			}
		})
	}
	t.Run("raw", func(t *testing.T) {
		srv := newFlaky(t, 0)
		s := handlerSession(t, srv.URL)
		s.Handlers.Sign.PushBack(func(r *aws.Request) error { r.HTTPRequest.Header.Set("X-Signed", "1"); return nil })
		_, err := s.HTTP().Post(context.Background(), srv.URL, requests.WithAuth(s.Auth("dynamodb")), requests.WithBody("{}"))
		require.NoError(t, err)
		assert.Contains(t, srv.headers[0].Get("Authorization"), "x-signed")
		assert.Contains(t, srv.headers[0].Get("Authorization"), "/us-east-1/dynamodb/aws4_request")
	})
}

func TestHandlersSend(t *testing.T) {
	for _, c := range callers {
		t.Run("an error keeps everything from the network: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			own := errors.New("not today")
			s.Handlers.Send.PushFront(func(*aws.Request) error { return own })
			err := c.call(context.Background(), t, s)
			assert.ErrorIs(t, err, own)
			assert.Zero(t, srv.calls.Load())
		})
		t.Run("a response answers in place of the network: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			s.Handlers.Send.PushFront(func(r *aws.Request) error {
				r.HTTPResponse = &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"TableNames":[]}`))}
				return nil
			})
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Zero(t, srv.calls.Load())
		})
		t.Run("the logging example of the SDK: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			var log bytes.Buffer
			s.Handlers.Send.PushFront(func(r *aws.Request) error {
				log.WriteString("Request: " + r.ClientInfo.ServiceName + "/" + r.Operation.Name)
				return nil
			})
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Equal(t, "Request: dynamodb/ListTables", log.String())
		})
		t.Run("a Sign error ends the request without retry lists: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			own := errors.New("no")
			var seen []string
			s.Handlers.Sign.PushBack(func(*aws.Request) error { return own })
			s.Handlers.CompleteAttempt.PushBack(func(*aws.Request) error { seen = append(seen, "CompleteAttempt"); return nil })
			s.Handlers.Complete.PushBack(func(r *aws.Request) error {
				seen = append(seen, "Complete")
				assert.ErrorIs(t, r.Error, own)
				return nil
			})
			assert.ErrorIs(t, c.call(context.Background(), t, s), own)
			assert.Equal(t, []string{"Complete"}, seen)
		})
		t.Run("Retryable decides: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 1)
			s := handlerSession(t, srv.URL)
			s.Handlers.Retry.PushBack(func(r *aws.Request) error { no := false; r.Retryable = &no; return nil })
			assert.Error(t, c.call(context.Background(), t, s))
			assert.Equal(t, int32(1), srv.calls.Load())
		})
	}
}

func TestHandlersInherit(t *testing.T) {
	srv := newFlaky(t, 0)
	s := handlerSession(t, srv.URL)
	n := 0
	count := func(*aws.Request) error { n++; return nil }
	before := client(t, s, "dynamodb")
	copied := s.Copy()
	s.Handlers.Send.PushBack(count)
	s.Events().On("before-send.dynamodb", func(string, *aws.Event) error { n++; return nil })
	call(t, before, "ListTables", nil)
	assert.Zero(t, n, "a client made before does not see what is registered later")
	call(t, client(t, copied, "dynamodb"), "ListTables", nil)
	assert.Zero(t, n, "nor does a copy")
	after := client(t, s, "dynamodb")
	call(t, after, "ListTables", nil)
	assert.Equal(t, 2, n, "a client made after does")
	after.Handlers().Send.PushBack(count)
	call(t, client(t, s, "dynamodb"), "ListTables", nil)
	assert.Equal(t, 4, n, "what a client registers stays its own")
}

func TestHandlerList(t *testing.T) {
	named := func(out *[]string, name string) func(*aws.Request) error {
		return func(*aws.Request) error { *out = append(*out, name); return nil }
	}
	for _, c := range []struct {
		name string
		do   func(l *aws.HandlerList, h func(string) func(*aws.Request) error)
		want string
	}{
		{"pushing", func(l *aws.HandlerList, h func(string) func(*aws.Request) error) {
			l.PushBack(h("b"))
			l.PushFront(h("a"))
			l.PushBackNamed("n", h("c"))
		}, "a b c"},
		{"SetBackNamed replaces in place", func(l *aws.HandlerList, h func(string) func(*aws.Request) error) {
			l.PushBackNamed("n", h("old"))
			l.PushBack(h("b"))
			l.SetBackNamed("n", h("new"))
			l.SetBackNamed("m", h("last"))
			l.SetFrontNamed("f", h("first"))
		}, "first new b last"},
		{"Swap replaces all of a name", func(l *aws.HandlerList, h func(string) func(*aws.Request) error) {
			l.PushBackNamed("n", h("1"))
			l.PushBackNamed("n", h("2"))
			assert.True(t, l.Swap("n", h("x")))
			assert.False(t, l.SwapNamed("none", h("y")))
		}, "x x"},
		{"RemoveByName removes all of a name", func(l *aws.HandlerList, h func(string) func(*aws.Request) error) {
			l.PushBackNamed("n", h("1"))
			l.PushBackNamed("m", h("2"))
			l.PushBackNamed("n", h("3"))
			assert.Equal(t, 2, l.RemoveByName("n"))
		}, "2"},
		{"AfterEachFn ends the list", func(l *aws.HandlerList, h func(string) func(*aws.Request) error) {
			l.PushBackNamed("n", h("1"))
			l.PushBackNamed("m", h("2"))
			l.PushBackNamed("o", h("3"))
			l.AfterEachFn = func(i aws.HandlerListRunItem) bool { return i.Index < 1 && i.Name == "n" }
		}, "1 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l aws.HandlerList
			var out []string
			c.do(&l, func(n string) func(*aws.Request) error { return named(&out, n) })
			require.NoError(t, l.Run(&aws.Request{}))
			assert.Equal(t, c.want, strings.Join(out, " "))
		})
	}
}

func TestEvents(t *testing.T) {
	for _, c := range callers {
		t.Run("names and order of one call: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 1)
			s := handlerSession(t, srv.URL)
			fast(s)
			var seen []string
			for _, p := range []string{"provide-client-params", "before-parameter-build", "before-endpoint-resolution", "before-call",
				"request-created", "choose-signer", "before-sign", "before-send", "before-parse", "response-received", "needs-retry", "after-call"} {
				s.Events().On(p+".dynamodb", func(name string, ev *aws.Event) error { seen = append(seen, name); return nil })
			}
			require.NoError(t, c.call(context.Background(), t, s))
			attempt := "request-created.S.O choose-signer.S.O before-sign.S.O before-send.S.O before-parse.S.O response-received.S.O needs-retry.S.O "
			want := "provide-client-params.S.O before-parameter-build.S.O before-endpoint-resolution.S before-call.S.O " + attempt + attempt + "after-call.S.O"
			assert.Equal(t, strings.NewReplacer("S", "dynamodb", "O", "ListTables").Replace(want), strings.Join(seen, " "))
		})
		t.Run("needs-retry asks for another attempt of what went well: "+c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			s := handlerSession(t, srv.URL)
			s.Events().On("needs-retry.dynamodb.*", func(_ string, ev *aws.Event) error {
				if ev.Request.RetryCount == 0 {
					ev.RetryAfter = sdk.Duration(0)
				}
				return nil
			})
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Equal(t, int32(2), srv.calls.Load())
		})
	}
	t.Run("choose-signer can leave a request unsigned", func(t *testing.T) {
		srv := newFlaky(t, 0)
		s := handlerSession(t, srv.URL)
		s.Events().On("choose-signer", func(_ string, ev *aws.Event) error { ev.Signer = "none"; return nil })
		call(t, client(t, s, "dynamodb"), "ListTables", nil)
		assert.Empty(t, srv.headers[0].Get("Authorization"))
	})
}

func TestEmitter(t *testing.T) {
	t.Run("wildcards come first, then deeper before shallower", func(t *testing.T) {
		e := aws.NewEmitter[int]()
		var seen []string
		for _, p := range []string{"a", "a.b", "a.b.c", "a.*", "a.*.c", "a.b.*", "*.b.c", "x", "a.x", "*.b.x"} {
			e.On(p, func(string, int) error { seen = append(seen, p); return nil })
		}
		require.NoError(t, e.Emit("a.b.c", 0))
		assert.Equal(t, []string{"*.b.c", "a.*.c", "a.*", "a.b.*", "a.b.c", "a.b", "a"}, seen)
	})
	t.Run("first and last hold within one pattern", func(t *testing.T) {
		e := aws.NewEmitter[int]()
		seen := ""
		add := func(p, s string, o ...aws.RegisterOption) {
			e.On(p, func(string, int) error { seen += s; return nil }, o...)
		}
		add("a", "l", aws.Last())
		add("a", "m")
		add("a", "f", aws.First())
		add("a.b", "B", aws.Last())
		require.NoError(t, e.Emit("a.b", 0))
		assert.Equal(t, "Bfml", seen)
	})
	t.Run("an id registers once, whatever the pattern", func(t *testing.T) {
		e := aws.NewEmitter[int]()
		n := 0
		count := func(string, int) error { n++; return nil }
		e.On("a", count, aws.UniqueID("id"))
		e.On("b", count, aws.UniqueID("id"))
		require.NoError(t, e.Emit("a", 0))
		require.NoError(t, e.Emit("b", 0))
		assert.Equal(t, 1, n)
		c := e.Copy()
		e.Off("a", "id")
		require.NoError(t, e.Emit("a", 0))
		assert.Equal(t, 1, n)
		require.NoError(t, c.Emit("a", 0))
		assert.Equal(t, 2, n, "a copy keeps it")
		c.Off("a", "id")
		require.NoError(t, c.Emit("a", 0))
		assert.Equal(t, 2, n)
	})
	t.Run("a counted id needs as many Offs", func(t *testing.T) {
		e := aws.NewEmitter[int]()
		n := 0
		count := func(string, int) error { n++; return nil }
		off := e.On("a", count, aws.CountedID("id"))
		e.On("a", count, aws.CountedID("id"))
		off()
		off()
		require.NoError(t, e.Emit("a", 0))
		assert.Equal(t, 1, n)
		e.Off("a", "id")
		require.NoError(t, e.Emit("a", 0))
		assert.Equal(t, 1, n)
		assert.Panics(t, func() { e.On("a", count, aws.CountedID("x")); e.On("a", count, aws.UniqueID("x")) })
	})
	t.Run("emitting until something is done", func(t *testing.T) {
		e := aws.NewEmitter[*int]()
		e.On("a.b", func(_ string, p *int) error { *p++; return nil })
		e.On("a", func(_ string, p *int) error { *p += 10; return nil })
		v := 0
		handled, err := e.EmitUntil("a.b", &v, func(p *int) bool { return *p > 0 })
		require.NoError(t, err)
		assert.True(t, handled)
		assert.Equal(t, 1, v)
	})
}

// TestRequestsPrintNoSecrets: a handler that logs its request logs no signature.
func TestRequestsPrintNoSecrets(t *testing.T) {
	srv := newFlaky(t, 0)
	home(t, nil, nil)
	models(t)
	s := open(t, aws.WithStaticCredentials("AKIDTEST", "secret-of-test", "token-of-test"), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL}))
	for _, c := range callers {
		t.Run(c.name, func(t *testing.T) {
			s := s.Copy()
			text := ""
			s.Handlers.Send.PushBack(func(r *aws.Request) error {
				require.NotEmpty(t, r.HTTPRequest.Header.Get("Authorization"))
				for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
					text += fmt.Sprintf(verb, r) + fmt.Sprintf(verb, &aws.Event{Request: r})
				}
				var b strings.Builder
				slog.New(slog.NewTextHandler(&b, nil)).Info("sent", "request", r)
				text += b.String()
				return nil
			})
			require.NoError(t, c.call(context.Background(), t, s))
			assert.Contains(t, text, `Operation:"ListTables"`)
			assert.NotContains(t, text, "Signature=")
			assert.NotContains(t, text, "token-of-test")
		})
	}
}
