package input

import (
	"strings"
	"testing"
)

func TestPaste(t *testing.T) {
	for _, c := range []struct {
		what, text string
		bracketed  bool
		want       string
	}{
		{"plain", "ls -l", false, "ls -l"},
		{"ends of lines are Enter", "a\nb\r\nc\rd\n", false, "a\rb\rc\rd\r"},
		{"empty lines stay", "a\n\nb", false, "a\r\rb"},
		{"tab stays", "a\tb", false, "a\tb"},
		{"controls go", "a\x00\x01\x03\x04\x07\x08\x0b\x0c\x1a\x1b[A\x7fb", false, "a[Ab"},
		{"C1 goes", "a\u0080\u009b31mb\u009fc", false, "a31mbc"},
		{"what is not UTF-8", "a\xff\x9bb", false, "a\ufffd\ufffdb"},
		{"Unicode", "naïve 漢字 👩‍🚀", false, "naïve 漢字 👩‍🚀"},
		{"bracketed", "a\nb\r\nc", true, "\x1b[200~a\nb\r\nc\x1b[201~"},
		{"nothing, bracketed", "", true, "\x1b[200~\x1b[201~"},
		{"the end of the bracket within", "rm\x1b[201~ -rf\n", true, "\x1b[200~rm[201~ -rf\n\x1b[201~"},
		{"built of itself", "\x1b[2\x1b[201~01~x", true, "\x1b[200~[2[201~01~x\x1b[201~"},
		{"by C1", "a\u009b201~b\xc2\x9b201~", true, "\x1b[200~a201~b201~\x1b[201~"},
	} {
		if got := string(AppendPaste(nil, c.text, Modes{BracketedPaste: c.bracketed})); got != c.want {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

// A paste beyond the limit is cut between two characters.
func TestPasteIsBounded(t *testing.T) {
	text := strings.Repeat("é", MaxPaste/2) + "é"
	got := AppendPaste(nil, "x"+text, Modes{})
	if len(got) != MaxPaste-1 || !strings.HasSuffix(string(got), "éé") {
		t.Errorf("%d bytes of a paste of %d are sent, want %d", len(got), len(text)+1, MaxPaste-1)
	}
	if got = AppendPaste(nil, text, Modes{}); len(got) != MaxPaste {
		t.Errorf("%d bytes are sent, want %d", len(got), MaxPaste)
	}
	if got = AppendPaste(nil, strings.Repeat("\x80", MaxPaste+1), Modes{}); len(got) > 3*MaxPaste {
		t.Errorf("%d bytes are sent of one without a character", len(got))
	}
	if got = AppendKey(nil, Key{Code: 'a', Text: strings.Repeat("é", MaxText)}, Modes{}); len(got) != MaxText {
		t.Errorf("a key sends %d bytes, want %d", len(got), MaxText)
	}
}

func TestFocus(t *testing.T) {
	m := Modes{FocusEvents: true}
	if got := string(AppendFocus(AppendFocus(nil, true, m), false, m)); got != "\x1b[I\x1b[O" {
		t.Errorf("in and out: %q", got)
	}
	if got := AppendFocus(nil, true, Modes{}); len(got) != 0 {
		t.Errorf("not asked for: %q", got)
	}
}
