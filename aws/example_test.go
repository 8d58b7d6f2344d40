package aws_test

import (
	"context"
	"fmt"
	"net/http"
	"os"

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
	req, _ := http.NewRequest("GET", "https://bucket.s3.eu-west-1.amazonaws.com/key", nil)
	u, _, err := sess.Presign(context.Background(), req, "s3", 0)
	fmt.Println(u, err)
	// Output: sigv4: a presigned URL lives between one second and seven days
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
