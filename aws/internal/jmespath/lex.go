package jmespath

import (
	"encoding/json"
	"fmt"
	"strings"
)

type kind int

const (
	tEnd kind = iota
	tName
	tNumber
	tLiteral
	tOp
)

type token struct {
	kind  kind
	text  string
	value any
}

func lex(s string) ([]token, error) {
	var toks []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case isLetter(c):
			j := i
			for j < len(s) && (isLetter(s[j]) || isDigit(s[j])) {
				j++
			}
			toks = append(toks, token{kind: tName, text: s[i:j]})
			i = j
		case isDigit(c) || c == '-' && i+1 < len(s) && isDigit(s[i+1]):
			j := i + 1
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			toks = append(toks, token{kind: tNumber, text: s[i:j]})
			i = j
		case c == '"' || c == '\'' || c == '`':
			j := i + 1
			for j < len(s) && s[j] != c {
				if s[j] == '\\' {
					j++
				}
				j++
			}
			if j >= len(s) {
				return nil, fmt.Errorf("jmespath: no closing %c in %q", c, s)
			}
			t, err := quoted(c, s[i+1:j])
			if err != nil {
				return nil, err
			}
			toks = append(toks, t)
			i = j + 1
		default:
			op := s[i : i+1]
			if i+1 < len(s) {
				switch s[i : i+2] {
				case "[]", "[?", "||", "&&", "==", "!=", "<=", ">=":
					op = s[i : i+2]
				}
			}
			if len(op) == 1 && !strings.ContainsAny(op, ".[]*(){},|!<>@:&") {
				return nil, fmt.Errorf("jmespath: unexpected %q in %q", op, s)
			}
			toks = append(toks, token{kind: tOp, text: op})
			i += len(op)
		}
	}
	return toks, nil
}

func quoted(c byte, s string) (token, error) {
	switch c {
	case '"':
		var name string
		if err := json.Unmarshal([]byte(`"`+s+`"`), &name); err != nil {
			return token{}, fmt.Errorf("jmespath: %w", err)
		}
		return token{kind: tName, text: name, value: true}, nil
	case '\'':
		return token{kind: tLiteral, value: strings.ReplaceAll(s, `\'`, `'`)}, nil
	}
	var v any
	s = strings.TrimSpace(strings.ReplaceAll(s, "\\`", "`"))
	if json.Unmarshal([]byte(s), &v) != nil {
		v = s // the old form: a literal that is no JSON is text
	}
	return token{kind: tLiteral, value: v}, nil
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
