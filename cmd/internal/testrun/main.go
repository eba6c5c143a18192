// Command testrun runs go test with its arguments and prints what matters of it: a
// line for each package as go test prints it, the output of what failed, what was
// skipped, and a closing line. With CI=true a skipped test is a failure: what is
// not run is not shown to work.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// event is a line of go test -json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

func main() {
	cmd := exec.Command("go", append([]string{"test", "-json"}, os.Args[1:]...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	t := newTally()
	t.read(out, os.Stdout)
	err = cmd.Wait()
	ok := t.close(os.Stdout, os.Getenv("CI") == "true")
	if err != nil || !ok {
		os.Exit(1)
	}
}

// tally counts the results.
type tally struct {
	passed, failed, packages int
	skipped                  []string
	output                   map[string]*strings.Builder // of tests that have not passed
}

func newTally() *tally { return &tally{output: map[string]*strings.Builder{}} }

func (t *tally) read(r io.Reader, w io.Writer) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				fmt.Fprint(w, line) // of the build
			} else {
				t.event(&e, w)
			}
		}
		if err != nil {
			return
		}
	}
}

func (t *tally) event(e *event, w io.Writer) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output", "build-output":
		if e.Test == "" {
			// The runner's own lines; a package without tests is no news.
			if e.Output != "PASS\n" && !strings.Contains(e.Output, "[no test files]") && !strings.HasPrefix(e.Output, "coverage:") {
				fmt.Fprint(w, e.Output)
			}
			return
		}
		b := t.output[key]
		if b == nil {
			b = new(strings.Builder)
			t.output[key] = b
		}
		b.WriteString(e.Output)
	case "pass":
		delete(t.output, key)
		if e.Test != "" {
			t.passed++
		} else {
			t.packages++
		}
	case "skip":
		if e.Test != "" {
			why := ""
			if b := t.output[key]; b != nil {
				why = lastWords(b.String())
			}
			t.skipped = append(t.skipped, fmt.Sprintf("%s %s: %s", e.Package, e.Test, why))
		}
		delete(t.output, key)
	case "fail":
		if e.Test != "" {
			t.failed++
			if b := t.output[key]; b != nil {
				fmt.Fprint(w, b.String())
			}
		}
		delete(t.output, key)
	}
}

// lastWords is the line in which a test says why it was skipped.
func lastWords(output string) string {
	why := ""
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			why = line
		}
	}
	return why
}

// close prints the closing lines and reports whether all is well.
func (t *tally) close(w io.Writer, strict bool) bool {
	for _, b := range t.output { // of tests that a crash cut off
		fmt.Fprint(w, b.String())
	}
	for _, s := range t.skipped {
		fmt.Fprintln(w, "skipped:", s)
	}
	fmt.Fprintf(w, "%d tests in %d packages passed, %d failed, %d skipped\n", t.passed, t.packages, t.failed, len(t.skipped))
	if strict && len(t.skipped) > 0 {
		fmt.Fprintln(w, "a skipped test is a failure here")
		return false
	}
	return t.failed == 0
}
