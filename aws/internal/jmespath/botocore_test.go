package jmespath_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws/internal/jmespath"
)

// compared are services with waiters that look deep. With AWS_ALL_MODELS set,
// all that botocore has are compared.
var compared = []string{"autoscaling", "cloudformation", "cloudfront", "dynamodb", "ec2", "ecs", "elasticache", "elbv2", "emr", "iam", "medialive", "rds", "route53", "s3", "ssm"}

// TestExpressionsOfBotocore evaluates all that paginators and waiters say.
func TestExpressionsOfBotocore(t *testing.T) {
	if err := exec.Command("python3", "-c", "import botocore, jmespath").Run(); err != nil {
		t.Skip("python3 has no botocore to compare with")
	}
	args := append([]string{"testdata/search.py"}, compared...)
	if os.Getenv("AWS_ALL_MODELS") != "" {
		args = args[:1]
	}
	cmd := exec.Command("python3", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	n := 0
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); n++ {
		var c struct {
			Expression  string
			Value, Want any
		}
		require.NoError(t, d.Decode(&c))
		got, err := jmespath.Search(c.Expression, c.Value)
		if assert.NoError(t, err, c.Expression) {
			assert.Equal(t, c.Want, got, c.Expression)
		}
	}
	assert.Greater(t, n, 100)
	t.Logf("%d expressions", n)
}
