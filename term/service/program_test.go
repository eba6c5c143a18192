package service

import (
	"fmt"
	"strings"
	"testing"

	"hearth/term"
	"hearth/term/input"
)

// Links that a screen shows are followed where nothing can be hidden in them.
func TestFollowable(t *testing.T) {
	for uri, want := range map[string]bool{
		"https://example.org/a?b=c": true, "http://example.org": true, "HTTPS://Example.org/": true,
		"mailto:someone@example.org": true, "mailto:a@example.org?subject=x&body=y": true, "mailto:a@example.org?Subject=x": true,
		"mailto:a@example.org?attach=/etc/passwd": false, "mailto:a@example.org?subject=x&attachment=/etc/passwd": false, "mailto:a@example.org?ATTACH=~/.ssh/id": false,
		"mailto:": false, "mailto:-attach": false,
		"https:///nowhere": false, "file:///etc/passwd": false, "javascript:alert(1)": false, "-option": false, "--version": false, "": false,
		"https://example.org/a b": false, "https://example.org/\u00a0": false, "https://example.org/\x1b[0m": false, "https://example.org/\x00": false,
		"https://example.org/\u202egro.live": false, "https://exa\u200bmple.org/": false, "https://example.org/\u2028": false, "https://example.org/\xff": false,
		"https://example.org/" + strings.Repeat("a", maxURI): false,
	} {
		if followable(uri) != want {
			t.Errorf("%.60q: %v", uri, !want)
		}
	}
}

// What programs call things is one line that cannot pretend to be another.
func TestCleaned(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "\x1b[31mred\x07": "[31mred", "a\nb\rc": "abc", "\u202eabc\u2066": "abc", "a\u2028b\u2029c": "abc", "\xffx": "x", "\u0085x": "x",
		strings.Repeat("é", 200): strings.Repeat("é", maxTitle/2),
	} {
		if got := cleanTitle(in); got != want {
			t.Errorf("title %q: %q", in, got)
		}
	}
	for in, want := range map[string]string{
		"file:///tmp/a%20b": "/tmp/a b", "file://host/tmp": "/tmp", "http://host/tmp": "", "/tmp": "", "file:///tmp/a%0ab": "", "file:///%1b]2;x%07": "", "file:///%e2%80%ae": "",
		"file:///" + strings.Repeat("a", 4096): "",
	} {
		if got := cleanDirectory(in); got != want {
			t.Errorf("directory %.40q: %q", in, got)
		}
	}
	for in, ok := range map[string]bool{
		"": true, "my log": true, "a/b": false, "a\nb": false, "\u202ea": false, "a\u2028b": false, "\xff": false, strings.Repeat("a", maxName): true, strings.Repeat("a", maxName+1): false,
	} {
		if _, err := cleanName(in); (err == nil) != ok {
			t.Errorf("name %.40q: %v", in, err)
		}
	}
}

// The question shows a command so that nothing of it pretends to be the question, and
// says what it does not show.
func TestWhat(t *testing.T) {
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Command{}, "It wants a shell on this computer, with all that you may do here."},
		{Command{Path: "make"}, `It wants to run this on this computer, with all that you may do here: "make".`},
		{Command{Path: "make", Args: []string{"a b", "\u202e\x1b[2J\n"}, Dir: "/tmp"}, `here: "make" "a b" "\u202e\x1b[2J\n" in "/tmp".`},
		{Command{Path: "sh", Args: []string{"-c", strings.Repeat("x", 1000)}}, strings.Repeat("x", 149) + " and 852 characters that are too many to show."},
	} {
		x := creation{command: c.command}
		if got := x.what(); !strings.HasSuffix(got, c.want) || len(got) > 300 {
			t.Errorf("%q", got)
		}
	}
}

// However a program left a screen, the next shell begins with one that is plain.
func TestCalm(t *testing.T) {
	var b strings.Builder
	for i := range 2100 {
		if i != 2 {
			fmt.Fprintf(&b, "\x1b[?%dh", i)
		}
	}
	wild := []string{b.String(), strings.ReplaceAll(b.String(), "h", "l"), "", "\x1b]2;a title without an end", "\x1bP+q", "\x1b[3", "\xe2\x82", "\x1b[?2l"}
	for n := range 32 {
		wild = append(wild, fmt.Sprintf("\x1b[%dh\x1b[>31u\x1b[>31u\x1b[=15u\x1b[?1049h\x1b[>31u\x1b[>4;2m\x1b[>4;1f\x1b=\x1b(0\x1b)0\x0e\x1b[3;4r\x1b[31;7m", n))
	}
	for i, w := range wild {
		x := term.New(term.Options{Columns: 20, Rows: 6})
		x.Feed([]byte(w))
		x.Feed([]byte(calm))
		x.Replies()
		if got := x.Modes(); got != input.Initial() {
			t.Errorf("%d: %+v", i, got)
		}
		x.Feed([]byte("\x1b[<u\x1b[2J\x1b[Hqx\r\nab\x1b[H\x1b[20C!?\x1b[6n"))
		if got := x.Modes(); got != input.Initial() {
			t.Errorf("%d: the stack of keys is not empty: %+v", i, got)
		}
		if got := string(x.Replies()); got != "\x1b[2;2R" {
			t.Errorf("%d: the cursor is at %q", i, got)
		}
		x.Resize(30, 6)
		if got := string(x.Replies()); got != "" {
			t.Errorf("%d: without being asked it says %q", i, got)
		}
		var v term.View
		x.View(&v)
		var row []byte
		for _, c := range v.Lines[0].Cells[:3] {
			row = v.Text(row, c)
		}
		if string(row) != "qx " || v.Lines[0].Cells[0].Attr() != 0 || v.Reverse || !v.Cursor.Visible {
			t.Errorf("%d: shown is %q, reverse %v", i, row, v.Reverse)
		}
	}
}
