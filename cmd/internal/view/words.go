package view

import (
	"errors"
	"strings"
)

var errQuote = errors.New("a quotation mark has no second one")

// words are the parts of a command as a shell takes them apart: between spaces, where
// quotation marks and backslashes do not keep them together. Nothing is expanded.
func words(command string) (out []string, err error) {
	var b strings.Builder
	quote, some, escaped := rune(0), false, false
	for _, r := range command {
		switch {
		case escaped:
			if quote == '"' && r != '"' && r != '\\' {
				b.WriteByte('\\')
			}
			b.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, some = true, true
		case quote != 0:
			if r == quote {
				quote = 0
			} else {
				b.WriteRune(r)
			}
		case r == '"' || r == '\'':
			quote, some = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if some {
				out = append(out, b.String())
				b.Reset()
				some = false
			}
		default:
			b.WriteRune(r)
			some = true
		}
	}
	if quote != 0 || escaped {
		return nil, errQuote
	}
	if some {
		out = append(out, b.String())
	}
	return out, nil
}
