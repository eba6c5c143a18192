package main

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
	"time"

	creack "github.com/creack/pty"

	"hearth/term/pty"
)

// BenchmarkTerminalOpen measures from the message that asks for a terminal until the
// shell's prompt is in a grid of the scene, and by turns from the start of the same
// shell on a bare pseudo-terminal until its prompt is read.
func BenchmarkTerminalOpen(b *testing.B) {
	for _, shell := range []struct {
		name    string
		command []string
	}{{"dash", []string{"/bin/dash"}}, {"bash", []string{"/bin/bash", "--norc"}}} {
		b.Run(shell.name, func(b *testing.B) {
			d := newDesk(b)
			message := creation(b, shell.command...)
			env := pty.Environment(os.Environ(), "PS1=$ ", "ENV=")
			pause := pauses()
			once := func() (ours, bare time.Duration) {
				pause() // the frame in which the last one went is over
				begun := time.Now()
				d.ask(message)
				ours = d.sees("a prompt", prompted(1)).Sub(begun)
				d.made()
				d.clear()
				return ours, bareShell(b, env, shell.command...)
			}
			once() // what is made once for all terminals
			var ours, bare []time.Duration
			for b.Loop() {
				o, s := once()
				ours, bare = append(ours, o), append(bare, s)
			}
			report(b, "hearth", ours)
			report(b, "bare", bare)
		})
	}
}

// bareShell is how long a shell takes from its start until its prompt can be read.
func bareShell(b *testing.B, env []string, command ...string) time.Duration {
	b.Helper()
	begun := time.Now()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = env
	f, err := creack.StartWithSize(cmd, &creack.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		b.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	defer f.Close()
	for buf := make([]byte, 4096); ; {
		n, err := f.Read(buf)
		if err != nil {
			b.Fatal(err)
		}
		if bytes.IndexByte(buf[:n], '$') >= 0 {
			return time.Since(begun)
		}
	}
}
