// Package auth sets credentials on requests, answers challenges, and keeps
// both to the origin they are meant for.
//
// An [Authenticator] works on an [net/http.Request], so it is of use without a
// session too. With one it is given to requests.WithAuth, for a session or a
// call; the session keeps it to the origin of its base URL, or of the first URL
// of the call.
//
//   - [Basic] and [Digest] send user and password (RFC 7617, RFC 7616);
//   - [Bearer] sends a token (RFC 6750), [OAuth2] the tokens of a source, fetched
//     anew when they expire or are refused (RFC 6749);
//   - [Header] and [Query] send API keys;
//   - [Netrc] takes them from a file, by host;
//   - package sigv4 signs as AWS asks;
//   - [Func] is one's own.
//
// [For] binds credentials to an origin by its name, also where redirects lead
// there, and [First] chooses among several:
//
//	auth.First(
//		auth.For("https://api.example.com", auth.Bearer(token)),
//		auth.For("https://files.example.com", auth.Basic(user, password)),
//	)
//
// [None] switches every source of credentials off. For a proxy, Basic and Digest
// are given to requests.WithProxyAuth.
//
// An authenticator that answers a 401 or a 407 is a [Challenger]. One with a
// method Deferred() runs last, before each request on the wire, as it needs the
// network, the content or the final header; all others run once for each call.
// One with a method Observe(*http.Response) is shown every response from where
// its credentials may go, whose header it may read and whose body it leaves
// alone. No authenticator prints its secrets.
package auth
