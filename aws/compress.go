package aws

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"

	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// minCompressed is the least content that is worth compressing, when nothing
// else is configured.
const minCompressed = 10240 // bytes

// compress compresses content where the operation knows it,
// AWS_DISABLE_REQUEST_COMPRESSION does not forbid it, and it has at least the
// bytes of AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES.
func (c *Client) compress(o *api.Operation, req *http.Request) error {
	l := c.session.loaded
	least := l.cfg.RequestMinCompressSizeBytes
	if !l.fresh && least == 0 {
		least = minCompressed
	}
	if l.cfg.DisableRequestCompression || !slices.Contains(o.RequestCompression.Encodings, "gzip") || req.GetBody == nil || req.ContentLength < least {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return err
	}
	defer body.Close()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := io.Copy(z, body); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	req.Body.Close()
	req.ContentLength = int64(buf.Len())
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	coding := "gzip"
	if own := req.Header.Get("Content-Encoding"); own != "" {
		coding = own + ",gzip"
	}
	req.Header.Set("Content-Encoding", coding)
	req.Body, err = req.GetBody()
	return err
}
