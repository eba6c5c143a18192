package trust

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// testKey is the key that a seed byte makes.
func testKey(seed byte) ed25519.PublicKey {
	s := make([]byte, ed25519.SeedSize)
	s[0] = seed
	return ed25519.NewKeyFromSeed(s).Public().(ed25519.PublicKey)
}

// The id of a known key, so that ids never change between versions.
func TestKeyIDIsStable(t *testing.T) {
	k := make(ed25519.PublicKey, ed25519.PublicKeySize)
	for i := range k {
		k[i] = byte(i)
	}
	// Computed apart from this code.
	const want = "AAAQEAYEAUDAO5-CAJBIFQYDIOB4X-IBCEQTCQKRMFYM-YDENBWHA5DYPQS"
	if id := KeyID(k); id != want {
		t.Errorf("the id is %s, and should be %s", id, want)
	}
}

func TestKeyIDRoundTrip(t *testing.T) {
	r := rand.NewChaCha8([32]byte{1})
	for range 1000 {
		k := make(ed25519.PublicKey, ed25519.PublicKeySize)
		r.Read(k)
		if back, err := ParseKeyID(KeyID(k)); err != nil || !back.Equal(k) {
			t.Fatalf("%x comes back as %x, %v", k, back, err)
		}
	}
}

// Every wrong character, in every place, is refused with the number of its group.
func TestEveryTypoIsNamed(t *testing.T) {
	id := KeyID(testKey(1))
	for i := range id {
		if id[i] == '-' {
			continue
		}
		group := fmt.Sprintf("group %d ", i/(keyGroup+2)+1)
		for _, c := range keyAlphabet + "0189abz !é" {
			if rune(id[i]) == c {
				continue
			}
			_, err := ParseKeyID(id[:i] + string(c) + id[i+1:])
			if !errors.Is(err, ErrBadKeyID) || !strings.Contains(err.Error(), group) {
				t.Fatalf("%q at %d: %v", c, i, err)
			}
		}
	}
}

// Neighbours that change places are seen, but for the one pair that Luhn cannot see.
func TestSwapsAreSeen(t *testing.T) {
	for seed := range byte(50) {
		id := KeyID(testKey(seed))
		for i := range len(id) - 1 {
			a, b := id[i], id[i+1]
			if a == '-' || b == '-' || a == b || a == 'A' && b == '7' || a == '7' && b == 'A' {
				continue
			}
			if _, err := ParseKeyID(id[:i] + string(b) + string(a) + id[i+2:]); err == nil {
				t.Fatalf("%s with %c and %c swapped at %d is taken", id, a, b, i)
			}
		}
	}
}

// A key has one id: what differs in spelling only is refused too.
func TestOnlyTheCanonicalIDIsTaken(t *testing.T) {
	id := KeyID(testKey(1))
	last := id[len(id)-keyGroup-1 : len(id)-1]
	// The last character of the key carries one bit of it; with another of the four
	// others set and the check character made to fit it would be the same key.
	i := strings.IndexByte(keyAlphabet, last[keyGroup-1])
	twin := last[:keyGroup-1] + string(keyAlphabet[i^1])
	for name, s := range map[string]string{
		"empty":        "",
		"small":        strings.ToLower(id),
		"no dashes":    strings.ReplaceAll(id, "-", ""),
		"spaces":       strings.ReplaceAll(id, "-", " "),
		"space behind": id + " ",
		"newline":      id + "\n",
		"cut":          id[:len(id)-1],
		"a group less": id[:keyIDLen-keyGroup-2],
		"a group more": id + "-" + id[:keyGroup+1],
		"other bits":   id[:len(id)-keyGroup-1] + twin + string(keyCheck(twin)),
		"long":         strings.Repeat(id, 1000),
	} {
		if _, err := ParseKeyID(s); !errors.Is(err, ErrBadKeyID) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if KeyID(nil) != "" || KeyID(make([]byte, 31)) != "" {
		t.Error("what is no key has an id")
	}
}

func FuzzParseKeyID(f *testing.F) {
	f.Add(KeyID(testKey(1)))
	f.Add("AAAAAAAAAAAAAA-AAAAAAAAAAAAAA-AAAAAAAAAAAAAA-AAAAAAAAAAAAAA")
	f.Add("a-b-c-d")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseKeyID(s); err == nil && KeyID(k) != s {
			t.Errorf("%q is read as %s", s, KeyID(k))
		}
	})
}
