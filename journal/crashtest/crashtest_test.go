package crashtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"hearth/journal/crashtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// must is for workloads, which have nobody to return an error to.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func must0(err error) {
	if err != nil {
		panic(err)
	}
}

// value is what the small programs below store: longer than some sectors.
func value(i int) []byte { return bytes.Repeat([]byte{byte(i + 1)}, 1500) }

// replaceFile writes value i in place of value i-1, the way that every program does it
// that replaces a file: temporary name, sync, rename, sync the folder. leave
// names the step that is left out.
func replaceFile(fs *crashtest.FS, i int, leave string) {
	f := must(fs.Open("d/tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC))
	must(f.WriteAt(value(i), 0))
	if leave != "sync" {
		must0(f.Sync())
	}
	must0(f.Close())
	must0(fs.Rename("d/tmp", "d/value"))
	if leave != "syncdir" {
		must0(fs.SyncDir("d"))
	}
}

// The exploration finds what is wrong with a program that replaces a file
// carelessly, and nothing wrong with one that does it well.
func TestModel(t *testing.T) {
	for _, leave := range []string{"", "sync", "syncdir"} {
		ops := crashtest.Record(t, func(fs *crashtest.FS, ack func(int)) {
			must0(fs.MakeDir("d"))
			for i := range 20 {
				replaceFile(fs, i, leave)
				ack(i)
			}
		})
		r := crashtest.Check(t, ops, crashtest.Options{States: 2000}, func(s crashtest.State, acked []int) error {
			b, ok := s.FS.Contents()["d/value"]
			for i := range 20 {
				if bytes.Equal(b, value(i)) {
					if len(acked) > 0 && i < acked[len(acked)-1] {
						return fmt.Errorf("value %d is there, and %d was acknowledged", i, acked[len(acked)-1])
					}
					return nil
				}
			}
			if !ok && len(acked) == 0 {
				return nil
			}
			return fmt.Errorf("%d bytes that are no value", len(b))
		})
		if leave == "" {
			r.Verify(t)
		} else {
			r.VerifyMutant(t)
		}
	}
}

// A write that spans sectors may be torn at any of them, and only there.
func TestTornWrites(t *testing.T) {
	ops := crashtest.Record(t, func(fs *crashtest.FS, _ func(int)) {
		f := must(fs.Open("f", os.O_RDWR|os.O_CREATE))
		must(f.WriteAt(make([]byte, 4096), 0))
		must0(f.Sync())
		must0(fs.SyncDir("."))
		must(f.WriteAt(bytes.Repeat([]byte{1}, 2000), 100))
	})
	seen := map[string]bool{}
	prefix, scattered := false, false
	crashtest.Check(t, ops, crashtest.Options{States: 3000, PerPoint: 800}, func(s crashtest.State, _ []int) error {
		b := s.FS.Contents()["f"]
		if len(b) < 4096 {
			return nil
		}
		pattern := ""
		for at := 100; at < 2100; {
			end := min(2100, (at/512+1)*512)
			if n := bytes.Count(b[at:end], []byte{1}); n != 0 && n != end-at {
				t.Fatalf("a sector is half written: %d of %d bytes at %d", n, end-at, at)
			}
			pattern += fmt.Sprint(b[at])
			at = end
		}
		if bytes.Count(b[:100], []byte{0}) != 100 || bytes.Count(b[2100:], []byte{0}) != 4096-2100 {
			t.Fatal("bytes beside the write have changed")
		}
		seen[pattern] = true
		prefix = prefix || pattern == "11100"
		scattered = scattered || pattern == "01010"
		return nil
	})
	if !seen["00000"] || !seen["11111"] || !prefix || !scattered {
		t.Errorf("patterns seen: %v; want none, all, a prefix and a scattered one among them", seen)
	}
}

// The same record gives the same states: a seed that fails can be run again.
func TestSeedsRepeat(t *testing.T) {
	ops := crashtest.Record(t, func(fs *crashtest.FS, ack func(int)) {
		must0(fs.MakeDir("d"))
		for i := range 10 {
			replaceFile(fs, i, "sync")
		}
	})
	run := func(seed uint64) (all []string) {
		crashtest.Check(t, ops, crashtest.Options{Seed: seed, States: 100}, func(s crashtest.State, _ []int) error {
			all = append(all, fmt.Sprint(s.After, s.FS.Contents()))
			return nil
		})
		return all
	}
	a, b, c := fmt.Sprint(run(7)), fmt.Sprint(run(7)), fmt.Sprint(run(8))
	if a != b {
		t.Error("one seed gave two explorations")
	}
	if a == c {
		t.Error("two seeds gave one exploration")
	}
}

// An unmodified program in a child process, through FUSE: the record has what
// the program did, in its order, and the states are what the model says.
func TestChild(t *testing.T) {
	ops := crashtest.RecordChild(t, func(dir string, ack func(string)) {
		sub := filepath.Join(dir, "sub")
		must0(os.Mkdir(sub, 0o700))
		d := must(os.Open(dir))
		must0(d.Sync())
		f := must(os.OpenFile(filepath.Join(sub, "a"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600))
		must(f.WriteAt(value(1), 10))
		must0(f.Truncate(700))
		must0(syscall.Fdatasync(int(f.Fd())))
		must0(os.Rename(filepath.Join(sub, "a"), filepath.Join(sub, "b")))
		must(f.WriteAt([]byte("renamed"), 0))
		must0(f.Sync())
		d = must(os.Open(sub))
		must0(d.Sync())
		if es := must(os.ReadDir(sub)); len(es) != 1 || es[0].Name() != "b" {
			panic(fmt.Sprint("the folder lists ", es))
		}
		if b := must(os.ReadFile(filepath.Join(sub, "b"))); len(b) != 700 || string(b[:7]) != "renamed" {
			panic(fmt.Sprint("the file has ", len(b), " bytes"))
		}
		m := must(syscall.Mmap(int(f.Fd()), 0, 700, syscall.PROT_READ, syscall.MAP_SHARED))
		if string(m[:7]) != "renamed" || m[699] != 2 {
			panic("the mapped file has other bytes")
		}
		ack("done")
		must0(os.Remove(filepath.Join(sub, "b")))
	})
	var got []string
	for _, o := range ops {
		got = append(got, o.String())
	}
	want := []string{
		"mkdir sub", "syncdir .", "create sub/a", "write sub/a 10+1500", "truncate sub/a 700", "sync sub/a",
		"rename sub/a sub/b", "write sub/b 0+7", "sync sub/b", "syncdir sub", `ack "done"`, "remove sub/b",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("recorded\n%q, want\n%q", got, want)
	}
	crashtest.CheckDir(t, ops, crashtest.Options{}, func(dir string, acked []string) error {
		b, err := os.ReadFile(filepath.Join(dir, "sub", "b"))
		if len(acked) > 0 && err == nil && (len(b) != 700 || string(b[:7]) != "renamed") {
			return errors.New("what was acknowledged is not there")
		}
		return nil
	}).Verify(t)
}

// A failure that is injected reaches the program as what it is.
func TestFail(t *testing.T) {
	fs := crashtest.NewFS()
	f := must(fs.Open("f", os.O_RDWR|os.O_CREATE))
	fs.Fail(func(o crashtest.Op) error {
		if o.Kind == crashtest.Write {
			return syscall.ENOSPC
		}
		if o.Kind == crashtest.Sync {
			return syscall.EIO
		}
		return nil
	})
	if n, err := f.WriteAt(make([]byte, 10), 0); n != 5 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write: %d, %v", n, err)
	}
	if n, _ := f.Size(); n != 5 {
		t.Errorf("size %d, want the half that was written", n)
	}
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Errorf("sync: %v", err)
	}
	fs.Fail(nil)
	if err := f.Sync(); err != nil {
		t.Error(err)
	}
}
