package trust

import (
	"crypto/ed25519"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// ErrBadKeyID reports text that is no key id. It is wrapped with what is wrong.
var ErrBadKeyID = errors.New("this is no key id; copy it whole from where the server prints it")

const (
	keyGroups = 4
	// keyGroup is the characters of a group that carry the key: 52 in four groups.
	keyGroup = 13
	// keyIDLen is groups with their check characters, and the dashes between them.
	keyIDLen = keyGroups*(keyGroup+1) + keyGroups - 1

	keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

var keyEncoding = base32.NewEncoding(keyAlphabet).WithPadding(base32.NoPadding)

// KeyID writes a key whole, with a check character for every group.
func KeyID(k ed25519.PublicKey) string {
	if len(k) != ed25519.PublicKeySize {
		return ""
	}
	s := keyEncoding.EncodeToString(k)
	var b strings.Builder
	b.Grow(keyIDLen)
	for i := 0; i < len(s); i += keyGroup {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(s[i : i+keyGroup])
		b.WriteByte(keyCheck(s[i : i+keyGroup]))
	}
	return b.String()
}

// ParseKeyID reads what KeyID writes and nothing else. Its errors wrap ErrBadKeyID
// and say which group is mistyped.
func ParseKeyID(s string) (ed25519.PublicKey, error) {
	groups := strings.Split(s, "-")
	if len(s) > 2*keyIDLen || len(groups) != keyGroups {
		return nil, fmt.Errorf("a key id has %d groups of %d characters with dashes between them: %w", keyGroups, keyGroup+1, ErrBadKeyID)
	}
	var key strings.Builder
	for i, g := range groups {
		if len(g) != keyGroup+1 {
			return nil, fmt.Errorf("group %d of the key id has %d characters and should have %d: %w", i+1, len(g), keyGroup+1, ErrBadKeyID)
		}
		if at := strings.IndexFunc(g, func(r rune) bool { return !strings.ContainsRune(keyAlphabet, r) }); at >= 0 {
			return nil, fmt.Errorf("group %d of the key id is mistyped at character %d, only A to Z and 2 to 7 occur: %w", i+1, at+1, ErrBadKeyID)
		}
		if keyCheck(g[:keyGroup]) != g[keyGroup] {
			return nil, fmt.Errorf("group %d of the key id is mistyped: %w", i+1, ErrBadKeyID)
		}
		key.WriteString(g[:keyGroup])
	}
	k, err := keyEncoding.DecodeString(key.String())
	// The last character carries four bits more than the key has. They are zero,
	// or a key would have sixteen names.
	if err != nil || keyEncoding.EncodeToString(k) != key.String() {
		return nil, fmt.Errorf("the end of the key id is mistyped: %w", ErrBadKeyID)
	}
	return k, nil
}

// keyCheck is the Luhn sum mod 32: it sees every wrong character and every swap
// of neighbours but one pair.
func keyCheck(group string) byte {
	const n = len(keyAlphabet)
	sum, factor := 0, 2
	for i := len(group) - 1; i >= 0; i-- {
		add := factor * strings.IndexByte(keyAlphabet, group[i])
		sum += add/n + add%n
		factor = 3 - factor
	}
	return keyAlphabet[(n-sum%n)%n]
}
