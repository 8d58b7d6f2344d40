// Command aws lists buckets and moves an object, and a row of a table, through
// one session: by the typed client of aws-sdk-go-v2, by a client made from a
// model at run time, and by raw signed requests.
//
// Without flags it runs against an S3 that it starts itself. With -endpoint,
// S3 is there; with -dynamodb, there is a table too. Credentials and region
// come from the environment and the shared files then.
package main

import (
	"context"
	"embed"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

//go:embed models
var models embed.FS // of the few operations used here

const (
	bucket = "example"
	key    = "notes/a b+ü.txt"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of an S3; one is started if empty")
	dynamodb := flag.String("dynamodb", "", "URL of a DynamoDB; left out if empty")
	flag.Parse()
	if err := run(context.Background(), *endpoint, *dynamodb); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, endpoint, dynamodb string) error {
	dir, err := fs.Sub(models, "models")
	if err != nil {
		return err
	}
	opts := []aws.Option{aws.WithModels(dir)}
	if endpoint == "" {
		server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
		defer server.Close()
		endpoint = server.URL
		opts = append(opts, aws.WithStaticCredentials("example", "example", ""), aws.WithRegion("us-east-1"))
	}
	opts = append(opts, aws.WithConfig(&aws.Config{Endpoint: &endpoint, S3ForcePathStyle: aws.Bool(true)}))
	sess, err := aws.Open(ctx, opts...)
	if err != nil {
		return err
	}
	defer sess.Close()
	sess.Handlers.Send.PushFront(func(r *aws.Request) error {
		fmt.Printf("  > %s %s %s\n", r.ClientInfo.ServiceName, r.Operation.Name, r.HTTPRequest.Method)
		return nil
	})

	if err := typed(ctx, sess); err != nil {
		return fmt.Errorf("typed: %w", err)
	}
	if err := byName(ctx, sess); err != nil {
		return fmt.Errorf("by name: %w", err)
	}
	if err := raw(ctx, sess, endpoint); err != nil {
		return fmt.Errorf("raw: %w", err)
	}
	if dynamodb == "" {
		return nil
	}
	return table(ctx, sess, dynamodb)
}

// typed uses the client of aws-sdk-go-v2.
func typed(ctx context.Context, sess *aws.Session) error {
	fmt.Println("typed")
	client := aws.NewClient(sess, s3.NewFromConfig)
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: sdk.String(bucket)}); err != nil {
		return err
	}
	_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: sdk.String(bucket), Key: sdk.String(key), Body: strings.NewReader("written by a typed client")})
	if err != nil {
		return err
	}
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: sdk.String(bucket), Key: sdk.String(key)})
	if err != nil {
		return err
	}
	return show(out.Body)
}

// byName uses a client that was made from a model at run time.
func byName(ctx context.Context, sess *aws.Session) error {
	fmt.Println("by name")
	client, err := sess.Client("s3")
	if err != nil {
		return err
	}
	list, err := client.Call(ctx, "ListBuckets", nil)
	if err != nil {
		return err
	}
	for _, b := range list["Buckets"].([]any) {
		fmt.Println("  bucket", b.(map[string]any)["Name"])
	}
	if _, err := client.Call(ctx, "PutObject", aws.Params{"Bucket": bucket, "Key": "by-name/" + key, "Body": "written by name"}); err != nil {
		return err
	}
	out, err := client.Call(ctx, "GetObject", aws.Params{"Bucket": bucket, "Key": "by-name/" + key})
	if err != nil {
		return err
	}
	return show(out["Body"].(io.ReadCloser))
}

// raw signs requests of the HTTP session.
func raw(ctx context.Context, sess *aws.Session, endpoint string) error {
	fmt.Println("raw")
	session, err := sess.HTTP().Copy(requests.WithBaseURL(endpoint+"/"), requests.WithAuth(sess.Auth("s3")), requests.WithRaiseForStatus(true))
	if err != nil {
		return err
	}
	defer session.Close()
	if _, err := session.Put(ctx, bucket+"/raw.txt", requests.WithBody("written raw")); err != nil {
		return err
	}
	text, err := requests.Text(session.Get(ctx, bucket+"/raw.txt"))
	if err != nil {
		return err
	}
	fmt.Println("  got:", text)
	return nil
}

// table puts and queries a row.
func table(ctx context.Context, sess *aws.Session, endpoint string) error {
	fmt.Println("table")
	client, err := sess.Client("dynamodb", aws.ClientEndpoint(endpoint))
	if err != nil {
		return err
	}
	for _, call := range []struct {
		op string
		in aws.Params
	}{
		{"CreateTable", aws.Params{
			"TableName": "notes", "BillingMode": "PAY_PER_REQUEST",
			"KeySchema":            []any{aws.Params{"AttributeName": "id", "KeyType": "HASH"}},
			"AttributeDefinitions": []any{aws.Params{"AttributeName": "id", "AttributeType": "S"}},
		}},
		{"PutItem", aws.Params{"TableName": "notes", "Item": aws.Params{"id": aws.Params{"S": "1"}, "stars": aws.Params{"N": "5"}}}},
	} {
		if _, err := client.Call(ctx, call.op, call.in); err != nil {
			return err
		}
	}
	out, err := client.Call(ctx, "Query", aws.Params{
		"TableName": "notes", "KeyConditionExpression": "id = :id", "ExpressionAttributeValues": aws.Params{":id": aws.Params{"S": "1"}},
	})
	if err != nil {
		return err
	}
	fmt.Println("  rows:", out["Count"], out["Items"])
	return nil
}

func show(body io.ReadCloser) error {
	defer body.Close()
	b, err := io.ReadAll(body)
	fmt.Println("  got:", string(b))
	return err
}
