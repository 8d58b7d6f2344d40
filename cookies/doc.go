// Package cookies keeps HTTP cookies as RFC 6265bis says: a jar that can be
// listed, edited, merged and saved, and that a plain [net/http.Client] takes too.
//
// A session makes a [Jar] by itself; requests.Session.Cookies returns it, live.
// requests.WithCookieJar gives it another, made by [New] and filled elsewhere:
//
//	jar := cookies.New(nil)
//	err := jar.LoadFile("cookies.json")
//	session, err := requests.NewSession(requests.WithCookieJar(jar))
//
// [Jar.All] lists the cookies with all their attributes, [Jar.Get], [Jar.Set],
// [Jar.Delete] and [Jar.Clear] are for single ones, and a [Filter] such as
// [Domain] or [Path] narrows the choice where several have one name.
//
// [Jar.SaveFile] and [Jar.LoadFile] keep a jar in a file of JSON, also between
// processes that run at the same time; [Jar.WriteNetscape] and
// [Jar.ReadNetscape] exchange it with curl and browsers. Cookies that end with
// the session are saved only [WithSessionCookies].
//
// The limits of a jar are 50 cookies for one domain, 3000 in all and 4096 bytes
// for each; [Options] change them. No cookie is taken for a public suffix. Jars
// and cookies print without values.
package cookies
