package adapters

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/seed-3bbad739/requests/internal/sentinel"
)

// Data returns a RoundTripper for data URLs (RFC 2397): the content is in the
// URL. GET and HEAD answer 200 with it, its media type being text/plain in
// US-ASCII when none is given; another method answers 405. A URL that cannot be
// decoded is an error that matches the condition of an invalid URL.
func Data() http.RoundTripper { return data{} }

type data struct{}

func (data) RoundTrip(req *http.Request) (*http.Response, error) {
	defer closeContent(req)
	if err := checkRequest(req); err != nil {
		return nil, err
	}
	mediaType, content, err := parseData(req.URL)
	if err != nil {
		return nil, &failure{sentinel.InvalidURL, err}
	}
	switch req.Method {
	case "", http.MethodGet:
	case http.MethodHead:
		resp := held(req, http.StatusOK, nil)
		resp.Header.Set("Content-Type", mediaType)
		resp.Header.Set("Content-Length", strconv.Itoa(len(content)))
		resp.ContentLength = int64(len(content))
		return resp, nil
	default:
		resp := held(req, http.StatusMethodNotAllowed, nil)
		resp.Header.Set("Allow", "GET, HEAD")
		return resp, nil
	}
	resp := held(req, http.StatusOK, content)
	resp.Header.Set("Content-Type", mediaType)
	return resp, nil
}

// held returns a response whose content is there already.
func held(req *http.Request, status int, content []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header:        http.Header{"Content-Length": {strconv.Itoa(len(content))}},
		Body:          &heldBody{content: bytes.NewReader(content), req: req},
		ContentLength: int64(len(content)),
	}
}

// heldBody is content in memory, which cannot be read once closed.
type heldBody struct {
	content *bytes.Reader
	req     *http.Request
	closed  atomic.Bool
}

func (b *heldBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if b.content.Len() > 0 {
		if err := interrupted(b.req.Context()); err != nil {
			return 0, err
		}
	}
	return b.content.Read(p)
}

func (b *heldBody) Close() error {
	b.closed.Store(true)
	return nil
}

// parseData splits a data URL. The errors do not show it: its content may be
// anything.
func parseData(u *url.URL) (mediaType string, content []byte, err error) {
	if !strings.EqualFold(u.Scheme, "data") {
		return "", nil, fmt.Errorf("adapters: not a data URL: scheme %q", u.Scheme)
	}
	mediaType, text, ok := strings.Cut(written(u), ",")
	if !ok {
		return "", nil, errors.New("adapters: data URL without a comma")
	}
	plain, err := url.PathUnescape(text)
	if err != nil {
		return "", nil, errors.New("adapters: data URL with a bad escape")
	}
	content = []byte(plain)
	if rest, ok := cutBase64(mediaType); ok {
		mediaType = rest
		if content, err = decodeBase64(plain); err != nil {
			return "", nil, err
		}
	}
	if mediaType, err = url.PathUnescape(strings.TrimSpace(mediaType)); err != nil {
		return "", nil, errors.New("adapters: data URL with a bad escape")
	}
	for _, c := range []byte(mediaType) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return "", nil, errors.New("adapters: data URL with a bad media type")
		}
	}
	switch {
	case mediaType == "":
		mediaType = "text/plain;charset=US-ASCII"
	case mediaType[0] == ';':
		mediaType = "text/plain" + mediaType
	}
	return mediaType, content, nil
}

// written returns what follows the scheme, as it was written, to the fragment.
func written(u *url.URL) string {
	c := *u
	c.Scheme, c.Fragment, c.RawFragment = "", "", ""
	if c.Opaque != "" {
		s := c.Opaque
		if c.RawQuery != "" || c.ForceQuery {
			s += "?" + c.RawQuery
		}
		return s
	}
	return c.String()
}

// cutBase64 takes the mark of base64 off, in any case and with blanks before it.
func cutBase64(mediaType string) (string, bool) {
	i := strings.LastIndexByte(mediaType, ';')
	if i < 0 || !strings.EqualFold(strings.TrimSpace(mediaType[i+1:]), "base64") {
		return mediaType, false
	}
	return mediaType[:i], true
}

// decodeBase64 takes what browsers take: blanks anywhere, and padding or none.
func decodeBase64(s string) ([]byte, error) {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n\f", r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimRight(s, "=")
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("adapters: data URL with bad base64")
	}
	return b, nil
}
