package secure

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Keys that were stored answer for the records that they made.
func TestKeysSurvive(t *testing.T) {
	sc, _ := newServerConfig(t)
	b := sc.Keys.Marshal()
	again, err := ParseKeys(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Marshal(), b) || again.KSF() != InsecureKSF || !again.Identity().Equal(public(sc.Identity)) {
		t.Errorf("%+v", again)
	}
	sc.Keys = again
	x, y := tcpPair(t)
	c, s, cErr, sErr := handshake(t, x, y, newClientConfig(t, sc), sc)
	if cErr != nil || sErr != nil {
		t.Fatal(cErr, sErr)
	}
	c.Abort()
	s.Abort()
}

// Damage anywhere is found; another version or configuration is told apart from it.
func TestParseKeysRefuses(t *testing.T) {
	sc, _ := newServerConfig(t)
	b := sc.Keys.Marshal()
	flips(b, true, func(bit int, b []byte) {
		_, err := ParseKeys(b)
		want := ErrKeys
		if i := bit / 8; i == len(keysMagic) || i == len(keysMagic)+1 {
			want = ErrForeignKeys
		}
		if !errors.Is(err, want) {
			t.Errorf("bit %d: %v", bit, err)
		}
	})
	for n := range len(b) {
		if _, err := ParseKeys(b[:n]); !errors.Is(err, ErrKeys) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := ParseKeys(append(b, 0)); !errors.Is(err, ErrKeys) {
		t.Error(err)
	}
	newer := bytes.Clone(b)
	newer[len(keysMagic)] = keysVersion + 1
	if _, err := ParseKeys(append(newer, "what a later format adds"...)); !errors.Is(err, ErrForeignKeys) {
		t.Error(err)
	}
}

func TestRegister(t *testing.T) {
	sc, _ := newServerConfig(t)
	long := strings.Repeat("é", MaxName/2)
	cases := []struct {
		space, credential string
		password          int
		want              error
	}{
		{"attic", "space", 1, nil},
		{long, long, MaxPassword, nil},
		{long + "x", "space", 8, ErrName},
		{"attic", long + "x", 8, ErrName},
		{"", "space", 8, ErrName},
		{"attic", "", 8, ErrName},
		{"attic", "two\nlines", 8, ErrName},
		{"attic", "\xff", 8, ErrName},
		{"attic", "space", 0, ErrPassword},
		{"attic", "space", MaxPassword + 1, ErrPassword},
	}
	for _, c := range cases {
		record, err := sc.Keys.Register(c.space, c.credential, make([]byte, c.password))
		if !errors.Is(err, c.want) || (err == nil) != (len(record) == RecordSize) {
			t.Errorf("%q %q %d: %d bytes, %v", c.space, c.credential, c.password, len(record), err)
		}
	}
	if _, err := NewKeys(nil, InsecureKSF); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

// A record is good for its own name in its own space, at its own server.
func TestRecordsAreBound(t *testing.T) {
	sc, d := newServerConfig(t)
	_, od := newServerConfig(t)
	elsewhere, err := sc.Keys.Register("cellar", testName, []byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	guest, err := sc.Keys.Register(testSpace, "guest", []byte(testPassword))
	if err != nil {
		t.Fatal(err)
	}
	for name, record := range map[string][]byte{"another space's": elsewhere, "another credential's": guest, "another server's": od.records[testName]} {
		d.set(testName, record)
		a, b := tcpPair(t)
		if _, _, cErr, _ := handshake(t, a, b, newClientConfig(t, sc), sc); cErr != ErrAuth {
			t.Errorf("%s record: %v", name, cErr)
		}
	}
}
