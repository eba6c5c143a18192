package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// testBinary is the compiled tests of a package: its benchmarks are run one at a time,
// between those of the peer.
type testBinary struct {
	path, dir string
}

// compile builds the tests of the package in dir; module is the folder of its
// module, from which it is built.
func compile(ctx context.Context, tmp, module, dir string) (*testBinary, error) {
	out := filepath.Join(tmp, strings.ReplaceAll(filepath.Join(module, dir), "/", "-")+".test")
	cmd := exec.CommandContext(ctx, "go", "-C", module, "test", "-c", "-o", out, "./"+dir)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the benchmarks of %s do not build: %w\n%s", filepath.Join(module, dir), err, msg)
	}
	return &testBinary{out, filepath.Join(module, dir)}, nil
}

// metrics are what a benchmark reports, by unit.
type metrics map[string]float64

// run runs one benchmark with n operations, or all below a name, and returns what
// each reports by its name.
func (b *testBinary) run(ctx context.Context, env []string, name string, n int) (map[string]metrics, error) {
	parts := strings.Split("Benchmark"+name, "/")
	for i, p := range parts {
		parts[i] = "^" + p + "$"
	}
	cmd := exec.CommandContext(ctx, b.path, "-test.run", "^$", "-test.bench", strings.Join(parts, "/"), "-test.benchtime", fmt.Sprintf("%dx", n))
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s failed: %w\n%s", name, err, out)
	}
	m, err := parse(strings.NewReader(string(out)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return m, nil
}

// parse reads the lines of results: a name with the number of processors behind
// it, the number of operations, and pairs of a value and its unit.
func parse(r io.Reader) (map[string]metrics, error) {
	all := map[string]metrics{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		m := metrics{}
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return nil, fmt.Errorf("a result that cannot be read: %w", err)
			}
			m[f[i+1]] = v
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if at := strings.LastIndexByte(name, '-'); at > 0 {
			name = name[:at]
		}
		all[name] = m
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no result; there is no such benchmark")
	}
	return all, lines.Err()
}

// need returns a metric that a benchmark must have reported.
func (m metrics) need(unit string) (float64, error) {
	v, ok := m[unit]
	if !ok {
		return 0, fmt.Errorf("the benchmark reports no %s, only %v", unit, slices.Sorted(maps.Keys(m)))
	}
	return v, nil
}
