package crashtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Report is what an exploration found.
type Report struct {
	States     int
	Ops        int
	Violations []string // the first few, in full
	Violated   int      // how many there were
}

// maxViolations is how many are kept in full; a mutant has thousands.
const maxViolations = 5

func (r *Report) violation(s State, err error) {
	r.Violated++
	if len(r.Violations) < maxViolations {
		r.Violations = append(r.Violations, fmt.Sprintf("after %s: %v", s.After, err))
	}
}

// Verify fails the test if there was a violation, or nothing was checked.
func (r Report) Verify(t testing.TB) {
	t.Helper()
	t.Logf("%d crash states of %d operations, %d violations", r.States, r.Ops, r.Violated)
	for _, v := range r.Violations {
		t.Error(v)
	}
	if r.States == 0 {
		t.Error("no crash state was checked")
	}
}

// VerifyMutant fails the test if no violation was found.
func (r Report) VerifyMutant(t testing.TB) {
	t.Helper()
	if r.Violated == 0 {
		t.Errorf("%d crash states of %d operations, and the mutant was not noticed", r.States, r.Ops)
		return
	}
	t.Logf("%d crash states of %d operations, %d violations; the first: %s", r.States, r.Ops, r.Violated, r.Violations[0])
}

// Record runs a workload of this process on an FS and returns what it did. ack
// notes what the workload was told.
func Record[A any](t testing.TB, workload func(fs *FS, ack func(A))) []Op {
	t.Helper()
	fs := NewFS()
	workload(fs, func(a A) {
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		fs.Ack(b)
	})
	return fs.Ops()
}

// Check builds the crash states of a record and has each checked.
func Check[A any](t testing.TB, ops []Op, o Options, check func(s State, acked []A) error) Report {
	t.Helper()
	r := Report{Ops: len(ops)}
	Explore(ops, o, func(s State) bool {
		r.States++
		acked, err := Acked[A](s)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(s, acked); err != nil {
			r.violation(s, err)
		}
		return true
	})
	return r
}

// CheckDir is Check for programs that need real files: each state stands in a
// folder of its own, in memory where the machine has such a file system.
func CheckDir[A any](t testing.TB, ops []Op, o Options, check func(dir string, acked []A) error) Report {
	t.Helper()
	base, err := os.MkdirTemp(shm(), "crashtest")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(base)
	n := 0
	return Check(t, ops, o, func(s State, acked []A) error {
		n++
		dir := filepath.Join(base, fmt.Sprint(n))
		if err := s.WriteTo(dir); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		return check(dir, acked)
	})
}

func shm() string {
	const dir = "/dev/shm"
	if st, err := os.Stat(dir); err == nil && st.IsDir() {
		return dir
	}
	return ""
}

// Run runs a workload unmodified in a child process on a file system that
// records it, and checks the crash states of what it did.
func Run[A any](t *testing.T, o Options, workload func(dir string, ack func(A)), check func(dir string, acked []A) error) {
	t.Helper()
	CheckDir(t, RecordChild(t, workload), o, check).Verify(t)
}

const childEnv = "HEARTH_CRASHTEST_DIR"

// RecordChild runs a workload in a child process on a FUSE file system and
// returns what it did there. The child is this test again, up to this call: the
// code before it must not depend on being run once, and it may be called once in
// a test. In the child it does not return.
func RecordChild[A any](t *testing.T, workload func(dir string, ack func(A))) []Op {
	t.Helper()
	return RecordFailing(t, nil, workload)
}

// RecordFailing is RecordChild on a file system where fail makes operations fail.
func RecordFailing[A any](t *testing.T, fail func(Op) error, workload func(dir string, ack func(A))) []Op {
	t.Helper()
	if dir := os.Getenv(childEnv); dir != "" {
		child(dir, workload)
	}
	fs := NewFS()
	fs.Fail(fail)
	dir, unmount := Mount(t, fs)
	defer unmount()
	var pattern []string
	for _, part := range strings.Split(t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	c := exec.Command(os.Args[0], "-test.run="+strings.Join(pattern, "/"), "-test.count=1")
	// The race detector would have the child sleep for a second before it ends.
	c.Env = append(os.Environ(), childEnv+"="+dir, "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("the workload failed: %v\n%s", err, out)
	}
	return fs.Ops()
}

// ackName is a file that is not there, through which a child tells its
// acknowledgements: they are recorded in their place among its operations.
const ackName = ".ack"

func child[A any](dir string, workload func(dir string, ack func(A))) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, ackName), os.O_WRONLY, 0)
	fail(err)
	workload(dir, func(a A) {
		b, err := json.Marshal(a)
		fail(err)
		if len(b) > maxAck {
			fail(fmt.Errorf("an acknowledgement of %d bytes, and %d is the most", len(b), maxAck))
		}
		_, err = f.WriteAt(b, 0)
		fail(err)
	})
	os.Exit(0)
}

// maxAck is what the kernel passes on in one piece, whatever the version.
const maxAck = 64 << 10

// unavailable ends a test that needs FUSE: it is skipped on a developer's
// machine, and fails in CI, where nobody would see that it was skipped.
func unavailable(t testing.TB, err error) {
	t.Helper()
	msg := fmt.Sprintf("crash tests of unmodified programs need FUSE (/dev/fuse, and the right to mount): %v", err)
	if os.Getenv("CI") == "true" {
		t.Fatal(msg)
	}
	t.Skip(msg)
}
