package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A first session, as a person has one.
func TestSession(t *testing.T) {
	p := newPlace(t)
	world := p.path("world")
	s := p.serve("--world", world, "--log-format", "json")
	if s.socket == "" || !strings.HasPrefix(s.socket, p.path("run")+"/hearth/world-") {
		t.Errorf("the socket is %q", s.socket)
	}
	p.env = append(p.env, "HEARTH_WORLD="+world)

	pid := p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter", "--arg", "add 2")
	if got := p.ok("send", "counter", "add 3", "--wait"); got != "5" {
		t.Errorf("add 3: %q", got)
	}
	if got := p.ok("send", pid, "add 1"); got != "" {
		t.Errorf("send prints %q", got)
	}
	if v := p.object(p.ok("send", pid, "get", "--wait", "--json")); v["reply"] != base64.StdEncoding.EncodeToString([]byte("6")) {
		t.Errorf("send --wait --json: %v", v)
	}
	first := p.object(p.ok("send", pid, "add 4", "--key", "k", "--json"))
	again := p.object(p.ok("send", pid, "add 4", "--key", "k", "--json"))
	if first["seq"] != again["seq"] || again["duplicate"] != true {
		t.Errorf("the same key: %v, then %v", first, again)
	}
	if got := p.ok("send", "counter", "get", "--wait", "--timeout", "5s"); got != "10" {
		t.Errorf("get: %q", got)
	}
	request := p.file("request", []byte("add 5"))
	if got := p.ok("send", "counter", "--file", request, "--wait"); got != "15" {
		t.Errorf("a message from a file: %q", got)
	}
	if r := p.ctlWith([]byte("add 5"), "send", "counter", "--file", "-", "--wait"); r.out != "20" {
		t.Errorf("a message from stdin: %+v", r)
	}

	row := strings.Split(p.ok("ps"), "\t")
	if len(row) != 8 || row[0] != pid || row[2] != "yes" || row[3] != "counter" || row[5] == "0" || row[6] != "65536" {
		t.Errorf("ps: %q", row)
	}
	if v := p.object(p.ok("list-processes", "--json")); fmt.Sprint(v["pid"]) != pid || v["durable"] != true {
		t.Errorf("ps --json: %v", v)
	}
	if got := p.ok("list-services"); !strings.Contains(got, "counter\t"+pid+"\tno\n") || !strings.Contains(got, "hearth.Registry\t-\tyes\n") {
		t.Errorf("list-services: %q", got)
	}
	if got := p.ok("kill", pid); got != "" {
		t.Errorf("kill prints %q", got)
	}
	if got := p.ok("ps"); got != "" {
		t.Errorf("ps after kill: %q", got)
	}
	s.stop()
	if !strings.Contains(s.log.String(), `"msg":"the space is restored"`) {
		t.Errorf("the log is not JSON:\n%s", s.log)
	}
	if _, err := os.Stat(s.socket); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

// Everything acknowledged is there after a kill, and a replay comes to the same
// state.
func TestKilledServer(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	transient := p.ok("spawn", p.guest("echo"))
	for range 10 {
		p.ok("send", "counter", "add 1")
	}
	s.end(syscall.SIGKILL)
	p.fails(69, "no server", "send", "counter", "get", "--wait")
	s = p.serve()
	if got := p.ok("send", "counter", "get", "--wait"); got != "10" {
		t.Errorf("after the kill: %q", got)
	}
	p.fails(66, "no such process: "+transient, "send", transient, "x")
	snap := p.object(p.ok("snapshot", "--json", "-m", "after the kill"))
	replayed := p.object(p.ok("replay", "--to", fmt.Sprint(snap["seq"]), "--json"))
	if replayed["state"] != snap["state"] || fmt.Sprint(replayed["compared"]) != fmt.Sprint(snap["seq"]) {
		t.Errorf("the replay gives %v, running gave %v", replayed, snap)
	}
	s.stop()
	// And on the stopped world, by hearth-ctl itself.
	if got := p.ok("replay", "--to", fmt.Sprint(snap["seq"])); got != snap["state"] {
		t.Errorf("the replay of the stopped world gives %s, want %s", got, snap["state"])
	}
	history := p.objects(p.ok("history", "--json"))
	if len(history) != 2 || history[1]["cid"] != snap["cid"] || history[0]["parent"] != snap["cid"] || history[1]["text"] != "after the kill" {
		t.Errorf("history: %v", history)
	}
}

func TestLumps(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	big := make([]byte, 2_000_000)
	rand.NewChaCha8([32]byte{}).Read(big)
	small, large := p.file("small", []byte("hello")), p.file("large", big)
	check := func(where string) {
		t.Helper()
		cids := strings.Fields(p.ok("load-lump", small, large))
		if len(cids) != 2 || cids[0] != "bafkr4ihkr4ld3m4gqkjf4reryxsy2s5tkbxprqkow6fin2iiyvreuzzab4" {
			t.Fatalf("%s: load-lump: %q", where, cids)
		}
		if r := p.ctlWith([]byte("hello"), "load-lump", "-"); strings.TrimSpace(r.out) != cids[0] {
			t.Errorf("%s: load-lump -: %+v", where, r)
		}
		if r := p.ctl("get-lump", cids[1]); r.code != 0 || r.out != string(big) {
			t.Errorf("%s: get-lump: %d bytes, %s", where, len(r.out), r.errout)
		}
		out := p.path("out")
		p.ok("get-lump", cids[1], "-o", out)
		if b, err := os.ReadFile(out); err != nil || !bytes.Equal(b, big) {
			t.Errorf("%s: get-lump -o: %d bytes, %v", where, len(b), err)
		}
		if v := p.object(p.ok("get-lump", cids[0], "--json")); v["data"] != "aGVsbG8=" || v["cid"] != cids[0] {
			t.Errorf("%s: get-lump --json: %v", where, v)
		}
		if got := p.ok("stat-lump", cids[0]); got != cids[0]+"\t5\t1\tfile" {
			t.Errorf("%s: stat-lump: %q", where, got)
		}
		list := p.ok("list-lumps")
		if !strings.Contains(list, cids[0]+"\t5\t1\tfile") || !strings.Contains(list, cids[1]+"\t2000000\t") {
			t.Errorf("%s: list-lumps: %q", where, list)
		}
	}
	s := p.serve()
	check("running")
	s.stop()
	check("stopped")
	s = p.serve()
	if got := p.ok("journal", "--json"); strings.Count(got, `"kind":"root"`) < 2 {
		t.Errorf("the lumps are no roots of the space:\n%s", got)
	}
	s.stop()
}

// A guest that keeps lumps gets one by a message that names it.
func TestSendLump(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	cid := p.ok("load-lump", p.file("small", []byte("hello")))
	pid := p.ok("spawn", p.guest("echo"), "--durable")
	r := p.ctl("send", pid, "--lump", cid, "--wait")
	if r.code != 0 || len(r.out) != 32 {
		t.Errorf("a message of a lump: %+v", r)
	}
	p.fails(66, "no lump", "send", pid, "x", "--lump", "bafkr4iaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	s.stop()
}

func TestFollowing(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	pid := p.ok("spawn", p.guest("counter"), "--durable")
	follow := exec.CommandContext(within(t, patience), filepath.Join(bin, "hearth-ctl"), "journal", "-f", "--from", "1", "--json")
	follow.Env, follow.Dir = p.env, p.dir
	out, err := follow.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	await := func(want string) {
		t.Helper()
		for lines.Scan() {
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("no event with %s", want)
	}
	await(`"kind":"genesis"`)
	await(`"kind":"spawn"`)
	for i := range 3 {
		p.ok("send", pid, fmt.Sprintf("add %d", i))
		await(base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "add %d", i)))
	}
	follow.Process.Signal(syscall.SIGINT)
	if follow.Wait(); follow.ProcessState.ExitCode() != 130 {
		t.Errorf("interrupted: %v", follow.ProcessState)
	}
	s.stop()
}

func TestTail(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	pid := p.ok("spawn", p.guest("trap"))
	p.ok("send", pid, "trap")
	for end := time.Now().Add(patience); p.ctl("ps").out != "" && time.Now().Before(end); {
	}
	lines := p.objects(p.ok("tail", pid, "-n", "1", "--json"))
	if len(lines) != 1 || lines[0]["level"] != "error" || !strings.Contains(fmt.Sprint(lines[0]["text"]), "trap") {
		t.Errorf("the log of a trap: %v", lines)
	}
	if got := p.ok("tail", pid, "-f"); strings.Count(got, "\t") != 3 {
		t.Errorf("a tail of what has ended: %q", got)
	}
	s.stop()
}

// The first process of a new world, once.
func TestInit(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	module := p.guest("counter")
	s := p.serve("--init", module)
	if got := strings.Split(p.ok("ps"), "\t"); len(got) != 8 || got[2] != "yes" {
		t.Errorf("ps: %q", got)
	}
	s.stop()
	s = p.serve("--init", module)
	if got := p.ok("ps"); strings.Count(got, "\n") != 0 || got == "" {
		t.Errorf("ps after a second start: %q", got)
	}
	s.stop()
	if !strings.Contains(s.log.String(), "--init is ignored") {
		t.Errorf("the log does not say that --init is ignored:\n%s", s.log)
	}
}

// A world that got its password before any server ran it has a first process as well.
func TestInitAfterPassword(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"), "HEARTH_PASSWORD=secret of home")
	if r := p.run(p.command("hearth-server", "passwd"), nil); r.code != 0 {
		t.Fatal(r.errout)
	}
	for again := range 2 {
		s := p.serve("--init", p.guest("counter"))
		if got := strings.Split(p.ok("ps"), "\n"); len(got) != 1 || !strings.Contains(got[0], "yes") {
			t.Errorf("ps: %q", got)
		}
		s.stop()
		if ignored := strings.Contains(s.log.String(), "--init is ignored"); ignored != (again == 1) {
			t.Errorf("start %d: --init is ignored: %v", again, ignored)
		}
	}
}

// A server that is killed at any moment of its first start has made a world with
// one first process, or none at all.
func TestInitIsCrashSafe(t *testing.T) {
	p := newPlace(t)
	module := p.guest("counter")
	made := 0
	for i := range 12 {
		world := p.path(fmt.Sprintf("world%d", i))
		cmd := exec.Command(filepath.Join(bin, "hearth-server"), "--world", world, "--init", module)
		cmd.Env, cmd.Dir = p.env, p.dir
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*12) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
		if _, err := os.Stat(filepath.Join(world, "format")); err == nil {
			made++
		}
		s := p.serve("--world", world, "--init", module)
		if got := p.ok("--world", world, "ps"); got == "" || strings.Contains(got, "\n") {
			t.Errorf("killed after %d ms: %q", i*12, got)
		}
		s.stop()
	}
	t.Logf("%d of 12 worlds were made before the kill", made)
}

func TestHelp(t *testing.T) {
	p := newPlace(t)
	for _, c := range []string{"load-lump", "load-model", "get-lump", "stat-lump", "list-lumps", "spawn", "list-processes", "ps", "kill", "tail",
		"list-services", "send", "snapshot", "history", "journal", "check", "backup", "restore", "diff", "replay"} {
		got := p.ok(c, "--help")
		if !strings.Contains(got, "Examples:\n  hearth-ctl") && !strings.Contains(got, "Examples:\n  ") {
			t.Errorf("%s --help has no examples:\n%s", c, got)
		}
		if strings.Index(got, "Examples:") > strings.Index(got, "Usage:") {
			t.Errorf("%s --help does not begin with examples:\n%s", c, got)
		}
	}
}

// The default world and socket are where the contract says.
func TestDefaults(t *testing.T) {
	p := newPlace(t)
	s := p.serve()
	if !strings.HasPrefix(s.socket, p.path("run/hearth/default-")) {
		t.Errorf("the socket is %s", s.socket)
	}
	if _, err := os.Stat(p.path("data/hearth/default/format")); err != nil {
		t.Error(err)
	}
	for _, args := range [][]string{{"ps"}, {"--socket", s.socket, "ps"}, {"--world", p.path("data/hearth/default"), "ps"}} {
		p.ok(args...)
	}
	lock := p.object(string(p.files(p.path("data/hearth/default"))[p.path("data/hearth/default/lock")]))
	if lock["socket"] != s.socket || fmt.Sprint(lock["pid"]) != fmt.Sprint(s.cmd.Process.Pid) {
		t.Errorf("the lock file says %v", lock)
	}
	s.stop()
	// Without a folder for sockets there is a private one, never the common one.
	p.env = append(p.env, "XDG_RUNTIME_DIR=", "TMPDIR="+p.dir)
	s = p.serve()
	folder := filepath.Dir(s.socket)
	if fi, err := os.Stat(folder); err != nil || fi.Mode().Perm() != 0o700 || folder == p.dir {
		t.Errorf("the socket %s is in a folder of mode %v (%v)", s.socket, fi.Mode(), err)
	}
	s.stop()
}

// In a terminal of a space hearth-ctl finds that space, and a server that is started
// there has a socket of its own.
func TestServerInATerminal(t *testing.T) {
	p := newPlace(t)
	around := p.serve("--world", p.path("around"))
	p.env = append(p.env, "HEARTH_SOCKET="+around.socket, "HEARTH_TERMINAL=1")
	inner := p.serve("--world", p.path("inner"))
	if inner.socket == around.socket {
		t.Errorf("the server listens at %s, which is that of the space around it", inner.socket)
	}
	p.ok("spawn", p.guest("counter"), "--service", "counter")
	p.ok("--world", p.path("around"), "send", "counter", "get", "--wait")
	p.fails(66, "counter", "--world", p.path("inner"), "send", "counter", "get", "--wait")
}

// A server that is busy stopping ends at once when it is told again; its world is
// as the last acknowledgement left it.
func TestSecondSignal(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	looper := p.ok("spawn", p.guest("looper"), "--durable")
	p.ok("send", "counter", "add 7")
	p.ok("send", looper, "loop") // until its fuel is used up, seconds from now
	s.cmd.Process.Signal(syscall.SIGTERM)
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	if code := s.end(syscall.SIGINT); code != 130 && code != 0 || time.Since(start) > 5*time.Second {
		t.Errorf("a second signal: exit code %d after %v", code, time.Since(start))
	}
	s = p.serve()
	if got := p.ok("send", "counter", "get", "--wait"); got != "7" {
		t.Errorf("the counter says %s", got)
	}
	s.stop()
}
