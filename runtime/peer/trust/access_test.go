package trust

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func rule(t testing.TB, s string) Rule {
	t.Helper()
	r, err := ParseRule(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openAccess(t testing.TB, path string) *Access {
	t.Helper()
	a, err := OpenAccess(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParseRule(t *testing.T) {
	id := KeyID(testKey(1))
	for in, want := range map[string]string{
		"key:" + id: "key:" + id, id: "key:" + id,
		"cred:anna": "cred:anna", "cred:10.0.0.1": "cred:10.0.0.1", "cred:addr:x": "cred:addr:x", "cred:a b": "cred:a b",
		"addr:10.0.0.0/8": "addr:10.0.0.0/8", "10.0.0.0/8": "addr:10.0.0.0/8", "0.0.0.0/0": "addr:0.0.0.0/0", "::/0": "addr:::/0",
		"10.1.2.3": "addr:10.1.2.3/32", "addr:10.1.2.3": "addr:10.1.2.3/32",
		"2001:DB8::/32": "addr:2001:db8::/32", "::1": "addr:::1/128",
		"::ffff:10.1.2.3": "addr:10.1.2.3/32", "::ffff:10.0.0.0/104": "addr:10.0.0.0/8",
	} {
		r, err := ParseRule(in)
		if err != nil || r.String() != want {
			t.Errorf("%s is %s, %v", in, r, err)
		}
		if again, err := ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%s comes back as %s, %v", r, again, err)
		}
	}
	for _, in := range []string{
		"", "anna", "key:", "key:ABC", strings.ToLower(id), "key:" + id[1:], "cred:", "cred:a/b", "addr:", "addr:anna",
		"10.0.0.0/33", "10.0.0.0/-1", "10.1.2.3/8", "fe80::1%eth0", "fe80::%eth0/64", "::ffff:10.0.0.0/64", "10.0.0", "010.0.0.1", "example.org", "allow:10.0.0.0/8",
	} {
		if r, err := ParseRule(in); !errors.Is(err, ErrBadRule) {
			t.Errorf("%s is %s, %v", in, r, err)
		}
	}
	if _, err := ParseRule("10.1.2.3/8"); err == nil || !strings.Contains(err.Error(), "10.0.0.0/8") || !strings.Contains(err.Error(), "10.1.2.3/32") {
		t.Errorf("a prefix with more bits: %v", err)
	}
}

func TestAccess(t *testing.T) {
	anna, ben := testKey(1), testKey(2)
	home, away, six := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	mapped, zoned := netip.MustParseAddr("::ffff:10.1.2.3"), netip.MustParseAddr("2001:db8::1%eth0")
	var none netip.Addr
	key := "key:" + KeyID(anna)
	for _, c := range []struct {
		allow, block []string
		key          ed25519.PublicKey
		cred         string
		addr         netip.Addr
		refused      string // what refuses: a rule, a class, or nothing
	}{
		{nil, nil, anna, "space", home, ""},
		{nil, nil, anna, "space", none, ""},
		{nil, []string{key}, anna, "space", home, key},
		{nil, []string{key}, ben, "space", home, ""},
		{nil, []string{"cred:guest"}, anna, "guest", home, "cred:guest"},
		{nil, []string{"cred:guest"}, anna, "space", home, ""},
		{nil, []string{"10.0.0.0/8"}, anna, "space", home, "addr:10.0.0.0/8"},
		{nil, []string{"10.0.0.0/8"}, anna, "space", mapped, "addr:10.0.0.0/8"},
		{nil, []string{"10.0.0.0/8"}, anna, "space", away, ""},
		{nil, []string{"10.0.0.0/8"}, anna, "space", six, ""},
		{nil, []string{"::/0"}, anna, "space", home, ""},
		{nil, []string{"::/0"}, anna, "space", six, "addr:::/0"},
		{nil, []string{"2001:db8::/32"}, anna, "space", zoned, "addr:2001:db8::/32"},
		{nil, []string{"0.0.0.0/0"}, anna, "space", none, ""},
		// An allow shuts out the rest of its class, and only that.
		{[]string{key}, nil, anna, "space", home, ""},
		{[]string{key}, nil, ben, "space", home, "key"},
		{[]string{key}, nil, nil, "space", home, "key"},
		{[]string{"cred:space"}, nil, anna, "space", home, ""},
		{[]string{"cred:space"}, nil, anna, "guest", home, "cred"},
		{[]string{"10.0.0.0/8"}, nil, anna, "space", home, ""},
		{[]string{"10.0.0.0/8"}, nil, anna, "space", away, "addr"},
		{[]string{"10.0.0.0/8"}, nil, anna, "space", six, "addr"},
		{[]string{"10.0.0.0/8"}, nil, anna, "space", none, "addr"},
		{[]string{"10.0.0.0/8", "2001:db8::/32"}, nil, anna, "space", six, ""},
		{[]string{key, "10.0.0.0/8"}, nil, anna, "space", away, "addr"},
		{[]string{key, "10.0.0.0/8"}, nil, ben, "space", home, "key"},
		// A block wins, whichever is longer and of whatever class.
		{[]string{"10.1.2.3"}, []string{"10.0.0.0/8"}, anna, "space", home, "addr:10.0.0.0/8"},
		{[]string{"10.0.0.0/8"}, []string{"10.1.0.0/16"}, anna, "space", home, "addr:10.1.0.0/16"},
		{[]string{key}, []string{"10.0.0.0/8"}, anna, "space", home, "addr:10.0.0.0/8"},
		{[]string{"10.0.0.0/8"}, []string{key}, anna, "space", home, key},
		{[]string{"cred:space"}, []string{key}, anna, "guest", home, key},
	} {
		a := openAccess(t, filepath.Join(t.TempDir(), "access"))
		for _, s := range c.allow {
			if err := a.Allow(rule(t, s)); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range c.block {
			if err := a.Block(rule(t, s)); err != nil {
				t.Fatal(err)
			}
		}
		name := fmt.Sprintf("allow %v block %v: %.8s %s %v", c.allow, c.block, KeyID(c.key), c.cred, c.addr)
		err := a.Check(c.key, c.cred, c.addr)
		var blocked *BlockedError
		switch {
		case c.refused == "" && err != nil, c.refused != "" && !errors.As(err, &blocked):
			t.Errorf("%s: %v", name, err)
		case c.refused != "" && c.refused != string(blocked.Class) && c.refused != blocked.Rule.String():
			t.Errorf("%s: refused by %v", name, err)
		}
		// Before the handshake only addresses count, and no more than after it.
		if early := a.CheckAddr(c.addr); (early != nil) != (strings.HasPrefix(c.refused, "addr")) && c.refused != key {
			t.Errorf("%s: the address alone: %v", name, early)
		}
	}
}

// Rules change while the server runs, by this process and by others, and are kept.
func TestAccessChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "access")
	a, other := openAccess(t, path), openAccess(t, path)
	addr := netip.MustParseAddr("10.1.2.3")
	r := rule(t, "10.0.0.0/8")
	if err := other.Block(r); err != nil {
		t.Fatal(err)
	}
	if a.CheckAddr(addr) == nil {
		t.Error("a block of another process is not seen")
	}
	if err := a.Allow(r); err != nil {
		t.Fatal(err)
	}
	if err := other.CheckAddr(addr); err != nil {
		t.Errorf("an allow in place of a block: %v", err)
	}
	if err := other.Allow(r); err != nil {
		t.Errorf("the same again: %v", err)
	}
	rules, err := openAccess(t, path).Rules()
	if err != nil || len(rules) != 1 || rules[0].Rule != r || rules[0].Action != Allow || time.Since(rules[0].Made) > time.Minute {
		t.Errorf("the rules are %v, %v", rules, err)
	}
	if err := other.Remove(r); err != nil {
		t.Fatal(err)
	}
	if err := a.Remove(r); !errors.Is(err, ErrNoRule) {
		t.Errorf("removed twice: %v", err)
	}
	if rules, err := a.Rules(); len(rules) != 0 || err != nil {
		t.Errorf("the rules are %v, %v", rules, err)
	}
	for _, r := range []Rule{{}, {ClassAddress, "10.1.2.3"}, {ClassAddress, "10.1.2.3/8"}, {"other", "x"}, {ClassKey, "x"}, {ClassCredential, ""}} {
		if err := a.Block(r); !errors.Is(err, ErrBadRule) {
			t.Errorf("the rule %v: %v", r, err)
		}
	}
}

// While the list cannot be read nobody is let in.
func TestAccessFailsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access")
	a := openAccess(t, path)
	if err := a.Block(rule(t, "10.0.0.0/8")); err != nil {
		t.Fatal(err)
	}
	away := netip.MustParseAddr("192.0.2.1")
	if err := a.CheckAddr(away); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := a.Check(testKey(1), "space", away); !errors.Is(err, ErrVanished) {
		t.Errorf("the list is gone: %v", err)
	}
	if err := a.Block(rule(t, "11.0.0.0/8")); !errors.Is(err, ErrVanished) {
		t.Errorf("a rule for a list that is gone: %v", err)
	}
	for name, text := range map[string]string{
		"damaged": "{", "rule": `{"version":1,"rules":[{"rule":"10.0.0.0/8","action":"allow","made":"2026-01-02T03:04:05Z"}]}`,
		"action": `{"version":1,"rules":[{"rule":"addr:10.0.0.0/8","action":"maybe","made":"2026-01-02T03:04:05Z"}]}`,
		"twice":  `{"version":1,"rules":[{"rule":"cred:a","action":"allow","made":"2026-01-02T03:04:05Z"},{"rule":"cred:a","action":"block","made":"2026-01-02T03:04:05Z"}]}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *DamagedError
		if err := a.CheckAddr(away); !errors.As(err, &bad) || bad.File != path {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := OpenAccess(path); !errors.As(err, &bad) {
			t.Errorf("%s: opened with %v", name, err)
		}
	}
}

func TestAccessIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access")
	f := accessFile{Version: 1}
	for i := range MaxRules {
		f.Rules = append(f.Rules, accessLine{fmt.Sprintf("addr:10.%d.%d.0/24", i/256, i%256), Block, time.Now()})
	}
	b, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	a := openAccess(t, path)
	if a.CheckAddr(netip.MustParseAddr("10.39.15.1")) == nil {
		t.Error("the last rule does not block")
	}
	if err := a.Block(rule(t, "11.0.0.0/8")); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add("key:" + KeyID(testKey(1)))
	f.Add("::ffff:10.0.0.0/104")
	f.Add("cred:a b")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRule(s)
		if err != nil {
			return
		}
		if again, err := ParseRule(r.String()); err != nil || again != r {
			t.Errorf("%q is %v, which is %v, %v", s, r, again, err)
		}
		if b, err := json.Marshal(accessFile{1, []accessLine{{r.String(), Allow, time.Time{}}}}); err != nil {
			t.Error(err)
		} else if _, err := parseAccess(b); err != nil {
			t.Errorf("%s is not read back: %v", b, err)
		}
	})
}

func FuzzParseAccess(f *testing.F) {
	f.Add([]byte(`{"version":1,"rules":[{"rule":"addr:10.0.0.0/8","action":"allow","made":"2026-01-02T03:04:05Z"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseAccess(b); err == nil {
			s.checkAddr(netip.MustParseAddr("10.1.2.3"))
		}
	})
}

// A look at a thousand prefixes of many lengths.
func BenchmarkCheckAddr(b *testing.B) {
	path := filepath.Join(b.TempDir(), "access")
	f := accessFile{Version: 1}
	for i := range 1000 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 8+16*(i%2)+i%5).Masked()
		r := rule(b, p.String())
		if s := r.String(); i == 0 || !containsRule(f.Rules, s) {
			f.Rules = append(f.Rules, accessLine{s, Block, time.Now()})
		}
	}
	data, err := json.Marshal(f)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	a := openAccess(b, path)
	addr := netip.MustParseAddr("10.1.2.3")
	b.ReportAllocs()
	for b.Loop() {
		if err := a.CheckAddr(addr); err != nil {
			b.Fatal(err)
		}
	}
}

func containsRule(rules []accessLine, s string) bool {
	for _, l := range rules {
		if l.Rule == s {
			return true
		}
	}
	return false
}
