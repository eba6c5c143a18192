package world

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/native"
	"hearth/runtime/wasm"
	"hearth/store/bolt"
)

// World is a world that this program has open.
type World struct {
	Dir     string // absolute
	Store   *bolt.Store
	Journal *journal.Journal
	// Made says that the world is being made: it is one when Commit returns.
	Made bool
	// Empty says that nobody has run the world yet, so that it may still have a first
	// process.
	Empty bool

	owner   Owner
	lock    *lock
	archive *space.Archive
	branch  []byte
	madeDir string // the topmost folder that Make made
	standby bool   // what was pulled stays, even where no world came of it
	log     *slog.Logger
}

// SegmentSize is where the segments of the journals end that are opened from now
// on; zero leaves it to package journal.
var SegmentSize int64

// contents are the names that a world may have. What is not among them keeps
// Make from using a folder.
var contents = []string{"format", "lock", "store", "journal", "cache", "peer", "branch", "empty", "unfinished", "format.tmp", "branch.tmp", "empty.tmp", "unfinished.tmp"}

// Dir returns the absolute path of a world's folder, with symbolic links
// resolved as far as it exists: one world has one name.
func Dir(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		return real, nil
	}
	parent := filepath.Dir(abs)
	if parent == abs {
		return abs, nil
	}
	if parent, err = Dir(parent); err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(abs)), nil
}

// Exists reports whether dir is a world that this program can read.
func Exists(dir string) error {
	_, err := readFormat(dir)
	return err
}

// Open takes the lock of the world in dir and opens its store and journal.
// *LockedError names who has it.
func Open(dir string, owner Owner, log *slog.Logger) (*World, error) {
	if _, err := readFormat(dir); err != nil {
		return nil, err
	}
	l, err := acquire(dir, owner)
	if err != nil {
		return nil, openError(dir, err)
	}
	w := &World{Dir: dir, owner: owner, lock: l, log: log}
	if err := w.Load(); err != nil {
		return nil, errors.Join(openError(dir, err), l.release())
	}
	return w, nil
}

// openError names the world where the error is about the folder itself.
func openError(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return &PathError{"open", dir, err}
	}
	return err
}

// Make begins a new world in dir, which must not exist, be empty, or hold what
// an attempt left that was cut off. Commit makes it a world; Close without it
// removes what was made.
func Make(dir string, owner Owner, log *slog.Logger) (_ *World, err error) {
	defer func() {
		var locked *LockedError
		if err != nil && !errors.Is(err, ErrExists) && !errors.Is(err, ErrNotEmpty) && !errors.As(err, &locked) {
			err = &PathError{"make", dir, err}
		}
	}()
	w := &World{Dir: dir, owner: owner, log: log, Made: true}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	if w.madeDir, err = makeDirs(dir); err != nil {
		return nil, err
	}
	if w.lock, err = acquire(dir, owner); err != nil {
		return nil, err
	}
	// Under the lock: another program may have made it meanwhile.
	if err := vacant(dir); err != nil {
		return nil, errors.Join(err, w.lock.release())
	}
	err = w.clear()
	if err == nil {
		err = writeFile(dir, "unfinished", nil)
	}
	if err == nil {
		err = syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return nil, errors.Join(err, w.remove())
	}
	return w, nil
}

// Vacant reports whether a world can be made in dir: ErrExists, ErrNotEmpty or a
// *PathError say why not.
func Vacant(dir string) error {
	err := vacant(dir)
	if err != nil && !errors.Is(err, ErrExists) && !errors.Is(err, ErrNotEmpty) {
		return &PathError{"make", dir, err}
	}
	return err
}

func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	unfinished := false
	for _, e := range entries {
		if e.Name() == "format" {
			return fmt.Errorf("%s: %w", dir, ErrExists)
		}
		unfinished = unfinished || e.Name() == "unfinished"
	}
	for _, e := range entries {
		if !slices.Contains(contents, e.Name()) || !unfinished && e.Name() != "lock" && !strings.HasSuffix(e.Name(), ".tmp") {
			return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
		}
	}
	return nil
}

// makeDirs makes dir and what is missing above it, durably, and returns the
// topmost folder that it made.
func makeDirs(dir string) (made string, err error) {
	if _, err := os.Stat(dir); err == nil {
		return "", nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if made, err = makeDirs(parent); err != nil {
			return made, err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return made, err
	}
	if made == "" {
		made = dir
	}
	return made, syncDir(parent)
}

// clear removes what an earlier attempt left.
func (w *World) clear() error {
	for _, name := range contents {
		if name == "lock" || name == "unfinished" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(w.Dir, name)); err != nil {
			return err
		}
	}
	return syncDir(w.Dir)
}

// Load opens the store and the journal. Open has done it; for a world that is
// being made it is called when what it begins with is in place.
func (w *World) Load() (err error) {
	b, err := os.ReadFile(filepath.Join(w.Dir, "branch"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(b) > 0 {
		if w.branch, err = hex.DecodeString(strings.TrimSpace(string(b))); err != nil {
			return fmt.Errorf("%s: %w", w.Dir, ErrBadFormat)
		}
	}
	if w.Empty, err = hasFile(w.Dir, "empty"); err != nil {
		return err
	}
	if err := w.OpenStore(); err != nil {
		return err
	}
	if err := w.settle(); err != nil {
		err = errors.Join(err, w.Store.Close())
		w.Store = nil
		return err
	}
	j, jrec, err := journal.Open(w.JournalDir(), journal.Options{Archive: w.archive, Logger: w.log, SegmentSize: SegmentSize})
	if err != nil {
		err = errors.Join(err, w.Store.Close())
		w.Store = nil
		return err
	}
	if jrec.Cut > 0 {
		w.log.Info("the end of the journal was cut: a crash left writes that nobody was told of", "segment", jrec.Segment, "bytes", jrec.Cut, "last", jrec.Last)
	}
	w.archive.Know(j.Segments())
	w.Journal = j
	return nil
}

// OpenStore opens the store alone, for what a new world begins with.
func (w *World) OpenStore() error {
	if w.Store != nil {
		return nil
	}
	st, rec, err := bolt.Open(w.StoreDir(), bolt.Options{})
	if err != nil {
		return err
	}
	if rec.Rebuilt != "" {
		w.log.Warn("the index of the store was made anew", "reason", rec.Rebuilt, "records", rec.Records)
	}
	for _, r := range rec.Cut {
		w.log.Info("the end of a pack was cut: a crash left a write that nobody was told of", "pack", r.Pack, "offset", r.Offset, "bytes", r.Bytes)
	}
	for _, r := range rec.Damaged {
		w.log.Error("a pack is damaged; hearth-ctl check --read-data says what is lost", "pack", r.Pack, "offset", r.Offset, "bytes", r.Bytes)
	}
	w.Store, w.archive = st, space.NewArchive(st)
	return nil
}

// StoreDir and JournalDir are where the parts of the world are.
func (w *World) StoreDir() string   { return filepath.Join(w.Dir, "store") }
func (w *World) JournalDir() string { return filepath.Join(w.Dir, "journal") }

// Options are how a runtime runs this world. Its branch is begun by the first
// runtime that opens the space.
func (w *World) Options() runtime.Options {
	return runtime.Options{
		Store: w.Store, Journal: w.Journal, Branch: w.branch, Logger: w.log,
		Engine:   wasm.Bind(wasm.Options{CacheDir: filepath.Join(w.Dir, "cache")}),
		Services: native.Services(),
	}
}

// Run opens the space: when it returns, every durable process is where its last
// acknowledged message left it.
func (w *World) Run(ctx context.Context, o runtime.Options) (*runtime.Runtime, error) {
	rt, err := runtime.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if w.branch != nil {
		// Its epoch is on disk. To begin the same branch again would be no harm.
		if err := removeFile(w.Dir, "branch"); err != nil {
			return nil, errors.Join(err, rt.Close())
		}
		w.branch = nil
	}
	if _, err := os.Stat(filepath.Join(w.Dir, standbyFile)); err == nil {
		if err := removeFile(w.Dir, standbyFile); err != nil {
			return nil, errors.Join(err, rt.Close())
		}
	}
	return rt, nil
}

// Fork says that the history goes on elsewhere too: the first runtime on this
// copy begins a branch of its own.
func (w *World) Fork() error {
	w.branch = make([]byte, 16)
	rand.Read(w.branch)
	return writeFile(w.Dir, "branch", []byte(hex.EncodeToString(w.branch)+"\n"))
}

// Leave has the world keep room for its first process: it is committed by who does not
// run it.
func (w *World) Leave() error {
	if err := writeFile(w.Dir, "empty", nil); err != nil {
		return &PathError{"make", w.Dir, err}
	}
	return w.Commit()
}

// Begun says that the world has its first process, or goes on without one.
func (w *World) Begun() error {
	if w.Made {
		return w.Commit()
	}
	w.Empty = false
	return removeFile(w.Dir, "empty")
}

// Announce tells others where this program listens.
func (w *World) Announce(socket string) error {
	w.owner.Socket = socket
	return w.lock.write(w.owner)
}

// Commit makes what was made a world.
func (w *World) Commit() error {
	f := formatFile{Hearth: "world", Format: Format, Program: w.owner.Program, Created: time.Now().UTC().Truncate(time.Second)}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(w.Dir, "format", append(b, '\n')); err != nil {
		return &PathError{"make", w.Dir, err}
	}
	w.Made = false
	if w.standby {
		return nil
	}
	return removeFile(w.Dir, "unfinished")
}

// Close closes the world. One that was made and not committed is removed.
func (w *World) Close() error {
	var errs []error
	if w.Journal != nil {
		errs = append(errs, w.Journal.Close())
	}
	if w.Store != nil {
		errs = append(errs, w.Store.Close())
	}
	if w.Made && !w.standby {
		return errors.Join(append(errs, w.remove())...)
	}
	return errors.Join(append(errs, w.lock.release())...)
}

// remove takes away what Make made.
func (w *World) remove() error {
	errs := []error{w.clear(), os.Remove(filepath.Join(w.Dir, "unfinished"))}
	errs = append(errs, os.Remove(filepath.Join(w.Dir, "lock")), w.lock.release())
	if w.madeDir != "" {
		// Only folders that are empty go.
		for dir := w.Dir; ; dir = filepath.Dir(dir) {
			if os.Remove(dir) != nil || dir == w.madeDir {
				break
			}
		}
	}
	for i, err := range errs {
		if errors.Is(err, fs.ErrNotExist) {
			errs[i] = nil
		}
	}
	return errors.Join(errs...)
}
