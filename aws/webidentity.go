package aws

import (
	"cmp"
	"errors"
	"os"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// webIdentity is a token that is exchanged for a role.
type webIdentity struct{ file, role, session string }

func webIdentityOfEnvironment() webIdentity {
	return webIdentity{os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"), os.Getenv("AWS_ROLE_ARN"), os.Getenv("AWS_ROLE_SESSION_NAME")}
}

// provider returns what exchanges it; more has the last word on its settings.
func (w webIdentity) provider(cfg sdk.Config, more func(*stscreds.WebIdentityRoleOptions)) (CredentialsProvider, error) {
	if w.role == "" {
		return nil, &ConfigParseError{Err: errors.New("a web identity token without a role")}
	}
	return stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg), w.role, stscreds.IdentityTokenFile(w.file),
		func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = cmp.Or(w.session, o.RoleSessionName)
			more(o)
		}), nil
}
