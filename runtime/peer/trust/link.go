package trust

import (
	"bufio"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxLink is the longest link, in bytes: every part at its limit and escaped.
	MaxLink = 8192
	// MaxSecret is the longest secret of a link, in bytes.
	MaxSecret = 1024
	// maxHost is what DNS allows for a name.
	maxHost = 253
	// maxPath is the longest prefix of a reverse proxy, in bytes.
	maxPath = 512

	// DefaultPort is where a server listens.
	DefaultPort = 4920
)

// Transport is how a link is reached.
type Transport string

const (
	TCP Transport = "tcp"
	// WS is a WebSocket, WSS one within TLS.
	WS  Transport = "ws"
	WSS Transport = "wss"
)

// schemes are the transports by what a link begins with.
var schemes = []struct {
	scheme    string
	transport Transport
	port      uint16
}{
	{"hearth", TCP, DefaultPort},
	{"hearth+ws", WS, 80},
	{"hearth+wss", WSS, 443},
}

var (
	// ErrBadLink reports text that is no link. It is wrapped with what is wrong,
	// which never quotes the text: a secret may stand anywhere in it.
	ErrBadLink = errors.New("a link looks like hearth://host:4920/space?id=KEY")
	// ErrSecretInArgument reports a link with a secret among the arguments of a
	// command, where every user of the machine can read it.
	ErrSecretInArgument = errors.New("the link holds a secret, and arguments can be read by everyone on this machine; put the link into a file or give it on standard input, or leave out what stands from # on and use the password's prompt or file")
)

// Link says where a space is and who is believed to serve it.
type Link struct {
	Transport  Transport
	Host       string // host:port, as net.Dial takes it
	Path       string // for ws and wss: the escaped prefix of a reverse proxy, "" or "/a/b"
	Space      string
	Credential string
	Key        ed25519.PublicKey // nil: the link names none
	Secret     string
}

// ParseLink reads a link. Its errors wrap ErrBadLink or ErrBadKeyID.
func ParseLink(s string) (Link, error) {
	if len(s) > MaxLink {
		return Link{}, badLink("the link is longer than %d bytes", MaxLink)
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return Link{}, badLink("the link holds characters that no link has")
	}
	var l Link
	rest, fragment, _ := strings.Cut(s, "#")
	secret, err := url.PathUnescape(fragment)
	if err != nil || len(secret) > MaxSecret {
		return Link{}, badLink("the part of the link behind # is no percent-encoded text of at most %d bytes", MaxSecret)
	}
	l.Secret = secret
	scheme, rest, _ := strings.Cut(rest, "://")
	var port uint16
	for _, k := range schemes {
		if strings.EqualFold(scheme, k.scheme) {
			l.Transport, port = k.transport, k.port
		}
	}
	if l.Transport == "" {
		return Link{}, badLink("the link begins with none of hearth://, hearth+ws:// and hearth+wss://")
	}
	rest, query, _ := strings.Cut(rest, "?")
	host, path, ok := strings.Cut(rest, "/")
	if !ok {
		return Link{}, badLink("the link names no space")
	}
	if l.Host, err = parseHost(host, port); err != nil {
		return Link{}, err
	}
	if err := l.parsePath(path); err != nil {
		return Link{}, err
	}
	if err := l.parseQuery(query); err != nil {
		return Link{}, err
	}
	return l, nil
}

// ParseArgument reads a link that was given as an argument of a command. One with
// a secret is ErrSecretInArgument.
func ParseArgument(s string) (Link, error) {
	// Before all else: what is wrong in other ways is no less readable.
	if _, secret, _ := strings.Cut(s, "#"); secret != "" {
		return Link{}, ErrSecretInArgument
	}
	return ParseLink(s)
}

// ReadLink reads a link from the first line of a file or of standard input.
func ReadLink(r io.Reader) (Link, error) {
	line, err := bufio.NewReader(io.LimitReader(r, MaxLink+2)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return Link{}, err
	}
	return ParseLink(strings.TrimSpace(line))
}

// String writes the link without its secret.
func (l Link) String() string {
	var b strings.Builder
	for _, k := range schemes {
		if k.transport == l.Transport {
			b.WriteString(k.scheme)
		}
	}
	b.WriteString("://")
	// A zone's percent sign is the one character of a host that is escaped.
	b.WriteString(strings.Replace(l.Host, "%", "%25", 1))
	b.WriteString(l.RequestPath())
	sep := byte('?')
	if l.Key != nil {
		b.WriteByte(sep)
		b.WriteString("id=" + KeyID(l.Key))
		sep = '&'
	}
	if l.Credential != "" && l.Credential != SpaceCredential {
		b.WriteByte(sep)
		b.WriteString("cred=" + escape(l.Credential))
	}
	return b.String()
}

// WithSecret writes the link with its secret.
func (l Link) WithSecret() string {
	if l.Secret == "" {
		return l.String()
	}
	return l.String() + "#" + escape(l.Secret)
}

// RequestPath is the path that a WebSocket asks for.
func (l Link) RequestPath() string { return l.Path + "/" + escape(l.Space) }

// GoString keeps the secret out of %#v.
func (l Link) GoString() string { return strconv.Quote(l.String()) }

// MarshalText keeps the secret out of JSON and logs.
func (l Link) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

func (l *Link) parsePath(path string) error {
	segments := strings.Split(path, "/")
	last := len(segments) - 1
	name, err := url.PathUnescape(segments[last])
	if err == nil {
		err = CheckName(name)
	}
	if err != nil {
		return badLink("what follows the last slash is no name of a space")
	}
	l.Space = name
	if last > 0 && l.Transport == TCP {
		return badLink("only links of hearth+ws and hearth+wss have a path in front of the space")
	}
	var b strings.Builder
	for _, s := range segments[:last] {
		part, err := url.PathUnescape(s)
		if err != nil || part == "" || part == "." || part == ".." || !utf8.ValidString(part) {
			return badLink("the path of the link is damaged")
		}
		b.WriteByte('/')
		b.WriteString(escape(part))
	}
	if l.Path = b.String(); len(l.Path) > maxPath {
		return badLink("the path of the link is longer than %d bytes", maxPath)
	}
	return nil
}

func (l *Link) parseQuery(query string) error {
	seen := map[string]bool{}
	for part := range strings.SplitSeq(query, "&") {
		if part == "" && query == "" {
			break
		}
		name, value, _ := strings.Cut(part, "=")
		text, err := url.PathUnescape(value)
		if err != nil || seen[name] {
			return badLink("a parameter of the link is damaged or stands twice")
		}
		seen[name] = true
		switch name {
		case "id":
			if l.Key, err = ParseKeyID(text); err != nil {
				return err
			}
		case "cred":
			if CheckName(text) != nil {
				return badLink("the credential of the link has a bad name")
			}
			l.Credential = text
		default:
			return badLink("the link has a parameter other than id and cred, perhaps of a newer version")
		}
	}
	if l.Credential == "" {
		l.Credential = SpaceCredential
	}
	return nil
}

// parseHost reads host or host:port and writes host:port.
func parseHost(s string, port uint16) (string, error) {
	if strings.Contains(s, "@") {
		return "", badLink("the link has a user or a password before its host; a credential is named by cred= and its secret stands behind #")
	}
	name, digits := s, ""
	if strings.HasPrefix(s, "[") {
		inner, after, ok := strings.Cut(s[1:], "]")
		if !ok || after != "" && after[0] != ':' {
			return "", badLink("the brackets around the address of the link are damaged")
		}
		addr, err := netip.ParseAddr(strings.Replace(inner, "%25", "%", 1))
		if err != nil || !addr.Is6() || !validZone(addr.Zone()) {
			return "", badLink("what stands in brackets is no IPv6 address")
		}
		name, digits = addr.String(), after
	} else {
		if i := strings.LastIndexByte(s, ':'); i >= 0 {
			name, digits = s[:i], s[i:]
		}
		if strings.Contains(name, ":") {
			return "", badLink("an IPv6 address stands in brackets in a link")
		}
		if !validHost(name) {
			return "", badLink("the host of the link is no name and no address")
		}
		// Names are compared as text by the known servers. Only ASCII is folded:
		// what else a name holds is the resolver's.
		name = strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}, name)
	}
	if digits != "" {
		p, err := strconv.ParseUint(digits[1:], 10, 16)
		if err != nil || p == 0 || strconv.FormatUint(p, 10) != digits[1:] {
			return "", badLink("the port of the link is no number from 1 to 65535")
		}
		port = uint16(p)
	}
	return net.JoinHostPort(name, strconv.Itoa(int(port))), nil
}

func validHost(name string) bool {
	if len(name) > maxHost {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || strings.ContainsFunc(label, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

func validZone(zone string) bool {
	return len(zone) <= MaxName && !strings.ContainsFunc(zone, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	})
}

// escape leaves only what means itself in every part of a link.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func badLink(format string, args ...any) error {
	return fmt.Errorf(format+"; %w", append(args, ErrBadLink)...)
}
