package trust

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func openCredentials(t testing.TB, path string) *Credentials {
	t.Helper()
	c, err := OpenCredentials(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "credentials")
	c := openCredentials(t, path)
	if _, ok := c.Credential(SpaceCredential); ok || c.Keys() != nil || c.Err() != nil {
		t.Error("a file that is not there holds something")
	}
	soon := time.Now().Add(time.Hour)
	for _, err := range []error{
		c.SetKeys([]byte("keys")),
		c.Set(SpaceCredential, []byte("record 1"), Guest, "", time.Time{}),
		c.Set("mirror of anna", []byte{0, 1, 2}, Mirror, "her standby", soon),
		c.Set("old", []byte("record 3"), Guest, "", time.Now().Add(-time.Second)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*Credentials{c, openCredentials(t, path)} {
		if r, ok := c.Credential(SpaceCredential); !ok || string(r) != "record 1" {
			t.Errorf("the space's password: %q, %v", r, ok)
		}
		if r, ok := c.Role("mirror of anna"); !ok || r != Mirror {
			t.Errorf("the role of the mirror: %q, %v", r, ok)
		}
		for _, name := range []string{"old", "nobody", ""} {
			if _, ok := c.Credential(name); ok {
				t.Errorf("%q logs in", name)
			}
			if _, ok := c.Role(name); ok {
				t.Errorf("%q has a role", name)
			}
		}
		if string(c.Keys()) != "keys" {
			t.Errorf("the keys are %q", c.Keys())
		}
		list, err := c.List()
		if err != nil || len(list) != 3 || list[0].Name != "mirror of anna" || list[0].Note != "her standby" || !list[0].Expires.Equal(soon) || time.Since(list[0].Made) > time.Minute || list[0].Expired() ||
			list[1].Name != "old" || !list[1].Expired() || list[2].Name != SpaceCredential || !list[2].Expires.IsZero() {
			t.Errorf("the list is %+v, %v", list, err)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", st.Mode(), err)
	}

	// What was handed out is not the file's.
	r, _ := c.Credential(SpaceCredential)
	clear(r)
	clear(c.Keys())
	if r, _ := c.Credential(SpaceCredential); string(r) != "record 1" || string(c.Keys()) != "keys" {
		t.Error("a caller changed the record or the keys")
	}

	if err := c.Set(SpaceCredential, []byte("record 4"), Guest, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if r, _ := c.Credential(SpaceCredential); string(r) != "record 4" {
		t.Errorf("the changed password: %q", r)
	}
	if err := c.Revoke("mirror of anna"); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Credential("mirror of anna"); ok {
		t.Error("it logs in after it was revoked")
	}
	if err := c.Revoke("mirror of anna"); !errors.Is(err, ErrNoCredential) {
		t.Errorf("revoked twice: %v", err)
	}
	if err := c.SetKeys([]byte("keys")); err != nil {
		t.Errorf("the same keys: %v", err)
	}
	if err := c.SetKeys([]byte("others")); !errors.Is(err, ErrHasKeys) || string(c.Keys()) != "keys" {
		t.Errorf("other keys: %v", err)
	}
}

// A credential expires while the server runs.
func TestCredentialExpires(t *testing.T) {
	c := openCredentials(t, filepath.Join(t.TempDir(), "credentials"))
	end := time.Now().Add(150 * time.Millisecond)
	if err := c.Set("brief", []byte("r"), Guest, "", end); err != nil {
		t.Fatal(err)
	}
	if _, ok := c.Credential("brief"); !ok && time.Now().Before(end) {
		t.Error("it does not log in before its end")
	}
	time.Sleep(time.Until(end))
	if _, ok := c.Credential("brief"); ok {
		t.Error("it logs in after its end")
	}
}

func TestBadCredentials(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	c := openCredentials(t, path)
	r := []byte("r")
	for name, err := range map[string]error{
		"no name":       c.Set("", r, Guest, "", time.Time{}),
		"slash":         c.Set("a/b", r, Guest, "", time.Time{}),
		"long name":     c.Set(strings.Repeat("a", MaxName+1), r, Guest, "", time.Time{}),
		"newline":       c.Set("a\nb", r, Guest, "", time.Time{}),
		"blank at end":  c.Set("a ", r, Guest, "", time.Time{}),
		"bad text":      c.Set("\xff", r, Guest, "", time.Time{}),
		"no record":     c.Set("a", nil, Guest, "", time.Time{}),
		"long record":   c.Set("a", make([]byte, MaxRecord+1), Guest, "", time.Time{}),
		"no role":       c.Set("a", r, "", "", time.Time{}),
		"unknown role":  c.Set("a", r, "king", "", time.Time{}),
		"long note":     c.Set("a", r, Guest, strings.Repeat("n", MaxNote+1), time.Time{}),
		"lines of note": c.Set("a", r, Guest, "a\nb", time.Time{}),
		"bad note":      c.Set("a", r, Guest, "\xff", time.Time{}),
		"far future":    c.Set("a", r, Guest, "", time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)),
		"far past":      c.Set("a", r, Guest, "", time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)),
		"no keys":       c.SetKeys(nil),
		"long keys":     c.SetKeys(make([]byte, MaxKeys+1)),
	} {
		if !errors.Is(err, ErrBadCredential) && !errors.Is(err, ErrBadName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("something was written")
	}
}

func TestDamagedCredentials(t *testing.T) {
	entry := `{"name":"a","record":"AA==","role":"guest","made":"2026-01-02T03:04:05Z"}`
	for name, text := range map[string]string{
		"empty":      "",
		"no JSON":    "\x00\x00\x00",
		"cut":        `{"version":1,"credentials":[`,
		"no version": `{"credentials":[]}`,
		"version 0":  `{"version":0}`,
		"other type": `[1]`,
		"null":       `null`,
		"two values": `{"version":1}{"version":1}`,
		"unknown":    `{"version":1,"more":1}`,
		"base64":     `{"version":1,"keys":"?"}`,
		"twice":      `{"version":1,"credentials":[` + entry + "," + entry + `]}`,
		"no record":  `{"version":1,"credentials":[{"name":"a","role":"guest"}]}`,
		"role":       `{"version":1,"credentials":[` + strings.Replace(entry, "guest", "king", 1) + `]}`,
		"time":       `{"version":1,"credentials":[` + strings.Replace(entry, "2026", "26", 1) + `]}`,
		"newer":      `{"version":2,"something":"else"}`,
	} {
		path := filepath.Join(t.TempDir(), "credentials")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenCredentials(path)
		var bad *DamagedError
		if name == "newer" && !errors.Is(err, ErrNewer) || name != "newer" && !errors.As(err, &bad) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// While the file is damaged, gone or open to others nobody logs in and nothing
// overwrites it; when it is mended all go on.
func TestCredentialsFailClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	c := openCredentials(t, path)
	if err := c.Set("a", []byte("r"), Guest, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	aside := path + ".aside"
	for name, f := range map[string]struct{ harm, mend func() error }{
		"damaged": {func() error { return os.WriteFile(path, good[:len(good)/2], 0o600) }, func() error { return os.WriteFile(path, good, 0o600) }},
		"gone":    {func() error { return os.Rename(path, aside) }, func() error { return os.Rename(aside, path) }},
		"wide":    {func() error { return os.Chmod(path, 0o644) }, func() error { return os.Chmod(path, 0o600) }},
	} {
		if err := f.harm(); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, ok := c.Credential("a"); ok || c.Err() == nil {
				t.Errorf("%s: it logs in, %v", name, c.Err())
			}
		}
		if err := c.Set("b", []byte("r"), Guest, "", time.Time{}); err == nil {
			t.Errorf("%s: it was overwritten", name)
		}
		if err := f.mend(); err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Credential("a"); !ok || c.Err() != nil {
			t.Errorf("%s: it does not log in after it was mended, %v", name, c.Err())
		}
	}
}

// untilKilled is the name of a process that sets credentials as fast as it can.
const untilKilled = "killed"

// TestMain also is the other process of a test.
func TestMain(m *testing.M) {
	path, name := os.Getenv("TRUST_TEST_PATH"), os.Getenv("TRUST_TEST_NAME")
	if path == "" {
		os.Exit(m.Run())
	}
	c, err := OpenCredentials(path)
	last := 10
	if name == untilKilled {
		last = MaxCredentials
	}
	for i := 0; err == nil && i < last; i++ {
		if err = c.Set(fmt.Sprintf("%s %d", name, i), []byte("r"), Guest, "", time.Time{}); err == nil {
			fmt.Println(i)
		}
	}
	if err == nil {
		err = c.Revoke(name + " 0")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Processes that change the file at once lose nothing of each other, and one that
// only looks sees every change at its next look.
func TestCredentialsOfOtherProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	c := openCredentials(t, path)
	if err := c.Set("first", []byte("r"), Guest, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, name := range []string{"x", "y", "z"} {
		all.Go(func() {
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), "TRUST_TEST_PATH="+path, "TRUST_TEST_NAME="+name)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			// This process learns of it without being told.
			if _, ok := c.Credential(name + " 9"); !ok {
				t.Errorf("%s is not seen", name)
			}
			if _, ok := c.Credential(name + " 0"); ok {
				t.Errorf("%s was revoked and logs in", name)
			}
		})
	}
	all.Wait()
	if list, err := c.List(); err != nil || len(list) != 1+3*9 {
		t.Errorf("%d credentials, %v", len(list), err)
	}
}

// What Set acknowledged is there after kill -9 at any moment, nothing else is
// half there, and the lock is free.
func TestKilledWhileItWrites(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "credentials")
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), "TRUST_TEST_PATH="+path, "TRUST_TEST_NAME="+untilKilled)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		acked := -1
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if acked, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(err)
			}
			if acked == 5 {
				time.AfterFunc(time.Duration(round)*700*time.Microsecond, func() { cmd.Process.Kill() })
			}
		}
		if err := cmd.Wait(); err == nil || acked < 5 {
			t.Fatalf("it was not killed, after %d: %v", acked, err)
		}
		c := openCredentials(t, path)
		list, err := c.List()
		if err != nil || len(list) <= acked || len(list) > acked+2 {
			t.Errorf("%d of %d acknowledged are there, %v", len(list), acked+1, err)
		}
		if err := c.Set("after", []byte("r"), Guest, "", time.Time{}); err != nil {
			t.Error(err)
		}
	}
}

// Every change is seen by another reader, also when they follow each other faster
// than the clock of the file system and with sizes and inodes that come again.
func TestQuickChangesAreSeen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	writer, reader := openCredentials(t, path), openCredentials(t, path)
	for i := range 300 {
		want := []byte{byte(i), byte(i >> 8)}
		if err := writer.Set("a", want, Guest, "", time.Time{}); err != nil {
			t.Fatal(err)
		}
		if r, ok := reader.Credential("a"); !ok || !bytes.Equal(r, want) {
			t.Fatalf("change %d: the reader has %x", i, r)
		}
	}
}

// A write that fails leaves what was there, in the file and for lookups.
func TestFailedWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	c := openCredentials(t, path)
	if err := c.Set("a", []byte("r"), Guest, "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	// Where the next file should be written stands a folder.
	if err := os.MkdirAll(filepath.Join(path+".new", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("b", []byte("r"), Guest, "", time.Time{}); err == nil {
		t.Error("it was written nowhere and no error came")
	}
	if err := c.Revoke("a"); err == nil {
		t.Error("it was revoked nowhere and no error came")
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed, %v", err)
	}
	if _, ok := c.Credential("a"); !ok {
		t.Error("what was there is lost")
	}
	if _, ok := c.Credential("b"); ok {
		t.Error("what is not on disk logs in")
	}
}

func TestCredentialsAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	f := credentialFile{Version: 1, Keys: make([]byte, MaxKeys)}
	for i := range MaxCredentials {
		f.Credentials = append(f.Credentials, credentialEntry{
			Name: fmt.Sprintf("%0*d", MaxName, i), Record: make([]byte, MaxRecord), Role: Mirror,
			Note: strings.Repeat("<", MaxNote), Made: time.Now(), Expires: time.Now().Add(time.Hour),
		})
	}
	b, err := json.MarshalIndent(f, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	c := openCredentials(t, path) // so many at their limits fit into the file
	if err := c.Set("one more", []byte("r"), Guest, "", time.Time{}); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if err := c.Set(f.Credentials[0].Name, []byte("r"), Guest, "", time.Time{}); err != nil {
		t.Errorf("one changed: %v", err)
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add([]byte(`{"version":1,"keys":"AA==","credentials":[{"name":"a","record":"AA==","role":"guest","made":"2026-01-02T03:04:05Z","expires":"2026-01-02T03:04:05Z"}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseCredentials(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(s.credentialFile)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseCredentials(again); err != nil || len(back.index) != len(s.index) {
			t.Errorf("%s is written %s, %v", b, again, err)
		}
	})
}

// A lookup costs a stat where nothing changed.
func BenchmarkCredential(b *testing.B) {
	c := openCredentials(b, filepath.Join(b.TempDir(), "credentials"))
	if err := c.Set("a", make([]byte, 192), Guest, "", time.Time{}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := c.Credential("a"); !ok {
			b.Fatal("it is gone")
		}
	}
}
