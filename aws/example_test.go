package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

// exampleHome keeps the machine's own files out of the examples.
func exampleHome() func() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	old := os.Getenv("HOME")
	os.Setenv("HOME", dir)
	return func() {
		os.Setenv("HOME", old)
		os.RemoveAll(dir)
	}
}

// exampleS3 is an S3 on loopback with a bucket, and a session for it.
func exampleS3() (sess *aws.Session, endpoint string, done func()) {
	restore := exampleHome()
	server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	sess = aws.Must(aws.Open(context.Background(), aws.WithRegion("eu-west-1"), aws.WithStaticCredentials("AKID", "secret", ""),
		aws.WithConfig(&aws.Config{Endpoint: &server.URL, S3ForcePathStyle: aws.Bool(true)}),
		aws.WithModels(os.DirFS("../examples/aws/models")))) // or import aws/models, which has all
	aws.Must(aws.NewClient(sess, s3.NewFromConfig).CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: sdk.String("notes")}))
	return sess, server.URL, func() {
		sess.Close()
		server.Close()
		restore()
	}
}

func ExampleOpen() {
	defer exampleHome()()
	sess, err := aws.Open(context.Background(), aws.WithRegion("eu-west-1"), aws.WithStaticCredentials("AKID", "secret", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sess.Close()
	fmt.Println(sess.Profile(), sess.Region())
	// Output: default eu-west-1
}

// A profile that is in no file is an error at once.
func ExampleOpen_missingProfile() {
	defer exampleHome()()
	_, err := aws.Open(context.Background(), aws.WithProfile("prod"))
	var missing *aws.ProfileNotFoundError
	fmt.Println(errors.As(err, &missing), err)
	// Output: true aws: the profile "prod" was not found
}

func ExampleNewSession() {
	defer exampleHome()()
	sess, err := aws.NewSession(&aws.Config{Region: aws.String("us-west-2")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sess.Close()
	fmt.Println(*sess.Config.Region)
	// Output: us-west-2
}

func ExampleNewSessionWithOptions() {
	defer exampleHome()()
	sess, err := aws.NewSessionWithOptions(aws.Options{
		Config:            *aws.NewConfig().WithRegion("us-west-2").WithMaxRetries(5),
		SharedConfigState: aws.SharedConfigDisable,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sess.Close()
	fmt.Println(sess.Region())
	// Output: us-west-2
}

// A typed client is any of aws-sdk-go-v2's.
func ExampleNewClient() {
	sess, _, done := exampleS3()
	defer done()
	ctx := context.Background()
	client := aws.NewClient(sess, s3.NewFromConfig)
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: sdk.String("notes"), Key: sdk.String("a b.txt"), Body: strings.NewReader("hello")})
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: sdk.String("notes")})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range list.Contents {
		fmt.Println(*o.Key, *o.Size)
	}
	// Output: a b.txt 5
}

// A client by name takes and returns what the API calls things.
func ExampleSession_Client() {
	sess, _, done := exampleS3()
	defer done()
	ctx := context.Background()
	client, err := sess.Client("s3")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := client.Call(ctx, "PutObject", aws.Params{"Bucket": "notes", "Key": "k", "Body": "hello"}); err != nil {
		fmt.Println(err)
		return
	}
	out, err := client.Call(ctx, "GetObject", aws.Params{"Bucket": "notes", "Key": "k"})
	if err != nil {
		fmt.Println(err)
		return
	}
	body := out["Body"].(io.ReadCloser)
	defer body.Close()
	b, err := io.ReadAll(body)
	fmt.Println(string(b), err)
	_, err = client.Call(ctx, "GetObject", aws.Params{"Bucket": "notes"})
	fmt.Println(err)
	// Output:
	// hello <nil>
	// aws: parameters of GetObject: missing required parameter "Key"
}

func ExampleSession_Resource() {
	sess, _, done := exampleS3()
	defer done()
	service, err := sess.Resource("s3")
	if err != nil {
		fmt.Println(err)
		return
	}
	for bucket, err := range service.All(context.Background(), "Buckets", nil) {
		fmt.Println(bucket.Identifier("Name"), err)
	}
	// Output: notes <nil>
}

// A raw request is signed by an authenticator like any other.
func ExampleSession_Auth() {
	sess, endpoint, done := exampleS3()
	defer done()
	ctx := context.Background()
	signed := []requests.Option{requests.WithAuth(sess.Auth("s3")), requests.WithRaiseForStatus(true)}
	if _, err := sess.HTTP().Put(ctx, endpoint+"/notes/raw.txt", append(signed, requests.WithBody("by hand"))...); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(requests.Text(sess.HTTP().Get(ctx, endpoint+"/notes/raw.txt", signed...)))
	// Output: by hand <nil>
}

// Each attempt of each client is logged before it is sent.
func ExampleHandlerList_PushFront() {
	sess, _, done := exampleS3()
	defer done()
	sess.Handlers.Send.PushFront(func(r *aws.Request) error {
		fmt.Printf("Request: %s/%s, Params: %v\n", r.ClientInfo.ServiceName, r.Operation.Name, r.Params)
		return nil
	})
	client := aws.Must(sess.Client("s3"))
	aws.Must(client.Call(context.Background(), "PutObject", aws.Params{"Bucket": "notes", "Key": "k"}))
	// Output: Request: s3/PutObject, Params: map[Bucket:notes Key:k]
}

// A Send handler can answer in place of the network, in tests for one.
func ExampleHandlers() {
	sess, _, done := exampleS3()
	defer done()
	sess.Handlers.Send.PushBack(func(r *aws.Request) error {
		r.HTTPResponse = &http.Response{StatusCode: http.StatusNotFound, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(
			"<Error><Code>NoSuchKey</Code><Message>it is gone</Message></Error>"))}
		return nil
	})
	_, err := aws.Must(sess.Client("s3")).Call(context.Background(), "GetObject", aws.Params{"Bucket": "notes", "Key": "k"})
	var failed *aws.ServiceError
	if errors.As(err, &failed) {
		fmt.Println(failed.Code, failed.StatusCode, failed.Message)
	}
	// Output: NoSuchKey 404 it is gone
}

// Events have botocore's names. A star stands for one part of a name.
func ExampleSession_Events() {
	sess, _, done := exampleS3()
	defer done()
	sess.Events().On("before-parameter-build.s3.*", func(name string, e *aws.Event) error {
		fmt.Println(name)
		return nil
	})
	aws.Must(aws.Must(sess.Client("s3")).Call(context.Background(), "ListBuckets", nil))
	// Output: before-parameter-build.s3.ListBuckets
}

// The default session is the one that the functions of the package use.
func ExampleSetupDefaultSession() {
	defer exampleHome()()
	ctx := context.Background()
	defer aws.ResetDefaultSession()
	err := aws.SetupDefaultSession(ctx, aws.WithRegion("eu-west-1"), aws.WithStaticCredentials("AKID", "secret", ""),
		aws.WithModels(os.DirFS("../examples/aws/models")))
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := aws.DefaultClient("dynamodb", aws.ClientRegion("eu-central-1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.Meta().Endpoint)
	// Output: https://dynamodb.eu-central-1.amazonaws.com
}

// The HTTP session may be one of the program's: its proxies, trust, time limits
// and hooks then hold for every call.
func ExampleWithHTTPSession() {
	defer exampleHome()()
	h, err := requests.NewSession(requests.WithTimeout(10*time.Second), requests.WithProxy("http://proxy.test:3128"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	sess, err := aws.Open(context.Background(), aws.WithHTTPSession(h))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sess.Close()
	fmt.Println(sess.HTTP() == h)
	// Output: true
}

func ExampleCredentialsMethod() {
	defer exampleHome()()
	ctx := context.Background()
	sess := aws.Must(aws.Open(ctx, aws.WithStaticCredentials("AKID", "secret", "")))
	defer sess.Close()
	creds, err := sess.Credentials(ctx)
	fmt.Println(aws.CredentialsMethod(creds), err)

	none := aws.Must(aws.Open(ctx))
	defer none.Close()
	_, err = none.Credentials(ctx)
	fmt.Println(errors.Is(err, aws.ErrNoCredentials))
	// Output:
	// explicit <nil>
	// true
}

func ExampleSession_AvailableRegions() {
	defer exampleHome()()
	sess := aws.Must(aws.NewSession())
	defer sess.Close()
	fmt.Println(sess.AvailableRegions("s3", aws.InPartition("aws-cn")))
	// Output: [cn-north-1 cn-northwest-1]
}

func ExampleSession_Copy() {
	defer exampleHome()()
	sess := aws.Must(aws.NewSession(&aws.Config{Region: aws.String("eu-west-1")}))
	defer sess.Close()
	other := sess.Copy(&aws.Config{Region: aws.String("us-east-1")})
	fmt.Println(sess.Region(), other.Region())
	// Output: eu-west-1 us-east-1
}

func ExampleSession_PartitionForRegion() {
	defer exampleHome()()
	sess := aws.Must(aws.NewSession())
	defer sess.Close()
	fmt.Println(sess.PartitionForRegion("cn-north-1"))
	// Output: aws-cn <nil>
}

func ExampleSession_ClientConfig() {
	defer exampleHome()()
	sess := aws.Must(aws.NewSession(&aws.Config{Region: aws.String("us-west-2")}))
	defer sess.Close()
	c := sess.ClientConfig("dynamodb")
	fmt.Println(c.Endpoint, c.SigningRegion)
	// Output: https://dynamodb.us-west-2.amazonaws.com us-west-2
}

func ExampleSession_Presign() {
	defer exampleHome()()
	sess := aws.Must(aws.Open(context.Background(), aws.WithRegion("eu-west-1"), aws.WithStaticCredentials("AKID", "secret", "")))
	defer sess.Close()
	req, err := http.NewRequest("GET", "https://bucket.s3.eu-west-1.amazonaws.com/key", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	signed, _, err := sess.Presign(context.Background(), req, "s3", 15*time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := url.Parse(signed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(u.Host, u.Path, u.Query().Get("X-Amz-Expires"), len(u.Query().Get("X-Amz-Signature")))
	// Output: bucket.s3.eu-west-1.amazonaws.com /key 900 64
}

func ExampleEmitter() {
	events := aws.NewEmitter[string]()
	events.On("before-send.s3", func(name string, ev string) error { fmt.Println("s3:", ev); return nil })
	events.On("before-send.*.PutObject", func(name string, ev string) error { fmt.Println("any:", ev); return nil })
	events.Emit("before-send.s3.PutObject", "sending")
	// Output:
	// any: sending
	// s3: sending
}
