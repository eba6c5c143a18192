package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take: far more than any does.
const patience = time.Minute

// stage is where the demo plays.
type stage struct {
	ctx           context.Context
	bin, dir      string
	home, away    string // worlds
	server, other *server
	second, third *server // the second machine; the space to see
	screen        *server // a client that shows a world of its own
	pictures      []string
	pids          map[string]string
	titles        int
}

func (s *stage) path(name string) string { return filepath.Join(s.dir, name) }

func (s *stage) title(text string) {
	s.titles++
	fmt.Printf("\n%d. %s\n", s.titles, text)
}

func (s *stage) say(format string, args ...any) { fmt.Printf("   "+format+"\n", args...) }

// env is the environment of the programs: sockets and worlds of the demo alone.
func (s *stage) env() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir}
}

// ctl runs hearth-ctl on a world and returns what it printed, without the last
// line feed.
func (s *stage) ctl(world string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	if world != "" {
		args = append([]string{"--world", world}, args...)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "hearth-ctl"), args...)
	var out, errout bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env(), &out, &errout
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("hearth-ctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(errout.String()))
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// server is a program that runs a world.
type server struct {
	cmd    *exec.Cmd
	socket string
	link   string // where peers join, if it listens
	log    bytes.Buffer
	gone   chan struct{}
}

// serve starts a server on a world and waits until it is ready.
func (s *stage) serve(at **server, world string, args ...string) error {
	return s.launch(at, "hearth-server", append([]string{"--world", world}, args...)...)
}

// launch starts a program that runs a world and waits until it is ready.
func (s *stage) launch(at **server, program string, args ...string) error {
	x := &server{cmd: exec.CommandContext(s.ctx, filepath.Join(s.bin, program), args...), gone: make(chan struct{})}
	x.cmd.Env, x.cmd.Stderr = s.screenEnv(), &x.log
	out, err := x.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := x.cmd.Start(); err != nil {
		return err
	}
	stop := time.AfterFunc(patience, func() { x.cmd.Process.Kill() })
	defer stop.Stop()
	r := bufio.NewReader(out)
	var socket string
	ok := false
	for !ok && err == nil {
		var line string
		line, err = r.ReadString('\n')
		if link, found := strings.CutPrefix(strings.TrimSpace(line), "link "); found {
			x.link = link
		}
		socket, ok = strings.CutPrefix(strings.TrimSpace(line), "ready ")
	}
	go func() {
		io.Copy(io.Discard, r)
		x.cmd.Wait()
		close(x.gone)
	}()
	if err != nil || !ok {
		x.cmd.Process.Kill()
		<-x.gone
		return fmt.Errorf("%s %s is not ready: %s", program, strings.Join(args, " "), strings.TrimSpace(x.log.String()))
	}
	x.socket = socket
	*at = x
	return nil
}

func (x *server) kill(sig syscall.Signal) {
	x.cmd.Process.Signal(sig)
	<-x.gone
}

// stop ends a server in order.
func (x *server) stop() error {
	x.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-x.gone:
	case <-time.After(patience):
		x.kill(syscall.SIGKILL)
		return errors.New("the server does not end")
	}
	if code := x.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("the server ended with %d: %s", code, strings.TrimSpace(x.log.String()))
	}
	return nil
}

// clear ends what still runs.
func (s *stage) clear() {
	for _, x := range []*server{s.server, s.other, s.second, s.third, s.screen} {
		if x != nil {
			x.kill(syscall.SIGKILL)
		}
	}
}
