package sigv4_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/auth/sigv4"
)

// The credentials, date and service that AWS's documentation of the
// algorithm signs its examples with.
const (
	exampleKey    = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	emptyHash     = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func at(text string) func() time.Time {
	t, err := time.Parse("20060102T150405Z", text)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t }
}

func exampleSigner() *sigv4.Signer {
	return &sigv4.Signer{
		Service: "service", Region: "us-east-1",
		Credentials: sigv4.Static(exampleKey, exampleSecret, ""),
		Now:         at("20150830T123600Z"),
	}
}

func newRequest(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, url, content)
	require.NoError(t, err)
	return r
}

// parts takes an Authorization value apart.
func parts(t testing.TB, r *http.Request) (credential, signedHeaders, signature string) {
	t.Helper()
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=")
	require.True(t, ok, "%q", r.Header.Get("Authorization"))
	credential, rest, ok = strings.Cut(rest, ", SignedHeaders=")
	require.True(t, ok)
	signedHeaders, signature, ok = strings.Cut(rest, ", Signature=")
	require.True(t, ok)
	return credential, signedHeaders, signature
}

const vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

// TestAlgorithm covers the ground of AWS's published request cases. Its
// signatures are the published ones where such exist, and all were computed a
// second time with another implementation.
func TestAlgorithm(t *testing.T) {
	const token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
	const base = "https://example.amazonaws.com"
	type h = http.Header
	tests := []struct {
		name, method, url string
		header            h
		body              string
		signed, signature string
		rawPath           bool
		change            func(*sigv4.Signer, *http.Request)
	}{
		// Paths.
		{name: "nothing but a host and a date", url: "/", signature: vanilla},
		{name: "no path is the root", url: "", signature: vanilla},
		{name: "a method in the canonical request", method: "POST", url: "/", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{name: "unreserved characters of a path stay", url: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{name: "a path beyond ASCII, encoded once", url: "/ሴ", rawPath: true, signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{name: "a space in a path, encoded once", url: "/example space/", rawPath: true, signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{name: "a request line spelt out beyond ASCII", change: func(_ *sigv4.Signer, r *http.Request) { r.URL.Opaque = "/ሴ" }, signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{name: "a request line spelt out with a space", change: func(_ *sigv4.Signer, r *http.Request) { r.URL.Opaque = "/example space/" }, signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{name: "a segment and back is the root", url: "/example/..", signature: vanilla},
		{name: "two segments and back are the root", url: "/example1/example2/../..", signature: vanilla},
		{name: "empty segments alone are the root", url: "//", signature: vanilla},
		{name: "a dot alone is the root", url: "/./", signature: vanilla},
		{name: "a dot before a segment goes", url: "/./example", signature: "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
		{name: "empty segments go and a final slash stays", url: "//example//", signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},

		// Queries.
		{name: "no key and no value", url: "/?", signature: vanilla},
		{name: "one pair", url: "/?Param1=value1", signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{name: "one pair of a POST", method: "POST", url: "/?Param1=value1", signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		{name: "keys in order", url: "/?Param2=value2&Param1=value1", signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{name: "upper case before lower in values of one key", url: "/?Param1=value2&Param1=Value1", signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
		{name: "values of one key in order", url: "/?Param1=value2&Param1=value1", signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
		{name: "keys in order of their encoding", url: "/?Param-3=Value3&Param=Value2&ሴ=Value1", signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
		{name: "unreserved characters of a query stay", url: "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", signature: "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
		{name: "a key beyond ASCII", url: "/?ሴ=bar", signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{name: "an empty value", method: "POST", url: "/?Param1=", signature: "bf3f0f582c3027713f97f4cdd7cfa9e1db035de22ef7b04373f44f3a8ae51aa8"},
		{name: "a key without an equals sign", method: "POST", url: "/?Param1", signature: "bf3f0f582c3027713f97f4cdd7cfa9e1db035de22ef7b04373f44f3a8ae51aa8"},
		{name: "reserved characters and stray percent signs", method: "POST", change: func(_ *sigv4.Signer, r *http.Request) {
			r.URL.RawQuery = "@#$%^&+=/,?><`\";:\\|][{}"
		}, signature: "fff5100181675982a8d2d577878bde564dd5d9aa4f934d75de2468011ba00cf0"},
		{name: "a space in a query", method: "POST", url: "/?p=a%20b", signature: "bc0211252dd33c508ca448bbf3e0030a385242e8a994f8a7f74dfd91609e64e6"},
		{name: "a plus sign in a query is a space", method: "POST", url: "/?p=a+b", signature: "bc0211252dd33c508ca448bbf3e0030a385242e8a994f8a7f74dfd91609e64e6"},

		// Header fields.
		{name: "values of one field in order of arrival", header: h{"My-Header1": {"value2", "value2", "value1"}}, signed: "host;my-header1;x-amz-date", signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
		{name: "four values of one field", header: h{"My-Header1": {"value4", "value1", "value3", "value2"}}, signed: "host;my-header1;x-amz-date", signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
		{name: "a value folded over lines", header: h{"My-Header1": {"value1\n  value2\n     value3"}}, signed: "host;my-header1;x-amz-date", signature: "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
		{name: "white space is trimmed and collapsed, in quotes too", header: h{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}, signed: "host;my-header1;my-header2;x-amz-date", signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{name: "names in lower case", method: "POST", header: h{"My-HEADER1": {"value1"}}, url: "/", signed: "host;my-header1;x-amz-date", signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
		{name: "names in order", method: "POST", header: h{"My-Header1": {"value1"}}, signed: "host;my-header1;x-amz-date", signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
		{name: "values keep their case", method: "POST", header: h{"My-Header1": {"VALUE1"}}, signed: "host;my-header1;x-amz-date", signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},

		// Tokens.
		{name: "a session token is signed", method: "POST", change: func(s *sigv4.Signer, _ *http.Request) {
			s.Credentials = sigv4.Static(exampleKey, exampleSecret, token)
		}, signed: "host;x-amz-date;x-amz-security-token", signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
		{name: "a token in the header is signed", method: "POST", header: h{"X-Amz-Security-Token": {token}}, signed: "host;x-amz-date;x-amz-security-token", signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
		{name: "without a token, one may be added afterwards", method: "POST", signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},

		// Content.
		{name: "a form", method: "POST", header: h{"Content-Type": {"application/x-www-form-urlencoded"}}, body: "Param1=value1", signed: "content-type;host;x-amz-date", signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{name: "a content type with parameters", method: "POST", header: h{"Content-Type": {"application/x-www-form-urlencoded; charset=utf8"}}, body: "Param1=value1", signed: "content-type;host;x-amz-date", signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method := tt.method
			if method == "" {
				method = "GET"
			}
			r := newRequest(t, method, base+tt.url, tt.body)
			for k, v := range tt.header {
				r.Header[k] = v
			}
			s := exampleSigner()
			s.RawPath = tt.rawPath
			if tt.change != nil {
				tt.change(s, r)
			}
			require.NoError(t, s.Authenticate(r))
			credential, signed, signature := parts(t, r)
			assert.Equal(t, "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request", credential)
			if tt.signed == "" {
				tt.signed = "host;x-amz-date"
			}
			assert.Equal(t, tt.signed, signed)
			assert.Equal(t, tt.signature, signature)
			assert.Equal(t, []string{"20150830T123600Z"}, r.Header["X-Amz-Date"])
			assert.NotContains(t, r.Header, "X-Amz-Content-Sha256")
		})
	}
}

const (
	s3Key    = "AKIAIOSFODNN7EXAMPLE"
	s3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func s3Signer() *sigv4.Signer {
	return &sigv4.Signer{
		Service: "s3", Region: "us-east-1",
		Credentials: sigv4.Static(s3Key, s3Secret, ""),
		Now:         at("20130524T000000Z"),
	}
}

// TestS3Examples are the examples of S3's documentation of the algorithm.
func TestS3Examples(t *testing.T) {
	tests := []struct {
		name, method, url       string
		header                  http.Header
		body                    string
		signed, hash, signature string
	}{
		{
			name: "GET object with a range", method: "GET", url: "/test.txt",
			header: http.Header{"Range": {"bytes=0-9"}},
			signed: "host;range;x-amz-content-sha256;x-amz-date", hash: emptyHash,
			signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		},
		{
			name: "PUT object with a dollar sign in its name", method: "PUT", url: "/test$file.text",
			header: http.Header{"Date": {"Fri, 24 May 2013 00:00:00 GMT"}, "X-Amz-Storage-Class": {"REDUCED_REDUNDANCY"}},
			body:   "Welcome to Amazon S3.",
			signed: "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
			hash:   "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072", signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
		},
		{
			name: "GET bucket lifecycle: a key alone", method: "GET", url: "/?lifecycle",
			signed: "host;x-amz-content-sha256;x-amz-date", hash: emptyHash,
			signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
		},
		{
			name: "GET bucket: list objects", method: "GET", url: "/?max-keys=2&prefix=J",
			signed: "host;x-amz-content-sha256;x-amz-date", hash: emptyHash,
			signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRequest(t, tt.method, "https://examplebucket.s3.amazonaws.com"+tt.url, tt.body)
			for k, v := range tt.header {
				r.Header[k] = v
			}
			require.NoError(t, s3Signer().Authenticate(r))
			_, signed, signature := parts(t, r)
			assert.Equal(t, tt.signed, signed)
			assert.Equal(t, tt.hash, r.Header.Get("X-Amz-Content-Sha256"))
			assert.Equal(t, tt.signature, signature)
		})
	}
}

func TestS3PresignExample(t *testing.T) {
	r := newRequest(t, "GET", "https://examplebucket.s3.amazonaws.com/test.txt", "")
	u, err := s3Signer().Presign(r, 24*time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"+
		"&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"+
		"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"+
		"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", u.String())
}

// documentedChunks is the content of the documented uploads, 66560 times the
// letter a, with these signatures and what follows the last chunk.
func documentedChunks(first, second, last, end string) []byte {
	var b bytes.Buffer
	b.WriteString("10000;chunk-signature=" + first + "\r\n")
	b.Write(bytes.Repeat([]byte("a"), 65536))
	b.WriteString("\r\n400;chunk-signature=" + second + "\r\n")
	b.Write(bytes.Repeat([]byte("a"), 1024))
	b.WriteString("\r\n0;chunk-signature=" + last + "\r\n" + end + "\r\n")
	return b.Bytes()
}

// TestS3ChunkedExample uses the documented seed, which is that of a request
// with a signed Content-Length.
func TestS3ChunkedExample(t *testing.T) {
	content := strings.Repeat("a", 66560)
	got, size, err := sigv4.EncodeSigned(strings.NewReader(content), s3Secret, "20130524T000000Z", "us-east-1", "s3",
		"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", 66560)
	require.NoError(t, err)
	assert.EqualValues(t, 66824, size)
	want := documentedChunks("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", "")
	assert.True(t, bytes.Equal(want, got), "the encoding differs from the documented one")
}

func TestS3TrailerExample(t *testing.T) {
	r := newRequest(t, "PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", strings.Repeat("a", 66560))
	r.Header.Set("X-Amz-Storage-Class", "REDUCED_REDUNDANCY")
	r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32c")
	s := s3Signer()
	s.Payload = sigv4.PayloadStreamSignedTrailer
	require.NoError(t, s.Authenticate(r))
	_, signed, signature := parts(t, r)
	assert.Equal(t, "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer", signed)
	assert.Equal(t, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", signature)
	assert.EqualValues(t, 66946, r.ContentLength)
	got, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	want := documentedChunks("b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
		"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
		"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
		"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n")
	assert.True(t, bytes.Equal(want, got), "the encoding differs from the documented one:\n%s", got[len(got)-300:])
}
