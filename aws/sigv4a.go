package aws

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	httpcredentials "github.com/aws/smithy-go/aws-http-auth/credentials"
	"github.com/aws/smithy-go/aws-http-auth/sigv4a"
	v4 "github.com/aws/smithy-go/aws-http-auth/v4"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// regionSet returns the regions that SigV4a signs for when code says nothing.
func regionSet(l *loaded, region string) []string {
	if l.fresh {
		var set []string
		for r := range strings.SplitSeq(os.Getenv("AWS_SIGV4A_SIGNING_REGION_SET"), ",") {
			if r = strings.TrimSpace(r); r != "" {
				set = append(set, r)
			}
		}
		if set != nil {
			return set
		}
	}
	return []string{region}
}

// v4aSigner signs for a set of regions, with Signature Version 4a. What is
// signed is worked out by a signer of version 4: the two differ in the key, the
// scope, and the field X-Amz-Region-Set.
type v4aSigner struct {
	service     string
	regions     []string
	credentials func(context.Context) (sigv4.Credentials, error)
	payload     sigv4.Payload  // PayloadSigned or PayloadUnsigned
	keys        *sigv4a.Signer // keeps the derived keys
}

func newV4ASigner(service string, regions []string, keys func(context.Context) (sigv4.Credentials, error)) *v4aSigner {
	return &v4aSigner{service: service, regions: regions, credentials: keys, keys: sigv4a.New()}
}

// Deferred marks the signer as one that signs last.
func (s *v4aSigner) Deferred() {}

func (s *v4aSigner) isS3() bool { return strings.HasPrefix(s.service, "s3") }

// check finds what cannot be signed with.
func (s *v4aSigner) check() error {
	switch {
	case s.payload != sigv4.PayloadSigned && s.payload != sigv4.PayloadUnsigned:
		return errors.New("aws: SigV4a does not sign content in chunks")
	case s.service == "" || len(s.regions) == 0 || slices.Contains(s.regions, ""):
		return fmt.Errorf("%w: SigV4a needs a service and at least one", ErrNoRegion)
	}
	return nil
}

// Authenticate signs r in its header.
func (s *v4aSigner) Authenticate(r *http.Request) error {
	if err := s.check(); err != nil {
		return err
	}
	if r.URL != nil && (strings.HasPrefix(r.URL.RawQuery, "X-Amz-Signature=") || strings.Contains(r.URL.RawQuery, "&X-Amz-Signature=")) {
		return nil // presigned
	}
	keys, err := s.credentials(r.Context())
	if err != nil {
		return fmt.Errorf("aws: credentials: %w", err)
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	r.Header.Del("X-Amz-Region-Set")
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-ECDSA-P256-SHA256 ") { // of an earlier signature
		r.Header.Del("Authorization")
		r.Header.Del("X-Amz-Content-Sha256")
	}
	v4Signer := sigv4.Signer{
		Service: s.service, Region: "a", Payload: s.payload, ContentSHA256: true, // the region is not part of what is taken over
		Credentials: sigv4.Static(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
	}
	if err := v4Signer.Authenticate(r); err != nil {
		return err
	}
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	twin, err := s.signTwin(r, append(strings.Split(names, ";"), "x-amz-region-set"), keys, v4.SignatureTypeHeader)
	if err != nil {
		r.Header.Del("Authorization")
		return err
	}
	r.Header["Authorization"] = twin.Header["Authorization"]
	r.Header["X-Amz-Region-Set"] = twin.Header["X-Amz-Region-Set"]
	return nil
}

// Presign returns the URL of r with a signature in its query, as
// [sigv4.Signer.Presign] does.
func (s *v4aSigner) Presign(r *http.Request, ttl time.Duration) (*url.URL, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	keys, err := s.credentials(r.Context())
	if err != nil {
		return nil, fmt.Errorf("aws: credentials: %w", err)
	}
	v4Signer := sigv4.Signer{
		Service: s.service, Region: "a", Payload: s.payload,
		Credentials: sigv4.Static(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken),
	}
	u, err := v4Signer.Presign(r, ttl)
	if err != nil {
		return nil, err
	}
	names := strings.Split(u.Query().Get("X-Amz-SignedHeaders"), ";")
	unsigned := r.Clone(r.Context())
	unsigned.URL = u
	unsigned.URL.RawQuery = withoutKeys(u.RawQuery, "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Algorithm", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Expires")
	if unsigned.URL.RawQuery != "" {
		unsigned.URL.RawQuery += "&"
	}
	unsigned.URL.RawQuery += "X-Amz-Expires=" + strconv.FormatInt(int64(ttl/time.Second), 10)
	if unsigned.Host == "" || strings.EqualFold(unsigned.Host, r.URL.Host) {
		unsigned.Host = u.Host
	}
	switch own := r.Header.Get("X-Amz-Content-Sha256"); {
	case own != "":
	case s.isS3() || s.payload == sigv4.PayloadUnsigned:
		unsigned.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	default:
		hashed := r.Clone(r.Context())
		v4Signer.ContentSHA256 = true
		if err := v4Signer.Authenticate(hashed); err != nil {
			return nil, err
		}
		unsigned.Header.Set("X-Amz-Content-Sha256", hashed.Header.Get("X-Amz-Content-Sha256"))
	}
	twin, err := s.signTwin(unsigned, names, keys, v4.SignatureTypeQueryString)
	if err != nil {
		return nil, err
	}
	u.RawQuery = strings.ReplaceAll(twin.URL.RawQuery, "+", "%20")
	return u, nil
}

// signTwin signs a copy of r in the form that the signature is over: with
// the path normalised and white space in fields collapsed.
func (s *v4aSigner) signTwin(r *http.Request, names []string, keys sigv4.Credentials, where v4.SignatureType) (*http.Request, error) {
	twin := r.Clone(r.Context())
	twin.Body, twin.GetBody = nil, nil
	for _, vs := range twin.Header {
		for i := range vs {
			vs[i] = strings.Join(strings.Fields(vs[i]), " ")
		}
	}
	if twin.Host == "" {
		twin.Host = twin.URL.Host
	}
	if twin.Method == "" {
		twin.Method = http.MethodGet
	}
	if !s.isS3() {
		wire := twin.URL.EscapedPath()
		clean := path.Clean("/" + wire)
		if strings.HasSuffix(wire, "/") && clean != "/" {
			clean += "/"
		}
		plain, err := url.PathUnescape(clean)
		if err != nil {
			return nil, fmt.Errorf("aws: signing: %w", err)
		}
		twin.URL.Path, twin.URL.RawPath = plain, clean
	}
	hash := []byte(twin.Header.Get("X-Amz-Content-Sha256"))
	if sum, err := hex.DecodeString(string(hash)); err == nil {
		hash = sum
	} else if string(hash) != "UNSIGNED-PAYLOAD" {
		return nil, errors.New("aws: SigV4a cannot sign what X-Amz-Content-Sha256 says")
	}
	at, err := time.Parse("20060102T150405Z", twin.Header.Get("X-Amz-Date"))
	if err != nil {
		at = time.Now()
	}
	return twin, s.keys.SignRequest(&sigv4a.SignRequestInput{
		Request: twin, PayloadHash: hash, Service: s.service, RegionSet: s.regions, Time: at, SignatureType: where,
		Credentials: httpcredentials.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken},
	}, func(o *v4.SignerOptions) {
		o.HeaderRules = signedNamesOnly(names)
		o.DisableDoublePathEscape = s.isS3()
	})
}

// signedNamesOnly are the names of the fields to sign, in lower case.
type signedNamesOnly []string

// IsSigned implements [v4.SignedHeaderRules].
func (s signedNamesOnly) IsSigned(name string) bool { return slices.Contains(s, name) }

func withoutKeys(query string, keys ...string) string {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		if k, _, _ := strings.Cut(part, "="); part != "" && !slices.Contains(keys, k) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// Format keeps what the signer holds from printing.
func (s *v4aSigner) Format(w fmt.State, _ rune) {
	fmt.Fprintf(w, "aws.SigV4a{Service:%q Regions:%q}", s.service, s.regions)
}
