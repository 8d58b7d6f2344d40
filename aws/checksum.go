package aws

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/seed-3bbad739/requests/auth/sigv4"
	"github.com/seed-3bbad739/requests/aws/internal/api"
)

// defaultChecksum is what the SDKs send when nobody asks for another.
const defaultChecksum = "CRC32"

// nvme is the polynomial of the NVM Express specification's 64-bit checksum,
// reversed, as hash/crc64 wants it.
var nvme = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x9a6c9329ac4bc9b5) })

// checksumKind is an algorithm that can be worked out.
type checksumKind struct {
	name    string
	trailer bool // it can follow the content
	make    func() hash.Hash
}

// checksums are in the order that a response's are looked for, the quickest first.
var checksums = []checksumKind{
	{"CRC32C", true, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
	{"CRC32", true, func() hash.Hash { return crc32.NewIEEE() }},
	{"CRC64NVME", true, func() hash.Hash { return crc64.New(nvme()) }},
	{"SHA1", true, sha1.New},
	{"SHA256", true, sha256.New},
	{"SHA512", false, sha512.New},
	{"MD5", false, md5.New},
}

// checksum adds the checksum of the content: that which the parameters ask
// for, or CRC32 where the operation demands or knows one. Content that can be
// read only once is followed by it.
func (c *Client) checksum(o *api.Operation, r *Request, params map[string]any, presign bool) error {
	member := o.HTTPChecksum.RequestAlgorithmMember
	algorithm, _ := params[member].(string)
	algorithm = strings.ToUpper(algorithm)
	required := o.HTTPChecksumRequired || o.HTTPChecksum.RequestChecksumRequired
	supported := member != "" && c.session.loaded.cfg.RequestChecksumCalculation != sdk.RequestChecksumCalculationWhenRequired
	req := r.HTTPRequest
	chosen := algorithm != ""
	if !chosen && !required && !supported || hasChecksum(req.Header, chosen) {
		return nil
	}
	if presign && (!chosen || req.Body == nil || req.Body == http.NoBody) {
		return nil // whoever uses the URL has the content
	}
	old := !chosen && o.HTTPChecksumRequired && !o.HTTPChecksum.RequestChecksumRequired && member == "" // it knows MD5 only
	switch {
	case old:
		algorithm = "MD5"
	case !chosen:
		algorithm = defaultChecksum
	}
	i := slices.IndexFunc(checksums, func(k checksumKind) bool { return k.name == algorithm })
	if i < 0 {
		return &ParamValidationError{o.Name, []string{fmt.Sprintf("%s: the checksum %q is not supported", member, algorithm)}}
	}
	field := "X-Amz-Checksum-" + strings.ToLower(algorithm)
	if member != "" && !chosen {
		req.Header.Set(c.algorithmField(o), algorithm)
	}
	if !replayable(req) {
		// Over plain http chunks are signed, which protects them as well. There
		// are servers that store a trailer there as if it were content.
		wanted := required || chosen
		switch {
		case checksums[i].trailer && !presign && c.canTrail(o) && (wanted || req.URL.Scheme == "https"):
			r.trailer = strings.ToLower(field)
			return nil
		case wanted:
			return fmt.Errorf("aws: %s: a checksum of the content is needed: %w", o.Name, sigv4.ErrNotReplayable)
		}
		req.Header.Del(c.algorithmField(o))
		return nil
	}
	sum, err := sumOf(req, checksums[i].make())
	if err != nil {
		return err
	}
	if old {
		field = "Content-MD5"
	}
	req.Header.Set(field, base64.StdEncoding.EncodeToString(sum))
	return nil
}

// canTrail reports whether the signature of an operation lets a checksum
// follow the content.
func (c *Client) canTrail(o *api.Operation) bool {
	scheme, err := c.scheme(o)
	return err == nil && scheme == schemeV4 && o.AuthType == "" && !o.UnsignedPayload
}

// algorithmField returns the field that names the algorithm.
func (c *Client) algorithmField(o *api.Operation) string {
	if ref := c.model.Shapes[o.Input.Shape].Members[o.HTTPChecksum.RequestAlgorithmMember]; ref != nil && ref.Location == "header" && ref.LocationName != "" {
		return ref.LocationName
	}
	return "X-Amz-Sdk-Checksum-Algorithm"
}

// hasChecksum reports whether the caller has given one. An MD5 is none where
// an algorithm is chosen: S3 refuses the name of one without its checksum.
func hasChecksum(h http.Header, chosen bool) bool {
	for k := range h {
		name, ok := strings.CutPrefix(k, "X-Amz-Checksum-")
		if ok && name != "Algorithm" && name != "Type" && name != "Mode" || k == "Content-Md5" && !chosen {
			return true
		}
	}
	return false
}

func sumOf(req *http.Request, h hash.Hash) ([]byte, error) {
	if req.GetBody == nil {
		return h.Sum(nil), nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(h, body)
	body.Close()
	return h.Sum(nil), err
}

// askForChecksum has the service send the checksum of what it returns, where
// it can.
func (c *Client) askForChecksum(o *api.Operation, p Params) {
	mode := o.HTTPChecksum.RequestValidationModeMember
	if mode != "" && p[mode] == nil && c.session.loaded.cfg.ResponseChecksumValidation != sdk.ResponseChecksumValidationWhenRequired {
		p[mode] = "ENABLED"
	}
}

// verify has the content of resp checked as it is read, when that was asked for
// and resp has a checksum of all of it.
func (c *Client) verify(o *api.Operation, r *Request, resp *http.Response) {
	if o.HTTPChecksum.RequestValidationModeMember == "" || !strings.EqualFold(r.HTTPRequest.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") || resp.StatusCode != http.StatusOK {
		return
	}
	for _, k := range checksums {
		text := resp.Header.Get("X-Amz-Checksum-" + k.name)
		if text == "" || !slices.Contains(o.HTTPChecksum.ResponseAlgorithms, k.name) {
			continue
		}
		// One of parts ends in their number, and is not one of the content.
		if want, err := base64.StdEncoding.DecodeString(text); err == nil {
			resp.Body = &checkedBody{ReadCloser: resp.Body, sum: k.make(), want: want, algorithm: k.name}
			return
		}
	}
}

// ChecksumError reports content that is not what the service has a checksum
// of. It comes in place of io.EOF.
type ChecksumError struct{ Algorithm string }

func (e *ChecksumError) Error() string {
	return "aws: the content does not have the " + e.Algorithm + " checksum that came with it"
}

// checkedBody is content that is checked when it ends.
type checkedBody struct {
	io.ReadCloser
	sum       hash.Hash
	want      []byte
	algorithm string
	end       error
}

func (b *checkedBody) Read(p []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.ReadCloser.Read(p)
	b.sum.Write(p[:n])
	if err == io.EOF && !bytes.Equal(b.sum.Sum(nil), b.want) {
		err = &ChecksumError{b.algorithm}
	}
	b.end = err
	return n, err
}
