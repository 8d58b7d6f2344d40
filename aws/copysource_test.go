package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
	"github.com/seed-3bbad739/requests/hooks"
)

// copyModels are small models of two services that copy from other regions,
// and of an older one that could not yet.
func copyModels() fs.FS {
	model := func(version, protocol, id, op, members string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(fmt.Sprintf(`{
			"metadata":{"apiVersion":%q,"endpointPrefix":%q,"protocol":%q,"serviceId":%q,"xmlNamespace":"urn:x","signatureVersion":"v4"},
			"operations":{%q:{"name":%[5]q,"http":{"method":"POST","requestUri":"/"},"input":{"shape":"In"}},
				"Describe":{"name":"Describe","http":{"method":"POST","requestUri":"/"},"input":{"shape":"Other"}}},
			"shapes":{"In":{"type":"structure","members":{%s}},"Other":{"type":"structure","members":{}},"String":{"type":"string"}}}`,
			version, strings.ToLower(id), protocol, id, op, members))}
	}
	const text = `{"shape":"String"}`
	return fstest.MapFS{
		"rds/2014-10-31/service-2.json": model("2014-10-31", "query", "RDS", "CopyDBSnapshot", `"Source":`+text+`,"PreSignedUrl":`+text),
		"rds/2013-01-01/service-2.json": model("2013-01-01", "query", "RDS", "CopyDBSnapshot", `"Source":`+text),
		"ec2/2016-11-15/service-2.json": model("2016-11-15", "ec2", "EC2", "CopySnapshot",
			`"Source":`+text+`,"SourceRegion":`+text+`,"DestinationRegion":{"shape":"String","locationName":"destinationRegion"},"PresignedUrl":{"shape":"String","locationName":"presignedUrl"}`),
	}
}

// errEnough ends a call whose form has been seen.
var errEnough = errors.New("seen enough")

// copied calls an operation in eu-west-1 and returns the form that was sent,
// nil if there was none.
func copied(t testing.TB, s *aws.Session, service, op string, in aws.Params, opts ...aws.ClientOption) (url.Values, error) {
	t.Helper()
	c := client(t, s, service, append(opts, aws.ClientRetry(0))...)
	var form url.Values
	c.Handlers().Send.PushBack(func(r *aws.Request) error {
		body, err := io.ReadAll(r.HTTPRequest.Body)
		if err != nil {
			return err
		}
		assert.EqualValues(t, len(body), r.HTTPRequest.ContentLength)
		if form, err = url.ParseQuery(string(body)); err == nil {
			err = errEnough
		}
		return err
	})
	_, err := c.Call(context.Background(), op, in)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return form, err
}

// signedURL takes the URL out of a form: its host, and its query without the
// signature, which the SDK has to agree with.
func signedURL(t *testing.T, form url.Values, param string) (base string, query url.Values) {
	t.Helper()
	raw := form.Get(param)
	require.NotEmpty(t, raw, "there is no %s in %v", param, form)
	assert.NotContains(t, raw, "+", "a plus sign can be read in two ways")
	form.Del(param)
	u, err := url.Parse(raw)
	require.NoError(t, err)
	query = u.Query()
	at, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	require.NoError(t, err)
	scope := strings.Split(query.Get("X-Amz-Credential"), "/")
	require.Len(t, scope, 5)
	bare := *u
	kept := u.Query()
	for _, k := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-SignedHeaders", "X-Amz-Signature"} {
		kept.Del(k)
	}
	bare.RawQuery = strings.ReplaceAll(kept.Encode(), "+", "%20")
	const ofNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	again, _, err := v4.NewSigner().PresignHTTP(context.Background(), sdk.Credentials{AccessKeyID: "AKIDTEST", SecretAccessKey: "secret-of-test", SessionToken: "tok/en"},
		&http.Request{Method: "GET", URL: &bare, Host: bare.Host, Header: http.Header{}}, ofNothing, scope[3], scope[2], at)
	require.NoError(t, err)
	want, err := url.Parse(again)
	require.NoError(t, err)
	assert.Equal(t, want.Query().Get("X-Amz-Signature"), query.Get("X-Amz-Signature"), "the SDK signs otherwise")
	query.Del("X-Amz-Signature")
	return u.Scheme + "://" + u.Host + u.Path, query
}

func copyKeys() aws.Option { return aws.WithStaticCredentials("AKIDTEST", "secret-of-test", "tok/en") }

func TestCopyFromAnotherRegion(t *testing.T) {
	home(t, nil, nil)
	rds := url.Values{"Action": {"CopyDBSnapshot"}, "Version": {"2014-10-31"}, "Source": {"a b+c&d"}}
	ec2 := url.Values{"Action": {"CopySnapshot"}, "Version": {"2016-11-15"}, "Source": {"snap-1"}, "SourceRegion": {"us-east-1"}}
	with := func(v url.Values, pairs ...string) url.Values {
		out := url.Values{}
		for k, vs := range v {
			out[k] = slices.Clone(vs)
		}
		for i := 0; i < len(pairs); i += 2 {
			out.Set(pairs[i], pairs[i+1])
		}
		return out
	}
	signed := func(v url.Values, region, service string) url.Values {
		return with(v, "DestinationRegion", "eu-west-1", "X-Amz-Algorithm", "AWS4-HMAC-SHA256", "X-Amz-Date", "20000101T000000Z", "X-Amz-Expires", "3600",
			"X-Amz-SignedHeaders", "host", "X-Amz-Security-Token", "tok/en", "X-Amz-Credential", "AKIDTEST/20000101/"+region+"/"+service+"/aws4_request")
	}
	for _, c := range []struct {
		name, service, op string
		in                aws.Params
		opts              []aws.ClientOption
		param             string // which holds a URL; "" for none
		base              string // of that URL
		query             url.Values
		rest              url.Values // of the form
	}{
		{name: "the URL is the call, signed for the source", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": "us-east-1"},
			param: "PreSignedUrl", base: "https://rds.us-east-1.amazonaws.com/", query: signed(rds, "us-east-1", "rds"), rest: rds},
		{name: "of a snapshot of a volume too, which is sent both regions", service: "ec2", op: "CopySnapshot", in: aws.Params{"Source": "snap-1", "SourceRegion": "us-east-1"},
			param: "PresignedUrl", base: "https://ec2.us-east-1.amazonaws.com/", query: signed(ec2, "us-east-1", "ec2"), rest: with(ec2, "DestinationRegion", "eu-west-1")},
		{name: "a destination that the caller gives is where the client is", service: "ec2", op: "CopySnapshot", in: aws.Params{"Source": "snap-1", "SourceRegion": "us-east-1", "DestinationRegion": "ap-south-1"},
			param: "PresignedUrl", base: "https://ec2.us-east-1.amazonaws.com/", query: signed(ec2, "us-east-1", "ec2"), rest: with(ec2, "DestinationRegion", "eu-west-1")},
		{name: "a source in the region itself is signed for as well", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": "eu-west-1"},
			param: "PreSignedUrl", base: "https://rds.eu-west-1.amazonaws.com/", query: signed(rds, "eu-west-1", "rds"), rest: rds},
		{name: "a copy in the region needs no URL", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d"}, rest: rds},
		{name: "no region is none that is nil", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": nil}, rest: rds},
		{name: "a URL of the caller's stands, without the region", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": "us-east-1", "PreSignedUrl": "https://own.test/?a=b"},
			rest: with(rds, "PreSignedUrl", "https://own.test/?a=b")},
		{name: "of a snapshot of a volume with it, and nothing besides", service: "ec2", op: "CopySnapshot", in: aws.Params{"Source": "snap-1", "SourceRegion": "us-east-1", "PresignedUrl": "https://own.test/?a=b"},
			rest: with(ec2, "PresignedUrl", "https://own.test/?a=b")},
		{name: "an endpoint of one's own that names the region names the other", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": "us-east-1"},
			opts:  []aws.ClientOption{aws.ClientEndpoint("https://rds.eu-west-1.vpce.test/p")},
			param: "PreSignedUrl", base: "https://rds.us-east-1.vpce.test/p/", query: signed(rds, "us-east-1", "rds"), rest: rds},
		{name: "one that does not is the same for both", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": "us-east-1"}, opts: []aws.ClientOption{aws.ClientEndpoint("http://127.0.0.1:9")},
			param: "PreSignedUrl", base: "http://127.0.0.1:9/", query: signed(rds, "us-east-1", "rds"), rest: rds},
		{name: "who has no name cannot sign", service: "rds", op: "CopyDBSnapshot", in: aws.Params{"Source": "a b+c&d", "SourceRegion": "us-east-1"}, opts: []aws.ClientOption{aws.ClientAnonymous()}, rest: rds},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, copyKeys(), aws.WithRegion("eu-west-1"), aws.WithModels(copyModels()))
				in := fmt.Sprint(c.in)
				form, err := copied(t, s, c.service, c.op, c.in, c.opts...)
				require.NoError(t, err)
				if c.param != "" {
					base, query := signedURL(t, form, c.param)
					assert.Equal(t, c.base, base)
					assert.Equal(t, c.query, query)
				}
				assert.Equal(t, c.rest, form)
				assert.Equal(t, in, fmt.Sprint(c.in), "what was given has changed")
			})
		})
	}
	for _, c := range []struct {
		name, op string
		in       aws.Params
		opts     []aws.ClientOption
		want     string
	}{
		{"a region that cannot be part of a host", "CopyDBSnapshot", aws.Params{"SourceRegion": "evil.test/?"}, nil, `SourceRegion: "evil.test/?" cannot be a region`},
		{"an empty region", "CopyDBSnapshot", aws.Params{"SourceRegion": ""}, nil, `SourceRegion: "" cannot be a region`},
		{"a region that is no text", "CopyDBSnapshot", aws.Params{"SourceRegion": 1}, nil, "SourceRegion: a string is wanted, not int"},
		{"an operation that copies nothing", "Describe", aws.Params{"SourceRegion": "us-east-1"}, nil, `unknown parameter "SourceRegion"`},
		{"a version that takes no URL", "CopyDBSnapshot", aws.Params{"SourceRegion": "us-east-1"}, []aws.ClientOption{aws.ClientAPIVersion("2013-01-01")}, `unknown parameter "SourceRegion"`},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			s := open(t, copyKeys(), aws.WithRegion("eu-west-1"), aws.WithModels(copyModels()))
			form, err := copied(t, s, "rds", c.op, c.in, c.opts...)
			var e *aws.ParamValidationError
			require.ErrorAs(t, err, &e)
			assert.Contains(t, e.Error(), c.want)
			assert.Nil(t, form, "it was sent")
		})
	}
	t.Run("nobody's credentials are an error before anything is sent", func(t *testing.T) {
		for _, s := range []*aws.Session{
			open(t, aws.WithRegion("eu-west-1"), aws.WithModels(copyModels())),
			open(t, aws.WithSDKConfig(sdk.Config{Region: "eu-west-1"}), aws.WithModels(copyModels())),
		} {
			form, err := copied(t, s, "rds", "CopyDBSnapshot", aws.Params{"SourceRegion": "us-east-1"})
			require.ErrorIs(t, err, aws.ErrNoCredentials)
			assert.Nil(t, form)
		}
	})
	t.Run("a URL for the call itself holds the region, and no other URL", func(t *testing.T) {
		s := open(t, copyKeys(), aws.WithRegion("eu-west-1"), aws.WithModels(copyModels()))
		for service, op := range map[string]string{"rds": "CopyDBSnapshot", "ec2": "CopySnapshot"} {
			raw, err := client(t, s, service).Presign(context.Background(), op, aws.Params{"SourceRegion": "us-east-1"}, time.Minute)
			require.NoError(t, err)
			u, err := url.Parse(raw)
			require.NoError(t, err)
			assert.Equal(t, "us-east-1", u.Query().Get("SourceRegion"))
			assert.Equal(t, service+".eu-west-1.amazonaws.com", u.Host)
			assert.NotContains(t, strings.ToLower(u.RawQuery), "presignedurl")
			assert.NotContains(t, u.RawQuery, "DestinationRegion")
		}
	})
	t.Run("clients may be made at the same time", func(t *testing.T) {
		for range 20 { // of each session the first one matters
			s := open(t, copyKeys(), aws.WithRegion("eu-west-1"), aws.WithModels(copyModels()))
			start, done := make(chan struct{}), make(chan error)
			for range 8 {
				go func() {
					<-start
					c, err := s.Client("rds")
					if err == nil {
						_, err = c.Presign(context.Background(), "CopyDBSnapshot", aws.Params{"SourceRegion": "us-east-1"}, time.Minute)
					}
					done <- err
				}()
			}
			close(start)
			for range 8 {
				assert.NoError(t, <-done)
			}
		}
	})
}

// copyCase is a call that boto3 makes as well.
type copyCase struct {
	Service, Op, Region string
	In                  aws.Params
	Endpoint            string
	FIPS, DualStack     bool
	Presign             bool // generate_presigned_url of the call
}

// copyOracle makes the calls of its input with the clock at the start of the
// year 2000, and writes the forms that boto3 would have sent.
const copyOracle = `
import datetime, json, sys
import boto3, botocore.auth, botocore.handlers
from botocore import xform_name
from botocore.config import Config
from urllib.parse import parse_qs, urlsplit
at = datetime.datetime(2000, 1, 1)
botocore.auth.get_current_datetime = lambda *a, **k: at
class Sent(Exception): pass
forms = []
for c in json.load(sys.stdin):
    client = boto3.client(c['Service'], c['Region'], endpoint_url=c['Endpoint'] or None, aws_access_key_id='AKIDTEST', aws_secret_access_key='secret-of-test', aws_session_token='tok/en',
        config=Config(use_fips_endpoint=c['FIPS'] or None, use_dualstack_endpoint=c['DualStack'] or None, retries={'max_attempts': 0}))
    if c['Presign']:
        url = client.generate_presigned_url(xform_name(c['Op']), Params=c['In'], HttpMethod='GET')
        forms.append(dict(parse_qs(urlsplit(url).query, keep_blank_values=True), Host=[urlsplit(url).netloc]))
        continue
    def send(request, **kw):
        body = request.body
        forms.append(parse_qs(body.decode() if isinstance(body, bytes) else body, keep_blank_values=True))
        raise Sent
    client.meta.events.register('before-send', send)
    try: getattr(client, xform_name(c['Op']))(**c['In'])
    except Sent: pass
operations = sorted(e[0].split('.', 1)[1] for e in botocore.handlers.BUILTIN_HANDLERS
    if getattr(e[1], '__name__', '').startswith('inject_presigned_url_'))
json.dump({'Forms': forms, 'Operations': operations}, sys.stdout)
`

// TestCopiesAreThoseOfBoto3 compares the whole of what is sent, signatures
// included, for each operation that copies from another region.
func TestCopiesAreThoseOfBoto3(t *testing.T) {
	home(t, nil, nil)
	models(t)
	required := map[string]aws.Params{
		"CopyDBSnapshot":                             {"SourceDBSnapshotIdentifier": "arn:aws:rds:us-east-1:1:snapshot:a b", "TargetDBSnapshotIdentifier": "t", "Tags": []any{aws.Params{"Key": "k+&", "Value": "v/~é"}}},
		"CopyDBClusterSnapshot":                      {"SourceDBClusterSnapshotIdentifier": "arn:s", "TargetDBClusterSnapshotIdentifier": "t", "CopyTags": true},
		"CreateDBCluster":                            {"DBClusterIdentifier": "c", "Engine": "e", "AvailabilityZones": []any{"a", "b"}},
		"CreateDBInstanceReadReplica":                {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": "arn:s"},
		"StartDBInstanceAutomatedBackupsReplication": {"SourceDBInstanceArn": "arn:s", "BackupRetentionPeriod": 7},
		"CopySnapshot":                               {"SourceSnapshotId": "snap-1", "Encrypted": true, "TagSpecifications": []any{aws.Params{"ResourceType": "snapshot", "Tags": []any{aws.Params{"Key": "k", "Value": "v w"}}}}},
	}
	var cases []copyCase
	var operations []string
	for service, ops := range aws.CopySources() {
		for _, op := range ops {
			operations = append(operations, service+"."+op)
			add := func(c copyCase, more aws.Params) {
				c.Service, c.Op, c.In = service, op, aws.Params{"SourceRegion": "us-east-1"}
				for _, from := range []aws.Params{required[op], more} {
					for k, v := range from {
						c.In[k] = v
					}
				}
				if c.Region == "" {
					c.Region = "eu-west-1"
				}
				cases = append(cases, c)
			}
			add(copyCase{}, nil)
			add(copyCase{Region: "us-east-1"}, nil)
			add(copyCase{Region: "us-west-2", FIPS: true}, nil)
			add(copyCase{DualStack: true}, nil)
			add(copyCase{Region: "us-gov-west-1"}, aws.Params{"SourceRegion": "us-gov-east-1"})
			add(copyCase{Region: "cn-north-1"}, aws.Params{"SourceRegion": "cn-northwest-1"})
			add(copyCase{Endpoint: "https://x.eu-west-1.vpce.test/eu-west-1/"}, nil)
			add(copyCase{Endpoint: "http://127.0.0.1:9"}, nil)
			add(copyCase{Presign: true}, nil)
			if service == "ec2" {
				add(copyCase{}, aws.Params{"PresignedUrl": "https://own.test/?a=b c"})
				add(copyCase{}, aws.Params{"DestinationRegion": "ap-south-1"})
				add(copyCase{}, aws.Params{"DestinationRegion": "ap-south-1", "PresignedUrl": "https://own.test/"})
			} else {
				add(copyCase{}, aws.Params{"PreSignedUrl": "https://own.test/?a=b c"})
				add(copyCase{}, aws.Params{"PreSignedUrl": ""})
				cases = append(cases, copyCase{Service: service, Op: op, In: required[op], Region: "eu-west-1"})
			}
		}
	}
	in, err := json.Marshal(cases)
	require.NoError(t, err)
	cmd := exec.Command("python3", "-c", copyOracle)
	cmd.Stdin = bytes.NewReader(in)
	cmd.Env = os.Environ()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	var theirs struct {
		Forms      []url.Values
		Operations []string
	}
	require.NoError(t, json.Unmarshal(out, &theirs))
	require.Len(t, theirs.Forms, len(cases))
	slices.Sort(operations)
	assert.Equal(t, theirs.Operations, operations, "the operations that botocore does it for on the left")
	for i, c := range cases {
		t.Run(fmt.Sprint(c.Service, " ", c.Op, " ", i), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := open(t, copyKeys(), aws.WithRegion(c.Region))
				cfg := &aws.Config{UseFIPS: aws.Bool(c.FIPS), UseDualStack: aws.Bool(c.DualStack)}
				if c.Endpoint != "" {
					cfg.Endpoint = &c.Endpoint
				}
				want := theirs.Forms[i]
				var got url.Values
				if c.Presign {
					raw, err := client(t, s, c.Service).Presign(context.Background(), c.Op, c.In, time.Hour)
					require.NoError(t, err)
					u, err := url.Parse(raw)
					require.NoError(t, err)
					got = u.Query()
					got.Set("Host", u.Host)
				} else {
					var err error
					got, err = copied(t, s, c.Service, c.Op, c.In, aws.ClientConfigs(cfg))
					require.NoError(t, err)
				}
				for _, param := range []string{"PreSignedUrl", "PresignedUrl"} {
					if want.Get(param) == "" || got.Get(param) == "" {
						continue
					}
					theirs, err := url.Parse(want.Get(param))
					require.NoError(t, err)
					ours, err := url.Parse(got.Get(param))
					require.NoError(t, err)
					assert.Equal(t, theirs.Query(), ours.Query(), "in the URL; boto3 on the left")
					assert.Equal(t, theirs.Scheme+"://"+theirs.Host+theirs.Path, ours.Scheme+"://"+ours.Host+ours.Path)
					want.Del(param)
					got.Del(param)
				}
				assert.Equal(t, want, got, "boto3 on the left")
			})
		})
	}
}

// TestCopyURLsAreSecrets looks for what a presigned URL lets others do in all
// that is written about a call.
func TestCopyURLsAreSecrets(t *testing.T) {
	home(t, nil, nil)
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body = string(b)
		form, _ := url.ParseQuery(body)
		signed := form.Get("PreSignedUrl")
		w.WriteHeader(400)
		io.WriteString(w, "<ErrorResponse><Error><Code>InvalidParameterValue</Code><Message>")
		xml.EscapeText(w, []byte("Value ("+signed+") is wrong, so is PreSignedUrl="+url.QueryEscape(signed)))
		io.WriteString(w, "</Message></Error></ErrorResponse>")
	}))
	t.Cleanup(srv.Close)
	var logged bytes.Buffer
	s := open(t, aws.WithRegion("eu-west-1"), aws.WithStaticCredentials("AKIDTEST", "secret-of-test", "tok/en"), aws.WithModels(copyModels()))
	c := client(t, s, "rds", aws.ClientEndpoint(srv.URL), aws.ClientRetry(0))
	var exchanges []*requests.Exchange
	s.HTTP().Hooks().Response.PushBack(func(e *requests.Exchange) error { exchanges = append(exchanges, e); return nil })
	s.HTTP().Hooks().Response.PushBack(hooks.Log(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	var printed []string
	c.Handlers().Complete.PushBack(func(r *aws.Request) error {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			printed = append(printed, fmt.Sprintf(verb, r), fmt.Sprintf(verb, r.HTTPRequest))
		}
		return nil
	})
	_, err := c.Call(context.Background(), "CopyDBSnapshot", aws.Params{"Source": "s", "SourceRegion": "us-east-1"})
	var fault *aws.ServiceError
	require.ErrorAs(t, err, &fault)
	assert.Contains(t, err.Error(), "is wrong, so is")
	form, err2 := url.ParseQuery(body)
	require.NoError(t, err2)
	u, err2 := url.Parse(form.Get("PreSignedUrl"))
	require.NoError(t, err2)
	signature := u.Query().Get("X-Amz-Signature")
	require.Len(t, signature, 64)
	secret := func(t *testing.T, text string) {
		t.Helper()
		// Eight digits of the signature are a part that nothing else has.
		assert.NotContains(t, text, signature[:8])
		for _, token := range []string{"tok/en", "tok%2Fen", "tok%252Fen"} {
			assert.NotContains(t, text, token)
		}
	}
	t.Run("in the log", func(t *testing.T) { require.NotEmpty(t, logged.String()); secret(t, logged.String()) })
	t.Run("in the error, which the service has quote it", func(t *testing.T) {
		for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
			secret(t, fmt.Sprintf(verb, err))
		}
		assert.Contains(t, fault.Message, signature, "who asks for the message has it as it came")
	})
	t.Run("in what prints of the request", func(t *testing.T) {
		require.NotEmpty(t, printed)
		for _, p := range printed {
			assert.NotContains(t, p, signature[:8])
		}
	})
	t.Run("in a dump, wherever it is cut", func(t *testing.T) {
		require.Len(t, exchanges, 1)
		for n := 1; n <= len(body)+1; n++ {
			var b bytes.Buffer
			require.NoError(t, hooks.Dump(&b, &hooks.DumpOptions{MaxBody: n})(&requests.Exchange{Request: exchanges[0].Request}))
			secret(t, b.String())
			if t.Failed() {
				t.Log("cut after", n)
				return
			}
			if n > len(body) {
				assert.Contains(t, b.String(), "PreSignedUrl=")
			}
		}
	})
	t.Run("in a command and an explanation", func(t *testing.T) {
		r, err := requests.NewRequest("POST", srv.URL, requests.WithBody(body), requests.WithHeader("Content-Type", "application/x-www-form-urlencoded"))
		require.NoError(t, err)
		p, err := s.HTTP().Prepare(context.Background(), r)
		require.NoError(t, err)
		require.Contains(t, p.Curl(), "PreSignedUrl=")
		secret(t, p.Curl())
		e, err := s.HTTP().Explain(context.Background(), r)
		require.NoError(t, err)
		secret(t, e.String())
	})
}
