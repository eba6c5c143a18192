package pty

import (
	"io"
	"os"
	"os/exec"
	"testing"

	creack "github.com/creack/pty"
)

// flood is what both benchmarks read: pieces of 64 KiB, as programs write that are quick.
const flood = 64 << 20

func floodCommand() (path string, args []string) {
	return "/bin/sh", []string{"-c", "stty -opost; exec head -c 67108864 /dev/zero"}
}

// BenchmarkRead is what a Process hands out.
func BenchmarkRead(b *testing.B) {
	b.SetBytes(flood)
	b.ReportAllocs()
	buf := make([]byte, 64<<10)
	for b.Loop() {
		path, args := floodCommand()
		p, err := Start(Options{Path: path, Args: args, Env: os.Environ()})
		if err != nil {
			b.Fatal(err)
		}
		drained(b, p, buf)
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawRead is what the kernel gives to who just reads, to hold BenchmarkRead to.
func BenchmarkRawRead(b *testing.B) {
	b.SetBytes(flood)
	buf := make([]byte, 64<<10)
	for b.Loop() {
		path, args := floodCommand()
		cmd := exec.Command(path, args...)
		f, err := creack.Start(cmd)
		if err != nil {
			b.Fatal(err)
		}
		drained(b, f, buf)
		f.Close()
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

func drained(b *testing.B, r io.Reader, buf []byte) {
	b.Helper()
	var n int
	for {
		m, err := r.Read(buf)
		if n += m; err != nil {
			break // the raw one ends with EIO
		}
	}
	if n != flood {
		b.Fatalf("%d of %d bytes arrived", n, flood)
	}
}

// BenchmarkStart is a shell that starts, ends and is closed.
func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	env := Environment(os.Environ())
	for b.Loop() {
		p, err := Start(Options{Path: "/bin/true", Env: env})
		if err != nil {
			b.Fatal(err)
		}
		p.Wait()
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
