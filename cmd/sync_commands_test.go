package cmd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime/ipc"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
)

const plainLink = "hearth://h:4920/home"

var (
	oldHead = lumps.Sum(lumps.DagCBOR, []byte("old"))
	newHead = lumps.Sum(lumps.DagCBOR, []byte("new"))
)

// A sync asks for what the command line says, with the link and the password apart.
func TestSyncCommands(t *testing.T) {
	p := newPlace(t)
	c := &crowd{sync: func(_ context.Context, p ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
		return ipc.SyncResult{Root: "mirror/home/head", From: oldHead, To: newHead, Seq: 9, Roots: []ipc.SyncRoot{{Root: "art/1", To: newHead}},
			Lumps: 1, Blocks: 2, Bytes: 3000, Wire: 4000, RoundTrips: 5}, progress(ipc.SyncProgress{Blocks: 1})
	}}
	p.among(c)
	secret := p.file("secret.link", []byte(plainLink+"#hush\n"))
	password := p.file("password", []byte("from a file\r\nand more\n"))
	row := fmt.Sprintf("mirror/home/head\t%s\t%s\t2\t3000\t4000\nart/1\t-\t%[2]s\t-\t-\t-", oldHead, newHead)
	object := fmt.Sprintf(`{"root":"mirror/home/head","from":"%s","to":"%s","seq":9,"up_to_date":false,"roots":[{"root":"art/1","to":"%[2]s"}],`+
		`"lumps":1,"blocks":2,"bytes":3000,"wire":4000,"round_trips":5}`, oldHead, newHead)
	for _, x := range []struct {
		env, stdin string
		args       []string
		out        string
		want       ipc.SyncParams
	}{
		{"", "", []string{"sync", "push", "@" + secret}, row, ipc.SyncParams{Direction: ipc.Push, Password: []byte("hush")}},
		{"", plainLink + "#hush", []string{"sync", "pull", "-", "--json"}, object, ipc.SyncParams{Direction: ipc.Pull, Password: []byte("hush")}},
		// The first of link, file and environment that has a password.
		{"from the environment", "", []string{"sync", "push", "@" + secret, "--password-file", password}, row, ipc.SyncParams{Direction: ipc.Push, Password: []byte("hush")}},
		{"from the environment", "", []string{"sync", "push", plainLink, "--password-file", password}, row, ipc.SyncParams{Direction: ipc.Push, Password: []byte("from a file")}},
		{"from the environment", "", []string{"sync", "push", plainLink}, row, ipc.SyncParams{Direction: ipc.Push, Password: []byte("from the environment")}},
		{"", "from stdin\n", []string{"sync", "push", plainLink, "--password-file", "-"}, row, ipc.SyncParams{Direction: ipc.Push, Password: []byte("from stdin")}},
		{"x", "", []string{"sync", "push", plainLink, "--snapshot", newHead.String(), "--roots", "art/1,art/2", "--roots", "art/3", "--name", "n", "--fork", "f",
			"--loose", "--force", "--trust", stranger}, row,
			ipc.SyncParams{Direction: ipc.Push, Password: []byte("x"), Snapshot: newHead, Roots: []string{"art/1", "art/2", "art/3"}, Name: "n", Fork: "f",
				Loose: true, Force: true, Trust: stranger}},
		{"x", "", []string{"sync", "pull", plainLink, "--of", "attic"}, row, ipc.SyncParams{Direction: ipc.Pull, Password: []byte("x"), Of: "attic"}},
		{"x", "", []string{"sync", "pull", plainLink, "--roots", "art/1", "--roots-only"}, row,
			ipc.SyncParams{Direction: ipc.Pull, Password: []byte("x"), Roots: []string{"art/1"}, RootsOnly: true}},
	} {
		q := *p
		if x.env != "" {
			q.env = append(q.env[:len(q.env):len(q.env)], "HEARTH_PASSWORD="+x.env)
		}
		r := q.ctlWith([]byte(x.stdin), x.args...)
		if r.code != 0 || r.out != x.out+"\n" || r.errout != "" {
			t.Errorf("%q: %+v, want\n%s", x.args, r, x.out)
		}
		x.want.Link = plainLink
		if got := c.synced(); len(got) != 1 || !equalSync(got[0], x.want) {
			t.Errorf("%q: %+v, want %+v", x.args, got, x.want)
		}
	}
}

// What makes no sense, or must not stand there, is refused before anything is asked,
// and no secret is repeated.
func TestSyncRefusals(t *testing.T) {
	p := newPlace(t)
	c := &crowd{sync: func(context.Context, ipc.SyncParams, func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
		return ipc.SyncResult{}, nil
	}}
	p.among(c)
	p.env = append(p.env, "HEARTH_PASSWORD=x")
	const hush = "tell-nobody"
	empty := p.file("empty", nil)
	for _, x := range []struct {
		code int
		says string
		args []string
	}{
		{64, "standard input", []string{"sync", "push", plainLink + "#" + hush}},
		{64, "standard input", []string{"sync", "pull", plainLink + "#" + hush}},
		{64, "standard input", []string{"diff", plainLink + "#" + hush, p.dir}},
		{64, "standard input", []string{"diff", p.path("nothing.car"), "hearth+wss://h/home#" + hush}},
		{64, "standard input", []string{"sync", "push", "http://h/home#" + hush}},
		{64, "standard input", []string{"diff", "HEARTHH://h/home#" + hush, "x"}},
		{64, "looks like hearth://", []string{"diff", "http://h/home", "x"}},
		{64, "looks like hearth://", []string{"sync", "push", "cellar"}},
		{64, "looks like hearth://", []string{"sync", "push", "@" + empty}},
		{66, "no such file", []string{"sync", "push", "@" + p.path("nothing")}},
		{66, "no such file", []string{"sync", "push", plainLink, "--password-file", p.path("nothing")}},
		{64, "empty", []string{"sync", "push", plainLink, "--password-file", empty}},
		{64, "both come from stdin", []string{"sync", "push", "-", "--password-file", "-"}},
		{64, "push or pull", []string{"sync"}},
		{64, "push or pull", []string{"sync", "shove", plainLink}},
		{64, "one link", []string{"sync", "push"}},
		{64, "unknown flag", []string{"sync", "push", plainLink, "--watch"}},
		{64, "unknown flag", []string{"sync", "push", plainLink, "--of", "attic"}},
		{64, "--every", []string{"sync", "pull", plainLink, "--every", "5s"}},
		{64, "--every", []string{"sync", "pull", plainLink, "--watch", "--every", "0s"}},
		{64, "exclude", []string{"sync", "pull", plainLink, "--of", "attic", "--snapshot", newHead.String()}},
		{64, "newest", []string{"sync", "pull", plainLink, "--watch", "--of", "attic"}},
		{64, "need the name", []string{"sync", "push", plainLink, "--roots-only"}},
		{64, "--name", []string{"sync", "push", plainLink, "--name", "a/b"}},
		{64, "--fork needs", []string{"sync", "push", plainLink, "--fork", ""}},
		{64, "--trust", []string{"sync", "push", plainLink, "--trust", "MFZWI"}},
		{65, "not a CID", []string{"sync", "push", plainLink, "--snapshot", "nonsense"}},
		{64, "is for a link", []string{"diff", p.dir, p.dir, "--password-file", "x"}},
		{64, "is for a link", []string{"diff", plainLink, p.dir, "--password-file", "B=x"}},
		{64, "twice", []string{"diff", plainLink, p.dir, "--password-file", "x", "--password-file", "A=y"}},
		{64, "only one", []string{"diff", "-", "-"}},
		{64, "only one", []string{"diff", plainLink, plainLink, "--password-file", "-"}},
		{64, "--trust", []string{"diff", plainLink, p.dir, "--trust", "MFZWI"}},
	} {
		p.fails(x.code, x.says, x.args...)
		if r := p.ctl(x.args...); strings.Contains(r.errout, hush) {
			t.Errorf("%q repeats the secret: %s", x.args, r.errout)
		}
		if got := c.synced(); len(got) != 0 {
			t.Errorf("%q was begun: %+v", x.args, got)
		}
	}
	p.env = p.env[:len(p.env)-1]
	p.fails(64, "HEARTH_PASSWORD", "sync", "push", plainLink)
}

// What the other side, or somebody in between, does is an exit code and a sentence.
func TestSyncFailures(t *testing.T) {
	p := newPlace(t)
	var fails atomic.Pointer[error]
	c := &crowd{sync: func(context.Context, ipc.SyncParams, func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
		return ipc.SyncResult{}, *fails.Load()
	}}
	p.among(c)
	p.env = append(p.env, "HEARTH_PASSWORD=x")
	key, _ := trust.ParseKeyID(stranger)
	for _, x := range []struct {
		err  error
		code int
		says string
	}{
		{secure.ErrAuth, 77, "the password is wrong"},
		{secure.ErrRefused, 77, "does not admit"},
		{&trust.UnknownServerError{Host: "h:4920", Space: "home", Key: key}, 77, stranger},
		{&trust.ChangedKeyError{Host: "h:4920", Space: "home", Want: key, Got: key}, 77, "h:4920"},
		{secure.ErrUnknownSpace, 66, "no space of this name"},
		{secure.ErrBusy, 75, "try again"},
		{&secure.VersionError{}, 76, "version"},
		{&transport.DialError{Host: "h:4920", Why: "nobody answers", Err: syscall.ECONNREFUSED}, 69, "nobody answers"},
		{peer.ErrClosed, 69, "has ended"},
		{&mirror.DivergedError{Root: "mirror/home/head", Ours: oldHead, Theirs: newHead, Common: oldHead, Seq: 7}, 65, "part behind snapshot " + oldHead.String()},
		{mirror.ErrReadOnly, 77, "takes no pushes"},
		{mirror.ErrNoSpace, 74, "disk is full"},
		{ipc.ErrNoPeers, 69, "other peers"},
	} {
		fails.Store(&x.err)
		p.fails(x.code, x.says, "sync", "push", plainLink)
		if got := c.synced(); len(got) != 1 {
			t.Errorf("%v: %d tries", x.err, len(got))
		}
	}
}

// A watch prints each move when it comes, outlives a connection, and ends with an
// interrupt.
func TestSyncWatch(t *testing.T) {
	p := newPlace(t)
	tries := make(chan struct{}, 10)
	c := &crowd{sync: func(ctx context.Context, _ ipc.SyncParams, progress func(ipc.SyncProgress) error) (ipc.SyncResult, error) {
		tries <- struct{}{}
		r := ipc.SyncResult{Root: "snapshot", From: oldHead, To: newHead, Blocks: int64(len(tries)), Bytes: 10, Wire: 20}
		switch len(tries) {
		case 1:
			if err := progress(ipc.SyncProgress{Moved: &r, Behind: ipc.Milliseconds(250 * time.Millisecond)}); err != nil {
				return ipc.SyncResult{}, err
			}
			return ipc.SyncResult{}, secure.ErrTruncated
		case 2: // again, and nothing is new
			same := r
			same.UpToDate = true
			if err := errors.Join(progress(ipc.SyncProgress{Moved: &same}), progress(ipc.SyncProgress{Moved: &r})); err != nil {
				return ipc.SyncResult{}, err
			}
		}
		<-ctx.Done()
		return ipc.SyncResult{}, ctx.Err()
	}}
	p.among(c)
	p.env = append(p.env, "HEARTH_PASSWORD=x")
	cmd := p.command("hearth-ctl", "sync", "pull", plainLink, "--watch", "--every", "1.5s", "--json")
	var errout strings.Builder
	cmd.Stderr = &errout
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stop.Stop()
	var got strings.Builder
	for buf := make([]byte, 4096); strings.Count(got.String(), "\n") < 2; {
		n, err := out.Read(buf)
		got.Write(buf[:n])
		if err != nil {
			t.Fatalf("%v after %s\n%s", err, &got, &errout)
		}
	}
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d\n%s", code, &errout)
	}
	line := fmt.Sprintf(`{"root":"snapshot","from":"%s","to":"%s","up_to_date":false,"blocks":%%d,"bytes":10,"wire":20,"round_trips":0,"behind":%%d}`+"\n", oldHead, newHead)
	if want := fmt.Sprintf(line, 1, 250) + fmt.Sprintf(line, 2, 0); got.String() != want {
		t.Errorf("it printed\n%s, want\n%s", &got, want)
	}
	if !strings.Contains(errout.String(), "trying again in 1s") {
		t.Errorf("it did not say that the connection was cut: %s", &errout)
	}
	if s := c.synced(); len(s) != 2 || !s[0].Watch || s[0].Every != ipc.Milliseconds(1500*time.Millisecond) {
		t.Errorf("it asked for %+v", s)
	}
}

// A standby is made only where the command line says so, and a server that is not
// there leaves none.
func TestStandbyNeedsAName(t *testing.T) {
	p := newPlace(t)
	p.env = append(p.env, "HEARTH_PASSWORD=x", "XDG_CONFIG_HOME="+p.path("config"))
	const nobody = "hearth://127.0.0.1:1/home"
	p.fails(66, "no world", "sync", "pull", nobody)
	p.fails(69, "127.0.0.1:1", "--world", p.path("standby"), "sync", "pull", nobody)
	p.fails(66, "no world", "--world", p.path("standby"), "history")
	p.fails(66, "no world", "--world", p.path("other"), "sync", "push", nobody)
	p.fails(69, "127.0.0.1:1", "diff", nobody, nobody)
}
