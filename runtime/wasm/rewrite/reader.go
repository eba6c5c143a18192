package rewrite

import (
	"fmt"
	"unicode/utf8"
)

// A reader decodes a part of a module. The first failure sticks and ends the
// input, so callers check err once per item and loops end by themselves.
type reader struct {
	b   []byte // the module up to the end of the part
	p   int    // offset in the module
	fn  int    // for errors: the function, or -1
	err *Error
}

func (r *reader) fail(kind error, format string, args ...any) {
	r.failAt(r.p, kind, format, args...)
}

func (r *reader) failAt(at int, kind error, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Kind: kind, What: fmt.Sprintf(format, args...), Offset: at, Func: r.fn}
	}
	r.p = len(r.b)
}

func (r *reader) more() bool { return r.p < len(r.b) }

func (r *reader) byte() byte {
	if r.p >= len(r.b) {
		r.fail(ErrMalformed, "it ends too early")
		return 0
	}
	c := r.b[r.p]
	r.p++
	return c
}

// u32 reads an unsigned LEB128 number. Most fit one byte.
func (r *reader) u32() uint32 {
	if r.p < len(r.b) {
		if c := r.b[r.p]; c < 0x80 {
			r.p++
			return uint32(c)
		}
	}
	return r.u32Long()
}

func (r *reader) u32Long() uint32 {
	var x uint32
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		if shift == 28 && c > 0x0f {
			break
		}
		x |= uint32(c&0x7f) << shift
		if c < 0x80 {
			return x
		}
	}
	r.fail(ErrMalformed, "a number of more than 32 bits")
	return 0
}

// skipLEB passes over a signed number of at most n bytes.
func (r *reader) skipLEB(n int) {
	for range n {
		if r.byte() < 0x80 {
			return
		}
	}
	r.fail(ErrMalformed, "a number of more than %d bytes", n)
}

// s33 reads the type index of a block.
func (r *reader) s33() int64 {
	var x int64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		x |= int64(c&0x7f) << shift
		if c < 0x80 {
			if c&0x40 != 0 {
				x |= -1 << (shift + 7)
			}
			return x
		}
	}
	r.fail(ErrMalformed, "a block type of more than 33 bits")
	return 0
}

func (r *reader) take(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)-r.p) {
		r.fail(ErrMalformed, "it ends too early")
		return nil
	}
	s := r.b[r.p : r.p+int(n)]
	r.p += int(n)
	return s
}

// count reads the length of a vector whose items take at least one byte each.
func (r *reader) count(what string, limit uint32) uint32 {
	at := r.p
	n := r.u32()
	if n > limit {
		r.failAt(at, ErrLimit, "%d %s, at most %d are taken", n, what, limit)
		return 0
	}
	if uint64(n) > uint64(len(r.b)-r.p) {
		r.failAt(at, ErrMalformed, "%d %s in %d bytes", n, what, len(r.b)-r.p)
		return 0
	}
	return n
}

func (r *reader) name() string {
	at := r.p
	n := r.count("bytes of a name", maxName)
	s := string(r.take(n))
	if !utf8.ValidString(s) {
		r.failAt(at, ErrMalformed, "a name that is not UTF-8")
	}
	return s
}

// index reads an index below n.
func (r *reader) index(what string, n uint32) uint32 {
	at := r.p
	i := r.u32()
	if i >= n {
		r.failAt(at, ErrMalformed, "%s %d of %d", what, i, n)
		return 0
	}
	return i
}

// end demands that everything was read.
func (r *reader) end(what string) {
	if r.err == nil && r.p != len(r.b) {
		r.fail(ErrMalformed, "%d bytes behind the %s", len(r.b)-r.p, what)
	}
}

func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

func appendS64(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if (v == 0 && c&0x40 == 0) || (v == -1 && c&0x40 != 0) {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

func appendName(b []byte, s string) []byte {
	return append(appendU32(b, uint32(len(s))), s...)
}
