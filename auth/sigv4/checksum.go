package sigv4

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"strings"
	"sync"
)

// defaultTrailer is the checksum sent when the caller names none: the one that
// every S3-compatible service knows and that costs least.
const defaultTrailer = "x-amz-checksum-crc32"

// nvme is the polynomial of the NVM Express specification's 64-bit checksum,
// reversed, as hash/crc64 wants it.
var nvme = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x9a6c9329ac4bc9b5) })

// checksum returns a new hash for the trailer field of that name, in lower
// case, or nil.
func checksum(trailer string) hash.Hash {
	switch trailer {
	case defaultTrailer:
		return crc32.NewIEEE()
	case "x-amz-checksum-crc32c":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "x-amz-checksum-crc64nvme":
		return crc64.New(nvme())
	case "x-amz-checksum-sha1":
		return sha1.New()
	case "x-amz-checksum-sha256":
		return sha256.New()
	}
	return nil
}

// trailer returns the name of the trailer field to send after r's content, and
// whether the caller chose it.
func trailer(h http.Header) (name string, chosen bool, err error) {
	v := h.Values("X-Amz-Trailer")
	if len(v) == 0 {
		return defaultTrailer, false, nil
	}
	name = strings.ToLower(strings.TrimSpace(strings.Join(v, ",")))
	if checksum(name) == nil {
		return "", true, fmt.Errorf("sigv4: the trailer %.64q is not a checksum that can be sent", name)
	}
	return name, true, nil
}
