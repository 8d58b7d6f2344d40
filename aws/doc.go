// Package aws gives AWS clients a session: one object that holds profile,
// region, credentials and handlers, is loaded once from the environment and the
// shared files, is copied with overrides, and makes clients of services. It is
// what boto3 and the AWS SDK for Go v1 call a session, over a [requests.Session]:
// everything it sends, the fetching of credentials included, has that session's
// connections, proxies, trust, time limits and hooks.
//
//	sess, err := aws.Open(ctx, aws.WithProfile("dev"))
//	if err != nil { … }
//	defer sess.Close()
//
//	typed := aws.NewClient(sess, s3.NewFromConfig) // any client of aws-sdk-go-v2
//	named, err := sess.Client("dynamodb")          // without generated code
//	raw, err := sess.HTTP().Get(ctx, url, requests.WithAuth(sess.Auth("s3")))
//
// Programs that also import aws-sdk-go-v2/aws name that one sdk.
//
// # Sessions
//
// [Open] takes options, as boto3's Session takes arguments. [NewSession] and
// [NewSessionWithOptions] are those of the SDK for Go; [New] is theirs too, and
// puts off its error to the first request. Making a session reads variables and
// files, so make one and keep it; it asks nobody over the network. A session is
// safe for concurrent use as long as nobody assigns to its Config.
//
// [Session.Copy] lays a [Config] over a session. The copy shares connections
// and credentials, and has handlers and events of its own.
//
// [DefaultSession], [DefaultClient] and [DefaultResource] are boto3's functions
// of the module. [SetupDefaultSession] replaces the session that they use.
//
// # Where settings come from
//
// Of several sources the first that has a value decides:
//
//	profile        WithProfile, AWS_PROFILE, AWS_DEFAULT_PROFILE, "default"
//	region         WithRegion or Config, AWS_REGION, AWS_DEFAULT_REGION, the profile
//	config file    WithConfigFiles, AWS_CONFIG_FILE, ~/.aws/config
//	credentials    WithCredentialsFiles, AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials
//	trusted roots  Options.CustomCABundle, what a borrowed HTTP session says, AWS_CA_BUNDLE,
//	               the profile's ca_bundle, REQUESTS_CA_BUNDLE, the system
//	endpoint       ClientEndpoint or Config, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL,
//	               the profile's services section, its endpoint_url, the tables
//	retries        ClientRetry or Config, AWS_MAX_ATTEMPTS, the profile, 2 retries
//
// A profile that is named and is in no file is a [*ProfileNotFoundError] of the
// constructor, a file that does not parse a [*ConfigParseError]; so is a profile
// whose services setting names no section. A file that is missing is empty. With
// AWS_SDK_LOAD_CONFIG=false, or [SharedConfigDisable], the config file is not
// read, and of the credentials file only keys, a process and a web identity count.
//
// # Credentials
//
// They are found when they are first needed, kept, and fetched again when they
// expire. The order is that of the SDKs for Go: what the code gives; the profile,
// if the code names one; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a web
// identity of the environment; the profile. Within a profile: source_profile,
// keys, credential_source, a web identity, SSO, a login session,
// credential_process, and at last the endpoint of a container and an
// instance's metadata; around all that the role of role_arn.
//
// [CredentialsMethod] says which it was in boto3's words. When nobody has any,
// the error matches [ErrNoCredentials]; half a pair of keys is a
// [*PartialCredentialsError]; a source that fails is a
// [*CredentialRetrievalError]. Metadata and containers are never asked through a
// proxy. AWS_EC2_METADATA_DISABLED=true keeps a program that runs elsewhere from
// waiting for an instance's metadata. AWS_METADATA_SERVICE_TIMEOUT, in seconds,
// and AWS_METADATA_SERVICE_NUM_ATTEMPTS, or the settings of a profile
// metadata_service_timeout and metadata_service_num_attempts, are how patiently
// they are asked: without, a second and once. What answers with a 500 is asked
// three times. Credentials of an instance whose metadata cannot renew them are
// used past their end, as services take them then.
//
// Where code or variables have keys, how the profile would get its own does not
// matter, and may be wrong. The keys of one file belong together, the token
// included. A profile that aws-sdk-go-v2 would refuse or take otherwise, such as
// one with half a pair of keys beside its source, is read with the help of a
// temporary file, which holds names and no secrets.
//
// # Clients
//
// A typed client of aws-sdk-go-v2 comes of [NewClient], or of its own
// constructor and [Session.SDKConfig]. It has compile-time types and that
// SDK's endpoint rules.
//
// [Session.Client] makes a client by name from an API model at run time, as
// boto3.client does: [Client.Call] takes and returns maps, [Client.CallInto]
// structs; [Client.Paginate], [Client.Wait] and [Client.Presign] do what they
// do there. Models come from [WithModels], AWS_DATA_PATH, ~/.aws/models, or all
// of them from the module aws/models:
//
//	import _ "github.com/seed-3bbad739/requests/aws/models"
//
// Endpoints of clients by name come of tables that are of July 2025. A service
// that is newer may need [ClientEndpoint]. S3 has buckets in the host at AWS, and
// in the path at an endpoint that is given ([Config.S3ForcePathStyle]).
//
// Of the block "s3" of a profile, which is boto3's, clients by name go by
// addressing_style, use_dualstack_endpoint, use_accelerate_endpoint and
// us_east_1_regional_endpoint; typed clients have options of their own. Where
// there can be no acceleration (buckets with dots, FIPS, an endpoint that is
// given, other partitions) requests go as without, where boto3 refuses.
// payload_signing_enabled has no effect: content that can be read twice is signed.
//
// [Session.Resource] is boto3.resource: objects with identifiers, attributes,
// actions and collections, over a client by name. Parameters and outputs are
// those of the client.
//
// [Session.Auth] signs requests of any HTTP session, for what has no client;
// [Session.Presign] signs a URL for somebody else to use.
//
// # Handlers and events
//
// [Handlers] are the lists of the SDK for Go v1, one per phase of a request, and
// run alike for typed, named and, where they apply, raw calls:
//
//	sess.Handlers.Send.PushFront(func(r *aws.Request) error {
//		log.Printf("Request: %s/%s", r.ClientInfo.ServiceName, r.Operation.Name)
//		return nil
//	})
//
// An error of a handler ends the request. What a handler adds to the request in
// Sign is signed; what it adds in Send is not. A Send handler that sets the
// response answers in place of the network.
//
// [Session.Events] is botocore's emitter, with its names, such as
// "before-send.s3.PutObject", and its order. Clients copy handlers and events
// when they are made; what is registered later with the session they do not see.
//
// # HTTP
//
// [Session.HTTP] is the session that everything goes through: its hooks and
// mounts are live. [WithHTTPSession] borrows one. Of a borrowed session the
// adapters, proxies, trust, client certificate, time limits, middleware and
// exchange hooks apply, and not its header, params, cookies, authentication and
// base URL, which would spoil what was signed. Redirects are the SDK's to
// handle. One layer retries: the SDK's, or with [WithSessionRetries] the
// session's.
//
// # Coming from boto3
//
//	boto3.Session(profile_name="dev")        aws.Open(ctx, aws.WithProfile("dev"))
//	boto3.setup_default_session(…)           aws.SetupDefaultSession(ctx, …)
//	boto3.client("s3")                       aws.DefaultClient("s3")
//	session.client("s3", region_name="…")    sess.Client("s3", aws.ClientRegion("…"))
//	client.put_object(Bucket="b", Key="k")   client.Call(ctx, "PutObject", aws.Params{"Bucket": "b", "Key": "k"})
//	client.get_paginator("list_objects_v2")  client.Paginate(ctx, "ListObjectsV2", …)
//	client.get_waiter("bucket_exists")       client.Wait(ctx, "BucketExists", …)
//	session.resource("s3")                   sess.Resource("s3")
//	session.get_credentials()                sess.Credentials(ctx)
//	session.region_name, profile_name        sess.Region(), sess.Profile()
//	session.get_available_regions("s3")      sess.AvailableRegions("s3")
//	session.events.register(name, fn)        sess.Events().On(name, fn)
//
// Different on purpose: AWS_PROFILE and AWS_REGION come before their
// AWS_DEFAULT_ twins, and AWS_REGION counts. Half a pair of keys, or a token
// alone, is an error wherever it is given, but for half a pair in a profile
// that has another source. S3 of us-east-1 has the host of its region, and
// s3.amazonaws.com only where AWS_S3_US_EAST_1_REGIONAL_ENDPOINT or the
// profile says legacy. Two sources of credentials in one profile are the SDK's
// to judge, which takes keys before a process. The files of boto before 2014
// are not read. The retry mode "legacy", which boto3 has by default, is
// boto3's alone: where AWS_RETRY_MODE or the profile names it, the constructor
// says so. Settings of a profile begin at the margin: one that is indented
// below another is an error of the profile, as the SDK takes it for part of a
// value. Behind a source_profile the SDK takes a quote off both ends of a
// credential_process; a path with blanks goes into a script there. Behind a
// credential_source of Environment, AWS_SECURITY_TOKEN is not read.
//
// Not done for you, where boto3 does it: values of a DynamoDB resource are as on
// the wire, {"S": "text"}; Predict of Machine Learning needs its PredictEndpoint
// as [ClientEndpoint] too, and Timestream what its DescribeEndpoints returns;
// WriteGetObjectResponse of S3, and ARNs in place of a bucket's name, are for a
// typed client. The alias of an access point is a name.
//
// # Coming from the SDK for Go v1
//
// Session, Config, Options, Handlers, New, NewSession, NewSessionWithOptions,
// Must, Copy and ClientConfig are called the same and do the same. Different on
// purpose: the shared config is on unless it is turned off; a missing profile is
// an error at once; an error of a Send handler keeps the request from being
// sent. Clients are made by NewClient of the constructors of aws-sdk-go-v2.
package aws
