// Package runtimetest opens spaces for tests: a store in memory that outlives the
// runtime, as a disk does, a real journal, and the fixture guests.
package runtimetest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"hearth/fixtures/guests"
	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/native"
	"hearth/runtime/wasm"
	"hearth/store"
	"hearth/store/mem"
)

// cacheDir keeps compiled guests for all tests of a process: a Go guest takes a
// second to compile.
var cacheDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "hearth-test-cache")
	if err != nil {
		return ""
	}
	return dir
})

// Cleanup removes what the tests of a process share. TestMain calls it last.
func Cleanup() { os.RemoveAll(cacheDir()) }

// Space is a space that a test can stop, kill and start again.
type Space struct {
	T     testing.TB
	Dir   string // of the journal
	Store store.Store
	J     *journal.Journal
	*runtime.Runtime
	// Options are used by the next Start.
	Options runtime.Options
	Journal journal.Options
	archive *space.Archive
}

// New starts a fresh space.
func New(t testing.TB) *Space {
	s := &Space{T: t, Dir: t.TempDir(), Store: mem.New()}
	s.Options = runtime.Options{SnapshotEvery: -1, SnapshotEvents: -1, Logger: slog.New(slog.DiscardHandler)}
	s.Journal = journal.Options{Logger: slog.New(slog.DiscardHandler)}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Start opens the space as a server does.
func (s *Space) Start() {
	s.T.Helper()
	if err := s.TryStart(); err != nil {
		s.T.Fatal(err)
	}
}

// TryStart is Start for a space that may refuse.
func (s *Space) TryStart() error {
	s.archive = space.NewArchive(s.Store)
	jo := s.Journal
	jo.Archive = s.archive
	j, _, err := journal.Open(s.Dir, jo)
	if err != nil {
		return err
	}
	s.archive.Know(j.Segments())
	o := s.options(j)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rt, err := runtime.Open(ctx, o)
	if err != nil {
		j.Close()
		return err
	}
	s.J, s.Runtime = j, rt
	return nil
}

func (s *Space) options(j *journal.Journal) runtime.Options {
	o := s.Options
	o.Store, o.Journal, o.Engine, o.Services = s.Store, j, wasm.Bind(wasm.Options{CacheDir: cacheDir()}), native.Services()
	return o
}

// Kill stops the space without a snapshot: what a crash leaves once the journal
// is written.
func (s *Space) Kill() {
	if s.Runtime == nil {
		return
	}
	if err := s.Runtime.Close(); err != nil {
		s.T.Error(err)
	}
	s.J.Close()
	s.Runtime = nil
}

// Restart kills and starts the space.
func (s *Space) Restart() {
	s.T.Helper()
	s.Kill()
	s.Start()
}

// Replay executes the whole journal in another runtime and returns the state's
// CID at a seq.
func (s *Space) Replay(to uint64, change ...func(*runtime.Options)) (runtime.Replayed, error) {
	o := s.options(s.J)
	o.IgnoreSnapshots = true
	for _, f := range change {
		f(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return runtime.Replay(ctx, o, to)
}

// Module stores a fixture guest.
func (s *Space) Module(name string) lumps.CID {
	s.T.Helper()
	l, err := store.PutLump(context.Background(), s.Store, bytes.NewReader(guests.Module(name)), store.KindFile)
	if err != nil {
		s.T.Fatal(err)
	}
	return l.CID
}

// SpawnGuest spawns a fixture guest.
func (s *Space) SpawnGuest(name string, durable bool, change ...func(*runtime.SpawnRequest)) uint64 {
	s.T.Helper()
	q := runtime.SpawnRequest{Module: s.Module(name), Durable: durable, Entry: -1, Origin: "test"}
	for _, f := range change {
		f(&q)
	}
	pid, _, err := s.Spawn(context.Background(), q)
	if err != nil {
		s.T.Fatal(err)
	}
	return pid
}

// Tell sends a message.
func (s *Space) Tell(pid uint64, text string, cs ...runtime.Capability) {
	s.T.Helper()
	to, err := s.Target(pid, "")
	if err != nil {
		s.T.Fatal(err)
	}
	if _, _, err := s.Send(context.Background(), to, runtime.Message{Data: []byte(text), Caps: cs, Origin: "test"}); err != nil {
		s.T.Fatal(err)
	}
}

// Ask sends a message and returns the answer.
func (s *Space) Ask(pid uint64, text string, cs ...runtime.Capability) string {
	s.T.Helper()
	r, err := s.TryAsk(pid, text, cs...)
	if err != nil {
		s.T.Fatalf("asking %d %q: %v", pid, text, err)
	}
	return string(r.Data)
}

// TryAsk is Ask for a process that may not answer.
func (s *Space) TryAsk(pid uint64, text string, cs ...runtime.Capability) (runtime.Reply, error) {
	s.T.Helper()
	to, err := s.Target(pid, "")
	if err != nil {
		return runtime.Reply{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.Call(ctx, to, runtime.Message{Data: []byte(text), Caps: cs, Origin: "test"})
}

// Cap returns a capability to a process.
func (s *Space) Cap(pid uint64) runtime.Capability {
	s.T.Helper()
	c, err := s.Target(pid, "")
	if err != nil {
		s.T.Fatal(err)
	}
	return c
}

// Snap takes a snapshot when everything accepted has been executed.
func (s *Space) Snap() runtime.SnapshotInfo {
	s.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	info, err := s.Snapshot(ctx, "")
	if err != nil {
		s.T.Fatal(err)
	}
	return info
}

// Gone reports whether a process has ended.
func (s *Space) Gone(pid uint64) bool {
	_, err := s.Target(pid, "")
	return errors.Is(err, runtime.ErrNoProcess)
}
