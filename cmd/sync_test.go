package cmd_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/runtime/peer/peertest"
)

// mirrorLink invites a mirror to a running world and returns the file of the link.
// via, if it is not "", stands in the place of the server's address.
func (p *place) mirrorLink(world, name, via string) string {
	p.t.Helper()
	inv := p.object(p.ok("--json", "--world", p.path(world), "invite", name, "--mirror"))
	links, _ := inv["links"].([]any)
	if len(links) == 0 {
		p.t.Fatalf("no link: %v", inv)
	}
	link := links[0].(string)
	if via != "" {
		rest := strings.TrimPrefix(link, "hearth://")
		link = "hearth://" + via + rest[strings.Index(rest, "/"):]
	}
	return p.file(name+".link", []byte(link+"\n"))
}

// synced is what hearth-ctl sync prints with --json, the last line.
type synced struct {
	Root     string `json:"root"`
	From     string `json:"from"`
	To       string `json:"to"`
	Seq      uint64 `json:"seq"`
	UpToDate bool   `json:"up_to_date"`
	Blocks   int64  `json:"blocks"`
	Bytes    int64  `json:"bytes"`
	Wire     int64  `json:"wire"`
}

func (p *place) sync(world string, args ...string) synced {
	p.t.Helper()
	out := p.ok(append([]string{"--json", "--world", p.path(world), "sync"}, args...)...)
	var s synced
	if err := json.Unmarshal([]byte(out[strings.LastIndex(out, "\n")+1:]), &s); err != nil {
		p.t.Fatalf("%q: %v", out, err)
	}
	return s
}

// heavy gives a world content that takes a while to move.
func (p *place) heavy(world string, size int) string {
	p.t.Helper()
	data := make([]byte, size)
	rand.Read(data)
	return p.ok("--world", p.path(world), "load-lump", p.file("heavy", data))
}

func hostOf(link string) string {
	rest := strings.TrimPrefix(link, "hearth://")
	return rest[:strings.Index(rest, "/")]
}

// slow is a link on which a heavy world takes seconds.
var slow = peertest.Conditions{Delay: 2 * time.Millisecond, Rate: 6 << 20}

// TestPushIsCutShort kills either side with SIGKILL in the middle of a push: nothing
// has moved, both worlds are whole, and the next try goes on where that one was.
func TestPushIsCutShort(t *testing.T) {
	for _, victim := range []string{"receiver", "sender"} {
		t.Run(victim, func(t *testing.T) {
			p := newPlace(t)
			home := p.serve("--world", p.path("home"))
			vault := p.serve("--world", p.path("vault"), "--listen", "127.0.0.1:0")
			lump := p.heavy("home", 16<<20)
			addr := hostOf(vault.links[0])
			link := peertest.NewLink(t, addr, slow)
			file := p.mirrorLink("vault", "m", link.Addr())
			var out, errout bytes.Buffer
			push := p.command("hearth-ctl", "--world", p.path("home"), "sync", "push", "@"+file)
			push.Stdout, push.Stderr = &out, &errout
			if err := push.Start(); err != nil {
				t.Fatal(err)
			}
			for up := int64(0); up < 6<<20; up, _ = link.Carried() {
				time.Sleep(5 * time.Millisecond)
			}
			if victim == "receiver" {
				vault.end(syscall.SIGKILL)
			} else {
				home.end(syscall.SIGKILL)
			}
			push.Wait()
			if code := push.ProcessState.ExitCode(); code == 0 || out.Len() > 0 {
				t.Fatalf("the push ended with %d: %s%s", code, &out, &errout)
			}
			if victim == "receiver" {
				p.serve("--world", p.path("vault"), "--listen", addr)
			} else {
				p.serve("--world", p.path("home"))
			}
			if r := p.ctl("--world", p.path("vault"), "get-lump", lump); r.code != 66 && r.code != 0 {
				t.Errorf("the lump of a push that was cut short: %d %s", r.code, r.errout)
			}
			before, _ := link.Carried()
			link.Set(peertest.Conditions{})
			got := p.sync("home", "push", "@"+file)
			after, _ := link.Carried()
			if got.Root != "mirror/home/head" || got.UpToDate {
				t.Errorf("%+v", got)
			}
			// Six of sixteen MB had come; not all of them were on disk when it ended.
			if moved := after - before; moved > 14<<20 {
				t.Errorf("the second push carried %d bytes of 16 MiB", moved)
			}
			for _, w := range []string{"home", "vault"} {
				if out := p.ok("--world", p.path(w), "check", "--read-data"); !strings.HasSuffix(out, "faults\t0") {
					t.Errorf("%s: %s", w, out)
				}
			}
			if r := p.ctl("--world", p.path("vault"), "get-lump", lump); r.code != 0 || len(r.out) != 16<<20 {
				t.Errorf("the lump at the vault: %d, %d bytes", r.code, len(r.out))
			}
			if again := p.sync("home", "push", "@"+file); !again.UpToDate && again.Blocks > 20 {
				t.Errorf("a push of what is there: %+v", again)
			}
		})
	}
}

// TestPullIsCutShort kills the puller of a standby, then the server.
func TestPullIsCutShort(t *testing.T) {
	p := newPlace(t)
	home := p.serve("--world", p.path("home"), "--listen", "127.0.0.1:0")
	p.ok("--world", p.path("home"), "spawn", p.guest("counter"), "--durable", "--service", "counter")
	p.ask("home", "counter", "add 5")
	p.heavy("home", 16<<20)
	addr := hostOf(home.links[0])
	link := peertest.NewLink(t, addr, slow)
	file := p.mirrorLink("home", "m", link.Addr())
	pull := func() *exec.Cmd {
		cmd := p.command("hearth-ctl", "--world", p.path("standby"), "sync", "pull", "@"+file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	wait := func(from, bytes int64) {
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if _, down := link.Carried(); down >= from+bytes {
				return
			}
		}
		t.Fatal("nothing moves")
	}
	cmd := pull()
	wait(0, 5<<20)
	cmd.Process.Kill()
	cmd.Wait()
	_, at := link.Carried()
	cmd = pull()
	wait(at, 4<<20)
	home.end(syscall.SIGKILL)
	cmd.Wait()
	if cmd.ProcessState.ExitCode() == 0 {
		t.Fatal("the pull from a dead server succeeded")
	}
	p.fails(66, "no world", "--world", p.path("standby"), "history")
	home = p.serve("--world", p.path("home"), "--listen", addr)
	link.Set(peertest.Conditions{})
	_, at = link.Carried()
	got := p.sync("standby", "pull", "@"+file)
	if _, down := link.Carried(); down-at > 12<<20 {
		t.Errorf("the third pull carried %d bytes of 16 MiB", down-at)
	}
	if got.To == "" {
		t.Errorf("%+v", got)
	}
	home.end(syscall.SIGKILL)
	p.serve("--world", p.path("standby"))
	if got := p.ask("standby", "counter", "get"); got != "5" {
		t.Errorf("the standby's counter: %q", got)
	}
	if out := p.ok("--world", p.path("standby"), "check", "--read-data"); !strings.HasSuffix(out, "faults\t0") {
		t.Errorf("%s", out)
	}
}

// TestStandby follows a live server, is cut off from it, and takes its place.
func TestStandby(t *testing.T) {
	p := newPlace(t)
	home := p.serve("--world", p.path("home"), "--listen", "127.0.0.1:0")
	p.ok("--world", p.path("home"), "spawn", p.guest("counter"), "--durable", "--service", "counter")
	file := p.mirrorLink("home", "m", "")
	watch := p.command("hearth-ctl", "--json", "--world", p.path("standby"), "sync", "pull", "@"+file, "--watch", "--every", "200ms")
	out := &said{more: make(chan struct{})}
	pipe, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errout bytes.Buffer
	watch.Stderr = &errout
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { watch.Process.Kill() })
	go out.read(pipe)
	for i := 1; i <= 3; i++ {
		p.ask("home", "counter", "add 1")
		if _, ok := out.wait("{", i); !ok {
			t.Fatalf("the standby does not follow: %s\n%s", out.all(), &errout)
		}
	}
	last := p.ask("home", "counter", "get")
	snap := p.ok("--world", p.path("home"), "snapshot")
	for end := time.Now().Add(10 * time.Second); !strings.Contains(out.all(), snap); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come\n%s\n%s", snap, out.all(), &errout)
		}
	}
	watch.Process.Signal(syscall.SIGINT)
	watch.Wait()
	home.end(syscall.SIGKILL)
	if diff := p.ok("diff", p.path("home"), p.path("standby")); diff != "" {
		t.Errorf("the standby differs: %s", diff)
	}
	p.serve("--world", p.path("standby"))
	if got := p.ask("standby", "counter", "get"); got != last {
		t.Errorf("the standby's counter is %q, the server's was %q", got, last)
	}
	// It has a history of its own now: neither goes on from the other any more.
	p.ask("standby", "counter", "add 100")
	p.serve("--world", p.path("home"), "--listen", hostOf(home.links[0]))
	p.ask("home", "counter", "add 1")
	p.fails(65, "diverged", "--world", p.path("standby"), "sync", "pull", "@"+file)
	if got := p.sync("standby", "pull", "@"+file, "--fork", "old"); got.Root != "mirror/old/head" {
		t.Errorf("%+v", got)
	}
	if got := p.ask("standby", "counter", "get"); got != "103" {
		t.Errorf("the standby's counter is %q", got)
	}
}

// TestPushersMeet has two histories of one space pushed under one name at once: one
// of them is there afterwards, the other hears of it, and --fork keeps both.
func TestPushersMeet(t *testing.T) {
	p := newPlace(t)
	p.serve("--world", p.path("one"))
	p.ok("--world", p.path("one"), "spawn", p.guest("counter"), "--durable", "--service", "counter")
	p.ask("one", "counter", "add 5")
	p.ok("--world", p.path("one"), "backup", p.path("one.car"))
	p.ok("--world", p.path("two"), "restore", p.path("one.car"))
	p.serve("--world", p.path("two"))
	p.ask("one", "counter", "add 10")
	p.ask("two", "counter", "add 20")
	p.serve("--world", p.path("vault"), "--listen", "127.0.0.1:0")
	file := p.mirrorLink("vault", "m", "")
	var wg sync.WaitGroup
	results := make([]result, 2)
	for i, w := range []string{"one", "two"} {
		wg.Go(func() {
			results[i] = p.ctl("--world", p.path(w), "sync", "push", "@"+file, "--name", "counter")
		})
	}
	wg.Wait()
	won := 0
	if results[0].code != 0 {
		won = 1
	}
	lost := 1 - won
	if results[won].code != 0 || results[lost].code != 65 || !strings.Contains(results[lost].errout, "diverged") {
		t.Fatalf("%+v", results)
	}
	loser := []string{"one", "two"}[lost]
	if got := p.sync(loser, "push", "@"+file, "--name", "counter", "--fork", "other"); got.Root != "mirror/other/head" {
		t.Errorf("%+v", got)
	}
	if out := p.ok("diff", "@"+file, p.path(loser)); out == "" {
		t.Error("the vault's own world equals one that was pushed")
	}
}

// TestPushToAFullDisk has room for half of a world: the pusher hears of it, nothing
// has moved, and with more room the next push goes on.
func TestPushToAFullDisk(t *testing.T) {
	p := newPlace(t)
	disk := p.path("vault")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=96m"); err != nil {
		t.Logf("a small disk can be mounted by root alone, so this is not tested here: %v", err)
		return
	}
	t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
	world := filepath.Join("vault", "w")
	p.serve("--world", p.path("home"))
	p.heavy("home", 24<<20)
	vault := p.serve("--world", p.path(world), "--listen", "127.0.0.1:0")
	file := p.mirrorLink(world, "m", "")
	var fs syscall.Statfs_t
	if err := syscall.Statfs(disk, &fs); err != nil {
		t.Fatal(err)
	}
	room := int64(fs.Bavail) * fs.Bsize
	p.file("vault/filler", make([]byte, room-12<<20))
	p.fails(74, "", "--world", p.path("home"), "sync", "push", "@"+file)
	os.Remove(p.path("vault/filler"))
	vault.end(syscall.SIGKILL) // a store that failed to write is opened again
	p.serve("--world", p.path(world), "--listen", hostOf(vault.links[0]))
	if got := p.sync("home", "push", "@"+file); got.Root != "mirror/home/head" || got.Bytes > 20<<20 {
		t.Errorf("%+v", got)
	}
	if out := p.ok("--world", p.path(world), "check", "--read-data"); !strings.HasSuffix(out, "faults\t0") {
		t.Errorf("%s", out)
	}
}
