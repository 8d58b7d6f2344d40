package requests_test

import (
	"strings"

	"github.com/seed-3bbad739/requests"
)

// scenarios are the calls that both libraries make in TestReference.
func scenarios() (all []scenario) {
	for _, group := range [][]scenario{targetScenarios(), paramScenarios(), headerScenarios(), methodScenarios(), bodyScenarios(), fileScenarios(), cookieScenarios(), authScenarios(), redirectScenarios()} {
		for _, c := range group {
			if c.Method == "" {
				c.Method = "GET"
			}
			if c.URL == "" {
				c.URL = "{base}/"
			}
			all = append(all, c)
		}
	}
	return all
}

func text(s string) *string { return &s }

type (
	headers = map[string]*string
	values  = map[string][]string
)

func targetScenarios() []scenario {
	return []scenario{
		{Name: "a plain GET"},
		{Name: "no path", URL: "{base}"},
		{Name: "no path but a query", URL: "{base}?x"},
		{Name: "no path but a fragment", URL: "{base}#x"},
		{Name: "leading white space", URL: " \n\t{base}/a"},
		{Name: "trailing white space", URL: "{base}/a \n"},
		{Name: "scheme in capitals", URL: "HTTP://{addr}/a"},
		{Name: "leading zeros of the port", URL: "http://127.0.0.1:000{port}/a"},
		{Name: "spaces and text outside ASCII", URL: "{base}/a b/ä?x=ö y#ü"},
		{Name: "dot segments", URL: "{base}/a/./b/../../../c/.."},
		{Name: "repeated slashes", URL: "{base}//a//b"},
		{Name: "a stray percent sign", URL: "{base}/50%?q=%41"},
		{Name: "stray and good escapes", URL: "{base}/%zz%41?%2f"},
		{Name: "escapes in small letters", URL: "{base}/%c3%a4%2f%7e%61?%26%71"},
		{Name: "an escaped percent sign", URL: "{base}/%2541"},
		{Name: "legal characters", URL: "{base}/x(1)!$&'*+,;=:@~?x(1)!$&'*+,;=:@~/?"},
		{Name: "characters that are escaped", URL: "{base}/\"<>[]{}|^`?\"<>[]{}|^`"},
		{Name: "a backslash", URL: `{base}/a\b?c\d`},
		{Name: "a backslash after the host", URL: `{base}\b`},
		{Name: "line ends", URL: "{base}/a\r\nX: y?\r\nX: y"},
		{Name: "controls", URL: "{base}/\x01\x7f"},
		{Name: "a bare question mark", URL: "{base}/a?#"},
		{Name: "two question marks", URL: "{base}/a?b?c"},
		{Name: "plus signs", URL: "{base}/a+b?c+d"},
		{Name: "no scheme", URL: "h.test/x"},
		{Name: "a host for a scheme", URL: "h.test:80/x"},
		{Name: "no host", URL: "http:///x"},
		{Name: "no slashes", URL: "http:h.test"},
		{Name: "a port too high", URL: "http://127.0.0.1:65536/"},
		{Name: "a port of letters", URL: "http://127.0.0.1:a/"},
		{Name: "an open bracket", URL: "http://[::1/"},
		{Name: "a wildcard", URL: "http://*.test/"},
		{Name: "an emoji for a host", URL: "http://😀.test/"},
		{Name: "a scheme nobody serves", URL: "ftp://127.0.0.1/x"},
		{Name: "a space in the host", URL: "http://my host/", deviation: "D35", fails: requests.ErrInvalidURL},
	}
}

func paramScenarios() []scenario {
	return []scenario{
		{Name: "params", Call: scenarioLayer{Params: values{"a": {"1"}, "b": {"2", "3"}}}},
		{Name: "params to be escaped", Call: scenarioLayer{Params: values{"a b": {"c d&e=f+g/h?ä~_.-*"}}}},
		{Name: "a param without text", Call: scenarioLayer{Params: values{"a": {""}}}},
		{Name: "a param without values", Call: scenarioLayer{Params: values{"a": {}}}},
		{Name: "params behind a query and before a fragment", URL: "{base}/p?z=1&a#f", Call: scenarioLayer{Params: values{"b": {"2"}}}},
		{Name: "params behind a query that ends with &", URL: "{base}/p?z=1&", Call: scenarioLayer{Params: values{"b": {"2"}}}},
		{Name: "params of both layers", Session: scenarioLayer{Params: values{"a": {"1"}, "b": {"1"}}}, Call: scenarioLayer{Params: values{"b": {"2"}, "c": {"3"}}}},
		{Name: "params told apart by case", Session: scenarioLayer{Params: values{"K": {"1"}}}, Call: scenarioLayer{Params: values{"k": {"2"}}}},
		{Name: "a param removed", Session: scenarioLayer{Params: values{"a": {"1"}, "b": {"1"}}}, Call: scenarioLayer{Params: values{"a": nil}}},
		{Name: "a raw query in place of params", Session: scenarioLayer{Params: values{"a": {"1"}}}, Call: scenarioLayer{RawQuery: "raw=1&b c&%7e"}},
		{Name: "params in an order of the caller's", Call: scenarioLayer{Pairs: [][2]string{{"b", "1"}, {"a", "2"}}}, deviation: "D61", ours: []string{"GET /?a=2&b=1\n\n\n"}},
	}
}

func headerScenarios() []scenario {
	return []scenario{
		{Name: "a field", Call: scenarioLayer{Headers: headers{"X-A": text("1")}}},
		{Name: "a field without text", Call: scenarioLayer{Headers: headers{"X-A": text("")}}},
		{Name: "fields of both layers", Session: scenarioLayer{Headers: headers{"X-A": text("1"), "X-B": text("1")}}, Call: scenarioLayer{Headers: headers{"x-b": text("2")}}},
		{Name: "a built-in field replaced", Call: scenarioLayer{Headers: headers{"accept": text("text/html")}}},
		{Name: "a built-in field removed", Call: scenarioLayer{Headers: headers{"ACCEPT": nil}}},
		{Name: "a field of the session removed", Session: scenarioLayer{Headers: headers{"X-A": text("1")}}, Call: scenarioLayer{Headers: headers{"x-a": nil}}},
		{Name: "a Host of the caller's", Call: scenarioLayer{Headers: headers{"host": text("v.test:81")}}},
		{Name: "a value with CR LF", Call: scenarioLayer{Headers: headers{"X-A": text("a\r\nX-B: c")}}},
		{Name: "a value that ends with LF", Call: scenarioLayer{Headers: headers{"X-A": text("a\n")}}},
		{Name: "a value that begins with a space", Call: scenarioLayer{Headers: headers{"X-A": text(" a")}}},
		{Name: "a name with a colon", Call: scenarioLayer{Headers: headers{"X:A": text("1")}}},
		{Name: "no name", Call: scenarioLayer{Headers: headers{"": text("1")}}},
		{Name: "a name with a space", Call: scenarioLayer{Headers: headers{"X A": text("1")}}, deviation: "D36", ours: []string{}, fails: requests.ErrInvalidHeader},
	}
}

func methodScenarios() (all []scenario) {
	for _, m := range []string{"HEAD", "OPTIONS", "DELETE", "TRACE", "POST", "PUT", "PATCH", "FOO", "get", "pAtCh"} {
		all = append(all, scenario{Name: m + " without a body", Method: m})
		if m != "HEAD" && m != "TRACE" {
			all = append(all, scenario{Name: m + " with a body", Method: m, Body: scenarioBody{Kind: "text", Text: "abc€"}})
		}
	}
	return all
}

func bodyScenarios() []scenario {
	const form = "application/x-www-form-urlencoded"
	nothing := strings.Repeat("\n", 2)
	all := []scenario{
		{Name: "an empty text", Body: scenarioBody{Kind: "text"}},
		{Name: "a form", Body: scenarioBody{Kind: "form", Form: values{"a": {"1", "2"}, "b c": {"d&e ä~"}, "e": {""}}}},
		{Name: "an empty form", Body: scenarioBody{Kind: "form", Form: values{}}},
		{Name: "a form with a type of the caller's", Call: scenarioLayer{Headers: headers{"content-type": text("x/y")}}, Body: scenarioBody{Kind: "form", Form: values{"a": {"1"}}}},
		{Name: "a form that encodes to nothing", Body: scenarioBody{Kind: "form", Form: values{"a": nil}}, deviation: "D14",
			ours: []string{"POST /\nContent-Length: 0\nContent-Type: " + form + nothing}},
		{Name: "a stream", Body: scenarioBody{Kind: "stream", Text: "abcde"}},
		{Name: "an empty stream", Body: scenarioBody{Kind: "stream"}},
		{Name: "a file", Body: scenarioBody{Kind: "file", Text: "abcdef"}},
		{Name: "a file from within", Body: scenarioBody{Kind: "file", Text: "abcdef", Seek: 4}},
		{Name: "a length of the caller's that is wrong", Call: scenarioLayer{Headers: headers{"Content-Length": text("99")}}, Body: scenarioBody{Kind: "text", Text: "abc"}},
		{Name: "JSON: zero", Body: scenarioBody{Kind: "json", JSON: []byte("0")}},
		{Name: "JSON: false", Body: scenarioBody{Kind: "json", JSON: []byte("false")}},
		{Name: "JSON: an empty text", Body: scenarioBody{Kind: "json", JSON: []byte(`""`)}},
		{Name: "JSON: an empty list", Body: scenarioBody{Kind: "json", JSON: []byte("[]")}},
		{Name: "JSON: an empty object", Body: scenarioBody{Kind: "json", JSON: []byte("{}")}},
		{Name: "JSON with a type of the caller's", Call: scenarioLayer{Headers: headers{"Content-Type": text("x/json")}}, Body: scenarioBody{Kind: "json", JSON: []byte("1")}},
		{Name: "JSON that is not", Body: scenarioBody{Kind: "json"}},
		{Name: "JSON: an object", Body: scenarioBody{Kind: "json", JSON: []byte(`{"a":1,"b":[true,null]}`)}, deviation: "D20",
			ours: []string{"POST /\nContent-Length: 23\nContent-Type: application/json\n\n" + `{"a":1,"b":[true,null]}`}},
		{Name: "JSON: text outside ASCII", Body: scenarioBody{Kind: "json", JSON: []byte(`"ä<&>"`)}, deviation: "D20",
			ours: []string{"POST /\nContent-Length: 7\nContent-Type: application/json\n\n" + `"ä<&>"`}},
	}
	for i := range all {
		all[i].Method = "POST"
	}
	return append(all,
		scenario{Name: "GET with JSON", Body: scenarioBody{Kind: "json", JSON: []byte("1")}},
		scenario{Name: "GET with a stream", Body: scenarioBody{Kind: "stream", Text: "abc"}})
}

func fileScenarios() []scenario {
	all := []scenario{
		{Name: "one part", Body: scenarioBody{Files: []scenarioFile{{Field: "f", Name: text("a.txt"), Text: "data"}}}},
		{Name: "a part with type and header", Body: scenarioBody{Files: []scenarioFile{{Field: "f", Name: text("a.txt"), Text: "data", Type: "text/plain", Headers: map[string]string{"X-A": "1"}}}}},
		{Name: "a part without filename", Body: scenarioBody{Files: []scenarioFile{{Field: "f", Text: "data"}}}},
		{Name: "a part with an empty filename", Body: scenarioBody{Files: []scenarioFile{{Field: "f", Name: text(""), Text: "data"}}}},
		{Name: "parts that are empty", Body: scenarioBody{Files: []scenarioFile{{Field: "f", Name: text("a")}, {Field: "g", Name: text("b")}}}},
		{Name: "names to be escaped", Body: scenarioBody{Files: []scenarioFile{{Field: "n\"\r\n", Name: text("a\"b\\ä;\r\nX: y"), Text: "data"}}}},
		{Name: "a form and parts", Body: scenarioBody{Kind: "form", Form: values{"a": {"1", "2"}, "ä": {"ö\r\n"}, "n": nil}, Files: []scenarioFile{{Field: "f", Name: text("a"), Text: "--"}}}},
		{Name: "a multipart type without boundary", Call: scenarioLayer{Headers: headers{"Content-Type": text("multipart/mixed")}},
			Body: scenarioBody{Files: []scenarioFile{{Field: "f", Name: text("a"), Text: "x"}}}, deviation: "D14b",
			ours: []string{"POST /\nContent-Length: 135\nContent-Type: multipart/mixed; boundary=B\n\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a\"\r\n\r\nx\r\n--B--\r\n"}},
	}
	for i := range all {
		all[i].Method = "POST"
	}
	return all
}
