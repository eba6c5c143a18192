package trust

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// An identity is made once and is the same ever after.
func TestIdentityIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	if _, err := LoadIdentity(dir); !errors.Is(err, ErrNoIdentity) {
		t.Fatalf("without one: %v", err)
	}
	made, err := CreateIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := CreateIdentity(dir); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second one: %v", err)
	}
	for _, open := range []func(string) (ed25519.PrivateKey, error){LoadIdentity, OpenIdentity} {
		if key, err := open(dir); err != nil || !key.Equal(made) {
			t.Errorf("it comes back as another, %v", err)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, identityFile)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", st.Mode(), err)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", st.Mode(), err)
	}
	if !ed25519.Verify(made.Public().(ed25519.PublicKey), []byte("x"), ed25519.Sign(made, []byte("x"))) {
		t.Error("the key does not sign")
	}
}

// Those that open an identity at once all get the same.
func TestIdentityIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	keys := make([]ed25519.PrivateKey, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() {
			var err error
			if keys[i], err = OpenIdentity(dir); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if !k.Equal(keys[0]) {
			t.Error("two identities were made")
		}
	}
}

// Every bit that flips in the file is seen, and so is every length but the right
// one, and the file is left as it is.
func TestDamagedIdentity(t *testing.T) {
	dir := t.TempDir()
	if _, err := CreateIdentity(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, identityFile)
	good, err := os.ReadFile(path)
	if err != nil || len(good) != identityLen {
		t.Fatalf("%d bytes, %v", len(good), err)
	}
	refused := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		var bad *DamagedError
		for _, open := range []func(string) (ed25519.PrivateKey, error){LoadIdentity, OpenIdentity} {
			if key, err := open(dir); key != nil || !errors.As(err, &bad) && !errors.Is(err, ErrNewer) {
				t.Fatalf("%x: %v", b, err)
			} else if errors.As(err, &bad) && bad.File != path {
				t.Fatalf("the error names %q", bad.File)
			}
		}
		if now, _ := os.ReadFile(path); !bytes.Equal(now, b) {
			t.Fatal("the file was changed")
		}
	}
	for bit := range 8 * len(good) {
		b := bytes.Clone(good)
		b[bit/8] ^= 1 << (bit % 8)
		refused(b)
	}
	for n := range len(good) {
		refused(good[:n])
	}
	refused(append(bytes.Clone(good), 0))
	refused(make([]byte, 10_000))
	newer := bytes.Clone(good)
	newer[8] = 2
	if err := os.WriteFile(path, append(newer, "more than version 1 has"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(dir); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer version: %v", err)
	}
}

// A key that others can read is not used.
func TestIdentityOfWideMode(t *testing.T) {
	dir := t.TempDir()
	if _, err := CreateIdentity(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, identityFile)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o777} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var wide *ModeError
		if _, err := OpenIdentity(dir); !errors.As(err, &wide) || wide.File != path {
			t.Errorf("%v: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIdentity(dir); err != nil {
		t.Errorf("0400: %v", err)
	}
}

// What a crash left behind while it wrote is no identity and does no harm.
func TestIdentityAfterCrash(t *testing.T) {
	dir := t.TempDir()
	half := filepath.Join(dir, identityFile+".new")
	if err := os.WriteFile(half, []byte(identityMagic), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenIdentity(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIdentity(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

func FuzzParseIdentity(f *testing.F) {
	f.Add(marshalIdentity(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))))
	f.Add([]byte(identityMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if key, err := parseIdentity(b); err == nil && !bytes.Equal(marshalIdentity(key), b) {
			t.Errorf("%x is read as %x", b, marshalIdentity(key))
		}
	})
}
