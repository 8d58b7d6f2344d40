package aws

import (
	"cmp"
	"os"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// newWebIdentity returns the provider for the variables of a web identity.
func newWebIdentity(cfg sdk.Config) CredentialsProvider {
	return stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg), os.Getenv("AWS_ROLE_ARN"),
		stscreds.IdentityTokenFile(os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE")),
		func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = cmp.Or(os.Getenv("AWS_ROLE_SESSION_NAME"), o.RoleSessionName)
		})
}
