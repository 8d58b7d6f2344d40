package redact

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"
)

// Body returns content for printing, by its media type: the values of secret
// fields of forms, of JSON and of multipart forms are hidden, the URLs in any
// other text lose their secrets. The content may be cut short anywhere: what
// is left of a secret is hidden too.
func Body(contentType string, content []byte) []byte {
	kind, params, _ := mime.ParseMediaType(contentType)
	if kind == "" {
		kind, _, _ = strings.Cut(strings.ToLower(contentType), ";")
	}
	switch {
	case kind == "application/x-www-form-urlencoded":
		return []byte(query(string(content), Value, nil))
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		return multipart(content, "--"+params["boundary"])
	case IsJSON(kind), startsJSON(content):
		return JSON(content)
	}
	return []byte(hideURLs(string(content)))
}

// IsText reports whether a media type, with or without parameters, is one that
// people can read.
func IsText(contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	switch kind {
	case "application/x-www-form-urlencoded", "application/javascript", "application/xml", "multipart/form-data":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+xml") || IsJSON(kind)
}

// IsJSON reports whether a media type, without parameters, is of JSON.
func IsJSON(kind string) bool {
	kind = strings.TrimSpace(kind)
	return strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "json-seq") || strings.HasSuffix(kind, "ndjson")
}

func startsJSON(content []byte) bool {
	content = bytes.TrimLeft(content, " \t\r\n\x1e\ufeff")
	return len(content) > 0 && (content[0] == '{' || content[0] == '[')
}

// maxNested is how deep JSON in the strings of JSON is looked into.
const maxNested = 4

// JSON returns content with the values of secret members hidden, at any depth.
// content need not be valid, nor whole.
func JSON(content []byte) []byte { return hideJSON(content, maxNested) }

func hideJSON(content []byte, nested int) []byte {
	out := make([]byte, 0, len(content)+64)
	for i := 0; i < len(content); {
		if content[i] != '"' {
			out = append(out, content[i])
			i++
			continue
		}
		end := stringEnd(content, i)
		colon := skipSpace(content, end)
		if colon == len(content) || content[colon] != ':' {
			out = append(out, hideString(content[i:end], nested)...)
			i = end
			continue
		}
		value := skipSpace(content, colon+1)
		out = append(out, content[i:value]...)
		name := unquote(content[i:end])
		i = value
		if SecretKey(name) {
			end := valueEnd(content, value)
			out = append(out, hideMember(content[value:end])...)
			i = end
		}
	}
	return out
}

// hideMember hides the value of a member; what can be no secret stays.
func hideMember(value []byte) string {
	switch string(value) {
	case "", "null", "true", "false":
		return string(value)
	}
	if value[0] == '"' {
		return `"` + Value(unquote(value)) + `"`
	}
	return `"` + Value(string(value)) + `"`
}

// hideString looks for URLs and for JSON in a string that is no secret.
func hideString(quoted []byte, nested int) []byte {
	s := unquote(quoted)
	hidden := s
	if nested > 0 && startsJSON([]byte(s)) {
		hidden = string(hideJSON([]byte(s), nested-1))
	} else {
		hidden = hideURLs(s)
	}
	if hidden == s {
		return quoted
	}
	b, err := json.Marshal(hidden)
	if err != nil {
		return []byte(`"` + Mask + `"`)
	}
	return b
}

// stringEnd returns the index behind the string that begins at i.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\r' || b[i] == '\n') {
		i++
	}
	return i
}

// valueEnd returns the index behind the value that begins at i: all that is
// left, if its end is missing.
func valueEnd(b []byte, i int) int {
	if i == len(b) {
		return i
	}
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		for depth := 0; i < len(b); i++ {
			switch b[i] {
			case '"':
				i = stringEnd(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
		return len(b)
	}
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' && b[i] != ' ' && b[i] != '\n' && b[i] != '\r' {
		i++
	}
	return i
}

// unquote returns what a string stands for, or its inside as it is when it is
// cut short or wrong.
func unquote(quoted []byte) string {
	var s string
	if json.Unmarshal(quoted, &s) == nil {
		return s
	}
	s = strings.TrimPrefix(string(quoted), `"`)
	if n := len(s); n > 0 && s[n-1] == '"' {
		s = s[:n-1]
	}
	return s
}

// multipart hides the content of the parts whose names are secret, and of the
// header of every part what would be hidden in a request's.
func multipart(content []byte, delimiter string) []byte {
	parts := strings.Split(string(content), delimiter)
	for i, p := range parts {
		head, body, ok := strings.Cut(p, "\r\n\r\n")
		kind, name, file := partHead(head)
		behind := p[len(head):]
		if i > 0 || ok {
			head = hideHead(head)
		}
		if !ok || body == "" {
			parts[i] = head + behind
			continue
		}
		end := ""
		if b, ok := strings.CutSuffix(body, "\r\n"); ok {
			body, end = b, "\r\n"
		}
		switch {
		case SecretKey(name):
			body = Value(body)
		case IsText(kind) && !strings.HasPrefix(kind, "multipart/"):
			body = string(Body(kind, []byte(body)))
		case kind == "" && !file:
			body = hideURLs(body)
		}
		parts[i] = head + "\r\n\r\n" + body + end
	}
	return []byte(strings.Join(parts, delimiter))
}

var unfold = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ")

// hideHead hides in the header of a part, which may be cut short, what is hidden
// in that of a request.
func hideHead(head string) string {
	lines := strings.Split(head, "\r\n")
	shown := lines[:0]
	secret := false
	for _, line := range lines {
		if folded := line != "" && (line[0] == ' ' || line[0] == '\t'); folded {
			if !secret {
				shown = append(shown, line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		secret = ok && (SecretName(name) || isURLField(name))
		if secret {
			line = name + ": " + Header(name, strings.TrimSpace(value))
		}
		shown = append(shown, line)
	}
	return strings.Join(shown, "\r\n")
}

// partHead reads the header of a part.
func partHead(head string) (kind, name string, file bool) {
	for line := range strings.SplitSeq(unfold.Replace(head), "\r\n") {
		k, v, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "content-type":
			kind = strings.TrimSpace(v)
		case "content-disposition":
			if _, params, err := mime.ParseMediaType(v); err == nil {
				name = params["name"]
			} else {
				_, after, _ := strings.Cut(v, ` name="`)
				name, _, _ = strings.Cut(after, `"`)
			}
			file = strings.Contains(v, "filename")
		}
	}
	return kind, name, file
}
