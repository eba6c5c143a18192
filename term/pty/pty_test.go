package pty

import (
	"io"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOutputAndEnd(t *testing.T) {
	p, err := Start(Options{Path: "/bin/sh", Args: []string{"-c", "echo hello; stty size; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	out, err := io.ReadAll(p)
	if got := string(out); err != nil || got != "hello\r\n24 80\r\n" {
		t.Errorf("the program printed %q (%v)", got, err)
	}
	if e := p.Wait(); e != (Exit{Code: 3}) || e.String() != "the program ended with code 3" {
		t.Errorf("it ended as %+v: %s", e, e)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
