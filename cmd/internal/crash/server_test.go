package crash

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/runtime/ipc"
)

// programs is where TestMain builds what is tested.
var programs string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "hearth-bin"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(programs)
	args := []string{"build", "-o", programs + "/"}
	cgo := "CGO_ENABLED=0"
	if os.Getenv("HEARTH_CRASH_RACE") != "" {
		args, cgo = append(args, "-race"), "CGO_ENABLED=1"
	}
	build := exec.Command("go", append(args, "hearth/cmd/hearth-server", "hearth/cmd/hearth-ctl")...)
	build.Env = append(os.Environ(), cgo)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// patience is how long anything may take: far beyond what a busy machine needs.
const patience = 2 * time.Minute

// place is a folder with a world in it.
type place struct {
	dir    string // the world is dir/world
	flags  []string
	limits string // of the shell that starts the server: "ulimit -f 100"
	env    []string

	last  *server      // that was begun
	leave func() error // undoes what a test did to the place, when no server runs
}

// newPlace makes a scratch folder, which stays where the test fails.
func newPlace(t *testing.T, flags ...string) *place {
	t.Helper()
	// Not t.TempDir: the path of a socket must be short, and what failed is kept.
	dir, err := os.MkdirTemp("", "hearth-crash")
	if err != nil {
		t.Fatal(err)
	}
	p := &place{dir: dir, flags: flags}
	t.Cleanup(func() {
		if p.last != nil && p.last.alive() {
			p.last.kill()
		}
		if log := p.said(1 << 30); strings.Contains(log, "DATA RACE") || strings.Contains(log, "\npanic: ") || strings.Contains(log, "\nfatal error: ") {
			t.Error("a server met a race or panicked")
		}
		if t.Failed() || os.Getenv("HEARTH_CRASH_KEEP") != "" {
			t.Logf("the world is kept in %s; its server said:\n%s", p.world(), p.said(8<<10))
			return
		}
		if p.leave != nil {
			if err := p.leave(); err != nil {
				t.Error(err)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *place) world() string  { return filepath.Join(p.dir, "world") }
func (p *place) socket() string { return filepath.Join(p.dir, "socket") }
func (p *place) log() string    { return filepath.Join(p.dir, "log") }

// said is the end of what the servers of this place wrote to stderr.
func (p *place) said(n int) string {
	b, err := os.ReadFile(p.log())
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-n):])
}

// server is a child process.
type server struct {
	p     *place
	cmd   *exec.Cmd
	ready chan struct{} // closed at the line "ready"
	ended chan struct{} // closed when the process is gone
	logAt int64         // where its part of the log begins
}

// begin starts a server and does not wait for it.
func (p *place) begin(flags ...string) (*server, error) {
	log, err := os.OpenFile(p.log(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	fi, err := log.Stat()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--world", p.world(), "--socket", p.socket()}, p.flags...)
	cmd := exec.Command(filepath.Join(programs, "hearth-server"), append(args, flags...)...)
	if p.limits != "" {
		cmd = exec.Command("/bin/sh", append([]string{"-c", p.limits + `; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)...)
	}
	cmd.Stderr = log
	cmd.Env = append(os.Environ(), p.env...)
	// A test that is killed takes its servers along.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{p: p, cmd: cmd, ready: make(chan struct{}), ended: make(chan struct{}), logAt: fi.Size()}
	p.last = s
	go func() {
		for r := bufio.NewReader(out); ; {
			line, err := r.ReadString('\n')
			if strings.HasPrefix(line, "ready ") && err == nil {
				close(s.ready)
			}
			if err != nil {
				break
			}
		}
		cmd.Wait()
		close(s.ended)
	}()
	return s, nil
}

// start starts a server and waits until it is ready.
func (p *place) start(flags ...string) (*server, error) {
	s, err := p.begin(flags...)
	if err != nil {
		return nil, err
	}
	return s, s.wait()
}

// errEnded reports a server that ended by itself.
var errEnded = errors.New("the server ended")

func (s *server) wait() error {
	select {
	case <-s.ready:
		return nil
	case <-s.ended:
		return fmt.Errorf("%w with %v before it was ready: %s", errEnded, s.cmd.ProcessState, s.said())
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("the server was not ready within %v", patience)
	}
}

// said is what this server wrote to stderr.
func (s *server) said() string {
	b, err := os.ReadFile(s.p.log())
	if err != nil {
		return err.Error()
	}
	return string(b[min(s.logAt, int64(len(b))):])
}

// kill is kill -9.
func (s *server) kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// alive reports whether the server runs.
func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// code waits for the server's end and returns its exit code, -1 for a signal.
func (s *server) code() (int, error) {
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		s.kill()
		return 0, fmt.Errorf("the server did not end within %v", patience)
	}
}

// stop ends the server as an operator does, and wants it to be content.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	code, err := s.code()
	if err == nil && code != 0 {
		err = fmt.Errorf("the server ended with %d on SIGTERM: %s", code, s.said())
	}
	return err
}

func (p *place) dial() (*ipc.Client, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return ipc.Dial(ctx, p.socket())
}

// ctl runs hearth-ctl on the world, whether a server runs it or not.
func (p *place) ctl(args ...string) (code int, out, errout string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(programs, "hearth-ctl"), append([]string{"--world", p.world()}, args...)...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	cmd.Env = append(os.Environ(), p.env...)
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String(), err
}

// ctlOK is ctl for what must succeed.
func (p *place) ctlOK(args ...string) (string, error) {
	code, out, errout, err := p.ctl(args...)
	if err == nil && code != 0 {
		err = fmt.Errorf("hearth-ctl %s ended with %d: %s%s", strings.Join(args, " "), code, out, errout)
	}
	return strings.TrimSuffix(out, "\n"), err
}
