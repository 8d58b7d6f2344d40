// Package aws gives AWS clients a session: one object that holds profile,
// region, credentials and handlers, is loaded once from the environment and
// the shared files, is copied with overrides, and makes clients of services.
// Everything it sends, the fetching of credentials included, goes through a
// [requests.Session], with its connections, proxies, trust, time limits and hooks.
//
//	sess, err := aws.Open(ctx, aws.WithProfile("dev"))
//	if err != nil { … }
//	defer sess.Close()
//
//	typed := aws.NewClient(sess, s3.NewFromConfig)                 // any client of aws-sdk-go-v2
//	byName, err := sess.Client("dynamodb")                         // without generated code
//	raw, err := sess.HTTP().Get(ctx, url, requests.WithAuth(sess.Auth("s3")))
//
// Making a session reads variables and files, so make one and keep it.
// Programs that also import aws-sdk-go-v2/aws name that one sdk.
package aws
