package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed-3bbad739/requests/aws"
)

func TestEventsGoByAllNamesOfAService(t *testing.T) {
	for _, c := range []struct{ name, pattern, event string }{
		{"the name of the client", "before-call.elb", "before-call.elastic-load-balancing.DescribeTags"},
		{"with the operation", "before-call.elbv2.DescribeTags", "before-call.elastic-load-balancing-v2.DescribeTags"},
		{"the prefix of the endpoint", "before-call.monitoring.*", "before-call.cloudwatch.PutMetricData"},
		{"one that services share is the first one's", "before-call.email", "before-call.ses.SendEmail"},
		{"a prefix of two words", "before-call.runtime.sagemaker.InvokeEndpoint", "before-call.sagemaker-runtime.InvokeEndpoint"},
		{"the other way round: emitted by the old name", "before-call.api-gateway", "before-call.apigateway.GetRestApi"},
		{"the id itself", "before-call.s3", "before-call.s3.PutObject"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := aws.NewEmitter[*aws.Event]()
			n := 0
			off := e.On(c.pattern, func(string, *aws.Event) error { n++; return nil })
			require.NoError(t, e.Emit(c.event, &aws.Event{}))
			require.NoError(t, e.Copy().Emit(c.event, &aws.Event{}))
			assert.Equal(t, 2, n)
			off()
			require.NoError(t, e.Emit(c.event, &aws.Event{}))
			assert.Equal(t, 2, n)
		})
	}
	t.Run("a service that looks like another's name stays itself", func(t *testing.T) {
		e := aws.NewEmitter[*aws.Event]()
		e.On("before-call.elb", func(string, *aws.Event) error { return errors.New("not this one") })
		assert.NoError(t, e.Emit("before-call.elastic-load-balancing-v2.DescribeTags", &aws.Event{}))
		assert.NoError(t, e.Emit("before-call.s3.elb", &aws.Event{}), "an operation is no service")
	})
	t.Run("other emitters leave names alone", func(t *testing.T) {
		e := aws.NewEmitter[int]()
		e.On("a.elb", func(string, int) error { return errors.New("matched") })
		assert.NoError(t, e.Emit("a.elastic-load-balancing", 0))
		assert.Error(t, e.Emit("a.elb", 0))
	})
}

// TestEventNamesAreThoseOfBotocore looks up every alias that botocore has.
func TestEventNamesAreThoseOfBotocore(t *testing.T) {
	out, err := exec.Command("python3", "-c", "import json,botocore.utils as u; print(json.dumps(u.EVENT_ALIASES))").Output()
	if err != nil {
		t.Skip("python3 has no botocore to compare with")
	}
	var aliases map[string]string
	require.NoError(t, json.Unmarshal(out, &aliases))
	require.NotEmpty(t, aliases)
	for old, id := range aliases {
		e := aws.NewEmitter[*aws.Event]()
		n := 0
		e.On("before-call."+old+".Op", func(string, *aws.Event) error { n++; return nil })
		require.NoError(t, e.Emit("before-call."+id+".Op", &aws.Event{}))
		assert.Equal(t, 1, n, "%s is %s", old, id)
	}
}

func TestEventsOfCreation(t *testing.T) {
	home(t, nil, nil)
	models(t)
	s := open(t, testKeys(), aws.WithRegion("us-east-1"))
	answer(s, 200, "{}")
	var seen []string
	s.Events().On("creating-client-class.dynamodb", func(name string, ev *aws.Event) error {
		seen = append(seen, name+" "+ev.Request.ClientInfo.ServiceName)
		ev.Client.Handlers().Sign.PushBack(func(*aws.Request) error { seen = append(seen, "its own handler"); return nil })
		return nil
	})
	c := client(t, s, "dynamodb")
	assert.Equal(t, []string{"creating-client-class.dynamodb dynamodb"}, seen)
	call(t, c, "ListTables", nil)
	assert.Equal(t, "its own handler", seen[len(seen)-1])
	assert.Zero(t, s.Handlers.Sign.Len(), "the session's are not the client's")

	seen = nil
	s.Events().On("creating-resource-class.sqs.*", func(name string, ev *aws.Event) error { seen = append(seen, name); return nil })
	_, err := s.Resource("sqs")
	require.NoError(t, err)
	assert.Equal(t, []string{"creating-resource-class.sqs.ServiceResource", "creating-resource-class.sqs.Message", "creating-resource-class.sqs.Queue"}, seen)

	own := errors.New("not here")
	s.Events().On("creating-client-class", func(string, *aws.Event) error { return own })
	_, err = s.Client("sqs")
	assert.ErrorIs(t, err, own)
}

func TestBeforeCallAnswersATypedClient(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer any
		fails  bool
	}{
		{"an output", &dynamodb.ListTablesOutput{TableNames: []string{"mine"}}, false},
		{"one of another operation", &dynamodb.GetItemOutput{}, true},
		{"none at all", "text", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := newFlaky(t, 0)
			home(t, nil, nil)
			s := open(t, testKeys(), aws.WithRegion("us-east-1"), aws.WithConfig(&aws.Config{Endpoint: &srv.URL}))
			var after []string
			s.Events().On("before-call.dynamodb.ListTables", func(_ string, ev *aws.Event) error { ev.Request.Data = c.answer; return nil })
			s.Events().On("after-call", func(name string, _ *aws.Event) error { after = append(after, name); return nil })
			s.Events().On("after-call-error", func(name string, _ *aws.Event) error { after = append(after, name); return nil })
			out, err := aws.NewClient(s, dynamodb.NewFromConfig).ListTables(context.Background(), nil)
			assert.Zero(t, srv.calls.Load())
			if c.fails {
				var h *aws.HandlerError
				require.ErrorAs(t, err, &h)
				assert.Equal(t, []string{"after-call-error.dynamodb.ListTables"}, after)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{"mine"}, out.TableNames)
			assert.Equal(t, []string{"after-call.dynamodb.ListTables"}, after)
		})
	}
}
