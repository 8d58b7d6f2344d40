package sigv4_test

import (
	"net/http"
	"testing"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

func BenchmarkSigner_Authenticate(b *testing.B) {
	for _, bb := range []struct {
		name   string
		signer *sigv4.Signer
		url    string
	}{
		{"s3", s3Signer(), "https://examplebucket.s3.amazonaws.com/photos/cat.jpg"},
		{"s3 list", s3Signer(), "https://examplebucket.s3.amazonaws.com/?list-type=2&max-keys=2&prefix=J"},
		{"service", exampleSigner(), "https://example.amazonaws.com/users/42"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			r := newRequest(b, "GET", bb.url, "")
			r.Header.Set("Accept", "*/*")
			r.Header.Set("User-Agent", "test")
			pristine := r.Header
			b.ReportAllocs()
			for b.Loop() {
				r.Header = make(http.Header, 8)
				for k, v := range pristine {
					r.Header[k] = v
				}
				if err := bb.signer.Authenticate(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("baseline: the header alone", func(b *testing.B) {
		b.ReportAllocs()
		var h http.Header
		for b.Loop() {
			h = make(http.Header, 8)
			h["Accept"] = nil
			h["User-Agent"] = nil
		}
		_ = h
	})
}
