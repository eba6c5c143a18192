package ipc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/lumps/want"
	"hearth/runtime/peer"
	"hearth/runtime/peer/mirror"
	"hearth/runtime/peer/mux"
	"hearth/runtime/peer/secure"
	"hearth/runtime/peer/transport"
	"hearth/runtime/peer/trust"
	"hearth/runtime/runtimetest"
)

// friends are the peers of a program that has some.
type friends struct {
	peers       []Peer
	rules       []Rule
	credentials []Credential
	kicked      string
	err         error
}

func (f *friends) List() ([]Peer, error) { return f.peers, f.err }

func (f *friends) Kick(who, reason string) (int, error) {
	if who != f.peers[0].Key {
		return 0, fmt.Errorf("%w: %s", ErrNoPeer, who)
	}
	f.kicked = reason
	return 2, f.err
}

func (f *friends) Rules() ([]Rule, error) { return f.rules, f.err }

func (f *friends) SetRule(action, rule string) error {
	r, err := trust.ParseRule(rule)
	if err != nil {
		return err
	}
	f.rules = append(f.rules, Rule{Action: action, Rule: r.String()})
	return f.err
}

func (f *friends) Credentials() ([]Credential, error) { return f.credentials, f.err }

func (f *friends) Invite(p InviteParams) (Invitation, error) {
	for _, c := range f.credentials {
		if c.Name == p.Name {
			return Invitation{}, fs.ErrExist
		}
	}
	f.credentials = append(f.credentials, Credential{Name: p.Name, Role: p.Role, Note: p.Note, Expires: p.Expires})
	return Invitation{Name: p.Name, Secret: "hush", Links: []string{"hearth://host:4920/space?cred=" + p.Name + "#hush"}}, f.err
}

func (f *friends) Revoke(name string) error {
	for i, c := range f.credentials {
		if c.Name == name {
			f.credentials = append(f.credentials[:i], f.credentials[i+1:]...)
			return f.err
		}
	}
	return trust.ErrNoCredential
}

// pipe is a client of a server of w.
func pipe(t *testing.T, w World) *Client {
	t.Helper()
	srv := NewServer(w, nil)
	here, there := net.Pipe()
	if err := srv.ServeConn(there, "test"); err != nil {
		t.Fatal(err)
	}
	c := NewClient(here)
	t.Cleanup(func() {
		c.Close()
		srv.Close()
	})
	return c
}

func collect[T any](all *[]T) func(T) error {
	return func(v T) error { *all = append(*all, v); return nil }
}

// What a program knows of its peers is the same behind a socket.
func TestPeerMethods(t *testing.T) {
	at := time.Date(2026, 11, 22, 19, 0, 0, 5e6, time.UTC)
	f := &friends{
		peers: []Peer{
			{ID: 3, Key: "ABC", Credential: "ann", Role: RoleGuest, Program: "hearth-client 1", Address: "10.0.0.1:7", Since: at,
				RTT: Milliseconds(1500 * time.Microsecond), Exports: 1, Imports: 2, MessagesIn: 3, MessagesOut: 4, Denied: 5, Lost: 6,
				BlocksIn: 7, BlocksOut: 8, BytesIn: 9, BytesOut: 10},
			{ID: 4, Key: "DEF", Server: true, Since: at},
		},
		credentials: []Credential{{Name: trust.SpaceCredential, Role: RoleGuest, Made: at}},
	}
	c, ctx := pipe(t, World{Peers: f}), t.Context()

	var peers []Peer
	if err := c.Peers(ctx, collect(&peers)); err != nil || !reflect.DeepEqual(peers, f.peers) {
		t.Errorf("peers %+v, %v", peers, err)
	}
	if n, err := c.Kick(ctx, "ABC", "too loud"); n != 2 || err != nil || f.kicked != "too loud" {
		t.Errorf("kicked %d, %v, because %q", n, err, f.kicked)
	}
	if _, err := c.Kick(ctx, "nobody", ""); !errors.Is(err, ErrNoPeer) {
		t.Errorf("kicking nobody: %v", err)
	}
	if err := c.SetRule(ctx, RuleBlock, "10.0.0.7"); err != nil {
		t.Error(err)
	}
	var rules []Rule
	if err := c.Rules(ctx, collect(&rules)); err != nil || len(rules) != 1 || rules[0].Action != RuleBlock || rules[0].Rule != "addr:10.0.0.7/32" {
		t.Errorf("rules %+v, %v", rules, err)
	}
	expires := time.Now().Add(time.Hour).UTC().Round(time.Millisecond)
	i, err := c.Invite(ctx, InviteParams{Name: "bo", Note: "who fixes the roof", Expires: expires})
	if err != nil || i.Name != "bo" || i.Secret != "hush" || len(i.Links) != 1 {
		t.Errorf("invited %+v, %v", i, err)
	}
	if _, err := c.Invite(ctx, InviteParams{Name: "bo"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the same name again: %v", err)
	}
	var credentials []Credential
	if err := c.Credentials(ctx, collect(&credentials)); err != nil || len(credentials) != 2 || credentials[0] != f.credentials[0] ||
		credentials[1] != (Credential{Name: "bo", Role: RoleGuest, Note: "who fixes the roof", Expires: expires}) {
		t.Errorf("credentials %+v, %v", credentials, err)
	}
	if err := c.Revoke(ctx, "bo"); err != nil || len(f.credentials) != 1 {
		t.Errorf("revoke: %v, %+v", err, f.credentials)
	}
	for _, x := range []struct {
		name string
		err  error
		want error
	}{
		{"revoke twice", c.Revoke(ctx, "bo"), trust.ErrNoCredential},
		{"kick who is not named", second(c.Kick(ctx, "", "")), ErrUsage},
		{"a rule that is none", c.SetRule(ctx, RuleAllow, "tuesday"), trust.ErrBadRule},
		{"an action that is none", c.SetRule(ctx, "love", "10.0.0.7"), ErrUsage},
		{"a role that is none", second(c.Invite(ctx, InviteParams{Name: "x", Role: "king"})), ErrUsage},
		{"expired", second(c.Invite(ctx, InviteParams{Name: "x", Expires: at.Add(-time.Hour * 24 * 365 * 30)})), ErrUsage},
		{"params", c.Call(ctx, "credential.revoke", []int{1}, nil), ErrUsage},
	} {
		if !errors.Is(x.err, x.want) {
			t.Errorf("%s: %v, want %v", x.name, x.err, x.want)
		}
	}
	f.err = ErrNoServer
	if err := c.Peers(ctx, collect(&peers)); !errors.Is(err, ErrNoServer) {
		t.Errorf("the peers of a stopped world: %v", err)
	}
}

// A program without peers says so, whatever it is asked.
func TestNoPeers(t *testing.T) {
	c, ctx := pipe(t, World{}), t.Context()
	for name, err := range map[string]error{
		"list": c.Peers(ctx, nil), "kick": second(c.Kick(ctx, "x", "")), "rules": c.Rules(ctx, nil), "rule": c.SetRule(ctx, RuleAllow, "x"),
		"credentials": c.Credentials(ctx, nil), "invite": second(c.Invite(ctx, InviteParams{})), "revoke": c.Revoke(ctx, "x"),
		"sync": second(c.Sync(ctx, SyncParams{Direction: Push, Link: "hearth://host/x"}, nil)),
	} {
		if !errors.Is(err, ErrNoPeers) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The JSON names of what is listed are the contract.
func TestPeerJSON(t *testing.T) {
	at := time.Date(2026, 11, 22, 19, 0, 0, 0, time.UTC)
	cid := lumps.Sum(lumps.Raw, []byte("x"))
	for _, x := range []struct {
		v    any
		want string
	}{
		{Peer{ID: 1, Since: at, RTT: Milliseconds(250 * time.Microsecond)}, `{"id":1,"key":"","credential":"","role":"","program":"","address":"",` +
			`"since":"2026-11-22T19:00:00Z","rtt":0.25,"server":false,"exports":0,"imports":0,"messages_in":0,"messages_out":0,"denied":0,"lost":0,` +
			`"blocks_in":0,"blocks_out":0,"bytes_in":0,"bytes_out":0}`},
		{Rule{Action: RuleBlock, Rule: "cred:ann"}, `{"action":"block","rule":"cred:ann"}`},
		{Credential{Name: "ann", Role: RoleMirror, Made: at}, `{"name":"ann","role":"mirror","note":"","made":"2026-11-22T19:00:00Z"}`},
		{Invitation{Name: "ann", Secret: "s", Links: []string{"l"}}, `{"name":"ann","secret":"s","links":["l"]}`},
		{SyncParams{Direction: Push, Link: "l", Password: []byte("hi"), Every: Milliseconds(time.Second)},
			`{"direction":"push","link":"l","password":"aGk=","every":1000}`},
		{SyncProgress{Blocks: 1, Bytes: 2}, `{"blocks":1,"bytes":2}`},
		{SyncResult{Root: "mirror/x/head", To: cid, Roots: []SyncRoot{{Root: "r", To: cid}}, Wire: 3},
			fmt.Sprintf(`{"root":"mirror/x/head","to":"%s","up_to_date":false,"roots":[{"root":"r","to":"%s"}],"blocks":0,"bytes":0,"wire":3,"round_trips":0}`, cid, cid)},
	} {
		b, err := json.Marshal(x.v)
		if err != nil || string(b) != x.want {
			t.Errorf("%T:\n%s, want\n%s (%v)", x.v, b, x.want, err)
		}
	}
}

// A sync gets its params whole, its progress comes as items, and its result ends it.
func TestSync(t *testing.T) {
	from, to := lumps.Sum(lumps.DagCBOR, []byte("a")), lumps.Sum(lumps.DagCBOR, []byte("b"))
	asked := SyncParams{Direction: Pull, Link: "hearth://host:4920/x", Password: []byte{0, 255}, Trust: "KEY", Roots: []string{"a", "b"},
		Name: "n", Fork: "f", Loose: true, Force: true, Watch: true, Every: Milliseconds(1500 * time.Millisecond)}
	moved := SyncResult{Root: "snapshot", From: from, To: to, Seq: 7, Roots: []SyncRoot{{Root: "a", To: to}}, Lumps: 1, Blocks: 2, Bytes: 3, Wire: 4, RoundTrips: 5}
	var got SyncParams
	c := pipe(t, World{Sync: func(ctx context.Context, p SyncParams, progress func(SyncProgress) error) (SyncResult, error) {
		got = p
		for i := range 10_000 { // far more than anybody looks at
			if err := progress(SyncProgress{Blocks: int64(i)}); err != nil {
				return SyncResult{}, err
			}
		}
		return moved, progress(SyncProgress{Moved: &moved, Behind: Milliseconds(time.Second)})
	}})
	var items []SyncProgress
	r, err := c.Sync(t.Context(), asked, collect(&items))
	if err != nil || !reflect.DeepEqual(r, moved) || !reflect.DeepEqual(got, asked) {
		t.Errorf("%+v, %v of %+v", r, err, got)
	}
	last := items[len(items)-1]
	if len(items) < 2 || len(items) > 1000 || items[0].Blocks != 0 || last.Moved == nil || !reflect.DeepEqual(*last.Moved, moved) || last.Behind != Milliseconds(time.Second) {
		t.Errorf("%d items, the last is %+v", len(items), last)
	}
	// The client's own answer ends the call.
	stop := errors.New("enough")
	if _, err := c.Sync(t.Context(), asked, func(SyncProgress) error { return stop }); err != stop {
		t.Errorf("a progress that fails: %v", err)
	}
}

// A watch that nobody waits for any more is over.
func TestSyncCancelled(t *testing.T) {
	ended := make(chan error, 1)
	c := pipe(t, World{Sync: func(ctx context.Context, _ SyncParams, progress func(SyncProgress) error) (SyncResult, error) {
		progress(SyncProgress{})
		<-ctx.Done()
		ended <- progress(SyncProgress{})
		return SyncResult{}, ctx.Err()
	}})
	ctx, cancel := context.WithCancel(t.Context())
	_, err := c.Sync(ctx, SyncParams{Direction: Pull, Link: "l", Watch: true}, func(SyncProgress) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the call: %v", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("progress of what is cancelled: %v", err)
	}
}

// What contradicts itself is refused before anything is done.
func TestSyncParams(t *testing.T) {
	c := pipe(t, World{Sync: func(context.Context, SyncParams, func(SyncProgress) error) (SyncResult, error) {
		return SyncResult{}, nil
	}})
	cid := lumps.Sum(lumps.DagCBOR, []byte("a"))
	for _, x := range []struct {
		p  SyncParams
		ok bool
	}{
		{SyncParams{Direction: Push, Link: "l"}, true},
		{SyncParams{Direction: Pull, Link: "l", Watch: true, Every: 1e6}, true},
		{SyncParams{Direction: Pull, Link: "l", Of: "home"}, true},
		{SyncParams{Direction: Push, Link: "l", Roots: []string{"a"}, RootsOnly: true}, true},
		{SyncParams{}, false},
		{SyncParams{Direction: "shove", Link: "l"}, false},
		{SyncParams{Direction: Push}, false},
		{SyncParams{Direction: Push, Link: "l", Watch: true}, false},
		{SyncParams{Direction: Push, Link: "l", Of: "home"}, false},
		{SyncParams{Direction: Pull, Link: "l", Of: "home", Snapshot: cid}, false},
		{SyncParams{Direction: Pull, Link: "l", Of: "home", Watch: true}, false},
		{SyncParams{Direction: Pull, Link: "l", Snapshot: cid, Watch: true}, false},
		{SyncParams{Direction: Pull, Link: "l", RootsOnly: true}, false},
		{SyncParams{Direction: Pull, Link: "l", Roots: []string{"a"}, RootsOnly: true, Name: "x"}, false},
		{SyncParams{Direction: Pull, Link: "l", Every: 1e6}, false},
		{SyncParams{Direction: Pull, Link: "l", Watch: true, Every: -1e6}, false},
	} {
		if _, err := c.Sync(t.Context(), x.p, nil); (err == nil) != x.ok || err != nil && !errors.Is(err, ErrUsage) {
			t.Errorf("%+v: %v", x.p, err)
		}
	}
}

// Each error of another peer has a kind, an exit code, and is itself again at the
// client.
func TestPeerErrors(t *testing.T) {
	cid := lumps.Sum(lumps.DagCBOR, []byte("a"))
	key := make([]byte, 32)
	dialError := func(err error) error { return &transport.DialError{Host: "h:1", Why: "nobody answers", Err: err} }
	for _, x := range []struct {
		err  error
		kind string
		exit int
		is   error
	}{
		{secure.ErrAuth, "wrong-password", 77, secure.ErrAuth},
		{&secure.AlertError{Err: secure.ErrRefused}, "refused", 77, secure.ErrRefused},
		{&trust.BlockedError{Class: trust.ClassAddress, Rule: trust.Rule{Class: trust.ClassAddress, Value: netip.MustParsePrefix("10.0.0.0/8").String()}}, "refused", 77, secure.ErrRefused},
		{&trust.UnknownServerError{Host: "h", Space: "s", Key: key}, "unknown-server", 77, trust.ErrUnknownServer},
		{trust.ErrNotAccepted, "not-accepted", 77, trust.ErrNotAccepted},
		{&trust.ChangedKeyError{Host: "h", Space: "s", Want: key, Got: key}, "changed-key", 77, ErrChangedKey},
		{secure.ErrIdentity, "bad-identity", 77, secure.ErrIdentity},
		{&secure.AlertError{Err: secure.ErrUnknownSpace}, "unknown-space", 66, secure.ErrUnknownSpace},
		{&secure.AlertError{Err: secure.ErrBusy}, "server-busy", 75, secure.ErrBusy},
		{peer.ErrPeers, "server-busy", 75, secure.ErrBusy},
		{mirror.ErrBusy, "server-busy", 75, secure.ErrBusy},
		{&secure.VersionError{}, "version", 76, ErrVersion},
		{&mirror.VersionError{Ours: 1, Oldest: 2, Newest: 3}, "version", 76, ErrVersion},
		{secure.ErrCostlyKSF, "password-cost", 76, secure.ErrWeakKSF},
		{fmt.Errorf("%w: it talks nonsense", peer.ErrProtocol), "protocol", 76, peer.ErrProtocol},
		{secure.ErrHandshake, "protocol", 76, peer.ErrProtocol},
		{mirror.ErrRequest, "protocol", 76, peer.ErrProtocol},
		{dialError(syscall.ECONNREFUSED), "unreachable", 69, ErrUnreachable},
		{dialError(context.DeadlineExceeded), "unreachable", 69, ErrUnreachable},
		{dialError(context.Canceled), "canceled", 130, context.Canceled},
		{secure.ErrTruncated, "peer-lost", 69, peer.ErrClosed},
		{peer.ErrClosed, "peer-lost", 69, peer.ErrClosed},
		{mux.ErrLost, "peer-lost", 69, peer.ErrClosed},
		{&mux.ClosedError{Reason: "bye", Remote: true}, "peer-lost", 69, peer.ErrClosed},
		{want.ErrClosed, "peer-lost", 69, peer.ErrClosed},
		{&mirror.DivergedError{Root: "mirror/x/head", Ours: cid, Theirs: cid}, "diverged", 65, ErrDiverged},
		{space.ErrRan, "ran", 65, space.ErrRan},
		{&mirror.OtherSpaceError{New: cid, Old: cid}, "other-space", 65, ErrOtherSpace},
		{&mirror.RootError{New: cid, Old: cid}, "root-differs", 65, ErrRootDiffers},
		{mirror.ErrReadOnly, "read-only", 77, mirror.ErrReadOnly},
		{fmt.Errorf("lump %s: %w", cid, want.ErrDenied), "denied", 77, want.ErrDenied},
		{mirror.ErrNoRoot, "no-root", 66, mirror.ErrNoRoot},
		{mirror.ErrNoSnapshot, "no-snapshot", 66, ErrNoSnapshot},
		{mirror.ErrUnknown, "no-snapshot", 66, ErrNoSnapshot},
		{mirror.ErrIncomplete, "incomplete", 65, mirror.ErrIncomplete},
		{fmt.Errorf("%w: its chain is broken", space.ErrUnsound), "unsound", 65, space.ErrUnsound},
		{mirror.ErrNoSpace, "no-space", 74, syscall.ENOSPC},
		{&mirror.RemoteError{Text: "it failed"}, "remote", 69, ErrRemote},
		{trust.ErrNoCredential, "no-credential", 66, trust.ErrNoCredential},
		{trust.ErrNoRule, "no-rule", 66, trust.ErrNoRule},
		{trust.ErrTooMany, "full-file", 73, trust.ErrTooMany},
		{trust.ErrVanished, "vanished", 66, trust.ErrVanished},
		{trust.ErrLocked, "locked", 75, nil},
		{fmt.Errorf("%w: no host", trust.ErrBadLink), "bad-link", 64, trust.ErrBadLink},
		{trust.ErrSecretInArgument, "bad-link", 64, trust.ErrBadLink},
		{fmt.Errorf("%w: group 3", trust.ErrBadKeyID), "bad-key", 64, trust.ErrBadKeyID},
		{trust.ErrBadRule, "bad-rule", 64, trust.ErrBadRule},
		{trust.ErrBadName, "bad-credential", 64, trust.ErrBadCredential},
		{secure.ErrPassword, "bad-credential", 64, trust.ErrBadCredential},
		{mirror.ErrBadName, "bad-name", 64, mirror.ErrBadName},
		{mirror.ErrReserved, "bad-name", 64, mirror.ErrBadName},
		{&trust.DamagedError{File: "f", Why: "w", Do: "d"}, "damaged", 65, ErrDamaged},
		{&trust.ModeError{File: "f", Mode: 0o644}, "permission", 77, ErrPermission},
		{trust.ErrNewer, "newer", 65, ErrNewer},
	} {
		c := pipe(t, World{Sync: func(context.Context, SyncParams, func(SyncProgress) error) (SyncResult, error) {
			return SyncResult{}, x.err
		}})
		_, err := c.Sync(t.Context(), SyncParams{Direction: Push, Link: "l"}, nil)
		var remote *Error
		if !errors.As(err, &remote) || remote.Kind != x.kind || remote.Exit != x.exit || err.Error() != x.err.Error() {
			t.Errorf("%v: %#v", x.err, err)
			continue
		}
		if x.is != nil && !errors.Is(err, x.is) {
			t.Errorf("%v: at the client it is no %v", x.err, x.is)
		}
		wantKey := ""
		if x.kind == "unknown-server" {
			wantKey = trust.KeyID(key)
		}
		if remote.Key != wantKey {
			t.Errorf("%v: the key is %q", x.err, remote.Key)
		}
		c.Close()
	}
	seen := map[string]bool{}
	for _, k := range kinds {
		if seen[k.Name] || k.sentinel == nil || k.Exit == 0 {
			t.Errorf("the kind %q is there twice or half", k.Name)
		}
		seen[k.Name] = true
	}
}

// A stream that ends in the middle of a sync is a lost connection; a file that ends
// is not.
func TestCutOff(t *testing.T) {
	c := pipe(t, World{Sync: func(context.Context, SyncParams, func(SyncProgress) error) (SyncResult, error) {
		return SyncResult{}, fmt.Errorf("no answer: %w", io.ErrUnexpectedEOF)
	}})
	_, err := c.Sync(t.Context(), SyncParams{Direction: Push, Link: "l"}, nil)
	if !errors.Is(err, peer.ErrClosed) || !Transient(err) {
		t.Errorf("%v", err)
	}
	for _, x := range []struct {
		err       error
		transient bool
	}{
		{nil, false}, {secure.ErrBusy, true}, {mirror.ErrBusy, true}, {secure.ErrTruncated, true}, {secure.ErrAuth, false}, {ErrNoServer, false},
		{io.ErrUnexpectedEOF, false}, {&transport.DialError{Host: "h", Why: "no", Err: syscall.EHOSTUNREACH}, true}, {&mirror.DivergedError{}, false},
	} {
		if Transient(x.err) != x.transient {
			t.Errorf("%v is transient: %v", x.err, !x.transient)
		}
	}
	if err := CutOff(&lumps.FormatError{}); errors.Is(err, peer.ErrClosed) {
		t.Errorf("%v", err)
	}
}

// What is public is a root of another name.
func TestPublishLump(t *testing.T) {
	s := runtimetest.New(t)
	w := world(s)
	socket, _ := serve(t, w)
	c, ctx := dialT(t, socket), t.Context()
	l, err := c.PublishLump(ctx, strings.NewReader("for all"))
	if err != nil {
		t.Fatal(err)
	}
	private, err := c.PutLump(ctx, strings.NewReader("for us"), true)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Runtime.IsRoot(PublicPrefix, l.CID) || s.Runtime.IsRoot(RootPrefix, l.CID) {
		t.Error("the lump is not public, or kept twice")
	}
	if s.Runtime.IsRoot(PublicPrefix, private.CID) || !s.Runtime.IsRoot(RootPrefix, private.CID) {
		t.Error("the other lump is public, or not kept")
	}
}
