package sigv4

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxExpiry is the longest life of a presigned URL that AWS accepts.
const maxExpiry = 7 * 24 * time.Hour

// Presign returns the URL of r with a signature in its query that is valid for
// ttl, in whole seconds from 1 s to 7 days, rounded down. It does not change r.
//
// Whoever uses the URL must use the method of r, and send the fields that r
// has, so r should have no more than the service needs. User agent,
// accepted types and the like, and what [Signer.Authenticate] leaves out, are not part of
// the signature, but for a Content-Length in the header of r: no content of another
// length can be sent by the URL. A session token becomes part of the query and is signed.
//
// Content is left out of the signature for S3, for [PayloadUnsigned] and for the
// streaming payloads, unless r has X-Amz-Content-Sha256; other services sign the
// SHA-256 of r's content. The URL has no user information and no fragment.
func (s *Signer) Presign(r *http.Request, ttl time.Duration) (*url.URL, error) {
	if err := s.check(r); err != nil {
		return nil, err
	}
	if ttl < time.Second || ttl > maxExpiry {
		return nil, errors.New("sigv4: a presigned URL lives between one second and seven days")
	}
	creds, err := s.credentials(r.Context())
	if err != nil {
		return nil, err
	}
	host, err := wireHost(r)
	if err != nil {
		return nil, err
	}
	resigned := strings.HasPrefix(r.Header.Get("Authorization"), scheme)
	hash, err := s.presignedContent(r, resigned)
	if err != nil {
		return nil, err
	}
	fields := signedFields(nil, r.Header, host, func(key string) bool {
		switch key {
		case "X-Amz-Date", "Date", "Accept", "Accept-Language", "Accept-Charset":
			return true
		case "X-Amz-Security-Token":
			return resigned || creds.SessionToken != ""
		case "X-Amz-Content-Sha256":
			return resigned
		}
		return false
	})
	if length := r.Header["Content-Length"]; len(length) > 0 {
		// Who sets it limits what may be sent by the URL.
		at := slices.IndexFunc(fields, func(f field) bool { return compareFold(f.key, "content-length") > 0 })
		fields = slices.Insert(fields, at, field{key: "content-length", values: length})
	}

	date := s.now().UTC().Format(timeForm)
	key := s.keys.get(date[:8], s.Region, s.Service, creds.SecretAccessKey)
	var q strings.Builder
	q.WriteString(withoutSignature(r.URL.RawQuery))
	add := func(name, value string) {
		if q.Len() > 0 {
			q.WriteByte('&')
		}
		q.WriteString(name + "=" + url.QueryEscape(value))
	}
	add("X-Amz-Algorithm", algorithm)
	add("X-Amz-Credential", creds.AccessKeyID+"/"+key.scope)
	add("X-Amz-Date", date)
	add("X-Amz-Expires", strconv.FormatInt(int64(ttl/time.Second), 10))
	if creds.SessionToken != "" {
		add("X-Amz-Security-Token", creds.SessionToken)
	}
	add("X-Amz-SignedHeaders", string(appendNames(nil, fields)))

	u := *r.URL
	u.User, u.Fragment, u.RawFragment, u.ForceQuery = nil, "", "", false
	u.RawQuery = q.String()
	path, query, send, err := target(&u, s.singleEncoding())
	if err != nil {
		return nil, err
	}
	if r.Host == "" || strings.EqualFold(r.Host, u.Host) {
		send.Host = host
	}
	w := key.workspace()
	defer key.release(w)
	w.buf = appendRequest(w.buf[:0], r.Method, path, query, fields, hash)
	signature := key.signRequest(w, date)
	send.RawQuery = query + "&X-Amz-Signature=" + string(signature[:])
	return send, nil
}

// presignedContent returns what stands for the content under a presigned URL.
func (s *Signer) presignedContent(r *http.Request, resigned bool) (string, error) {
	if own := r.Header.Get("X-Amz-Content-Sha256"); own != "" && !resigned {
		return own, nil
	}
	if s.sendsHash() {
		return unsignedPayload, nil
	}
	return hashContent(r)
}

// presigned reports whether a query carries a signature.
func presigned(query string) bool {
	const name = "X-Amz-Signature="
	return strings.HasPrefix(query, name) || strings.Contains(query, "&"+name)
}

// withoutSignature returns a query without the keys of a presigned URL.
func withoutSignature(query string) string {
	if !strings.Contains(query, "X-Amz-") {
		return query
	}
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(part, "=")
		switch key {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
			"X-Amz-Security-Token", "X-Amz-SignedHeaders", "X-Amz-Signature":
		default:
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}
