package sigv4_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
)

// verifier is what a service does with a request: the other side of the
// algorithm, written apart from the package and from what arrives alone.
type verifier struct {
	secret string
	single bool // path encoded once, as S3
	// decode reads escapes and plus signs of the target before it encodes
	// them; otherwise the target counts as it is spelt. Services do either.
	decode bool
}

func (v verifier) key(scope string) []byte {
	key := []byte("AWS4" + v.secret)
	for _, part := range strings.Split(scope, "/") {
		key = hmacSum(key, part)
	}
	return key
}

func hmacSum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, text)
	return h.Sum(nil)
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// verify returns the content of a request as a server sees it, decoded.
func (v verifier) verify(r *http.Request) ([]byte, error) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.ContentLength != int64(len(content)) && r.ContentLength >= 0 {
		return nil, fmt.Errorf("declared %d bytes, sent %d", r.ContentLength, len(content))
	}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	credential, rest, ok1 := strings.Cut(rest, ", SignedHeaders=")
	names, got, ok2 := strings.Cut(rest, ", Signature=")
	_, scope, ok3 := strings.Cut(credential, "/")
	if !ok || !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("no signature: %q", r.Header.Get("Authorization"))
	}
	hash := r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case hash == "":
		hash = digest(content)
	case len(hash) == 64 && hash != digest(content):
		return nil, errors.New("the hash is not that of the content")
	}
	canonical := v.canonical(r, names, r.RequestURI, hash)
	date := r.Header.Get("X-Amz-Date")
	seed := hex.EncodeToString(hmacSum(v.key(scope), "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+digest([]byte(canonical))))
	if seed != got {
		return nil, fmt.Errorf("signature mismatch over\n%s", canonical)
	}
	if strings.HasPrefix(hash, "STREAMING-") {
		return v.dechunk(r, content, hash, date, scope, seed)
	}
	return content, nil
}

func (v verifier) canonical(r *http.Request, names, target, hash string) string {
	path, query, _ := strings.Cut(target, "?")
	var lines strings.Builder
	for _, name := range strings.Split(names, ";") {
		values := r.Header.Values(name)
		if name == "host" {
			values = []string{r.Host}
		}
		trimmed := make([]string, len(values))
		for i, value := range values {
			trimmed[i] = strings.Join(strings.Fields(value), " ")
		}
		lines.WriteString(name + ":" + strings.Join(trimmed, ",") + "\n")
	}
	return strings.Join([]string{r.Method, v.path(path), v.query(query), lines.String(), names, hash}, "\n")
}

func (v verifier) path(path string) string {
	if v.decode {
		segments := strings.Split(path, "/")
		for i, s := range segments {
			s, err := url.PathUnescape(s)
			if err != nil {
				panic(err)
			}
			segments[i] = percent(s)
		}
		path = strings.Join(segments, "/")
	}
	if v.single {
		return path
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = percent(s)
	}
	return strings.Join(segments, "/")
}

func (v verifier) query(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	keys := make([][2]string, len(pairs))
	for i, p := range pairs {
		k, value, _ := strings.Cut(p, "=")
		if v.decode {
			k, value = percent(formDecoded(k)), percent(formDecoded(value))
		}
		keys[i] = [2]string{k, value}
	}
	sort.Slice(keys, func(i, j int) bool {
		return keys[i][0] < keys[j][0] || keys[i][0] == keys[j][0] && keys[i][1] < keys[j][1]
	})
	for i, k := range keys {
		pairs[i] = k[0] + "=" + k[1]
	}
	return strings.Join(pairs, "&")
}

func formDecoded(s string) string {
	d, err := url.QueryUnescape(s)
	if err != nil {
		panic(err)
	}
	return d
}

func percent(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// dechunk decodes aws-chunked content and checks the chain.
func (v verifier) dechunk(r *http.Request, content []byte, hash, date, scope, previous string) ([]byte, error) {
	signed := strings.HasPrefix(hash, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
	coding, _, _ := strings.Cut(r.Header.Get("Content-Encoding"), ",")
	if coding != "aws-chunked" {
		return nil, fmt.Errorf("content coding %q", coding)
	}
	chain := func(algorithm, rest string) string {
		return hex.EncodeToString(hmacSum(v.key(scope), algorithm+"\n"+date+"\n"+scope+"\n"+previous+"\n"+rest))
	}
	in := bufio.NewReader(bytes.NewReader(content))
	line := func() (string, error) {
		s, err := in.ReadString('\n')
		if err != nil || !strings.HasSuffix(s, "\r\n") {
			return "", fmt.Errorf("a line without its end: %q", s)
		}
		return s[:len(s)-2], nil
	}
	var out []byte
	for {
		head, err := line()
		if err != nil {
			return nil, err
		}
		size, signature, has := strings.Cut(head, ";chunk-signature=")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil || has != signed {
			return nil, fmt.Errorf("chunk head %q", head)
		}
		data := make([]byte, n)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil, err
		}
		if signed {
			previous = chain("AWS4-HMAC-SHA256-PAYLOAD", emptyHash+"\n"+digest(data))
			if previous != signature {
				return nil, fmt.Errorf("signature mismatch of the chunk at %d", len(out))
			}
		}
		if n == 0 {
			break
		}
		if end, err := line(); err != nil || end != "" {
			return nil, errors.New("no line end after a chunk")
		}
		out = append(out, data...)
	}
	if want := r.Header.Get("X-Amz-Decoded-Content-Length"); want != strconv.Itoa(len(out)) {
		return nil, fmt.Errorf("decoded length %d, announced %s", len(out), want)
	}
	if name := r.Header.Get("X-Amz-Trailer"); name != "" {
		field, err := line()
		if err != nil {
			return nil, err
		}
		got, _, _ := strings.Cut(field, ":")
		if got != name {
			return nil, fmt.Errorf("trailer %q, announced %q", got, name)
		}
		r.Header.Set("Test-Trailer", field)
		if signed {
			end, err := line()
			if err != nil {
				return nil, err
			}
			if want := "x-amz-trailer-signature:" + chain("AWS4-HMAC-SHA256-TRAILER", digest([]byte(field+"\n"))); end != want {
				return nil, fmt.Errorf("trailer signature %q, want %q", end, want)
			}
		}
	}
	if end, err := line(); err != nil || end != "" || in.Buffered() > 0 {
		return nil, fmt.Errorf("the end is %q", end)
	}
	return out, nil
}
