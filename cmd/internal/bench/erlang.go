package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed bench.erl
var erlangSource []byte

// errNoErlang says what is missing.
var errNoErlang = errors.New("no Erlang is here to compare with; install it with: apt-get install erlang-base")

// erlang runs the peer's side of a comparison.
type erlang struct {
	dir string
	err error // why it cannot
}

func newErlang(ctx context.Context, tmp string) *erlang {
	e := &erlang{dir: tmp}
	for _, program := range []string{"erl", "erlc"} {
		if _, err := exec.LookPath(program); err != nil {
			e.err = errNoErlang
			return e
		}
	}
	source := filepath.Join(tmp, "bench.erl")
	if e.err = os.WriteFile(source, erlangSource, 0o600); e.err != nil {
		return e
	}
	if msg, err := exec.CommandContext(ctx, "erlc", "-o", tmp, source).CombinedOutput(); err != nil {
		e.err = fmt.Errorf("bench.erl does not compile: %w\n%s", err, msg)
	}
	return e
}

// run returns the numbers that bench.erl prints. Its schedulers do not spin while
// they have nothing to do, since processor time is what is compared.
func (e *erlang) run(ctx context.Context, args ...string) ([]float64, error) {
	all := append([]string{"-noshell", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none", "-pa", e.dir, "-run", "bench", "main"}, args...)
	cmd := exec.CommandContext(ctx, "erl", all...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("erl %v: %w", args, err)
	}
	var v []float64
	for _, f := range strings.Fields(string(out)) {
		x, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return nil, fmt.Errorf("erl %v printed %q", args, out)
		}
		v = append(v, x)
	}
	return v, nil
}
