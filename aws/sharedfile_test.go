package aws_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

func TestSharedFileForms(t *testing.T) {
	for _, c := range []struct {
		name, config, credentials string
		want                      []string
		bad                       bool
	}{
		{"comments and blank lines", "# a\n; b\n\n[default]\nregion=x # not a comment of its own\n", "", []string{"default"}, false},
		{"a nested map is no setting", "[default]\ns3 =\n  max_concurrent_requests = 1\n  not a setting\n[profile a]\n", "", []string{"default", "a"}, false},
		{"the prefix is needed in the config file and not in the other", "[a]\n[profile b]\n", "[c]\n[profile d]\n", []string{"b", "c"}, false},
		{"a section given twice is one", "[profile a]\nx=1\n[profile b]\n[profile a]\ny=2\n", "[a]\n", []string{"a", "b"}, false},
		{"quotes", "[profile \"a b\"]\n[profile 'c d']\n", "", []string{"a b", "c d"}, false},
		{"other sections are no profiles", "[sso-session a]\n[services b]\n[profile]\n[profilex]\n", "", []string{}, false},
		{"Windows lines", "[default]\r\nregion=x\r\n", "", []string{"default"}, false},
		{"a byte order mark, which the SDK does not know", "", "\ufeff[default]\naws_access_key_id=AK\n", nil, true},
		{"a colon separates too", "[default]\nregion: x\n", "", []string{"default"}, false},
		{"settings that are all indented", "", "[default]\n  aws_access_key_id = AK\n  aws_secret_access_key = S\n", nil, true},
		{"such in the config file", "[default]\n  Region: us-east-1\n  output = json\n", "", nil, true},
		{"such in a profile that is not used", "[default]\n[profile a]\n  output = json\n  region = x\n", "", []string{"default", "a"}, false},
		{"such in a profile whose keys are used", "[default]\nsource_profile=a\nrole_arn=r\n[profile a]\naws_access_key_id=AK\n  aws_secret_access_key=S\n", "", nil, true},
		{"a value on the next line", "[default]\naws_session_token =\n  region=\nregion=x\n", "", []string{"default"}, false},
		{"a value that goes on", "[default]\naws_session_token = abc\n  def==\n", "", []string{"default"}, false},
		{"a block with names like those of settings", "[services s]\ns3 =\n  endpoint_url = http://a.test\n  region = x\n[default]\n", "", []string{"default"}, false},
		{"no closing bracket", "[default\n", "", nil, true},
		{"a setting before a section", "region=x\n", "", nil, true},
		{"no separator", "", "[default]\nregion\n", nil, true},
		{"no text", "\xff\xfe", "", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, map[string]string{"config": c.config, "credentials": c.credentials}, nil)
			s, err := aws.Open(context.Background())
			if c.bad {
				isConfigError(t, err)
				return
			}
			require.NoError(t, err)
			defer s.Close()
			names, err := s.AvailableProfiles()
			require.NoError(t, err)
			assert.Equal(t, c.want, names)
		})
	}
}

// TestSharedFileValues: how the forms of a file come out in a value.
func TestSharedFileValues(t *testing.T) {
	for _, c := range []struct{ name, config, credentials, profile, want string }{
		{"a comment needs blank space before it", "[default]\nregion = us-east-1 # here\n", "", "", "us-east-1"},
		{"names of settings have no case", "[default]\nRegion = us-east-1\n", "", "", "us-east-1"},
		{"of a setting given twice the last counts", "[default]\nregion=us-east-1\nregion=us-east-2\n", "", "", "us-east-2"},
		{"of a section given twice all counts, the last on top", "[profile a]\nregion=us-east-1\noutput=json\n[profile b]\n[profile a]\nregion=us-east-2\n", "", "a", "us-east-2"},
		{"the prefixed default wins", "[default]\nregion=us-east-1\n[profile default]\nregion=us-east-2\n", "", "", "us-east-2"},
		{"a setting inside of another is not the profile's", "[default]\ns3 =\n  region = us-east-1\n", "", "", ""},
		{"the credentials file wins", "[default]\nregion=us-east-1\n", "[default]\nregion=us-east-2\n", "", "us-east-2"},
		{"a profile in quotes", "[profile \"a b\"]\nregion=us-east-1\n", "", "a b", "us-east-1"},
		{"a profile in quotes, whose value is in the credentials file", "[profile \"a b\"]\noutput=json\n", "[a b]\nregion=us-east-1\n", "a b", "us-east-1"},
		{"blank space around names and values", "[profile   a]\n  \n region\t=  us-east-1  \n", "", "a", "us-east-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, map[string]string{"config": c.config, "credentials": c.credentials}, nil)
			var opts []aws.Option
			if c.profile != "" {
				opts = append(opts, aws.WithProfile(c.profile))
			}
			assert.Equal(t, c.want, open(t, opts...).Region())
		})
	}
}

// TestCoreKnowsNoAWS keeps the dependencies of this module out of the parent's.
func TestCoreKnowsNoAWS(t *testing.T) {
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		assert.NotContains(t, string(b), "github.com/aws/")
	}
}

// FuzzParseSharedFile: no file panics, and no section is listed twice.
func FuzzParseSharedFile(f *testing.F) {
	f.Add([]byte("[default]\nregion = x\n[profile \"a b\"]\ns3 =\n  a = b\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		names, err := aws.ParseSharedFile(b)
		seen := make(map[string]bool)
		for _, n := range names {
			if seen[n] || err != nil {
				t.Fatalf("%q, %v", n, err)
			}
			seen[n] = true
		}
	})
}

// TestIndentedSettingsAreNamed: the SDK reads them as part of the value above.
func TestIndentedSettingsAreNamed(t *testing.T) {
	home(t, map[string]string{"credentials": "[default]\n  aws_access_key_id = AK\n  aws_secret_access_key = S\n"}, nil)
	_, err := aws.Open(context.Background())
	assert.ErrorContains(t, err, "credentials:3: an indented line")
}

// TestSharedFilePaths: variables may name places by variables and the home.
func TestSharedFilePaths(t *testing.T) {
	for _, path := range []string{"$PLACE/mine", "${PLACE}/mine", "~/other/mine", "~/$UNSET/../other/mine"} {
		t.Run(path, func(t *testing.T) {
			dir := home(t, map[string]string{"credentials": "[wrong]\n"}, nil)
			other := filepath.Join(dir, "other")
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "$UNSET"), 0o700), "a variable that is not set stays")
			require.NoError(t, os.Mkdir(other, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(other, "mine"), []byte(keys), 0o600))
			t.Setenv("PLACE", other)
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", path)
			creds, err := credentialsOf()
			require.NoError(t, err)
			assert.Equal(t, "AKDEFAULT", creds.AccessKeyID)
		})
	}
}
