package aws_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/adapters"
	"github.com/seed-3bbad739/requests/aws"
)

// issuer stands in for all that hands out credentials over HTTP: STS, the SSO
// portal and its token service, the sign-in service, a container's endpoint and
// an instance's metadata. It logs in one line each what it was asked.
type issuer struct {
	mu      sync.Mutex
	log     []string
	expires []time.Time // of what is handed out next; far away when empty
	refuse  bool        // once
}

const farAway = "2199-01-01T00:00:00Z"

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	expiry := farAway
	note := func(format string, args ...any) {
		i.log = append(i.log, fmt.Sprintf(format, args...))
		if len(i.expires) > 0 {
			expiry = i.expires[0].UTC().Format(time.RFC3339)
			i.expires = i.expires[1:]
		}
	}
	reply := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	switch path := r.URL.Path; {
	case path == "/latest/api/token":
		w.Header().Set("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "21600")
		io.WriteString(w, "imds-token")
	case path == "/latest/meta-data/iam/security-credentials/":
		io.WriteString(w, "the-role")
	case path == "/latest/meta-data/iam/security-credentials/the-role":
		note("metadata token=%s", r.Header.Get("X-Aws-Ec2-Metadata-Token"))
		reply(map[string]string{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "AKIMDS", "SecretAccessKey": "s", "Token": "t", "Expiration": expiry, "LastUpdated": farAway})
	case path == "/late":
		note("late")
		reply(map[string]string{"AccessKeyId": "AKLATE", "SecretAccessKey": "s", "Token": "t", "Expiration": "2001-01-01T00:00:00Z"})
	case path == "/container" || path == "/again" && !i.refuse:
		note("container token=%s", r.Header.Get("Authorization"))
		reply(map[string]string{"AccessKeyId": "AKCONTAINER", "SecretAccessKey": "s", "Token": "t", "Expiration": expiry, "AccountId": "123456789012"})
	case path == "/refused" || path == "/again" && i.refuse:
		i.refuse = false
		note("refused")
		w.WriteHeader(http.StatusForbidden)
		reply(map[string]string{"code": "AccessDenied", "message": "not for you"})
	case path == "/federation/credentials":
		q := r.URL.Query()
		note("portal account=%s role=%s token=%s", q.Get("account_id"), q.Get("role_name"), r.Header.Get("X-Amz-Sso_bearer_token"))
		at, _ := time.Parse(time.RFC3339, expiry)
		reply(map[string]any{"roleCredentials": map[string]any{"accessKeyId": "AKSSO", "secretAccessKey": "s", "sessionToken": "t", "expiration": at.UnixMilli()}})
	case path == "/token":
		var in struct{ GrantType, RefreshToken string }
		json.Unmarshal(body, &in)
		note("token service grant=%s refresh=%s", in.GrantType, in.RefreshToken)
		reply(map[string]any{"accessToken": "fresh-token", "expiresIn": 3600, "refreshToken": "next-refresh", "tokenType": "Bearer"})
	case path == "/v1/token":
		var in struct{ GrantType, RefreshToken string }
		json.Unmarshal(body, &in)
		note("sign-in grant=%s refresh=%s proof=%t", in.GrantType, in.RefreshToken, r.Header.Get("Dpop") != "")
		reply(map[string]any{
			"accessToken": map[string]string{"accessKeyId": "AKFRESHLOGIN", "secretAccessKey": "s", "sessionToken": "t"},
			"expiresIn":   900, "refreshToken": "next-refresh", "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
		})
	case r.Method == "POST" && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		r.ParseForm()
		f := r.PostForm
		by := "nobody"
		if _, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
			by, _, _ = strings.Cut(after, "/")
		}
		line := []string{f.Get("Action"), "by=" + by}
		for _, name := range []string{"RoleArn", "RoleSessionName", "ExternalId", "SerialNumber", "TokenCode", "DurationSeconds", "WebIdentityToken"} {
			if v := f.Get(name); v != "" {
				line = append(line, name+"="+v)
			}
		}
		note("%s", strings.Join(line, " "))
		key := "AKWEB"
		if f.Get("Action") == "AssumeRole" {
			key = "AK" + f.Get("RoleArn")[strings.LastIndex(f.Get("RoleArn"), "/")+1:]
		}
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId>`+
			`<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%[3]s</Expiration></Credentials>`+
			`<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>id</AssumedRoleId></AssumedRoleUser>`+
			`</%[1]sResult></%[1]sResponse>`, f.Get("Action"), key, expiry)
	default:
		i.log = append(i.log, "unexpected "+r.Method+" "+r.URL.String())
		w.WriteHeader(http.StatusNotFound)
	}
}

func (i *issuer) asked() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string{}, i.log...)
}

// tokenFile is where the SSO providers keep the token of a session or a URL.
func tokenFile(key string) string {
	sum := sha1.Sum([]byte(key))
	return "sso/cache/" + hex.EncodeToString(sum[:]) + ".json"
}

// loginFile is where the login provider keeps what belongs to a session.
func loginFile(session string) string {
	sum := sha256.Sum256([]byte(session))
	return "login/cache/" + hex.EncodeToString(sum[:]) + ".json"
}

const loginSession = "arn:aws:iam::123456789012:user/u"

func loginToken(t testing.TB, expires string) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	b, err := json.Marshal(map[string]any{
		"accessToken": map[string]string{"accessKeyId": "AKLOGIN", "secretAccessKey": "s", "sessionToken": "t", "accountId": "123456789012", "expiresAt": expires},
		"tokenType":   "t", "refreshToken": "first-refresh", "identityToken": "i", "clientId": "arn:aws:signin:::devtools/same-device",
		"dpopKey": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})),
	})
	require.NoError(t, err)
	return string(b)
}

const (
	base     = "[profile base]\naws_access_key_id=AKBASE\naws_secret_access_key=s\nregion=us-east-1\n"
	roleARN  = "role_arn=arn:aws:iam::123456789012:role/"
	ssoToken = `{"accessToken":"cached-token","expiresAt":"` + farAway + `","region":"us-east-1"}`
	staleSSO = `{"accessToken":"stale-token","expiresAt":"2001-01-01T00:00:00Z","refreshToken":"first-refresh","clientId":"c","clientSecret":"s","registrationExpiresAt":"` + farAway + `"}`
	session  = "[sso-session corp]\nsso_start_url=https://corp.test/start\nsso_region=us-east-1\n[profile x]\nregion=us-east-1\nsso_session=corp\nsso_account_id=123456789012\nsso_role_name=Dev\n"
	legacy   = "[profile x]\nregion=us-east-1\nsso_start_url=https://corp.test/start\nsso_region=us-east-1\nsso_account_id=123456789012\nsso_role_name=Dev\n"
)

// TestSourcesOverHTTP is the table of the sources that have to be asked. Each
// row runs over plain http, and over TLS that only AWS_CA_BUNDLE makes trusted.
func TestSourcesOverHTTP(t *testing.T) {
	x, own := []aws.Option{aws.WithProfile("x")}, []aws.Option{aws.WithProfile("my own")}
	web := map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/.aws/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web", "AWS_REGION": "us-east-1"}
	container := map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container"}
	with := func(m map[string]string, more ...string) map[string]string {
		m = maps.Clone(m)
		for i := 0; i+1 < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	past := time.Now().Add(-10 * time.Minute)
	imds := map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER", "AWS_REGION": "us-east-1"}
	for _, c := range []struct {
		name        string
		config      string
		credentials string
		files       map[string]string
		env         map[string]string
		opts        []aws.Option
		expires     []time.Time
		key, method string
		asked       []string // a * at the end stands for anything
	}{
		{
			name:   "a role by source_profile",
			config: base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by source_profile beside half a pair of keys",
			config: base + "[profile x]\nregion=us-east-1\naws_access_key_id=AKSTALE\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", env: container, opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by source_profile where the credentials file has half a pair",
			config: base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", credentials: "[x]\naws_secret_access_key=stale\n", env: container, opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by a process beside half a pair of keys",
			config: "[profile half]\naws_access_key_id=AKSTALE\n" + process + "\n[profile x]\nregion=us-east-1\nsource_profile=half\n" + roleARN + "r1\nrole_session_name=me\n", files: map[string]string{"process.sh": processScript}, env: container, opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKPROC RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role where no region is known",
			config: base + "[profile x]\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by source_profile in the credentials file",
			config: "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", credentials: "[base]\naws_access_key_id=AKCREDBASE\naws_secret_access_key=s\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKCREDBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by a source_profile whose heading is in quotes",
			config: "[profile \"my base\"]\naws_access_key_id=AKBASE\naws_secret_access_key=s\n[profile x]\nregion=us-east-1\nsource_profile=my base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by two such, with quotes around the value too",
			config: "[profile 'my base']\naws_access_key_id=AKBASE\naws_secret_access_key=s\n[profile 'my own']\nsource_profile='my base'\n" + roleARN + "r1\nrole_session_name=me\n[profile x]\nregion=us-east-1\nsource_profile=my own # mine\n" + roleARN + "r2\nrole_session_name=me\n", opts: x,
			key: "AKr2", method: "assume-role",
			asked: []string{
				"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900",
				"AssumeRole by=AKr1 RoleArn=arn:aws:iam::123456789012:role/r2 RoleSessionName=me DurationSeconds=900",
			},
		},
		{
			name:   "a role by a source_profile in quotes whose keys are in the credentials file",
			config: "[profile \"my base\"]\nregion=us-east-1\n[profile x]\nregion=us-east-1\nsource_profile=my base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			credentials: "[my base]\naws_access_key_id=AKBASE\naws_secret_access_key=s\n",
			key:         "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by such a source_profile, of which the credentials file has the region",
			config: "[profile \"my base\"]\naws_access_key_id=AKBASE\naws_secret_access_key=s\n[profile x]\nregion=us-east-1\nsource_profile=my base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			credentials: "[my base]\nregion=us-east-1\n",
			key:         "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by such a source_profile, of which the credentials file has the process",
			config: "[profile \"my base\"]\nregion=us-east-1\n[profile x]\nregion=us-east-1\nsource_profile=my base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			credentials: "[my base]\n" + process + "\n", files: map[string]string{"process.sh": processScript},
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKPROC RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role in the credentials file, of a profile whose heading is in quotes",
			config: base + "[profile \"my own\"]\nregion=us-east-1\naws_access_key_id=AKUNASSUMED\naws_secret_access_key=s\n", credentials: "[my own]\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", env: container, opts: own,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "the same by AWS_PROFILE, with the role in the one file and its source in the other",
			config: base + "[profile \"my own\"]\nregion=us-east-1\n" + roleARN + "r1\n", credentials: "[my own]\nsource_profile=base\nrole_session_name=me\n", env: with(container, "AWS_PROFILE", "my own"),
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "such a profile that is its own source, all of it in the credentials file",
			config: "[profile \"my own\"]\nregion=us-east-1\n", credentials: "[my own]\naws_access_key_id=AKSELF\naws_secret_access_key=s\nsource_profile=my own\n" + roleARN + "r1\nrole_session_name=me\n", env: container, opts: own,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKSELF RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "web identity in the credentials file, of a profile whose heading is in quotes",
			config: "[profile \"my own\"]\nregion=us-east-1\n", credentials: "[my own]\nweb_identity_token_file=$HOME/.aws/token\nrole_session_name=me\n" + roleARN + "r1\n", files: map[string]string{"token": "a.b.c"}, env: container, opts: own,
			key: "AKWEB", method: "assume-role-with-web-identity",
			asked: []string{"AssumeRoleWithWebIdentity by=nobody RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me WebIdentityToken=a.b.c"},
		},
		{
			name:   "SSO in the credentials file, of a profile whose heading is in quotes",
			config: "[profile \"my own\"]\nregion=us-east-1\n", credentials: strings.Replace(legacy, "profile x", "my own", 1), files: map[string]string{tokenFile("https://corp.test/start"): ssoToken}, env: container, opts: own,
			key: "AKSSO", method: "sso",
			asked: []string{"portal account=123456789012 role=Dev token=cached-token"},
		},
		{
			name:   "a role whose source is its own profile",
			config: "[profile x]\nregion=us-east-1\naws_access_key_id=AKSELF\naws_secret_access_key=s\nsource_profile=x\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKSELF RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by the keys of a profile that assumes one with them for itself",
			config: base + "source_profile=base\n" + roleARN + "r2\n[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a role by a role by keys",
			config: base + "[profile y]\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\n[profile x]\nregion=us-east-1\nsource_profile=y\n" + roleARN + "r2\nrole_session_name=me\n", opts: x,
			key: "AKr2", method: "assume-role",
			asked: []string{
				"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900",
				"AssumeRole by=AKr1 RoleArn=arn:aws:iam::123456789012:role/r2 RoleSessionName=me DurationSeconds=900",
			},
		},
		{
			name:   "external_id and duration_seconds",
			config: base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\nexternal_id=ext\nduration_seconds=3600\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me ExternalId=ext DurationSeconds=3600"},
		},
		{
			name:   "mfa_serial asks for a code",
			config: base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\nrole_session_name=me\nmfa_serial=device\n",
			opts:   []aws.Option{aws.WithProfile("x"), aws.WithMFA(func() (string, error) { return "123456", nil })},
			key:    "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me SerialNumber=device TokenCode=123456 DurationSeconds=900"},
		},
		{
			name:   "a role session without a name gets one",
			config: base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r1\n", opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKBASE RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=*"},
		},
		{
			name:   "credential_source Environment",
			config: "[profile x]\nregion=us-east-1\ncredential_source=Environment\n" + roleARN + "r1\nrole_session_name=me\n",
			env:    map[string]string{"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "s"}, opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"AssumeRole by=AKENV RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "credential_source EcsContainer",
			config: "[profile x]\nregion=us-east-1\ncredential_source=EcsContainer\n" + roleARN + "r1\nrole_session_name=me\n", env: container, opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"container token=", "AssumeRole by=AKCONTAINER RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "credential_source Ec2InstanceMetadata",
			config: "[profile x]\nregion=us-east-1\ncredential_source=Ec2InstanceMetadata\n" + roleARN + "r1\nrole_session_name=me\n", env: imds, opts: x,
			key: "AKr1", method: "assume-role",
			asked: []string{"metadata token=imds-token", "AssumeRole by=AKIMDS RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name: "web identity of the environment", files: map[string]string{"token": "a.b.c"}, env: with(web, "AWS_ROLE_SESSION_NAME", "me"),
			key: "AKWEB", method: "assume-role-with-web-identity",
			asked: []string{"AssumeRoleWithWebIdentity by=nobody RoleArn=arn:aws:iam::123456789012:role/web RoleSessionName=me WebIdentityToken=a.b.c"},
		},
		{
			name:   "web identity of the environment before AWS_PROFILE",
			config: base, files: map[string]string{"token": "a.b.c"}, env: with(web, "AWS_PROFILE", "base"),
			key: "AKWEB", method: "assume-role-with-web-identity",
			asked: []string{"AssumeRoleWithWebIdentity by=nobody RoleArn=arn:aws:iam::123456789012:role/web RoleSessionName=*"},
		},
		{
			name:   "web identity of the profile",
			config: "[profile x]\nregion=us-east-1\nweb_identity_token_file=$HOME/.aws/token\nrole_session_name=me\n" + roleARN + "r1\n", files: map[string]string{"token": "a.b.c"}, opts: x,
			key: "AKWEB", method: "assume-role-with-web-identity",
			asked: []string{"AssumeRoleWithWebIdentity by=nobody RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me WebIdentityToken=a.b.c"},
		},
		{
			name: "SSO by an sso-session", config: session, files: map[string]string{tokenFile("corp"): ssoToken}, opts: x,
			key: "AKSSO", method: "sso",
			asked: []string{"portal account=123456789012 role=Dev token=cached-token"},
		},
		{
			name:   "web identity of the profile beside half a pair of keys",
			config: "[profile x]\nregion=us-east-1\naws_access_key_id=AKSTALE\nweb_identity_token_file=$HOME/.aws/token\nrole_session_name=me\n" + roleARN + "r1\n", files: map[string]string{"token": "a.b.c"}, env: container, opts: x,
			key: "AKWEB", method: "assume-role-with-web-identity",
			asked: []string{"AssumeRoleWithWebIdentity by=nobody RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me WebIdentityToken=a.b.c"},
		},
		{
			name: "SSO beside half a pair of keys", config: session + "aws_access_key_id=AKSTALE\n", files: map[string]string{tokenFile("corp"): ssoToken}, env: container, opts: x,
			key: "AKSSO", method: "sso",
			asked: []string{"portal account=123456789012 role=Dev token=cached-token"},
		},
		{
			name: "web identity of the environment, where AWS_PROFILE has half a pair", files: map[string]string{"token": "a.b.c"},
			config: "[profile x]\naws_access_key_id=AKSTALE\n", env: with(web, "AWS_PROFILE", "x", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "$SERVER/container"),
			key: "AKWEB", method: "assume-role-with-web-identity",
			asked: []string{"AssumeRoleWithWebIdentity by=nobody RoleArn=arn:aws:iam::123456789012:role/web RoleSessionName=*"},
		},
		{
			name: "SSO by an sso-session whose token is stale", config: session, files: map[string]string{tokenFile("corp"): staleSSO}, opts: x,
			key: "AKSSO", method: "sso",
			asked: []string{"token service grant=refresh_token refresh=first-refresh", "portal account=123456789012 role=Dev token=fresh-token"},
		},
		{
			name: "SSO in the form before sso-session", config: legacy, files: map[string]string{tokenFile("https://corp.test/start"): ssoToken}, opts: x,
			key: "AKSSO", method: "sso",
			asked: []string{"portal account=123456789012 role=Dev token=cached-token"},
		},
		{
			name:   "a role by SSO",
			config: session + "[profile y]\nregion=us-east-1\nsource_profile=x\n" + roleARN + "r1\nrole_session_name=me\n", files: map[string]string{tokenFile("corp"): ssoToken}, opts: []aws.Option{aws.WithProfile("y")},
			key: "AKr1", method: "assume-role",
			asked: []string{"portal account=123456789012 role=Dev token=cached-token", "AssumeRole by=AKSSO RoleArn=arn:aws:iam::123456789012:role/r1 RoleSessionName=me DurationSeconds=900"},
		},
		{
			name:   "a login session",
			config: "[profile x]\nregion=us-east-1\nlogin_session=" + loginSession + "\n", files: map[string]string{loginFile(loginSession): loginToken(t, farAway)}, opts: x,
			key: "AKLOGIN", method: "login",
			asked: []string{},
		},
		{
			name:   "a login session that is stale",
			config: "[profile x]\nregion=us-east-1\nlogin_session=" + loginSession + "\n", files: map[string]string{loginFile(loginSession): loginToken(t, "2001-01-01T00:00:00Z")}, opts: x,
			key: "AKFRESHLOGIN", method: "login",
			asked: []string{"sign-in grant=refresh_token refresh=first-refresh proof=true"},
		},
		{
			name: "a container's full URI", env: container,
			key: "AKCONTAINER", method: "container-role",
			asked: []string{"container token="},
		},
		{
			name: "a container's full URI with a token", env: with(container, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "word"),
			key: "AKCONTAINER", method: "container-role",
			asked: []string{"container token=word"},
		},
		{
			name: "a container's full URI with a token file, which comes first", files: map[string]string{"token": "from-file"},
			env: with(container, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "word", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "$HOME/.aws/token"),
			key: "AKCONTAINER", method: "container-role",
			asked: []string{"container token=from-file"},
		},
		{
			name: "an instance's role", env: imds,
			key: "AKIMDS", method: "iam-role",
			asked: []string{"metadata token=imds-token"},
		},
		{
			name: "an instance's role whose credentials have expired, which services take while it cannot renew them", env: imds, expires: []time.Time{past, past},
			key: "AKIMDS", method: "iam-role",
			asked: []string{"metadata token=imds-token", "metadata token=imds-token"},
		},
		{
			name: "a container before the instance", env: with(imds, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "$SERVER/container"),
			key: "AKCONTAINER", method: "container-role",
			asked: []string{"container token="},
		},
		{
			name:   "a profile with nothing but a region goes on to the container",
			config: "[profile x]\nregion=us-east-1\n", env: container, opts: x,
			key: "AKCONTAINER", method: "container-role",
			asked: []string{"container token="},
		},
	} {
		for _, secure := range []bool{false, true} {
			name := c.name
			if secure {
				name += ", by AWS_CA_BUNDLE"
			}
			t.Run(name, func(t *testing.T) {
				server := &issuer{expires: c.expires}
				env := map[string]string{}
				var url string
				if secure {
					srv, bundle := trusted(t, server)
					url, env["AWS_CA_BUNDLE"] = srv.URL, bundle
				} else {
					srv := httptest.NewServer(server)
					defer srv.Close()
					url = srv.URL
				}
				env["AWS_ENDPOINT_URL"] = url
				for k, v := range c.env {
					env[k] = strings.ReplaceAll(v, "$SERVER", url)
				}
				dir := home(t, nil, env)
				write(t, dir, map[string]string{"config": c.config, "credentials": c.credentials})
				write(t, dir, c.files)
				s := open(t, c.opts...)
				creds, err := s.Credentials(context.Background())
				require.NoError(t, err)
				assert.Equal(t, c.key, creds.AccessKeyID)
				assert.Equal(t, c.method, aws.CredentialsMethod(creds))
				again, err := s.Copy().Credentials(context.Background())
				require.NoError(t, err)
				assert.Equal(t, creds, again)
				assert.Len(t, server.asked(), len(c.asked), "%q: and nothing is asked for twice", server.asked())
				for i, got := range server.asked() {
					if want, any := strings.CutSuffix(c.asked[i], "*"); any {
						assert.True(t, strings.HasPrefix(got, want), got)
					} else {
						assert.Equal(t, want, got)
					}
				}
			})
		}
	}
}

// write puts files below ~/.aws, with $HOME in them replaced.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if text == "" {
			continue
		}
		path := filepath.Join(dir, ".aws", filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(text, "$HOME", dir)), 0o600))
	}
}

// served starts an issuer and sets the environment of a test so that what has
// to be asked is asked there.
func served(t testing.TB, files, env map[string]string) (*issuer, string) {
	t.Helper()
	server := &issuer{}
	srv := httptest.NewServer(server)
	t.Cleanup(srv.Close)
	own := map[string]string{"AWS_ENDPOINT_URL": srv.URL}
	for k, v := range env {
		own[k] = strings.ReplaceAll(v, "$SERVER", srv.URL)
	}
	dir := home(t, nil, own)
	write(t, dir, files)
	return server, srv.URL
}

// TestSourcesThatFail is the table of sources that are there and do not deliver.
func TestSourcesThatFail(t *testing.T) {
	retrieval := func(t *testing.T, err error) {
		var e *aws.CredentialRetrievalError
		assert.ErrorAs(t, err, &e)
		assert.NotErrorIs(t, err, aws.ErrNoCredentials)
	}
	login := func(t *testing.T, err error) {
		retrieval(t, err)
		assert.ErrorContains(t, err, "aws sso login", "what to do about it")
	}
	none := func(t *testing.T, err error) { assert.ErrorIs(t, err, aws.ErrNoCredentials) }
	x := []aws.Option{aws.WithProfile("x")}
	for _, c := range []struct {
		name       string
		files, env map[string]string
		opts       []aws.Option
		check      func(*testing.T, error)
		asked      int
	}{
		{"a container that refuses", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/refused"}, nil, retrieval, 1},
		{"a container elsewhere by plain http", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://192.0.2.1/creds"}, nil, isConfigError, 0},
		{"a container's relative URI that would be part of a host", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ".evil.test/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "word"}, nil, func(t *testing.T, err error) {
			retrieval(t, err)
			assert.ErrorContains(t, err, "has to begin with a slash")
		}, 0},
		{"credentials that have expired when they come", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/late"}, nil, func(t *testing.T, err error) {
			retrieval(t, err)
			assert.ErrorContains(t, err, "expired")
		}, 1},
		{"such of a process", map[string]string{"config": `[profile x]` + "\n" + `credential_process = echo '{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"CANARY","Expiration":"2001-01-01T00:00:00Z"}'` + "\n"}, nil, x, func(t *testing.T, err error) {
			retrieval(t, err)
			assert.NotContains(t, err.Error(), "CANARY")
		}, 0},
		{"a container's token file that is missing", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "$HOME/nowhere"}, nil, retrieval, 0},
		{"credential_source EcsContainer outside of one", map[string]string{"config": "[profile x]\ncredential_source=EcsContainer\n" + roleARN + "r\n"}, nil, x, isConfigError, 0},
		{"a credential_source that nobody knows", map[string]string{"config": "[profile x]\ncredential_source=Moon\n" + roleARN + "r\n"}, nil, x, isConfigError, 0},
		{"a credential_source and a source_profile", map[string]string{"config": base + "[profile x]\ncredential_source=Environment\nsource_profile=base\n" + roleARN + "r\n"}, nil, x, isConfigError, 0},
		{"a source_profile with half a pair of keys", map[string]string{"config": "[profile half]\naws_access_key_id=AK\n[profile x]\nsource_profile=half\n" + roleARN + "r\n"}, nil, x, isPartial("aws_secret_access_key"), 0},
		{"source profiles that go round", map[string]string{"config": "[profile y]\nsource_profile=x\n" + roleARN + "r\n[profile x]\nsource_profile=y\n" + roleARN + "r\n"}, nil, x, isConfigError, 0},
		{"web identity without a role", map[string]string{"token": "a.b.c"}, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/.aws/token", "AWS_REGION": "us-east-1"}, nil, isConfigError, 0},
		{"web identity without its file", nil, map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "$HOME/nowhere", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r", "AWS_REGION": "us-east-1"}, nil, retrieval, 0},
		{"SSO without a token", map[string]string{"config": session}, nil, x, login, 0},
		{"SSO in the old form without a token", map[string]string{"config": legacy}, nil, x, login, 0},
		{"SSO in the old form with a stale token", map[string]string{"config": legacy, tokenFile("https://corp.test/start"): staleSSO}, nil, x, login, 0},
		{"SSO without its session", map[string]string{"config": "[profile x]\nsso_session=corp\nsso_account_id=1\nsso_role_name=r\n"}, nil, x, isConfigError, 0},
		{"SSO in the old form without a role", map[string]string{"config": "[profile x]\nsso_account_id=1\nsso_start_url=https://corp.test\nsso_region=us-east-1\n"}, nil, x, isConfigError, 0},
		{"a login session without a token", map[string]string{"config": "[profile x]\nregion=us-east-1\nlogin_session=" + loginSession + "\n"}, nil, x, retrieval, 0},
		{"a process that prints no JSON", map[string]string{"config": "[profile x]\ncredential_process = echo nonsense\n"}, nil, x, retrieval, 0},
		{"a process of another version", map[string]string{"config": `[profile x]` + "\n" + `credential_process = echo '{"Version":2}'` + "\n"}, nil, x, retrieval, 0},
		{"an MFA code that nobody gives", map[string]string{"config": base + "[profile x]\nregion=us-east-1\nsource_profile=base\nmfa_serial=d\n" + roleARN + "r\n"}, nil,
			[]aws.Option{aws.WithProfile("x"), aws.WithMFA(func() (string, error) { return "", io.ErrUnexpectedEOF })}, func(t *testing.T, err error) {
				retrieval(t, err)
				assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
			}, 0},
		{"MFA that nobody can be asked for", map[string]string{"config": base + "[profile x]\nsource_profile=base\nmfa_serial=d\n" + roleARN + "r\n"}, nil, x, isConfigError, 0},
		{"metadata that are switched off", nil, map[string]string{"AWS_EC2_METADATA_DISABLED": "true", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER"}, nil, none, 0},
		{"the two files of boto before 2014", map[string]string{"old": "AWSAccessKeyId=AK\nAWSSecretKey=s\n", "boto": "[Credentials]\naws_access_key_id=AK\naws_secret_access_key=s\n"},
			map[string]string{"AWS_CREDENTIAL_FILE": "$HOME/.aws/old", "BOTO_CONFIG": "$HOME/.aws/boto"}, nil, none, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, _ := served(t, c.files, c.env)
			_, err := credentialsOf(c.opts...)
			require.Error(t, err)
			c.check(t, err)
			assert.Len(t, server.asked(), c.asked, "%q", server.asked())
		})
	}
}

// forward sends to a server on loopback what is meant for another host.
func forward(to string) http.RoundTripper {
	return roundTripFunc(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.Host = strings.TrimPrefix(to, "http://")
		return http.DefaultTransport.RoundTrip(r)
	})
}

// TestNobodyAnswers: an instance's metadata that cannot be reached are the end of
// the chain, and the error says what went wrong there.
func TestNobodyAnswers(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	home(t, nil, map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": srv.URL})
	var seen rounds
	h, err := requests.NewSession(requests.WithMiddleware(seen.wrap))
	require.NoError(t, err)
	defer h.Close()
	_, err = credentialsOf(aws.WithHTTPSession(h))
	assert.LessOrEqual(t, len(seen.all()), 2, "once for a token, once without")
	assert.ErrorIs(t, err, aws.ErrNoCredentials)
	assert.ErrorIs(t, err, requests.ErrConnection)
	assert.ErrorContains(t, err, strings.TrimPrefix(srv.URL, "http://"))
}

// TestLimitsOfMetadata is the table of what says how long to wait for an
// instance's metadata, and how often to ask. Here nobody answers before the last.
func TestLimitsOfMetadata(t *testing.T) {
	for _, c := range []struct {
		name, config string
		env          map[string]string
		wait         time.Duration
		asked        int
		err          string
	}{
		{name: "a second and once", wait: time.Second, asked: 1},
		{"variables", "", map[string]string{"AWS_METADATA_SERVICE_TIMEOUT": "5", "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "3"}, 5 * time.Second, 3, ""},
		{"the profile", "[default]\nmetadata_service_timeout = 7\nmetadata_service_num_attempts = 2\n", nil, 7 * time.Second, 2, ""},
		{"variables before the profile", "[default]\nmetadata_service_timeout = 7\n", map[string]string{"AWS_METADATA_SERVICE_TIMEOUT": "2"}, 2 * time.Second, 1, ""},
		{"no number", "", map[string]string{"AWS_METADATA_SERVICE_TIMEOUT": "5s"}, 0, 0, `AWS_METADATA_SERVICE_TIMEOUT: "5s" is no number from 1 to 3600`},
		{"nought", "", map[string]string{"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "0"}, 0, 0, `AWS_METADATA_SERVICE_NUM_ATTEMPTS: "0" is no number from 1 to 3600`},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER"}
			maps.Copy(env, c.env)
			served(t, map[string]string{"config": c.config}, env)
			asked := 0
			h, err := requests.NewSession(requests.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
				return roundTripFunc(func(r *http.Request) (*http.Response, error) {
					set, _ := adapters.SettingsFrom(r.Context())
					assert.Equal(t, []time.Duration{c.wait, c.wait}, []time.Duration{set.Connect, set.Read})
					if strings.HasSuffix(r.URL.Path, "/security-credentials/") {
						if asked++; asked < c.asked || c.asked == 1 {
							return nil, requests.ErrConnection
						}
					}
					return next.RoundTrip(r)
				})
			}))
			require.NoError(t, err)
			defer h.Close()
			creds, err := credentialsOf(aws.WithHTTPSession(h))
			assert.Equal(t, c.asked, asked)
			switch {
			case c.err != "":
				assert.ErrorContains(t, err, c.err)
			case c.asked == 1:
				assert.ErrorIs(t, err, requests.ErrConnection)
			default:
				require.NoError(t, err)
				assert.Equal(t, "AKIMDS", creds.AccessKeyID)
			}
		})
	}
}

// TestContainerRelativeURI: the host of a relative URI is a fixed address that
// is not on loopback, so a mount of the HTTP session takes its place. That the
// mount is asked shows the way through the session too.
func TestContainerRelativeURI(t *testing.T) {
	server, url := served(t, nil, map[string]string{
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/container", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/refused", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "word",
	})
	h, err := requests.NewSession()
	require.NoError(t, err)
	defer h.Close()
	h.Mount("http://169.254.170.2/", forward(url))
	creds, err := credentialsOf(aws.WithHTTPSession(h))
	require.NoError(t, err)
	assert.Equal(t, "AKCONTAINER", creds.AccessKeyID)
	assert.Equal(t, "123456789012", creds.AccountID)
	assert.Equal(t, []string{"container token=word"}, server.asked(), "the relative URI comes before the full one")
}

// TestCredentialsOfTheMachineAskNoProxy: metadata and containers are asked
// directly, whatever proxies the HTTP session has. STS goes by the proxy.
func TestCredentialsOfTheMachineAskNoProxy(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		env   map[string]string
		opts  []aws.Option
		key   string
		proxy int
	}{
		{"an instance", nil, map[string]string{"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": "$SERVER"}, nil, "AKIMDS", 0},
		{"a container", nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container"}, nil, "AKCONTAINER", 0},
		{"a role", map[string]string{"config": base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r\n"}, nil, []aws.Option{aws.WithProfile("x")}, "AKr", 1},
	} {
		for _, how := range []string{"of the session", "of the environment"} {
			t.Run(c.name+", proxies "+how, func(t *testing.T) {
				server, _ := served(t, c.files, c.env)
				asked := 0
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					asked++
					server.ServeHTTP(w, r)
				}))
				defer proxy.Close()
				var opts []requests.Option
				if how == "of the session" {
					opts = append(opts, requests.WithProxy(proxy.URL))
				} else {
					t.Setenv("http_proxy", proxy.URL)
				}
				h, err := requests.NewSession(opts...)
				require.NoError(t, err)
				defer h.Close()
				creds, err := credentialsOf(append(c.opts, aws.WithHTTPSession(h))...)
				require.NoError(t, err)
				assert.Equal(t, c.key, creds.AccessKeyID)
				assert.Equal(t, c.proxy, asked)
			})
		}
	}
}

// TestCredentialsAreRefreshed counts what the source is asked for.
func TestCredentialsAreRefreshed(t *testing.T) {
	container := map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/container"}
	ctx := context.Background()
	t.Run("what expires is fetched again when it is needed, and not before", func(t *testing.T) {
		server, _ := served(t, nil, container)
		server.expires = []time.Time{time.Now().Add(time.Minute), time.Now().Add(time.Hour)}
		s := open(t)
		assert.Empty(t, server.asked(), "making a session asks nobody")
		for range 4 {
			_, err := s.Credentials(ctx)
			require.NoError(t, err)
		}
		assert.Len(t, server.asked(), 2, "a minute is too short to begin with, an hour is not")
	})
	t.Run("a hundred goroutines ask once", func(t *testing.T) {
		server, _ := served(t, nil, container)
		s := open(t)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				creds, err := s.Copy().CredentialsProvider().Retrieve(ctx)
				assert.NoError(t, err)
				assert.Equal(t, "AKCONTAINER", creds.AccessKeyID)
			})
		}
		wg.Wait()
		assert.Len(t, server.asked(), 1)
	})
	t.Run("a provider of the caller's is kept as well", func(t *testing.T) {
		server, url := served(t, nil, nil)
		client := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &url, Credentials: sdk.AnonymousCredentials{}})
		provider := stscreds.NewAssumeRoleProvider(client, "arn:aws:iam::123456789012:role/own")
		s := open(t, aws.WithCredentials(provider), aws.WithRegion("us-east-1"))
		copied := s.Copy(aws.NewConfig().WithRegion("eu-west-1"))
		for range 3 {
			for _, one := range []*aws.Session{s, copied} {
				creds, err := one.Credentials(ctx)
				require.NoError(t, err)
				assert.Equal(t, "AKown", creds.AccessKeyID)
			}
		}
		assert.Len(t, server.asked(), 1)
	})
	t.Run("a fetch that fails is an error, and is not kept", func(t *testing.T) {
		server, _ := served(t, nil, map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": "$SERVER/again"})
		server.refuse = true
		s := open(t)
		_, err := s.Credentials(ctx)
		require.True(t, is[*aws.CredentialRetrievalError](err), "%v", err)
		creds, err := s.Credentials(ctx)
		require.NoError(t, err)
		assert.Equal(t, "AKCONTAINER", creds.AccessKeyID)
	})
}

// TestConfiguredEndpointOfCredentials: what fetches credentials obeys the
// endpoints that are configured, as boto3's does.
func TestConfiguredEndpointOfCredentials(t *testing.T) {
	profile := base + "[profile x]\nregion=us-east-1\nsource_profile=base\n" + roleARN + "r\n"
	for _, c := range []struct {
		name, config string
		env          map[string]string
		want         string // the host that is asked, and the path
	}{
		{"the variable of the service", profile, map[string]string{"AWS_ENDPOINT_URL_STS": "http://one.test/p", "AWS_ENDPOINT_URL": "http://all.test"}, "one.test/p"},
		{"the variable of all", profile, map[string]string{"AWS_ENDPOINT_URL": "http://all.test/p"}, "all.test/p/"},
		{"the profile", profile + "endpoint_url=http://profile.test\n", nil, "profile.test/"},
		{"the profile's services section", profile + "endpoint_url=http://profile.test\nservices=mine\n[services mine]\nsts =\n  endpoint_url = http://service.test\n", nil, "service.test/"},
		{"the variable of all before the services section", profile + "services=mine\n[services mine]\nsts =\n  endpoint_url = http://service.test\n", map[string]string{"AWS_ENDPOINT_URL": "http://all.test"}, "all.test/"},
		{"told to ignore them", profile, map[string]string{"AWS_ENDPOINT_URL": "http://all.test", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, "sts.us-east-1.amazonaws.com/"},
		{"no region is known", strings.ReplaceAll(profile, "region=us-east-1\n", ""), nil, "sts.amazonaws.com/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := home(t, nil, c.env)
			write(t, dir, map[string]string{"config": c.config})
			server := &issuer{}
			srv := httptest.NewServer(server)
			defer srv.Close()
			var hosts []string
			catch := func(http.RoundTripper) http.RoundTripper {
				return roundTripFunc(func(r *http.Request) (*http.Response, error) {
					hosts = append(hosts, r.URL.Host+r.URL.Path)
					r = r.Clone(r.Context())
					r.URL.Scheme, r.URL.Path = "http", "/"
					return forward(srv.URL).RoundTrip(r)
				})
			}
			h, err := requests.NewSession(requests.WithMiddleware(catch))
			require.NoError(t, err)
			defer h.Close()
			creds, err := credentialsOf(aws.WithProfile("x"), aws.WithHTTPSession(h))
			require.NoError(t, err)
			assert.Equal(t, "AKr", creds.AccessKeyID)
			assert.Equal(t, []string{c.want}, hosts)
		})
	}
}

// TestKindOfFile: what the files are called does not decide which they are.
func TestKindOfFile(t *testing.T) {
	for _, c := range []struct {
		name, config, credentials, want string
	}{
		{"the credentials file under another name", "", "[default]\naws_access_key_id=AK\naws_secret_access_key=s\n", "shared-credentials-file"},
		{"a config file whose path says credentials", "[default]\naws_access_key_id=AK\naws_secret_access_key=s\n", "", "config-file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := home(t, nil, map[string]string{"AWS_CONFIG_FILE": "$HOME/.aws/credentials-of-me/credentials", "AWS_SHARED_CREDENTIALS_FILE": "$HOME/.aws/keys"})
			write(t, dir, map[string]string{"credentials-of-me/credentials": c.config, "keys": c.credentials})
			creds, err := credentialsOf()
			require.NoError(t, err)
			assert.Equal(t, c.want, aws.CredentialsMethod(creds))
		})
	}
}
