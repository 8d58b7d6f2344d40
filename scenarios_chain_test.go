package requests_test

import "github.com/seed-3bbad739/requests"

// The scenarios of more than one request: cookies, credentials, redirects.

func cookieScenarios() []scenario {
	return []scenario{
		{Name: "a cookie of the call", Call: scenarioLayer{Cookies: map[string]string{"a": "1"}}},
		{Name: "cookies of both layers", Session: scenarioLayer{Cookies: map[string]string{"a": "1"}}, Call: scenarioLayer{Cookies: map[string]string{"b": "2"}}},
		{Name: "a cookie that the server sets", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1", "Set-Cookie: b=2; Path=/")}},
		{Name: "a cookie for another path", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1; Path=/x")}},
		{Name: "a cookie for a path and below", URL: "{base}/x/y", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1; Path=/x")}},
		{Name: "a cookie for the directory", URL: "{base}/x/y", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1")}},
		{Name: "a cookie that is secure", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1; Secure")}},
		{Name: "a cookie for another host", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1; Domain=h.test")}},
		{Name: "a cookie that is taken back", Repeat: 3, replies: []string{reply(200, "", "Set-Cookie: a=1"), reply(200, "", "Set-Cookie: a=; Max-Age=0")}},
		{Name: "a cookie that has expired", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT")}},
		{Name: "a cookie that is quoted", Repeat: 2, replies: []string{reply(200, "", `Set-Cookie: a="1 2"`)}},
		{Name: "a Cookie field of the caller's", Session: scenarioLayer{Cookies: map[string]string{"a": "1"}}, Call: scenarioLayer{Headers: headers{"Cookie": text("m=1")}}},
		{Name: "a Cookie field of the caller's is for the first hop", Call: scenarioLayer{Headers: headers{"Cookie": text("m=1")}}, replies: []string{redirectTo(302, "/2", "Set-Cookie: a=1"), reply(200, "")}},
		{Name: "a cookie of a redirect", replies: []string{redirectTo(302, "/2", "Set-Cookie: a=1"), reply(200, "")}},
		{Name: "a cookie of the call after a redirect", Call: scenarioLayer{Cookies: map[string]string{"a": "1"}}, replies: []string{redirectTo(302, "/2", "Set-Cookie: b=2"), reply(200, "")}},
		{Name: "a cookie of the call elsewhere", Call: scenarioLayer{Cookies: map[string]string{"a": "1"}}, replies: []string{redirectTo(302, "{other}/2"), reply(200, "")},
			deviation: "D7", ours: []string{"GET /\nCookie: a=1\n\n", "GET /2\nHost: OTHER\n\n"}},
		{Name: "a cookie without a name", Repeat: 2, replies: []string{reply(200, "", "Set-Cookie: =x")},
			deviation: "D62", ours: []string{"GET /\n\n\n", "GET /\nCookie: x\n\n"}},
	}
}

func authScenarios() []scenario {
	ab, cd := []string{"a", "b"}, []string{"c", "d"}
	own := headers{"Authorization": text("Own o")}
	const net = "machine 127.0.0.1 login net password rc\n"
	return []scenario{
		{Name: "credentials of the call", Call: scenarioLayer{Auth: ab}},
		{Name: "credentials of the session", Session: scenarioLayer{Auth: ab}},
		{Name: "credentials of the call over the session's", Session: scenarioLayer{Auth: cd}, Call: scenarioLayer{Auth: ab}},
		{Name: "credentials in Latin-1", Call: scenarioLayer{Auth: []string{"ü", "é"}}},
		{Name: "no user and no password", Call: scenarioLayer{Auth: []string{"", ""}}},
		{Name: "credentials in the URL", URL: "http://u:p@{addr}/"},
		{Name: "credentials in the URL, escaped", URL: "http://u%40h:p%3a%25@{addr}/"},
		{Name: "a user alone in the URL", URL: "http://u@{addr}/"},
		{Name: "credentials in the URL under the session's", URL: "http://u:p@{addr}/", Session: scenarioLayer{Auth: ab}},
		{Name: "credentials in the URL over a field", URL: "http://u:p@{addr}/", Call: scenarioLayer{Headers: own}},
		{Name: "a field", Call: scenarioLayer{Headers: own}},
		{Name: "credentials over a field", Call: scenarioLayer{Headers: own, Auth: ab}},
		{Name: "netrc", Netrc: net},
		{Name: "netrc for others", Netrc: "machine h.test login net password rc\n"},
		{Name: "netrc for whoever", Netrc: "default login net password rc\n"},
		{Name: "netrc under the session's", Netrc: net, Session: scenarioLayer{Auth: ab}},
		{Name: "netrc and a field", Netrc: net, Call: scenarioLayer{Headers: own}, deviation: "D5", ours: []string{"GET /\nAuthorization: Own o\n\n"}},
		{Name: "netrc and credentials in the URL", Netrc: net, URL: "http://u:p@{addr}/", deviation: "D6", ours: []string{"GET /\nAuthorization: Basic dTpw\n\n"}},
		{Name: "credentials outside Latin-1", Call: scenarioLayer{Auth: []string{"€", "p"}}, deviation: "D21b", ours: []string{"GET /\nAuthorization: Basic 4oKsOnA=\n\n"}, fails: errSucceeds},
	}
}

func redirectScenarios() (all []scenario) {
	yes, no := true, false
	for _, status := range []struct {
		code string
		n    int
	}{{"301", 301}, {"302", 302}, {"303", 303}, {"307", 307}, {"308", 308}} {
		for _, m := range []string{"GET", "POST", "PUT", "DELETE"} {
			c := scenario{Name: m + " and " + status.code, Method: m, replies: []string{redirectTo(status.n, "/2"), reply(200, "")}}
			if m == "POST" || m == "PUT" {
				c.Body = scenarioBody{Kind: "form", Form: values{"a": {"1"}}}
			}
			all = append(all, c)
		}
	}
	there := []string{redirectTo(302, "/2"), reply(200, "")}
	elsewhere := []string{redirectTo(302, "{other}/2"), reply(200, "")}
	return append(all, []scenario{
		{Name: "300 leads nowhere", replies: []string{redirectTo(300, "/2"), reply(200, "")}},
		{Name: "304 leads nowhere", replies: []string{reply(304, "", "Location: /2")}},
		{Name: "HEAD is not redirected", Method: "HEAD", replies: []string{"HTTP/1.1 302 Found\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n"}},
		{Name: "HEAD is, when the call says so", Method: "HEAD", Redirects: &yes, replies: []string{"HTTP/1.1 303 See Other\r\nLocation: /2\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}},
		{Name: "redirects switched off", Redirects: &no, replies: there},
		{Name: "a relative Location", URL: "{base}/a/b?c", replies: []string{redirectTo(302, "d?e=f g"), reply(200, "")}},
		{Name: "a Location that climbs", URL: "{base}/a/b/c", replies: []string{redirectTo(302, "../../../d"), reply(200, "")}},
		{Name: "a Location of a query", URL: "{base}/a/b?c", replies: []string{redirectTo(302, "?d"), reply(200, "")}},
		{Name: "a Location of a host", replies: []string{redirectTo(302, "//{addr}/2"), reply(200, "")}},
		{Name: "a Location with a fragment", replies: []string{redirectTo(302, "/2#f"), reply(200, "")}},
		{Name: "a Location to be escaped", replies: []string{redirectTo(302, "/ä b?ö=%zz"), reply(200, "")}},
		{Name: "a Location for another scheme", replies: []string{redirectTo(302, "ftp://127.0.0.1/x"), reply(200, "")}},
		{Name: "params are not added again", Session: scenarioLayer{Params: values{"a": {"1"}}}, replies: there},
		{Name: "fields go along", Call: scenarioLayer{Headers: headers{"X-A": text("1"), "Accept": text("x/y")}}, replies: there},
		{Name: "fields go elsewhere too", Call: scenarioLayer{Headers: headers{"X-A": text("1")}}, replies: elsewhere},
		{Name: "credentials go along", Call: scenarioLayer{Auth: []string{"a", "b"}}, replies: there},
		{Name: "credentials do not go elsewhere", Call: scenarioLayer{Auth: []string{"a", "b"}}, replies: elsewhere},
		{Name: "an Authorization field does not go elsewhere", Call: scenarioLayer{Headers: headers{"Authorization": text("Own o")}}, replies: elsewhere},
		{Name: "a secret field does not go elsewhere", Call: scenarioLayer{Headers: headers{"X-Api-Key": text("k")}}, replies: elsewhere,
			deviation: "D52", ours: []string{"GET /\nX-Api-Key: k\n\n", "GET /2\nHost: OTHER\n\n"}},
		{Name: "a file is sent again from where it stood", Method: "POST", Body: scenarioBody{Kind: "file", Text: "abcdef", Seek: 3}, replies: []string{redirectTo(307, "/2"), reply(200, "")}},
		{Name: "a stream cannot be sent again", Method: "POST", Body: scenarioBody{Kind: "stream", Text: "abc"}, replies: []string{redirectTo(307, "/2"), reply(200, "")},
			deviation: "D13", ours: []string{"POST /\nTransfer-Encoding: chunked\n\nabc"}, fails: requests.ErrBodyNotReplayable},
		{Name: "a stream that need not be", Method: "POST", Body: scenarioBody{Kind: "stream", Text: "abc"}, replies: []string{redirectTo(303, "/2"), reply(200, "")}},
		{Name: "a loop", replies: []string{redirectTo(302, "/")}, deviation: "D59", ours: []string{"GET /\n\n\n"}},
	}...)
}
