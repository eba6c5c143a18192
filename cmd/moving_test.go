package cmd_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	carv2 "github.com/ipld/go-car/v2"
	"hearth/runtime/ipc"
)

// A backup restored elsewhere is the same world, and lives on by itself.
func TestBackupRestoreDiff(t *testing.T) {
	p := newPlace(t)
	home, away, late := p.path("home"), p.path("away"), p.path("late")
	s := p.serve("--world", home)
	p.env = append(p.env, "HEARTH_WORLD="+home)
	counter := p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	loaded := p.ok("load-lump", p.file("content", bytes.Repeat([]byte("content "), 50_000)))
	p.ok("send", "counter", "add 1", "--key", "once")
	early := p.ok("snapshot", "-m", "early")
	p.ok("send", "counter", "add 2")
	file := p.path("home.car")
	v := p.object(p.ok("backup", file, "--json"))

	// Another program reads the archive and agrees.
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := carv2.NewBlockReader(f)
	if err != nil || len(r.Roots) != 1 || r.Roots[0].String() != v["snapshot"] {
		t.Fatalf("roots %v, %v", r.Roots, err)
	}
	blocks := 0
	for {
		b, err := r.Next() // verifies the hash
		if err != nil {
			break
		}
		blocks++
		_ = b
	}
	if fmt.Sprint(blocks) != fmt.Sprint(v["blocks"]) {
		t.Errorf("go-car finds %d blocks, the backup says %v", blocks, v["blocks"])
	}
	// Nothing has changed, so it is the same backup; on stdout too.
	if r := p.ctl("backup", "-"); r.code != 0 || r.out != string(p.files(file)[file]) {
		t.Errorf("backup -: exit code %d, %d bytes", r.code, len(r.out))
	}

	if got := p.ok("restore", file, "--world", away); got != v["snapshot"] {
		t.Errorf("restore prints %s, want %s", got, v["snapshot"])
	}
	if got := p.ok("diff", home, away, "--exit-code"); got != "" {
		t.Errorf("home and away differ:\n%s", got)
	}
	if got := p.ok("--world", away, "check", "--read-data"); !strings.HasSuffix(got, "faults\t0") {
		t.Errorf("check of the copy:\n%s", got)
	}
	if got := p.ok("--world", away, "stat-lump", loaded); got != p.ok("stat-lump", loaded) {
		t.Errorf("the lump in the copy: %s", got)
	}
	o := p.serve("--world", away)
	if got := p.ok("--world", away, "send", "counter", "add 5", "--wait"); got != "8" {
		t.Errorf("the counter of the copy: %s", got)
	}
	if again := p.object(p.ok("--world", away, "send", "counter", "add 1", "--key", "once", "--json")); again["duplicate"] != true {
		t.Errorf("a key from before the backup: %v", again)
	}
	if got := p.ok("--world", away, "history"); !strings.Contains(got, early) {
		t.Errorf("the history of the copy: %s", got)
	}
	diff := p.ok("diff", file, away)
	if !strings.HasPrefix(diff, "~ process "+counter+" 65536 bytes") || strings.Contains(diff, "\n") {
		t.Errorf("diff: %s", diff)
	}
	if r := p.ctl("diff", home, away, "--exit-code", "--json"); r.code != 1 || p.object(r.out)["name"] != counter {
		t.Errorf("diff --exit-code --json: %+v", r)
	}
	o.stop()

	// An older snapshot, and the world as it was then.
	if got := p.ok("backup", p.path("early.car"), "--at", early); got != early {
		t.Errorf("backup --at prints %s", got)
	}
	p.ok("restore", p.path("early.car"), "--world", late)
	l := p.serve("--world", late)
	if got := p.ok("--world", late, "send", "counter", "get", "--wait"); got != "1" {
		t.Errorf("the counter of the early copy: %s", got)
	}
	l.stop()
	if got := p.ok("diff", early, p.path("early.car")); got != "" {
		t.Errorf("the snapshot and its backup differ:\n%s", got)
	}
	s.stop()
	// Of a stopped world too, and without a change it is the same snapshot.
	a := p.ok("backup", p.path("stopped.car"))
	if b := p.ok("backup", p.path("again.car")); a != b {
		t.Errorf("two backups of a stopped world: %s and %s", a, b)
	}
	p.ok("load-lump", p.file("more", []byte("more")))
	if b := p.ok("backup", p.path("again.car")); a == b {
		t.Error("a backup after a change is that from before it")
	}
	if got := p.ok("diff", p.path("stopped.car"), p.path("again.car")); !strings.HasPrefix(got, "+ root lumps/") || strings.Contains(got, "\n") {
		t.Errorf("diff: %s", got)
	}
	s = p.serve()
	if got := p.ok("send", "counter", "get", "--wait"); got != "3" {
		t.Errorf("the counter at home: %s", got)
	}
	s.stop()
}

// A world is made of any place of the history, and lives on from there.
func TestReplayInto(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	var seqs []string
	for range 5 {
		seqs = append(seqs, fmt.Sprint(p.object(p.ok("send", "counter", "add 1", "--json"))["seq"]))
	}
	p.ok("snapshot")
	for _, running := range []bool{true, false} {
		if !running {
			s.stop()
		}
		into := p.path(fmt.Sprint("copy", running))
		state := p.ok("replay", "--to", seqs[2], "--into", into)
		if got := p.ok("--world", into, "replay"); got != state {
			t.Errorf("the copy replays to %s, want %s", got, state)
		}
		if got := p.ok("--world", into, "check", "--read-data"); !strings.HasSuffix(got, "faults\t0") {
			t.Errorf("check of the copy:\n%s", got)
		}
		c := p.serve("--world", into)
		if got := p.ok("--world", into, "send", "counter", "add 10", "--wait"); got != "13" {
			t.Errorf("the counter of the copy: %s", got)
		}
		c.stop()
		p.fails(73, "a world already", "replay", "--to", seqs[2], "--into", into)
		p.fails(73, "not empty", "replay", "--into", p.dir)
	}
}

func TestBadArchives(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_WORLD="+p.path("world"))
	s := p.serve()
	p.ok("spawn", p.guest("counter"), "--durable")
	file := p.path("whole.car")
	p.ok("backup", file)
	s.stop()
	whole := []byte(p.files(file)[file])
	cut, broken := p.file("cut.car", whole[:len(whole)*2/3]), bytes.Clone(whole)
	broken[len(broken)/2] ^= 1
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{65, "backup", []string{"restore", cut}},
		{65, "backup", []string{"restore", p.file("broken.car", broken)}},
		{65, "backup", []string{"restore", p.file("empty.car", nil)}},
		{65, "backup", []string{"restore", p.guest("echo")}},
		{66, "no such file", []string{"restore", p.path("nothing.car")}},
		{73, "not empty", []string{"restore", file, "--world", p.dir}},
		{73, "a world already", []string{"restore", file, "--world", p.path("world")}},
		{66, "no lump", []string{"backup", p.path("x.car"), "--at", unknown, "--world", p.path("world")}},
		{65, "unsupported CID", []string{"backup", p.path("x.car"), "--at", unsupported, "--world", p.path("world")}},
		{65, "archive", []string{"diff", p.path("world"), cut, "--world", p.path("world")}},
		{66, "neither a world", []string{"diff", p.path("world"), p.path("nothing"), "--world", p.path("world")}},
		{66, "no world", []string{"diff", p.path("world"), p.path("run"), "--world", p.path("world")}},
		{66, "no lump", []string{"diff", unknown, unknown, "--world", p.path("world")}},
	} {
		args := c.args
		if !strings.Contains(strings.Join(args, " "), "--world") {
			args = append(args, "--world", p.path("new"))
		}
		p.fails(c.code, c.says, args...)
		for _, left := range []string{"new", "x.car"} {
			if _, err := os.Lstat(p.path(left)); !os.IsNotExist(err) {
				t.Errorf("%q leaves %s behind", c.args, left)
			}
		}
	}
	p.fails(64, "restore needs", "restore", file)
	if left, _ := filepath.Glob(p.path(".*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
	// A restore that is killed leaves what the next one takes away.
	for i := range 8 {
		cmd := p.command("hearth-ctl", "restore", file, "--world", p.path("again"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i*8) * time.Millisecond)
		cmd.Process.Signal(syscall.SIGKILL)
		cmd.Wait()
		if r := p.ctl("restore", file, "--world", p.path("again")); r.code != 0 && r.code != ipc.ExitCreate {
			t.Fatalf("a restore after a killed one: %+v", r)
		}
		if got := p.ok("--world", p.path("again"), "check", "--read-data"); !strings.HasSuffix(got, "faults\t0") {
			t.Errorf("check:\n%s", got)
		}
		if err := os.RemoveAll(p.path("again")); err != nil {
			t.Fatal(err)
		}
	}
}

// What is damaged is named.
func TestCheckFindsDamage(t *testing.T) {
	p := newPlace(t)
	world := p.path("world")
	p.env = append(p.env, "HEARTH_WORLD="+world)
	s := p.serve()
	p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	marker := "a message that can be found again"
	p.ok("send", "counter", marker)
	cid := p.ok("load-lump", p.file("content", []byte("content that can be found again")))
	// Killed, so that the message still stands in a file of the journal.
	s.end(syscall.SIGKILL)
	p.ok("check", "--read-data")
	for _, c := range []struct{ find, says string }{
		{"content that can", cid},
		{marker, "damaged"},
	} {
		file, undo := p.damage(world, c.find)
		r := p.ctl("check", "--read-data")
		if r.code != 65 || !strings.Contains(r.out+r.errout, c.says) {
			t.Errorf("damage in %s: %+v", file, r)
		}
		if c.find == marker {
			p.serverFails(65, "damaged", "--world", world)
		} else if faults := p.objects(p.ctl("check", "--read-data", "--json").out); faults[0]["cid"] != c.says || fmt.Sprint(faults[len(faults)-1]["faults"]) != "1" {
			t.Errorf("check --json: %v", faults)
		}
		undo()
	}
	p.ok("check", "--read-data")
}

// damage changes a byte of the only file that holds a text, and returns how to
// change it back.
func (p *place) damage(dir, text string) (file string, undo func()) {
	p.t.Helper()
	for name, content := range p.files(dir) {
		i := strings.Index(content, text)
		if i < 0 {
			continue
		}
		write := func(b byte) {
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				p.t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte{b}, int64(i)); err != nil {
				p.t.Fatal(err)
			}
		}
		write(text[0] ^ 1)
		return name, func() { write(text[0]) }
	}
	p.t.Fatalf("no file holds %q", text)
	return "", nil
}
