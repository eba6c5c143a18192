package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// client is the real program, and a world to look at.
type client struct {
	program, dir string
}

func (s *session) buildClient(ctx context.Context) (*client, error) {
	c := &client{filepath.Join(s.tmp, "hearth-client"), filepath.Join(s.tmp, "picture")}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", c.program, "./cmd/hearth-client")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if msg, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the client does not build: %w\n%s", err, msg)
	}
	return c, nil
}

// capture is what a run of the client took.
type capture struct {
	first time.Duration // until the picture was a file
	cpu   time.Duration // of all its threads, to its end
}

// capture has the client draw so many frames of the starting world, one behind the
// other, and write the last. home is where it keeps its caches.
func (c *client) capture(ctx context.Context, home string, frames int, flags ...string) (capture, error) {
	home = filepath.Join(c.dir, home)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return capture{}, err
	}
	cmd := exec.CommandContext(ctx, c.program, append([]string{"--headless", "--world", filepath.Join(c.dir, "world"), "--device", "llvmpipe",
		"--capture", filepath.Join(c.dir, "picture.png"), "--frames", strconv.Itoa(frames)}, flags...)...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home, "XDG_RUNTIME_DIR="+home)
	log, err := cmd.StderrPipe()
	if err != nil {
		return capture{}, err
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return capture{}, err
	}
	var x capture
	var said strings.Builder
	for lines := bufio.NewScanner(log); lines.Scan(); {
		if strings.Contains(lines.Text(), "a picture is written") {
			x.first = time.Since(begun)
		}
		fmt.Fprintln(&said, lines.Text())
	}
	err = cmd.Wait()
	if err == nil && x.first == 0 {
		err = errors.New("it ended without a picture")
	}
	if err != nil {
		return x, fmt.Errorf("the client failed: %w\n%s", err, &said)
	}
	x.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return x, nil
}
