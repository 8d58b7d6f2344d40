package aws_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

func TestEventStreamsByNameAreRefused(t *testing.T) {
	home(t, nil, nil)
	events := `,"Events":{"type":"structure","eventstream":true,"members":{}},"In":{"type":"structure","payload":"Events","members":{"Events":{"shape":"Events"}}}`
	for _, c := range []struct{ name, operation string }{
		{"one that is sent", `,"input":{"shape":"In"}`},
		{"one that is received", `,"output":{"shape":"In"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := newCapture(t, false)
			s := open(t, srv.over(testKeys(), aws.WithModels(tinyService("", c.operation, events)))...)
			handled := false
			s.Handlers.Validate.PushBack(func(*aws.Request) error { handled = true; return nil })
			tiny := client(t, s, "tiny")
			_, err := tiny.Call(context.Background(), "Do", nil)
			require.ErrorIs(t, err, aws.ErrEventStream)
			assert.ErrorContains(t, err, "Do of tiny")
			assert.ErrorContains(t, err, "NewClient")
			_, err = tiny.Presign(context.Background(), "Do", nil, 60e9)
			assert.ErrorIs(t, err, aws.ErrEventStream)
			assert.Empty(t, srv.requests)
			assert.False(t, handled, "nothing has begun")
			assert.Contains(t, tiny.Operations(), "Do")
		})
	}
}

// event writes one event, as S3 does.
func event(t *testing.T, w io.Writer, kind, name, content string) {
	m := eventstream.Message{Payload: []byte(content)}
	m.Headers.Set(":message-type", eventstream.StringValue(kind))
	if kind == "error" {
		m.Headers.Set(":error-code", eventstream.StringValue(name))
		m.Headers.Set(":error-message", eventstream.StringValue(content))
	} else {
		m.Headers.Set(":event-type", eventstream.StringValue(name))
	}
	assert.NoError(t, eventstream.NewEncoder().Encode(w, m))
}

// TestEventStreamOfATypedClient reads events while the server is still at it.
func TestEventStreamOfATypedClient(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(version, func(t *testing.T) {
			home(t, nil, nil)
			next := make(chan struct{})
			asked := ""
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				asked = string(b)
				assert.Equal(t, version, r.Proto)
				w.Header().Set("Content-Type", "application/vnd.amazon.eventstream")
				for _, part := range []string{"a,1\n", "b,2\n"} {
					event(t, w, "event", "Records", part)
					w.(http.Flusher).Flush()
					<-next // the client has read it
				}
				if strings.Contains(asked, "broken") {
					event(t, w, "error", "InternalError", "half way")
					return
				}
				event(t, w, "event", "End", "")
			}))
			if srv.EnableHTTP2 = version == "HTTP/2.0"; srv.EnableHTTP2 {
				srv.StartTLS()
			} else {
				srv.Start()
			}
			defer srv.Close()
			s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL, HTTP: []requests.Option{requests.WithVerify(false)}}))
			var phases []string
			s.Handlers.Sign.PushBack(func(r *aws.Request) error { phases = append(phases, "Sign "+r.Operation.Name); return nil })
			s.Handlers.Complete.PushBack(func(r *aws.Request) error { phases = append(phases, "Complete"); return r.Error })
			c := aws.NewClient(s, s3.NewFromConfig, func(o *s3.Options) { o.UsePathStyle = true })
			read := func(expression string) (records []string, end bool, err error) {
				out, err := c.SelectObjectContent(context.Background(), &s3.SelectObjectContentInput{
					Bucket: sdk.String("bucket"), Key: sdk.String(awkwardKey), Expression: &expression, ExpressionType: types.ExpressionTypeSql,
					InputSerialization: &types.InputSerialization{CSV: &types.CSVInput{}}, OutputSerialization: &types.OutputSerialization{CSV: &types.CSVOutput{}},
				})
				require.NoError(t, err)
				stream := out.GetStream()
				for e := range stream.Events() {
					switch v := e.(type) {
					case *types.SelectObjectContentEventStreamMemberRecords:
						records = append(records, string(v.Value.Payload))
						next <- struct{}{}
					case *types.SelectObjectContentEventStreamMemberEnd:
						end = true
					}
				}
				return records, end, errors.Join(stream.Close(), stream.Err())
			}
			records, end, err := read("select *")
			require.NoError(t, err)
			assert.Equal(t, []string{"a,1\n", "b,2\n"}, records)
			assert.True(t, end)
			assert.Contains(t, asked, "select *")
			assert.Equal(t, []string{"Sign SelectObjectContent", "Complete"}, phases)
			_, end, err = read("broken")
			assert.False(t, end)
			assert.ErrorContains(t, err, "InternalError")
		})
	}
}

// TestBothWaysAtOnce is what a typed client needs of the session when it sends
// a stream of events: content that goes on while the response arrives.
func TestBothWaysAtOnce(t *testing.T) {
	home(t, nil, nil)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		buf := make([]byte, 16)
		for {
			n, err := r.Body.Read(buf)
			w.Write([]byte(strings.ToUpper(string(buf[:n]))))
			w.(http.Flusher).Flush()
			if err != nil {
				return
			}
		}
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	s := open(t, testKeys(), aws.WithConfig(&aws.Config{HTTP: []requests.Option{requests.WithVerify(false)}}))
	r, w := io.Pipe()
	req, err := http.NewRequest("POST", srv.URL, r)
	require.NoError(t, err)
	resp, err := s.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, 2, resp.ProtoMajor)
	buf := make([]byte, 16)
	for _, word := range []string{"one", "two", "three"} {
		_, err := io.WriteString(w, word)
		require.NoError(t, err)
		n, err := io.ReadFull(resp.Body, buf[:len(word)])
		require.NoError(t, err)
		assert.Equal(t, strings.ToUpper(word), string(buf[:n]))
	}
	require.NoError(t, w.Close())
	_, err = resp.Body.Read(buf)
	assert.Equal(t, io.EOF, err)
}
