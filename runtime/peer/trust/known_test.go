package trust

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func says(answer bool) func(string) (bool, error) {
	return func(string) (bool, error) { return answer, nil }
}

func TestKnownServers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "known_servers")
	k := NewKnownServers(path)
	const host = "example.org:4920"
	first, other := testKey(1), testKey(2)

	// A script is told the key and how to go on.
	err := k.Check(host, "attic", nil, first, nil)
	var unknown *UnknownServerError
	if !errors.Is(err, ErrUnknownServer) || !errors.As(err, &unknown) || !unknown.Key.Equal(first) || !strings.Contains(err.Error(), "--trust "+KeyID(first)) {
		t.Errorf("unknown: %v", err)
	}
	if err := k.Check(host, "attic", nil, first, says(false)); !errors.Is(err, ErrNotAccepted) {
		t.Errorf("not accepted: %v", err)
	}
	broken := errors.New("no terminal")
	if err := k.Check(host, "attic", nil, first, func(string) (bool, error) { return true, broken }); !errors.Is(err, broken) {
		t.Errorf("asking failed: %v", err)
	}
	if list, err := k.List(); err != nil || len(list) != 0 {
		t.Errorf("something is known already: %v, %v", list, err)
	}

	asked := ""
	if err := k.Check(host, "attic", nil, first, func(id string) (bool, error) { asked = id; return true, nil }); err != nil || asked != KeyID(first) {
		t.Errorf("asked about %q: %v", asked, err)
	}
	must := func(id string) (bool, error) { t.Errorf("asked about %s again", id); return false, nil }
	if err := k.Check(host, "attic", nil, first, must); err != nil {
		t.Errorf("known: %v", err)
	}

	// A changed key is an error whoever could be asked.
	err = k.Check(host, "attic", nil, other, must)
	var changed *ChangedKeyError
	if !errors.As(err, &changed) || changed.File != path || changed.Line != 1 || !changed.Want.Equal(first) || !changed.Got.Equal(other) {
		t.Fatalf("changed: %v", err)
	}
	for _, part := range []string{host, path + ":1", KeyID(first), KeyID(other)} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %s: %v", part, err)
		}
	}

	// The link's key decides: for this connection, and not what others rely on.
	err = k.Check(host, "attic", other, first, must)
	if !errors.As(err, &changed) || changed.File != "" || !changed.Want.Equal(other) {
		t.Errorf("another than the link names: %v", err)
	}
	if err := k.Check(host, "attic", other, other, must); err != nil {
		t.Errorf("as the link names: %v", err)
	}
	if err := k.Check(host, "attic", nil, first, must); err != nil {
		t.Errorf("the file was changed by a link: %v", err)
	}

	// Another space or port is another server; a link makes it known.
	if err := k.Check(host, "my cellar", other, other, nil); err != nil {
		t.Error(err)
	}
	if err := k.Check(host, "my cellar", nil, other, nil); err != nil {
		t.Errorf("a space with a blank: %v", err)
	}
	if err := k.Check("[fe80::1%eth0]:1", "attic", nil, other, says(true)); err != nil {
		t.Error(err)
	}
	list, err := NewKnownServers(path).List()
	if err != nil || len(list) != 3 || list[1].Space != "my cellar" || list[1].How != Given || list[0].How != Asked || list[2].Line != 3 || list[2].Host != "[fe80::1%eth0]:1" {
		t.Errorf("the list is %+v, %v", list, err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", st.Mode(), err)
	}

	if n, err := k.Forget(host); n != 2 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	if n, err := k.Forget(host); n != 0 || err != nil {
		t.Errorf("forgot %d again, %v", n, err)
	}
	if err := k.Check(host, "attic", nil, other, says(true)); err != nil {
		t.Errorf("after it was forgotten: %v", err)
	}
}

// What cannot stand in a line is not written, and a key that is none not believed.
func TestKnownServersRefuse(t *testing.T) {
	k := NewKnownServers(filepath.Join(t.TempDir(), "known"))
	for _, host := range []string{"", "h", "H:1", "h:1 x", "h:1\nevil:1 attic", "#h:1", "::1:1"} {
		if err := k.Check(host, "attic", nil, testKey(1), says(true)); !errors.Is(err, ErrBadLink) {
			t.Errorf("host %q: %v", host, err)
		}
	}
	if err := k.Check("h:1", "at/tic", nil, testKey(1), says(true)); !errors.Is(err, ErrBadLink) {
		t.Errorf("a bad space: %v", err)
	}
	if err := k.Check("h:1", "attic", nil, nil, says(true)); !errors.Is(err, ErrUnknownServer) {
		t.Errorf("no key: %v", err)
	}
	if list, err := k.List(); len(list) != 0 || err != nil {
		t.Errorf("the list is %v, %v", list, err)
	}
}

func TestDamagedKnownServers(t *testing.T) {
	id := KeyID(testKey(1))
	good := "h:1 attic " + id + " 2026-01-02T03:04:05Z asked"
	for name, line := range map[string]string{
		"cut":        good[:60],
		"field more": good + " x",
		"host":       strings.Replace(good, "h:1", "h", 1),
		"big host":   strings.Replace(good, "h:1", "H:1", 1),
		"space":      strings.Replace(good, "attic", "at/tic", 1),
		"escape":     strings.Replace(good, "attic", "%61ttic", 1),
		"key":        strings.Replace(good, id, "X"+id[1:], 1),
		"time":       strings.Replace(good, "2026", "26", 1),
		"other zone": strings.Replace(good, "Z", "+01:00", 1),
		"fraction":   strings.Replace(good, "05Z", "05.5Z", 1),
		"how":        strings.Replace(good, "asked", "guessed", 1),
		"twice":      "h:2 attic " + id + " 2026-01-02T03:04:05Z asked",
		"zeros":      strings.Repeat("\x00", 100),
	} {
		path := filepath.Join(t.TempDir(), "known")
		text := "# mine\n\nh:2 attic " + id + " 2026-01-02T03:04:05Z given\n" + line + "\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		k := NewKnownServers(path)
		_, forget := k.Forget("h:2")
		_, list := k.List()
		for _, err := range []error{k.Check("h:2", "attic", nil, testKey(1), says(true)), k.Check("new:2", "attic", testKey(1), testKey(1), nil), forget, list} {
			var bad *DamagedError
			if !errors.As(err, &bad) || bad.File != path || bad.Line != 4 || !strings.Contains(err.Error(), path+":4") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// What a person wrote into the file stays, also behind a link to another place.
func TestKnownServersKeepComments(t *testing.T) {
	dir := t.TempDir()
	real, path := filepath.Join(dir, "real"), filepath.Join(dir, "known")
	text := "# mine\nh:1 attic " + KeyID(testKey(1)) + " 2026-01-02T03:04:05Z asked\r\n# end"
	if err := os.WriteFile(real, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	k := NewKnownServers(path)
	if err := k.Check("h:2", "attic", nil, testKey(2), says(true)); err != nil {
		t.Fatal(err)
	}
	if n, err := k.Forget("h:1"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	b, err := os.ReadFile(real)
	if err != nil || !strings.HasPrefix(string(b), "# mine\n# end\nh:2 attic ") {
		t.Errorf("%q, %v", b, err)
	}
	if st, err := os.Lstat(path); err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", st.Mode(), err)
	}
}

// Programs that learn of servers at once lose none, and of two that saw different
// keys for one server the second is stopped.
func TestKnownServersTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			k := NewKnownServers(path)
			for j := range 5 {
				host := fmt.Sprintf("h%d:%d", i, j+1)
				if err := k.Check(host, "attic", nil, testKey(byte(i)), says(true)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	k := NewKnownServers(path)
	if list, err := k.List(); err != nil || len(list) != 40 {
		t.Errorf("%d are known, %v", len(list), err)
	}
	err := k.Check("new:1", "attic", nil, testKey(1), func(string) (bool, error) {
		return true, NewKnownServers(path).Check("new:1", "attic", nil, testKey(2), says(true))
	})
	var changed *ChangedKeyError
	if !errors.As(err, &changed) || !changed.Want.Equal(testKey(2)) {
		t.Errorf("two keys at once: %v", err)
	}
}

func TestKnownServersAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known")
	var b strings.Builder
	tail := " attic " + KeyID(testKey(1)) + " 2026-01-02T03:04:05Z asked\n"
	for i := range MaxKnown {
		fmt.Fprintf(&b, "h%d:1%s", i, tail)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	k := NewKnownServers(path)
	if err := k.Check("h9999:1", "attic", nil, testKey(1), nil); err != nil {
		t.Error(err)
	}
	if err := k.Check("new:1", "attic", nil, testKey(1), says(true)); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	var bad *DamagedError
	if err := os.WriteFile(path, make([]byte, maxKnownFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := k.List(); !errors.As(err, &bad) {
		t.Errorf("a file that is too long: %v", err)
	}
}

func FuzzParseKnown(f *testing.F) {
	f.Add("h:1 attic " + KeyID(testKey(1)) + " 2026-01-02T03:04:05Z asked\n# x\n")
	f.Add("[fe80::1%eth0]:1 a%20b " + KeyID(make(ed25519.PublicKey, 32)) + " 2026-01-02T03:04:05+01:00 given")
	f.Add("[::1%0]:1 0 " + KeyID(make(ed25519.PublicKey, 32)) + " 0000-01-01T0:00:00+01:00 given")
	f.Fuzz(func(t *testing.T, s string) {
		known, bad := parseKnownFile([]byte(s))
		if bad != nil {
			return
		}
		for _, k := range known {
			if back, err := parseKnown(knownLine(k)); err != nil || back.Host != k.Host || back.Space != k.Space || !back.Key.Equal(k.Key) {
				t.Errorf("%+v is written %q, %v", k, knownLine(k), err)
			}
		}
	})
}
