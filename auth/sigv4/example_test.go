package sigv4_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// A clock that stands still makes the examples print the same every day.
func exampleClock() time.Time { return time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC) }

func ExampleSigner_Authenticate() {
	signer := &sigv4.Signer{
		Service: "s3", Region: "us-east-1",
		Credentials: sigv4.Static("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
		Now:         exampleClock, // leave it out for the time of day
	}
	r, _ := http.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	r.Header.Set("Range", "bytes=0-9")
	if err := signer.Authenticate(r); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.ReplaceAll(r.Header.Get("Authorization"), ", ", "\n"))
	// Output:
	// AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request
	// SignedHeaders=host;range;x-amz-content-sha256;x-amz-date
	// Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41
}

func ExampleSigner_Presign() {
	signer := &sigv4.Signer{
		Service: "s3", Region: "us-east-1",
		Credentials: sigv4.Static("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
		Now:         exampleClock,
	}
	r, _ := http.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt", nil)
	u, err := signer.Presign(r, 24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.ReplaceAll(u.String(), "&", "\n&"))
	// Output:
	// https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256
	// &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request
	// &X-Amz-Date=20130524T000000Z
	// &X-Amz-Expires=86400
	// &X-Amz-SignedHeaders=host
	// &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404
}

// An upload that is read once, with a checksum that the service compares.
func ExampleSigner_trailer() {
	signer := &sigv4.Signer{
		Service: "s3", Region: "us-east-1",
		Credentials: sigv4.Static("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""),
		Payload:     sigv4.PayloadStreamUnsignedTrailer,
		Now:         exampleClock,
	}
	r, _ := http.NewRequest("PUT", "https://examplebucket.s3.amazonaws.com/digits", strings.NewReader("123456789"))
	r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc64nvme")
	if err := signer.Authenticate(r); err != nil {
		fmt.Println(err)
		return
	}
	content := new(strings.Builder)
	r.Write(content)
	_, body, _ := strings.Cut(content.String(), "\r\n\r\n")
	fmt.Println(r.Header.Get("X-Amz-Decoded-Content-Length"), "bytes, encoded:")
	fmt.Println(strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n")))
	// Output:
	// 9 bytes, encoded:
	// 9
	// 123456789
	// 0
	// x-amz-checksum-crc64nvme:rosUhgp5mIg=
}
