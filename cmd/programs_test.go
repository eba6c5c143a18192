// Package cmd_test drives the real programs: every command, and every kind of bad
// input with its exit code.
package cmd_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/fixtures/guests"
)

// bin is where TestMain builds the programs.
var bin string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if bin, err = os.MkdirTemp("", "hearth-bin"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(bin)
	if err := os.Chmod(bin, 0o755); err != nil { // one test runs them as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for cgo, programs := range map[string][]string{"0": {"./hearth-server", "./hearth-ctl"}, "1": {"./hearth-client"}} {
		build := exec.Command("go", append([]string{"build", "-o", bin + "/"}, programs...)...)
		build.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// place is a scratch folder with an environment of its own.
type place struct {
	t   *testing.T
	dir string
	env []string
	// in, if it is not nil, starts programs that stay: elsewhere on the network.
	in func(start func() error) error
}

func newPlace(t *testing.T) *place {
	t.Helper()
	// Not t.TempDir: a socket's path must be short.
	dir, err := os.MkdirTemp("", "hearth")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	run := filepath.Join(dir, "run")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	env := []string{"XDG_RUNTIME_DIR=" + run, "XDG_DATA_HOME=" + filepath.Join(dir, "data"), "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	return &place{t: t, dir: dir, env: env}
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

// file writes a file and returns its path.
func (p *place) file(name string, data []byte) string {
	p.t.Helper()
	if err := os.WriteFile(p.path(name), data, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return p.path(name)
}

// guest writes a fixture guest to a file.
func (p *place) guest(name string) string {
	return p.file(strings.ReplaceAll(name, "/", "-")+".wasm", guests.Module(name))
}

// result is what a program did.
type result struct {
	code        int
	out, errout string
}

const patience = 60 * time.Second

// command is one of the programs.
func (p *place) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, program), args...)
	cmd.Env, cmd.Dir = p.env, p.dir
	return cmd
}

// ctl runs hearth-ctl.
func (p *place) ctl(args ...string) result { return p.ctlWith(nil, args...) }

func (p *place) ctlWith(stdin []byte, args ...string) result {
	p.t.Helper()
	return p.run(exec.Command(filepath.Join(bin, "hearth-ctl"), args...), stdin)
}

func (p *place) run(cmd *exec.Cmd, stdin []byte) result {
	p.t.Helper()
	var out, errout bytes.Buffer
	cmd.Env, cmd.Dir = p.env, p.dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errout
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stop.Stop()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errout.String()}
}

// ok runs hearth-ctl, wants it to succeed, and returns what it printed without the
// last line feed.
func (p *place) ok(args ...string) string {
	p.t.Helper()
	r := p.ctl(args...)
	if r.code != 0 || r.errout != "" {
		p.t.Fatalf("hearth-ctl %q: exit code %d\n%s%s", args, r.code, r.out, r.errout)
	}
	return strings.TrimSuffix(r.out, "\n")
}

// fails runs hearth-ctl and wants one sentence and an exit code.
func (p *place) fails(code int, says string, args ...string) {
	p.t.Helper()
	p.refused(p.ctl(args...), code, says, args...)
}

func (p *place) refused(r result, code int, says string, args ...string) {
	p.t.Helper()
	if r.code != code {
		p.t.Errorf("%q: exit code %d, want %d\n%s", args, r.code, code, r.errout)
	}
	if strings.Count(r.errout, "\n") != 1 || !strings.HasPrefix(r.errout, "hearth-") {
		p.t.Errorf("%q: not one sentence on stderr: %q", args, r.errout)
	}
	if !strings.Contains(r.errout, says) {
		p.t.Errorf("%q: %q does not say %q", args, r.errout, says)
	}
	if r.out != "" {
		p.t.Errorf("%q: prints %q", args, r.out)
	}
}

// objects reads the lines of --json.
func (p *place) objects(lines string) []map[string]any {
	p.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(lines) {
		var v map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			p.t.Fatalf("%q is no JSON object: %v", line, err)
		}
		all = append(all, v)
	}
	return all
}

func (p *place) object(line string) map[string]any {
	p.t.Helper()
	all := p.objects(line)
	if len(all) != 1 {
		p.t.Fatalf("%q is not one object", line)
	}
	return all[0]
}

// server is a hearth-server that runs.
type server struct {
	p      *place
	cmd    *exec.Cmd
	socket string
	links  []string // where it can be joined
	log    *logged
	said   *said // on stdout
	gone   chan struct{}
}

// logged is what a program says on stderr while it runs.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// said are the lines that a program printed, as they come.
type said struct {
	mu    sync.Mutex
	lines []string
	end   bool
	more  chan struct{} // closed with each change
}

func (d *said) read(r io.Reader) {
	sc := bufio.NewScanner(r)
	for {
		ok := sc.Scan()
		d.mu.Lock()
		if ok {
			d.lines = append(d.lines, sc.Text())
		}
		d.end = !ok
		close(d.more)
		d.more = make(chan struct{})
		d.mu.Unlock()
		if !ok {
			return
		}
	}
}

// wait returns the rest of the n-th line that begins with prefix.
func (d *said) wait(prefix string, n int) (string, bool) {
	for timeout := time.After(patience); ; {
		d.mu.Lock()
		found := 0
		for _, l := range d.lines {
			if rest, ok := strings.CutPrefix(l, prefix); ok {
				if found++; found == n {
					d.mu.Unlock()
					return rest, true
				}
			}
		}
		end, more := d.end, d.more
		d.mu.Unlock()
		if end {
			return "", false
		}
		select {
		case <-more:
		case <-timeout:
			return "", false
		}
	}
}

func (d *said) all() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

// serve starts a server and waits until it is ready.
func (p *place) serve(args ...string) *server {
	p.t.Helper()
	s, err := p.start(exec.Command(filepath.Join(bin, "hearth-server"), args...))
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *place) start(cmd *exec.Cmd) (*server, error) {
	s := &server{p: p, cmd: cmd, log: new(logged), said: &said{more: make(chan struct{})}, gone: make(chan struct{})}
	cmd.Env, cmd.Dir, cmd.Stderr = p.env, p.dir, s.log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := cmd.Start
	if p.in != nil {
		begin = func() error { return p.in(cmd.Start) }
	}
	if err := begin(); err != nil {
		return nil, err
	}
	p.t.Cleanup(func() { s.end(syscall.SIGKILL) })
	go func() {
		s.said.read(out)
		cmd.Wait()
		close(s.gone)
	}()
	socket, ok := s.said.wait("ready ", 1)
	if !ok {
		s.end(syscall.SIGKILL)
		return nil, fmt.Errorf("the program is not ready, and ended with %d: %q\n%s", cmd.ProcessState.ExitCode(), s.said.all(), s.log)
	}
	for _, l := range strings.Split(s.said.all(), "\n") {
		if link, ok := strings.CutPrefix(l, "link "); ok {
			s.links = append(s.links, link)
		}
	}
	s.socket = socket
	return s, nil
}

// end signals the server, waits for it and returns its exit code.
func (s *server) end(sig syscall.Signal) int {
	s.cmd.Process.Signal(sig)
	select {
	case <-s.gone:
	case <-time.After(patience):
		s.cmd.Process.Kill()
		<-s.gone
		s.p.t.Errorf("the server does not end\n%s", s.log)
	}
	return s.cmd.ProcessState.ExitCode()
}

// stop ends the server in order.
func (s *server) stop() {
	s.p.t.Helper()
	if code := s.end(syscall.SIGTERM); code != 0 {
		s.p.t.Errorf("the server ended with %d\n%s", code, s.log)
	}
}

// files returns the contents of a folder, to show that nothing changed there.
func (p *place) files(dir string) map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = string(b)
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return all
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
