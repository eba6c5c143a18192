//go:build !linux

package pty

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// zombies counts the children of this process that nobody reaped.
func zombies(t *testing.T) (n int) {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "ppid=,stat=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(out) {
		f := bytes.Fields(line)
		if len(f) == 2 && string(f[0]) == strconv.Itoa(os.Getpid()) && f[1][0] == 'Z' {
			n++
		}
	}
	return n
}
