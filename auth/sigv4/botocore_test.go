package sigv4_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// botocoreCase is a request as it goes on the wire, for botocore to sign.
type botocoreCase struct {
	Method, URL, Body        string
	Header                   [][2]string
	Key, Secret, Token, Date string
	Service, Region          string
	Expires                  int // of a presigned URL; 0: a signed header
}

// TestBotocoreAgrees signs random requests and asks botocore to sign what
// came of them.
func TestBotocoreAgrees(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 to run botocore with:", err)
	}
	if out, err := exec.Command(python, "-c", "import botocore.auth; botocore.auth.get_current_datetime").CombinedOutput(); err != nil {
		t.Skipf("no botocore to compare with: %v: %s", err, bytes.TrimSpace(out[max(0, len(out)-200):]))
	}
	const seed = 20130524
	rnd := rand.New(rand.NewPCG(seed, 1))
	var cases []botocoreCase
	var got [][2]string
	for range 200 {
		c, signature := randomCase(t, rnd)
		cases, got = append(cases, c), append(got, signature)
	}
	in, err := json.Marshal(cases)
	require.NoError(t, err)
	cmd := exec.Command(python, "testdata/botocore_sign.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var want [][2]string
	require.NoError(t, json.Unmarshal(out, &want))
	require.Len(t, want, len(got))
	for i := range got {
		assert.Equal(t, want[i], got[i], "%+v", cases[i])
	}
}

// randomCase returns what botocore is to sign, and the names of the signed
// fields and the signature of our own.
func randomCase(t *testing.T, rnd *rand.Rand) (botocoreCase, [2]string) {
	pick := func(from ...string) string { return from[rnd.IntN(len(from))] }
	text := func(alphabet string, most int) string {
		runes := []rune(alphabet)
		var b strings.Builder
		for range rnd.IntN(most + 1) {
			b.WriteRune(runes[rnd.IntN(len(runes))])
		}
		return b.String()
	}
	c := botocoreCase{
		Key: "AKID" + text("ABCDEFGH234567", 16), Secret: text("abc/+XYZ0123", 80) + "s", Token: pick("", text("abc/+=0", 300)),
		Service: pick("s3", "s3", "dynamodb", "execute-api"), Region: pick("us-east-1", "eu-central-1", "cn-north-1"),
		Date:   time.Unix(1<<30+rnd.Int64N(1<<30), 0).UTC().Format("20060102T150405Z"),
		Method: pick("GET", "PUT", "POST", "DELETE", "HEAD"),
	}
	if rnd.IntN(3) == 0 {
		c.Expires = 1 + rnd.IntN(604800)
	}
	u := url.URL{Scheme: pick("http", "https"), Host: pick("bucket.s3.test", "H.test:443", "h.test:80", "h.test:9000", "[::1]:8080")}
	for range rnd.IntN(4) {
		u.Path += "/" + pick("", ".", "..", text("aZ09-._~ !$&'()*+,;=:@%#?ü日", 8))
	}
	if u.Path == "" || rnd.IntN(4) == 0 {
		u.Path += "/"
	}
	var pairs []string
	for i := range rnd.IntN(5) {
		key := text("aZ-._~ %+/:?ü", 3)
		if c.Expires > 0 { // its presigner keeps one value of a key, and no empty key
			key = fmt.Sprint("k", i, key)
		}
		if c.Expires == 0 && rnd.IntN(5) == 0 {
			pairs = append(pairs, "bare")
			continue
		}
		pairs = append(pairs, url.QueryEscape(key)+"="+pick(url.QueryEscape(text("aZ09-._~ !'()*+/=&ü", 6)), "x/y:z!*"))
	}
	u.RawQuery = strings.Join(pairs, "&")

	// A presigner of botocore moves content into the query.
	if c.Expires == 0 && c.Method != "GET" && c.Method != "HEAD" {
		c.Body = text("abc\n", 40)
	}
	r := newRequest(t, c.Method, "http://x.test/", c.Body)
	r.URL, r.Host = &u, ""
	for _, name := range []string{"Content-Type", "X-Amz-Acl", "X-Amz-Meta-Name", "X-Custom", "Content-Md5", "Range"} {
		for range rnd.IntN(3) {
			r.Header.Add(name, "v"+text(` ab"c`, 9))
		}
	}
	s := &sigv4.Signer{Service: c.Service, Region: c.Region, Credentials: sigv4.Static(c.Key, c.Secret, c.Token), Now: at(c.Date)}

	if c.Expires > 0 {
		signed, err := s.Presign(r, time.Duration(c.Expires)*time.Second)
		require.NoError(t, err)
		q := signed.Query()
		var kept []string
		for _, p := range strings.Split(signed.RawQuery, "&") {
			if !strings.HasPrefix(p, "X-Amz-") {
				kept = append(kept, p)
			}
		}
		signed.RawQuery = strings.Join(kept, "&")
		c.URL, c.Header = signed.String(), fields(r.Header)
		return c, [2]string{q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Signature")}
	}
	require.NoError(t, s.Authenticate(r))
	c.URL = r.URL.String()
	c.Header = fields(r.Header)
	_, names, signature := parts(t, r)
	return c, [2]string{names, signature}
}

// fields lists the fields that botocore does not set itself.
func fields(h http.Header) (list [][2]string) {
	list = [][2]string{}
	for name, values := range h {
		switch name {
		case "Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256":
			continue
		}
		for _, v := range values {
			list = append(list, [2]string{name, v})
		}
	}
	return list
}
