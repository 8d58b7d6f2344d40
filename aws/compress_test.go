package aws_test

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

func TestRequestsAreCompressed(t *testing.T) {
	long := strings.Repeat("a", 10240)
	const known = `,"requestcompression":{"encodings":["gzip"]}`
	for _, c := range []struct {
		name, model, text string
		env               map[string]string
		want              bool
	}{
		{"long content of an operation that knows it", known, long, nil, true},
		{"short content is not worth it", known, "short", nil, false},
		{"unless somebody thinks so", known, "short", map[string]string{"AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES": "1"}, true},
		{"not when it is turned off", known, long, map[string]string{"AWS_DISABLE_REQUEST_COMPRESSION": "true"}, false},
		{"nor for other operations", "", long, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, nil, c.env)
			srv := newCapture(t, false)
			s := open(t, srv.over(testKeys(), aws.WithModels(tinyService("", `,"input":{"shape":"In"}`+c.model, `,"In":{"type":"structure","members":{"Text":{"shape":"S"}}}`)))...)
			call(t, client(t, s, "tiny"), "Do", aws.Params{"Text": c.text})
			body := io.Reader(strings.NewReader(string(srv.bodies[0])))
			assert.Equal(t, int64(len(srv.bodies[0])), srv.last().ContentLength)
			if c.want {
				assert.Equal(t, "gzip", srv.last().Header.Get("Content-Encoding"))
				assert.Contains(t, srv.last().Header.Get("Authorization"), "content-encoding")
				z, err := gzip.NewReader(body)
				require.NoError(t, err)
				body = z
			} else {
				assert.Empty(t, srv.last().Header.Get("Content-Encoding"))
			}
			b, err := io.ReadAll(body)
			require.NoError(t, err)
			assert.JSONEq(t, `{"Text":"`+c.text+`"}`, string(b))
		})
	}
}
