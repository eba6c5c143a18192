package trust

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseLink(t *testing.T) {
	key := testKey(1)
	id := KeyID(key)
	for _, c := range []struct {
		text  string
		want  Link
		print string // where it differs from text
	}{
		{"hearth://example.org:4920/attic?id=" + id, Link{TCP, "example.org:4920", "", "attic", "space", key, ""}, ""},
		{"hearth://example.org/attic", Link{TCP, "example.org:4920", "", "attic", "space", nil, ""}, "hearth://example.org:4920/attic"},
		{"hearth+ws://example.org/attic", Link{WS, "example.org:80", "", "attic", "space", nil, ""}, "hearth+ws://example.org:80/attic"},
		{"hearth+wss://example.org/a/b/attic?cred=anna", Link{WSS, "example.org:443", "/a/b", "attic", "anna", nil, ""}, "hearth+wss://example.org:443/a/b/attic?cred=anna"},
		{"HEARTH://Example.ORG:1/Attic", Link{TCP, "example.org:1", "", "Attic", "space", nil, ""}, "hearth://example.org:1/Attic"},
		{"hearth://h:4920/attic?cred=anna&id=" + id, Link{TCP, "h:4920", "", "attic", "anna", key, ""}, "hearth://h:4920/attic?id=" + id + "&cred=anna"},
		{"hearth://h:4920/attic?cred=space", Link{TCP, "h:4920", "", "attic", "space", nil, ""}, "hearth://h:4920/attic"},
		{"hearth://[::1]:99/attic", Link{TCP, "[::1]:99", "", "attic", "space", nil, ""}, ""},
		{"hearth://[2001:DB8:0::1]/attic", Link{TCP, "[2001:db8::1]:4920", "", "attic", "space", nil, ""}, "hearth://[2001:db8::1]:4920/attic"},
		{"hearth://[fe80::1%25eth0]:99/attic", Link{TCP, "[fe80::1%eth0]:99", "", "attic", "space", nil, ""}, ""},
		{"hearth://10.0.0.1:99/attic", Link{TCP, "10.0.0.1:99", "", "attic", "space", nil, ""}, ""},
		{"hearth://bücher.example:99/attic", Link{TCP, "bücher.example:99", "", "attic", "space", nil, ""}, ""},
		{"hearth://xn--bcher-kva.example.:99/attic", Link{TCP, "xn--bcher-kva.example.:99", "", "attic", "space", nil, ""}, ""},
		{"hearth://h:1/my%20attic%C3%A9", Link{TCP, "h:1", "", "my atticé", "space", nil, ""}, ""},
		{"hearth://h:1/my attic+é", Link{TCP, "h:1", "", "my attic+é", "space", nil, ""}, "hearth://h:1/my%20attic%2B%C3%A9"},
		{"hearth://h:1/attic?cred=a%26b%3Dc", Link{TCP, "h:1", "", "attic", "a&b=c", nil, ""}, ""},
		{"hearth://h:1/attic#horse", Link{TCP, "h:1", "", "attic", "space", nil, "horse"}, ""},
		{"hearth://h:1/attic?cred=anna#%23%2F%3F%25%20%00", Link{TCP, "h:1", "", "attic", "anna", nil, "#/?% \x00"}, ""},
		{"hearth://h:1/attic#a#b/c?d", Link{TCP, "h:1", "", "attic", "space", nil, "a#b/c?d"}, "hearth://h:1/attic#a%23b%2Fc%3Fd"},
		{"hearth://h:1/attic#", Link{TCP, "h:1", "", "attic", "space", nil, ""}, "hearth://h:1/attic"},
		{"hearth+ws://h:1/a%2Fb/attic", Link{WS, "h:1", "/a%2Fb", "attic", "space", nil, ""}, ""},
		{"hearth+ws://h:1/a+b/attic", Link{WS, "h:1", "/a%2Bb", "attic", "space", nil, ""}, "hearth+ws://h:1/a%2Bb/attic"},
	} {
		got, err := ParseLink(c.text)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s\n got %#v, %v\nwant %#v", c.text, got, err, c.want)
			continue
		}
		if c.print == "" {
			c.print = c.text
		}
		if got.WithSecret() != c.print {
			t.Errorf("%s prints as %s", c.text, got.WithSecret())
		}
		again, err := ParseLink(got.WithSecret())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s comes back as %#v, %v", got.WithSecret(), again, err)
		}
	}
}

func TestBadLinks(t *testing.T) {
	id := KeyID(testKey(1))
	typo := strings.Replace(id, id[20:21], string(keyAlphabet[(strings.IndexByte(keyAlphabet, id[20])+1)%32]), 1)
	for _, s := range []string{
		"", "attic", "://", "hearth:", "hearth:attic", "hearth://", "hearth:///attic", "hearth://h", "hearth://h/",
		"http://h/attic", "hearth+udp://h/attic", "hearth://h/attic/", "hearth://h/a/b", "hearth+ws://h//attic",
		"hearth+ws://h/../attic", "hearth+ws://h/%2E%2E/attic", "hearth://h/..", "hearth://h/%2e",
		"hearth://h:0/attic", "hearth://h:65536/attic", "hearth://h:/attic", "hearth://h:+1/attic", "hearth://h:01/attic", "hearth://h:http/attic",
		"hearth://::1/attic", "hearth://[::1/attic", "hearth://[::1]x/attic", "hearth://[10.0.0.1]/attic", "hearth://[::1%25]/attic", "hearth://[::1%25a%2Fb]/attic", "hearth://[]/attic",
		"hearth://a b/attic", "hearth://a%20b/attic", "hearth://a..b/attic", "hearth://.a/attic", "hearth://./attic", "hearth://h\\x/attic", "hearth://h,i/attic",
		"hearth://" + strings.Repeat("a", 254) + "/attic", "hearth://h/" + strings.Repeat("a", MaxName+1),
		"hearth://h/at%tic", "hearth://h/at%0Atic", "hearth://h/%ff", "hearth://h/at%2Ftic", "hearth://h/%20attic", "hearth://h/attic\n", "hearth://h/\xff",
		"hearth://h/attic?id=", "hearth://h/attic?id=" + typo, "hearth://h/attic?id=" + strings.ToLower(id), "hearth://h/attic?id=" + id + "&id=" + id,
		"hearth://h/attic?cred=", "hearth://h/attic?cred=a/b", "hearth://h/attic?cred=a&cred=a", "hearth://h/attic?cred", "hearth://h/attic?x=y", "hearth://h/attic?&", "hearth://h/attic?cred=a&",
		"hearth+ws://h/" + strings.Repeat("a/", maxPath) + "attic",
		"hearth://h/attic#%", "hearth://h/attic#" + strings.Repeat("x", MaxSecret+1), "hearth://h/attic#" + strings.Repeat("x", MaxLink),
		"hearth://anna@h/attic",
	} {
		l, err := ParseLink(s)
		if !errors.Is(err, ErrBadLink) && !errors.Is(err, ErrBadKeyID) {
			t.Errorf("%.60q is read as %#v, %v", s, l, err)
		}
	}
	// A typo in the key is named through the link too.
	if _, err := ParseLink("hearth://h/attic?id=" + typo); err == nil || !strings.Contains(err.Error(), "group 2 ") {
		t.Errorf("a typo in the second group: %v", err)
	}
}

// No error quotes what stands in a link, wherever the secret was put by mistake,
// and nothing that prints a link shows it.
func TestSecretsStaySecret(t *testing.T) {
	const secret = "hunter2horse"
	for _, s := range []string{
		"hearth://h/attic#" + secret + "%", "hearth://h:x/attic#" + secret, "hearth://anna:" + secret + "@h/attic",
		"hearth://h/attic?password=" + secret, "hearth://h/attic?" + secret, "hearth://h/attic?id=" + secret, "hearth://h/attic?cred=" + secret + "/",
		"hearth://h/" + secret + "/attic", "hearth://h:" + secret + "/attic", secret, secret + "://h/attic", "hearth://[" + secret + "]/attic",
		"hearth://" + secret + " /attic", "hearth://h/attic/" + secret,
	} {
		if _, err := ParseLink(s); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("ParseLink(%q): %v", s, err)
		}
		if _, err := ParseArgument(s); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("ParseArgument(%q): %v", s, err)
		}
	}
	l, err := ParseLink("hearth://h/attic#" + secret)
	if err != nil || l.Secret != secret {
		t.Fatal(err)
	}
	if b, err := json.Marshal(map[string]any{"link": l}); err != nil || strings.Contains(string(b), secret) {
		t.Errorf("JSON shows %s, %v", b, err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{l, &l} {
			if s := fmt.Sprintf(format, v); strings.Contains(s, secret) {
				t.Errorf("%s shows %s", format, s)
			}
		}
	}
}

// A link with a secret is no argument, also one that is wrong besides.
func TestArguments(t *testing.T) {
	for s, want := range map[string]error{
		"hearth://h/attic":        nil,
		"hearth://h/attic#":       nil,
		"hearth://h/attic#x":      ErrSecretInArgument,
		"hearth://h:bad/attic#x":  ErrSecretInArgument,
		"nonsense#x":              ErrSecretInArgument,
		"hearth://h/attic#%":      ErrSecretInArgument,
		"hearth://h:bad/attic":    ErrBadLink,
		"hearth://h/attic?id=ABC": ErrBadKeyID,
	} {
		if _, err := ParseArgument(s); !errors.Is(err, want) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestReadLink(t *testing.T) {
	for _, in := range []string{"hearth://h/attic#x", "hearth://h/attic#x\n", "  hearth://h/attic#x \r\nmore\n"} {
		if l, err := ReadLink(strings.NewReader(in)); err != nil || l.Secret != "x" {
			t.Errorf("%q: %v, %v", in, l, err)
		}
	}
	for _, in := range []string{"", "\n", strings.Repeat("x", 3*MaxLink)} {
		if _, err := ReadLink(strings.NewReader(in)); !errors.Is(err, ErrBadLink) {
			t.Errorf("%.20q: %v", in, err)
		}
	}
	broken := errors.New("broken")
	if _, err := ReadLink(failing{broken}); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// The longest link that can be printed can be read.
func TestLongestLink(t *testing.T) {
	label := strings.Repeat("a", 63)
	l := Link{WSS, strings.Join([]string{label, label, label, label[:61]}, ".") + ":65535", "/" + strings.Repeat("a", maxPath-1), strings.Repeat("%", MaxName), strings.Repeat("&", MaxName), testKey(1), strings.Repeat("\x00", MaxSecret)}
	got, err := ParseLink(l.WithSecret())
	if err != nil || !reflect.DeepEqual(got, l) {
		t.Errorf("%d bytes: %v", len(l.WithSecret()), err)
	}
}

func FuzzParseLink(f *testing.F) {
	f.Add("hearth://example.org:4920/attic?id=" + KeyID(testKey(1)) + "&cred=anna#secret")
	f.Add("hearth+wss://[fe80::1%25eth0]/a%2Fb/my%20attic#%23")
	f.Add("hearth+ws://bücher.example.:80/attic?cred=%C3%A9")
	f.Add("hearth://h:1/%")
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLink(s)
		if err != nil {
			return
		}
		printed := l.WithSecret()
		again, err := ParseLink(printed)
		if err != nil || !reflect.DeepEqual(again, l) || again.WithSecret() != printed {
			t.Errorf("%q prints as %q, which is read as %#v, %v", s, printed, again, err)
		}
		if strings.Contains(l.String(), "#") {
			t.Errorf("%q prints %q", s, l.String())
		}
	})
}
