package cmd_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A process takes the place of another: its name, its durability, and not its memory.
func TestSpawnReplace(t *testing.T) {
	p := newPlace(t)
	home := p.path("home")
	s := p.serve("--world", home)
	p.env = append(p.env, "HEARTH_WORLD="+home)
	old := p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	p.ok("send", "counter", "add 5")
	other := p.ok("spawn", p.guest("counter"))

	now := p.ok("spawn", p.guest("counter"), "--replace", "counter")
	if got := p.ok("send", "counter", "add 1", "--wait"); got != "1" {
		t.Errorf("the new process counts %s: it has the memory of the old, or is the old", got)
	}
	p.fails(66, old, "send", old, "get")
	p.fails(66, old, "spawn", p.guest("counter"), "--replace", old)
	p.fails(66, "nobody", "spawn", p.guest("counter"), "--replace", "nobody")
	// One without a name and not durable leaves such a one in its place.
	next := p.ok("spawn", p.guest("counter"), "--replace", other)
	for _, x := range []struct{ pid, durable, service string }{{now, "yes", "counter"}, {next, "no", "-"}} {
		i := slices.IndexFunc(strings.Split(p.ok("ps"), "\n"), func(l string) bool {
			f := strings.Split(l, "\t")
			return f[0] == x.pid && f[2] == x.durable && f[3] == x.service
		})
		if i < 0 {
			t.Errorf("process %s is not as it should be (durable %s, service %q):\n%s", x.pid, x.durable, x.service, p.ok("ps"))
		}
	}

	s.end(syscall.SIGKILL)
	p.serve("--world", home)
	if got := p.ok("send", "counter", "get", "--wait"); got != "1" {
		t.Errorf("after a crash it counts %s", got)
	}
}
