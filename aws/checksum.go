package aws

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// checksum adds the checksum of the content that the operation demands or the
// parameters ask for. Content that cannot be read twice has none.
func (c *Client) checksum(o *api.Operation, req *http.Request, params map[string]any) error {
	algorithm := ""
	if m := o.HTTPChecksum.RequestAlgorithmMember; m != "" {
		algorithm, _ = params[m].(string)
	}
	required := o.HTTPChecksumRequired || o.HTTPChecksum.RequestChecksumRequired
	if algorithm == "" && !required {
		return nil
	}
	for k := range req.Header {
		if strings.HasPrefix(k, "X-Amz-Checksum-") && k != "X-Amz-Checksum-Algorithm" && k != "X-Amz-Checksum-Type" || k == "Content-Md5" {
			return nil // the caller's own
		}
	}
	var h hash.Hash
	switch strings.ToUpper(algorithm) {
	case "":
		h = md5.New() // what every implementation of S3 understands
	case "CRC32":
		h = crc32.NewIEEE()
	case "CRC32C":
		h = crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "SHA1":
		h = sha1.New()
	case "SHA256":
		h = sha256.New()
	default:
		return &ParamValidationError{o.Name, []string{fmt.Sprintf("%s: the checksum %q is not supported", o.HTTPChecksum.RequestAlgorithmMember, algorithm)}}
	}
	if !replayable(req) {
		if required {
			return fmt.Errorf("aws: %s: a checksum of the content is needed: %w", o.Name, sigv4.ErrNotReplayable)
		}
		return nil
	}
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return err
		}
		_, err = io.Copy(h, body)
		body.Close()
		if err != nil {
			return err
		}
	}
	sum := base64.StdEncoding.EncodeToString(h.Sum(nil))
	if algorithm == "" {
		req.Header.Set("Content-MD5", sum)
		return nil
	}
	req.Header.Set("X-Amz-Sdk-Checksum-Algorithm", strings.ToUpper(algorithm))
	req.Header.Set("X-Amz-Checksum-"+strings.ToLower(algorithm), sum)
	return nil
}
