// Command aws lists buckets and moves an object, and puts and queries rows of a
// table, through one session: by the typed clients of aws-sdk-go-v2, by clients
// made from models at run time, and by raw signed requests.
//
// Without flags it runs against an S3, and something that answers like a
// DynamoDB of one table, which it starts itself. With -endpoint, S3 is there;
// with -dynamodb, the table is; credentials and region come from the
// environment and the shared files then. A bucket "example" and a table "notes"
// are made.
package main

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/seed-3bbad739/requests"
	"github.com/seed-3bbad739/requests/aws"
)

//go:embed models
var models embed.FS // of the few operations used here; aws/models has all

const (
	bucket    = "example"
	key       = "notes/a b+ü.txt"
	tableName = "notes"
)

func main() {
	endpoint := flag.String("endpoint", "", "URL of an S3; one is started if empty")
	tables := flag.String("dynamodb", "", "URL of a DynamoDB; a stand-in is started if empty")
	flag.Parse()
	if err := run(context.Background(), *endpoint, *tables); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, endpoint, tables string) error {
	dir, err := fs.Sub(models, "models")
	if err != nil {
		return err
	}
	opts := []aws.Option{aws.WithModels(dir)}
	if endpoint == "" && tables == "" {
		opts = append(opts, aws.WithStaticCredentials("example", "example", ""), aws.WithRegion("us-east-1"))
	}
	if endpoint == "" {
		os.Setenv("no_proxy", "127.0.0.1") // a proxy of the environment would not find the server
		server := httptest.NewServer(gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
		defer server.Close()
		endpoint = server.URL
	}
	if tables == "" {
		os.Setenv("no_proxy", "127.0.0.1")
		server := httptest.NewServer(new(tableServer))
		defer server.Close()
		tables = server.URL
	}
	opts = append(opts, aws.WithConfig(&aws.Config{S3ForcePathStyle: aws.Bool(true)}))
	sess, err := aws.Open(ctx, opts...)
	if err != nil {
		return err
	}
	defer sess.Close()
	// As in the SDK's documentation: each attempt is logged before it is sent.
	sess.Handlers.Send.PushFront(func(r *aws.Request) error {
		fmt.Println("  >", r.ClientInfo.ServiceName, cmp.Or(r.Operation.Name, "(raw)"), r.HTTPRequest.Method)
		return nil
	})

	atS3 := sess.Copy(aws.NewConfig().WithEndpoint(endpoint))
	atTables := sess.Copy(aws.NewConfig().WithEndpoint(tables))
	for _, step := range []struct {
		name string
		run  func(context.Context, *aws.Session) error
		sess *aws.Session
	}{
		{"object, typed", typedObject, atS3},
		{"object, by name", namedObject, atS3},
		{"object, raw", rawObject, atS3},
		{"table, typed", typedTable, atTables},
		{"table, by name", namedTable, atTables},
		{"table, raw", rawTable, atTables},
	} {
		fmt.Println(step.name)
		if err := step.run(ctx, step.sess); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// typedObject uses the client of aws-sdk-go-v2.
func typedObject(ctx context.Context, sess *aws.Session) error {
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

// namedObject uses a client that was made from a model at run time.
func namedObject(ctx context.Context, sess *aws.Session) error {
	client, err := sess.Client("s3")
	if err != nil {
		return err
	}
	list, err := client.Call(ctx, "ListBuckets", nil)
	if err != nil {
		return err
	}
	for _, b := range list["Buckets"].([]any) {
		fmt.Println("  bucket:", b.(map[string]any)["Name"])
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

// rawObject signs requests of the HTTP session.
func rawObject(ctx context.Context, sess *aws.Session) error {
	session, err := sess.HTTP().Copy(requests.WithBaseURL(*sess.Config.Endpoint+"/"), requests.WithAuth(sess.Auth("s3")), requests.WithRaiseForStatus(true))
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

// typedTable makes the table, waits until it is there, and puts a row.
func typedTable(ctx context.Context, sess *aws.Session) error {
	client := aws.NewClient(sess, dynamodb.NewFromConfig)
	_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName: sdk.String(tableName), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: sdk.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: sdk.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	if exists := (*types.ResourceInUseException)(nil); err != nil && !errors.As(err, &exists) {
		return err
	}
	if err := dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: sdk.String(tableName)}, time.Minute); err != nil {
		return err
	}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: sdk.String(tableName), Item: map[string]types.AttributeValue{
		"id": &types.AttributeValueMemberS{Value: "1"}, "text": &types.AttributeValueMemberS{Value: "put by a typed client"},
	}})
	if err != nil {
		return err
	}
	out, err := client.Query(ctx, &dynamodb.QueryInput{
		TableName: sdk.String(tableName), KeyConditionExpression: sdk.String("id = :id"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":id": &types.AttributeValueMemberS{Value: "1"}},
	})
	if err != nil {
		return err
	}
	for _, item := range out.Items {
		fmt.Println("  row:", item["text"].(*types.AttributeValueMemberS).Value)
	}
	return nil
}

// namedTable puts and queries a row by the names of the API.
func namedTable(ctx context.Context, sess *aws.Session) error {
	client, err := sess.Client("dynamodb")
	if err != nil {
		return err
	}
	item := aws.Params{"id": aws.Params{"S": "2"}, "text": aws.Params{"S": "put by name"}}
	if _, err := client.Call(ctx, "PutItem", aws.Params{"TableName": tableName, "Item": item}); err != nil {
		return err
	}
	out, err := client.Call(ctx, "Query", query("2"))
	if err != nil {
		return err
	}
	fmt.Println("  rows:", out["Count"], out["Items"])
	return nil
}

// rawTable speaks the protocol itself: JSON, and the operation in a field.
func rawTable(ctx context.Context, sess *aws.Session) error {
	call := func(op string, in any) (out struct {
		Items []map[string]map[string]string
	}, err error) {
		resp, err := sess.HTTP().Post(ctx, *sess.Config.Endpoint, requests.WithJSON(in), requests.WithAuth(sess.Auth("dynamodb")),
			requests.WithHeader("Content-Type", "application/x-amz-json-1.0"), requests.WithHeader("X-Amz-Target", "DynamoDB_20120810."+op),
			requests.WithRaiseForStatus(true))
		if err != nil {
			return out, err
		}
		return out, resp.JSON(&out)
	}
	item := aws.Params{"id": aws.Params{"S": "3"}, "text": aws.Params{"S": "put raw"}}
	if _, err := call("PutItem", aws.Params{"TableName": tableName, "Item": item}); err != nil {
		return err
	}
	out, err := call("Query", query("3"))
	if err != nil {
		return err
	}
	for _, item := range out.Items {
		fmt.Println("  row:", item["text"]["S"])
	}
	return nil
}

func query(id string) aws.Params {
	return aws.Params{"TableName": tableName, "KeyConditionExpression": "id = :id", "ExpressionAttributeValues": aws.Params{":id": aws.Params{"S": id}}}
}

func show(body io.ReadCloser) error {
	defer body.Close()
	b, err := io.ReadAll(body)
	fmt.Println("  got:", string(b))
	return err
}
