package term

import (
	"fmt"
	"strings"
	"testing"
)

func TestURLs(t *testing.T) {
	long := "http://a/" + strings.Repeat("x", maxURL-9)
	for _, c := range []struct{ text, want string }{
		{"see https://example.com/a?b=c&d=e#f now", "https://example.com/a?b=c&d=e#f"},
		{"HTTP://Example.COM:8080/", "HTTP://Example.COM:8080/"},
		{"http://a.b. Next", "http://a.b"},
		{"http://a.b/c, http://d.e; http://f.g!", "http://a.b/c http://d.e http://f.g"},
		{"(http://a.b/c)", "http://a.b/c"},
		{"(see http://a.b/c_(d))", "http://a.b/c_(d)"},
		{"[http://a.b/c[1]]", "http://a.b/c[1]"},
		{"<http://a.b/c>", "http://a.b/c"},
		{"\"http://a.b/c\" 'http://d.e/f'", "http://a.b/c http://d.e/f"},
		{"[text](http://a.b/c).", "http://a.b/c"},
		{"http://[::1]:80/x", "http://[::1]:80/x"},
		{"ftp://a.b/c file:///etc/passwd file://host/x", "ftp://a.b/c file:///etc/passwd file://host/x"},
		{"mailto:a.b@c.de, mail", "mailto:a.b@c.de"},
		{"mailto:nobody mailto:@x mailto:x@", ""},
		{"http:// https://. http:/a file:x", ""},
		{"xhttp://a.b myhttps://c.d", ""},
		{"javascript://a data:text/html,x ssh://a", ""},
		{"│http://a.b/c│d", "http://a.b/c"},
		{"http://例え.jp/パス。次", "http://例え.jp/パス"},
		{"http://a.b/«c»", "http://a.b/"},
		{"http://a.b/~c/%20-_=+@:d", "http://a.b/~c/%20-_=+@:d"},
		{"http://a.b/c\\nd http://e|f", "http://a.b/c http://e"},
		{"git+https://a.b/c", "https://a.b/c"},
		{"=http://a.b", "http://a.b"},
		{long, long},
		{long + "x", ""},
		{"a:b:c::d", ""},
	} {
		var got []string
		for at := 0; ; {
			from, to, ok := nextURL(c.text, at)
			if !ok {
				break
			}
			got = append(got, c.text[from:to])
			at = to
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%.60q: %.60q, want %.60q", c.text, s, c.want)
		}
	}
}

func TestLinks(t *testing.T) {
	osc := func(params, uri, text string) string {
		return "\x1b]8;" + params + ";" + uri + "\x1b\\" + text + "\x1b]8;;\x1b\\"
	}
	term := shown(20, 12, ""+
		"a http://h/x b\r\n"+ // 0
		"look at http://host/path/file.html!\r\n"+ // 1, 2
		osc("", "http://one", "first")+osc("", "http://one", "second")+"\r\n"+ // 3
		"x"+osc("id=7", "file:///a", "over the end of the line")+"y\r\n"+ // 4, 5
		osc("", "javascript:alert(1)", "http://b/")+"\r\n"+ // 6
		"漢字http://h/x漢\r\n") // 7
	at := func(s TextLink) string {
		return fmt.Sprintf("%d:%d-%d:%d %s", s.From.Line, s.From.Column, s.To.Line, s.To.Column, s.URI)
	}
	for _, c := range []struct {
		p    Point
		want string
	}{
		{Point{0, 0}, ""},
		{Point{0, 1}, ""},
		{Point{0, 2}, "0:2-0:12 http://h/x"},
		{Point{0, 11}, "0:2-0:12 http://h/x"},
		{Point{0, 12}, ""},
		{Point{1, 8}, "1:8-2:14 http://host/path/file.html"},
		{Point{2, 0}, "1:8-2:14 http://host/path/file.html"},
		{Point{2, 13}, "1:8-2:14 http://host/path/file.html"},
		{Point{2, 14}, ""},
		{Point{3, 0}, "3:0-3:5 http://one"},
		{Point{3, 5}, "3:5-3:11 http://one"},
		{Point{4, 0}, ""},
		{Point{4, 1}, "4:1-5:5 file:///a"},
		{Point{5, 4}, "4:1-5:5 file:///a"},
		{Point{5, 5}, ""},
		{Point{6, 3}, "6:0-6:9 javascript:alert(1)"},
		{Point{99, 3}, ""},
		{Point{0, -1}, ""},
		{Point{0, 99}, ""},
	} {
		got := ""
		if l, ok := term.LinkAt(c.p); ok {
			got = at(l)
		}
		if got != c.want {
			t.Errorf("at %v: %q, want %q", c.p, got, c.want)
		}
	}
	var all []string
	for _, l := range term.AppendLinks(nil, 1, 5) {
		all = append(all, at(l))
	}
	want := "3:0-3:5 http://one|3:5-3:11 http://one|4:1-5:5 file:///a|1:8-2:14 http://host/path/file.html"
	if got := strings.Join(all, "|"); got != want {
		t.Errorf("all from line 1 to 5: %q, want %q", got, want)
	}
	all = nil
	for _, l := range term.AppendLinks(nil, 2, 2) {
		all = append(all, at(l))
	}
	if got := strings.Join(all, "|"); got != "1:8-2:14 http://host/path/file.html" {
		t.Errorf("of line 2, that began on line 1: %q", got)
	}
}

// FuzzURL looks for addresses in anything: each is within the text, bounded, begins with
// a scheme and is found again by itself.
func FuzzURL(f *testing.F) {
	f.Add("see (http://a.b/c_(d)). mailto:x@y")
	f.Add("http://http://a.b:")
	f.Add("ſhttp://\xff\u200b::")
	f.Fuzz(func(t *testing.T, text string) {
		for at := 0; ; {
			from, to, ok := nextURL(text, at)
			if !ok {
				return
			}
			if from < 0 || to <= from || to > len(text) || to-from > maxURL || to <= at {
				t.Fatalf("an address from %d to %d of %d", from, to, len(text))
			}
			a, b, ok := nextURL(text[from:to], 0)
			if !ok || a != 0 || b != to-from {
				t.Fatalf("%q is found in the text, but %d to %d in itself", text[from:to], a, b)
			}
			at = to
		}
	})
}
