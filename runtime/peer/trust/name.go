package trust

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxName is the longest name of a space or a credential, in bytes: it stands in
// links, in file names and in one line of a list.
const MaxName = 64

// SpaceCredential is the credential that the space's password is.
const SpaceCredential = "space"

// ErrBadName reports a name that no space and no credential can have.
var ErrBadName = fmt.Errorf("a name is 1 to %d bytes of printable text without a slash, and no space at its ends", MaxName)

// CheckName returns nil or an error that wraps ErrBadName. The error does not
// quote the name, which may be a misplaced secret.
func CheckName(name string) error {
	switch {
	case name == "", len(name) > MaxName, !utf8.ValidString(name), name == ".", name == "..":
	case strings.ContainsFunc(name, func(r rune) bool { return r == '/' || !unicode.IsPrint(r) }):
	case strings.TrimSpace(name) != name:
	default:
		return nil
	}
	return ErrBadName
}
