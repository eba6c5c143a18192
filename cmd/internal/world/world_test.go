package world

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	me    = Owner{PID: 42, Program: "test"}
	quiet = slog.New(slog.DiscardHandler)
)

func made(t *testing.T, dir string) *World {
	t.Helper()
	w, err := Make(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// commit makes a world and closes it.
func commit(t *testing.T, dir string) {
	t.Helper()
	w := made(t, dir)
	if err := errors.Join(w.Load(), w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestMakeAndOpen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "world")
	if err := Exists(dir); !errors.Is(err, ErrNoWorld) {
		t.Errorf("before: %v", err)
	}
	if _, err := Open(dir, me, quiet); !errors.Is(err, ErrNoWorld) {
		t.Errorf("open of nothing: %v", err)
	}
	commit(t, dir)
	for _, name := range []string{"", "store", "journal"} {
		if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v (%v)", name, fi.Mode(), err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "unfinished")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the mark of an unfinished world stays: %v", err)
	}
	w, err := Open(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if w.Made {
		t.Error("an opened world is not one that is being made")
	}
	if _, err := Make(dir, me, quiet); !errors.Is(err, ErrExists) {
		t.Errorf("a world in the place of a world: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// A world that is not committed leaves nothing, whether its folder was there
// before or not, and whether Close was reached or not.
func TestUnfinished(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "a", "world")
	w := made(t, dir)
	if err := errors.Join(w.Load(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(top, "a")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folders stay: %v", err)
	}
	empty := filepath.Join(top, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	w = made(t, empty)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	// As a kill leaves it.
	w = made(t, dir)
	if err := errors.Join(w.Load(), w.Journal.Close(), w.Store.Close(), w.lock.f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := Exists(dir); !errors.Is(err, ErrNoWorld) {
		t.Errorf("an unfinished world: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "store", "rest"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	commit(t, dir)
	if _, err := os.Stat(filepath.Join(dir, "store", "rest")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the attempt before left is part of the world: %v", err)
	}
}

func TestMakeRefuses(t *testing.T) {
	top := t.TempDir()
	full := filepath.Join(top, "full")
	file := filepath.Join(full, "file")
	if err := errors.Join(os.Mkdir(full, 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(full, me, quiet); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a folder that is not empty: %v", err)
	}
	// A folder that only looks like a world's is somebody's.
	look := filepath.Join(top, "look")
	if err := os.MkdirAll(filepath.Join(look, "store"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Make(look, me, quiet); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("a folder with a store: %v", err)
	}
	for _, dir := range []string{file, filepath.Join(file, "world")} {
		var pe *PathError
		if _, err := Make(dir, me, quiet); !errors.As(err, &pe) || pe.Op != "make" || !errors.Is(err, syscall.ENOTDIR) {
			t.Errorf("%s: %v", dir, err)
		}
		if err := Vacant(dir); !errors.As(err, &pe) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if after, err := os.ReadDir(full); err != nil || len(after) != 1 {
		t.Errorf("the folder was changed: %v, %v", after, err)
	}
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "world")
	commit(t, dir)
	if _, ok, err := Running(dir); ok || err != nil {
		t.Errorf("a stopped world: %v, %v", ok, err)
	}
	w, err := Open(dir, me, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if o, ok, err := Running(dir); !ok || err != nil || o != me {
		t.Errorf("an open world: %+v, %v, %v", o, ok, err)
	}
	if err := w.Announce("/run/x.sock"); err != nil {
		t.Fatal(err)
	}
	if o, _, _ := Running(dir); o.Socket != "/run/x.sock" || o.PID != me.PID {
		t.Errorf("its owner: %+v", o)
	}
	var locked *LockedError
	start := time.Now()
	if _, err := Open(dir, Owner{PID: 43}, quiet); !errors.As(err, &locked) || locked.PID != 42 || !strings.Contains(err.Error(), "process 42") {
		t.Errorf("a second open: %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("a second open waits %v", d)
	}
	if _, err := Make(dir, me, quiet); !errors.Is(err, ErrExists) {
		t.Errorf("make on an open world: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := Running(dir); ok || err != nil {
		t.Errorf("a closed world: %v, %v", ok, err)
	}
	// Those who look do not keep others from opening.
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				Running(dir)
			}
		}
	}()
	for range 20 {
		w, err := Open(dir, me, quiet)
		if err != nil {
			t.Errorf("open while others look: %v", err)
			break
		}
		w.Close()
	}
	close(stop)
	<-done
}

func TestFormat(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "world")
	commit(t, dir)
	write := func(s string) {
		if err := os.WriteFile(filepath.Join(dir, "format"), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var newer *NewerError
	write(`{"hearth":"world","format":2,"program":"hearth-server 9.9"}`)
	if _, err := Open(dir, me, quiet); !errors.As(err, &newer) || newer.Found != 2 || !strings.Contains(err.Error(), "hearth-server 9.9") {
		t.Errorf("a newer world: %v", err)
	}
	for _, s := range []string{``, `{`, `{}`, `{"hearth":"world"}`, `{"hearth":"world","format":0}`, `{"hearth":"garden","format":1}`, `[]`} {
		write(s)
		if _, err := Open(dir, me, quiet); !errors.Is(err, ErrBadFormat) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add([]byte(`{"hearth":"world","format":1,"program":"p","created":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"hearth":"world","format":1e9}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, "format"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := readFormat(dir)
		if err == nil && (v.Hearth != "world" || v.Format < 1 || v.Format > Format) {
			t.Errorf("%q is taken for a format file", b)
		}
	})
}

// A copy begins its branch once.
func TestFork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "world")
	w := made(t, dir)
	if err := errors.Join(w.Load(), w.Fork(), w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	run := func() []byte {
		w, err := Open(dir, me, quiet)
		if err != nil {
			t.Fatal(err)
		}
		branch := w.Options().Branch
		rt, err := w.Run(context.Background(), w.Options())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(rt.Shutdown(context.Background()), w.Close()); err != nil {
			t.Fatal(err)
		}
		return branch
	}
	if b := run(); len(b) != 16 {
		t.Errorf("the first start begins the branch %x", b)
	}
	if b := run(); b != nil {
		t.Errorf("the second start begins the branch %x", b)
	}
}

func TestSocketNames(t *testing.T) {
	top := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", top)
	a, err := DefaultSocket("/worlds/home")
	if err != nil || filepath.Dir(a) != filepath.Join(top, "hearth") || !strings.HasPrefix(filepath.Base(a), "home-") {
		t.Errorf("%s, %v", a, err)
	}
	if b, _ := DefaultSocket("/others/home"); a == b {
		t.Error("two worlds of one name have one socket")
	}
	if b, _ := DefaultSocket("/worlds/" + strings.Repeat("ä b", 100)); len(filepath.Base(b)) > maxSocketName+22 || strings.ContainsAny(b, " ä") {
		t.Errorf("a long name gives %s", b)
	}
	// A folder that somebody else made first is not used.
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", top)
	c, err := DefaultSocket("/worlds/home")
	if err != nil || filepath.Dir(filepath.Dir(c)) != top {
		t.Fatalf("%s, %v", c, err)
	}
	if fi, err := os.Stat(filepath.Dir(c)); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v (%v)", fi.Mode(), err)
	}
	if err := errors.Join(os.Remove(filepath.Dir(c)), os.Symlink("/", filepath.Dir(c))); err != nil {
		t.Fatal(err)
	}
	if _, err := DefaultSocket("/worlds/home"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a link in the place of the folder: %v", err)
	}
}

// One world has one name.
func TestDir(t *testing.T) {
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(top, "real"), 0o700), os.Symlink("real", filepath.Join(top, "link"))); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"real": "real", "link": "real", "link/../real/": "real", "link/new": "real/new", "new": "new", "new/newer": "new/newer",
	} {
		if got, err := Dir(filepath.Join(top, in)); err != nil || got != filepath.Join(top, want) {
			t.Errorf("%s is %s, want %s (%v)", in, got, want, err)
		}
	}
}
