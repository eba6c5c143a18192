package serde

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// reader walks JSON text (RFC 8259).
type reader struct {
	data []byte
	pos  int
}

func (r *reader) peek() byte {
	if r.pos < len(r.data) {
		return r.data[r.pos]
	}
	return 0
}

func (r *reader) space() {
	for r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// take steps over c, and the space before it, if it is next.
func (r *reader) take(c byte) bool {
	r.space()
	if r.pos >= len(r.data) || r.data[r.pos] != c {
		return false
	}
	r.pos++
	return true
}

func (r *reader) end() bool {
	r.space()
	return r.pos == len(r.data)
}

// value steps over one value and returns its text without the space around it.
func (r *reader) value(depth int) ([]byte, error) {
	r.space()
	start := r.pos
	if err := r.skip(depth); err != nil {
		return nil, err
	}
	return r.data[start:r.pos:r.pos], nil
}

func (r *reader) skip(depth int) error {
	if depth > maxDepth {
		return ErrSyntax
	}
	r.space()
	switch c := r.peek(); {
	case c == '{':
		r.pos++
		for first := true; !r.take('}'); first = false {
			if !first && !r.take(',') {
				return ErrSyntax
			}
			r.space()
			if _, err := r.text(); err != nil {
				return err
			}
			if !r.take(':') {
				return ErrSyntax
			}
			if err := r.skip(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case c == '[':
		r.pos++
		for first := true; !r.take(']'); first = false {
			if !first && !r.take(',') {
				return ErrSyntax
			}
			if err := r.skip(depth + 1); err != nil {
				return err
			}
		}
		return nil
	case c == '"':
		_, err := r.text()
		return err
	case c == 't':
		return r.word("true")
	case c == 'f':
		return r.word("false")
	case c == 'n':
		return r.word("null")
	default:
		return r.number()
	}
}

func (r *reader) word(w string) error {
	if len(r.data)-r.pos < len(w) || string(r.data[r.pos:r.pos+len(w)]) != w {
		return ErrSyntax
	}
	r.pos += len(w)
	return nil
}

func (r *reader) digits() bool {
	start := r.pos
	for r.pos < len(r.data) && r.data[r.pos]-'0' < 10 {
		r.pos++
	}
	return r.pos > start
}

func (r *reader) number() error {
	if r.peek() == '-' {
		r.pos++
	}
	if r.peek() == '0' {
		r.pos++
	} else if !r.digits() {
		return ErrSyntax
	}
	if r.peek() == '.' {
		r.pos++
		if !r.digits() {
			return ErrSyntax
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		r.pos++
		if c := r.peek(); c == '+' || c == '-' {
			r.pos++
		}
		if !r.digits() {
			return ErrSyntax
		}
	}
	return nil
}

// text reads a string. Halves of surrogate pairs and bytes that are not UTF-8
// are refused, as serde_json does.
func (r *reader) text() (string, error) {
	if r.peek() != '"' {
		return "", ErrSyntax
	}
	r.pos++
	start := r.pos
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '"':
			s := r.data[start:r.pos]
			r.pos++
			if !utf8.Valid(s) {
				return "", ErrSyntax
			}
			return string(s), nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", ErrSyntax
		default:
			r.pos++
		}
	}
	return "", ErrSyntax
}

// escaped goes on with a string that has escapes, the first at pos.
func (r *reader) escaped(start int) (string, error) {
	s := append([]byte(nil), r.data[start:r.pos]...)
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		r.pos++
		switch {
		case c == '"':
			if !utf8.Valid(s) {
				return "", ErrSyntax
			}
			return string(s), nil
		case c < 0x20:
			return "", ErrSyntax
		case c != '\\':
			s = append(s, c)
			continue
		}
		c = r.peek()
		r.pos++
		switch c {
		case '"', '\\', '/':
			s = append(s, c)
		case 'b':
			s = append(s, '\b')
		case 'f':
			s = append(s, '\f')
		case 'n':
			s = append(s, '\n')
		case 'r':
			s = append(s, '\r')
		case 't':
			s = append(s, '\t')
		case 'u':
			u, ok := r.unit()
			if ok && utf16.IsSurrogate(u) {
				if ok = r.word(`\u`) == nil; ok {
					var low rune
					low, ok = r.unit()
					u = utf16.DecodeRune(u, low)
					ok = ok && u != utf8.RuneError
				}
			}
			if !ok {
				return "", ErrSyntax
			}
			s = utf8.AppendRune(s, u)
		default:
			return "", ErrSyntax
		}
	}
	return "", ErrSyntax
}

// unit reads the four digits of a \u escape.
func (r *reader) unit() (rune, bool) {
	if len(r.data)-r.pos < 4 {
		return 0, false
	}
	for _, c := range r.data[r.pos : r.pos+4] {
		if !(c-'0' < 10 || c|0x20 >= 'a' && c|0x20 <= 'f') {
			return 0, false
		}
	}
	u, err := strconv.ParseUint(string(r.data[r.pos:r.pos+4]), 16, 16)
	r.pos += 4
	return rune(u), err == nil
}
