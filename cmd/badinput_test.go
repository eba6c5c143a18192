package cmd_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// unsupported is a CID under sha2-512.
const unsupported = "bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs"

// unknown is a CID that nothing has.
const unknown = "bafkr4iaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// Each kind of bad input gives one sentence and its exit code, and leaves the world
// as it was.
func TestBadInput(t *testing.T) {
	p := newPlace(t)
	world := p.path("world")
	p.env = append(p.env, "HEARTH_WORLD="+world)
	s := p.serve()
	pid := p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	dead := p.ok("spawn", p.guest("echo"), "--durable")
	p.ok("kill", dead)
	p.ok("spawn", p.guest("looper"), "--service", "mute")
	large := p.file("large", bytes.Repeat([]byte("x"), 1<<20+1))
	lump := p.ok("load-lump", large)
	state := func() string {
		return p.ok("list-lumps") + p.ok("list-services") + p.ok("send", "counter", "get", "--wait")
	}
	before := state()
	events := strings.Count(p.ok("journal"), "\n")

	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{65, "WebAssembly", []string{"spawn", p.guest("bad/not-wasm")}},
		{65, "WebAssembly", []string{"spawn", p.file("empty.wasm", nil)}},
		{65, "not a module", []string{"spawn", p.guest("bad/truncated"), "--durable"}},
		{65, "not a module", []string{"spawn", p.guest("bad/unknown-import")}},
		{65, "not a module", []string{"spawn", p.guest("bad/unknown-import"), "--durable"}},
		{65, "not a module", []string{"spawn", p.guest("bad/unknown-module"), "--durable"}},
		{65, "not a module", []string{"spawn", p.guest("bad/no-entry")}},
		{65, "cannot be durable", []string{"spawn", p.guest("echo-blocking"), "--durable"}},
		{66, "neither a file nor a CID", []string{"spawn", p.path("nothing.wasm")}},
		{66, "no lump", []string{"spawn", unknown}},
		{65, "unsupported CID", []string{"spawn", unsupported}},
		{66, "no lump", []string{"get-lump", unknown}},
		{66, "no lump", []string{"stat-lump", unknown}},
		{65, "unsupported CID", []string{"get-lump", unsupported}},
		{65, "unsupported CID", []string{"stat-lump", unsupported}},
		{65, "not a CID", []string{"get-lump", "nonsense"}},
		{66, "no such file", []string{"load-lump", p.path("nothing")}},
		{64, "is a folder", []string{"load-lump", p.dir}},
		{65, "larger than the limit", []string{"send", "counter", "--file", large}},
		{65, "larger than the limit", []string{"send", "counter", "--file", large, "--wait"}},
		{66, "no such file", []string{"send", "counter", "--file", p.path("nothing")}},
		{66, "no such process: " + dead, []string{"send", dead, "x"}},
		{66, "no such process: " + dead, []string{"send", dead, "x", "--wait"}},
		{66, "no such process: " + dead, []string{"kill", dead}},
		{66, "no such process: 4711000", []string{"tail", "4711000"}},
		{66, "no such service: nobody", []string{"send", "nobody", "x"}},
		{75, "no reply came within 50ms", []string{"send", "mute", "loop", "--wait", "--timeout", "50ms"}},
		{66, "the last one is", []string{"replay", "--to", "4711000"}},
		{74, "no space left", []string{"get-lump", lump, "-o", "/dev/full"}},
		{73, "cannot be made", []string{"get-lump", lump, "-o", p.path("nowhere/file")}},
		{73, "cannot be made", []string{"get-lump", lump, "-o", p.dir}},
		{69, "no server", []string{"--socket", p.path("nothing.sock"), "ps"}},
		{66, "no world", []string{"--world", p.path("nowhere"), "ps"}},
		{66, "no world", []string{"--world", p.dir, "list-lumps"}},
		{64, "no command", []string{"explode"}},
		{64, "a command is missing", nil},
		{64, "unknown flag", []string{"ps", "--explode"}},
		{64, "takes", []string{"get-lump"}},
		{64, "takes", []string{"ps", "x"}},
		{64, "is no PID", []string{"kill", "counter"}},
		{64, "invalid argument", []string{"tail", pid, "-n", "x"}},
		{64, "not negative", []string{"tail", pid, "-n", "-1"}},
		{64, "exclude each other", []string{"send", "counter", "x", "--file", large}},
		{64, "exclude each other", []string{"--world", world, "--socket", s.socket, "ps"}},
		{64, "is positive", []string{"send", "counter", "x", "--timeout", "0s"}},
	} {
		p.fails(c.code, c.says, c.args...)
	}
	if after := state(); after != before {
		t.Errorf("the world was\n%s\nand is\n%s", before, after)
	}
	if got := strings.Count(p.ok("journal"), "\n"); got != events+1 { // the get
		t.Errorf("%d events became %d:\n%s", events, got, p.ok("journal"))
	}
	s.stop()
	p.fails(69, "no server runs on this world", "ps")
	p.fails(69, "no server runs on this world", "journal", "-f")
}

func (p *place) serverFails(code int, says string, args ...string) {
	p.t.Helper()
	p.refused(p.run(exec.Command(filepath.Join(bin, "hearth-server"), args...), nil), code, says, args...)
}

func TestServerBadInput(t *testing.T) {
	p := newPlace(t)
	fresh := p.path("fresh")
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{64, "unknown flag", []string{"--explode"}},
		{64, "is not understood", []string{"explode"}},
		{64, "text or json", []string{"--log-format", "xml"}},
		{64, "invalid argument", []string{"--log-level", "loud"}},
		{64, "not negative", []string{"--workers", "-1"}},
		{64, "shorter", []string{"--socket", p.path(strings.Repeat("x", 100))}},
		{66, "no such file", []string{"--init", p.path("nothing.wasm")}},
		{65, "first process", []string{"--init", p.guest("bad/not-wasm")}},
		{65, "first process", []string{"--init", p.guest("bad/unknown-import")}},
		{65, "first process", []string{"--init", p.guest("echo-blocking")}},
	} {
		p.serverFails(c.code, c.says, append(c.args, "--world", fresh)...)
		if _, err := os.Stat(fresh); !os.IsNotExist(err) {
			t.Errorf("%q leaves a folder behind", c.args)
		}
	}
	// A folder that is no world, a file, a file in the way of a folder.
	other := p.path("other")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	p.file("other/letter", []byte("dear"))
	before := p.files(other)
	p.serverFails(73, "not empty", "--world", other)
	if after := p.files(other); !maps.Equal(before, after) {
		t.Errorf("the folder holds %v, and held %v", slices.Collect(maps.Keys(after)), slices.Collect(maps.Keys(before)))
	}
	p.serverFails(73, "cannot be made", "--world", p.path("other/letter/world"))
	p.serverFails(73, "cannot be made", "--world", p.path("other/letter"))
	p.serverFails(73, "is no socket", "--world", fresh, "--socket", p.path("other/letter"))
}

func TestTwoServers(t *testing.T) {
	p := newPlace(t)
	world := p.path("world")
	s := p.serve("--world", world)
	p.serverFails(75, fmt.Sprintf("(process %d)", s.cmd.Process.Pid), "--world", world)
	p.serverFails(75, "listens on this socket", "--world", p.path("other"), "--socket", s.socket)
	if _, err := os.Stat(p.path("other")); !os.IsNotExist(err) {
		t.Error("the second world was made")
	}
	p.ok("--world", world, "ps")
	s.stop()
}

// A world of a newer version is refused by server and command, whichever part is
// newer, and not touched.
func TestNewerWorld(t *testing.T) {
	for name, change := range map[string]func(p *place, world string){
		"format": func(p *place, world string) {
			p.file("world/format", []byte(`{"hearth":"world","format":99,"program":"hearth-server 9"}`))
		},
		"journal": func(p *place, world string) {
			segments, _ := filepath.Glob(filepath.Join(world, "journal", "*.seg"))
			p.newer(segments[len(segments)-1])
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			world := p.path("world")
			p.serve("--world", world).stop()
			change(p, world)
			before := p.files(world)
			says := "newer"
			if name == "journal" {
				says = "format 99"
			}
			p.serverFails(65, says, "--world", world)
			p.fails(65, says, "--world", world, "list-lumps")
			after := p.files(world)
			for path, b := range before {
				if base := filepath.Base(path); after[path] != b && base != "index.db" && base != "lock" {
					t.Errorf("%s was changed", path)
				}
			}
		})
	}
	p := newPlace(t)
	world := p.path("world")
	p.serve("--world", world).stop()
	p.file("world/format", []byte(`nonsense`))
	p.serverFails(65, "format file", "--world", world)
}

// newer gives the header of a journal segment version 99, with its checksum.
func (p *place) newer(file string) {
	p.t.Helper()
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 72)
	if _, err := f.ReadAt(head, 0); err != nil {
		p.t.Fatal(err)
	}
	head[8] = 99
	clear(head[12:16])
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(head, crc32.MakeTable(crc32.Castagnoli)))
	if _, err := f.WriteAt(head, 0); err != nil {
		p.t.Fatal(err)
	}
}

// nobody runs a program as a user that may not do everything.
func (p *place) nobody(program string, args ...string) result {
	p.t.Helper()
	cmd := exec.Command(filepath.Join(bin, program), args...)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	return p.run(cmd, nil)
}

func TestPermission(t *testing.T) {
	p := newPlace(t)
	world := p.path("world")
	s := p.serve("--world", world)
	if os.Getuid() == 0 {
		// A stranger who reaches the socket is refused by who he is.
		for dir := filepath.Dir(s.socket); dir != "/" && dir != "/tmp"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(s.socket, 0o666); err != nil {
			t.Fatal(err)
		}
		p.refused(p.nobody("hearth-ctl", "--socket", s.socket, "ps"), 77, "serves only the user", "ps")
	}
	s.stop()
	run := p.path("run2")
	if err := os.Mkdir(run, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		if err := os.Chown(run, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(p.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "XDG_RUNTIME_DIR="+run)
	// A place where no world can be made.
	locked := p.path("locked")
	if err := os.Mkdir(locked, 0o555); err != nil {
		t.Fatal(err)
	}
	p.refused(p.nobody("hearth-server", "--world", filepath.Join(locked, "world")), 77, "permission denied", "make")
	// A world that cannot be written.
	if err := exec.Command("chmod", "-R", "a+rX,a-w", world).Run(); err != nil {
		t.Fatal(err)
	}
	defer exec.Command("chmod", "-R", "u+w", world).Run()
	p.refused(p.nobody("hearth-server", "--world", world), 77, "permission denied", "open")
	p.refused(p.nobody("hearth-ctl", "--world", world, "list-lumps"), 77, "permission denied", "list-lumps")
}

// A server on a full disk says so, loses nothing and goes on when there is room.
func TestFullDisk(t *testing.T) {
	p := newPlace(t)
	disk := p.path("disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("a small file system cannot be mounted: %v", err)
	}
	defer syscall.Unmount(disk, syscall.MNT_DETACH)
	world := filepath.Join(disk, "world")
	p.env = append(p.env, "HEARTH_WORLD="+world)
	s := p.serve()
	p.ok("spawn", p.guest("counter"), "--durable", "--service", "counter")
	p.ok("send", "counter", "add 7")
	noise := make([]byte, 64<<20)
	rand.NewChaCha8([32]byte{}).Read(noise)
	p.fails(74, "no space left", "load-lump", p.file("noise", noise))
	// Whether or not the store can go on, a server whose journal finds no room
	// ends, and says why.
	if err := os.WriteFile(filepath.Join(disk, "filler"), noise, 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	junk := p.file("junk", bytes.Repeat([]byte("x"), 30<<10))
	acked, failed := 7, result{}
	for acked < 1000 && failed.code == 0 {
		if failed = p.ctl("send", "counter", "add 1"); failed.code == 0 {
			acked++
			failed = p.ctl("send", "counter", "--file", junk)
		}
	}
	p.refused(failed, 74, "", "send")
	<-s.gone
	if code := s.cmd.ProcessState.ExitCode(); code != 74 || !strings.Contains(s.log.String(), "hearth-server: the space stopped") {
		t.Errorf("the server ended with %d\n%s", code, s.log)
	}
	if err := syscall.Mount("none", disk, "tmpfs", syscall.MS_REMOUNT, "size=256m"); err != nil {
		t.Fatal(err)
	}
	s = p.serve()
	// The one that failed may have arrived.
	if got := p.ok("send", "counter", "get", "--wait"); got != fmt.Sprint(acked) && got != fmt.Sprint(acked+1) {
		t.Errorf("the counter says %s, with %d acknowledged", got, acked)
	}
	p.ok("load-lump", p.path("noise"))
	s.stop()
}
