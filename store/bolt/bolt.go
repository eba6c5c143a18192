package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	bbolt "go.etcd.io/bbolt"

	"hearth/store"
)

const (
	// defaultPackSize is where a pack is sealed: small enough to be rewritten in
	// seconds, large enough that a terabyte is a thousand open files.
	defaultPackSize = 1 << 30
	// maxPackSize leaves room for one group of writes within the 32 bits of a place.
	maxPackSize = 3 << 30
	// defaultFlush is how many changes wait for the database: about 6 MB of memory,
	// and some 12 GB of full-sized blocks.
	defaultFlush = 50_000
	// flushLag is how many times as many changes may wait while a flush goes on
	// before writers wait for it.
	flushLag = 4
)

// Options change how a store behaves; the zero value is right.
type Options struct {
	// PackSize is how large a pack grows before the next one is begun. Default 1 GiB.
	PackSize int64
	// FlushEntries is how many changes are collected before they are written to
	// the database. Default 50,000.
	FlushEntries int
	// RebuildIndex makes the database anew from the packs.
	RebuildIndex bool

	// For tests.
	wrap   func(name string, f file) file // faults
	noSync bool                           // of what no crash will meet
}

func (o Options) withDefaults() (Options, error) {
	if o.PackSize == 0 {
		o.PackSize = defaultPackSize
	}
	if o.FlushEntries == 0 {
		o.FlushEntries = defaultFlush
	}
	if o.PackSize < packHeader || o.PackSize > maxPackSize {
		return o, fmt.Errorf("a pack of %d bytes is not possible; the limit is %d", o.PackSize, int64(maxPackSize))
	}
	if o.FlushEntries < 1 {
		return o, fmt.Errorf("a flush of %d changes is not possible; it takes 1 at least", o.FlushEntries)
	}
	return o, nil
}

// Store is an open store.
type Store struct {
	dir  string
	opts Options
	salt uint32
	lock *os.File
	db   *bbolt.DB

	// sweeping is held by what deletes packs or relies on them staying.
	sweeping sync.Mutex
	// life is held for reading by every call and for writing by Close.
	life   sync.RWMutex
	closed bool
	// stop ends long work when Close begins.
	stop   context.Context
	cancel context.CancelFunc

	// mu guards the tables, the packs and their counters. The committer alone
	// changes them, but for the end of a flush.
	mu     sync.RWMutex
	blocks table[key, entry]
	lumps  table[lumpKey, lumpEntry]
	roots  table[string, rootEntry]
	packs  map[uint32]*pack
	active *pack // the pack that grows
	doomed map[uint32]bool
	// damaged are blocks whose bytes were found to be wrong: a put replaces them.
	damaged map[key]bool
	// flushes counts finished flushes: what was looked up in the tables before one
	// may be in the database after it.
	flushes uint64

	queue   chan *request
	failure atomic.Pointer[failure]

	// The committer's own.
	nextPack uint32
	flushing chan error // the end of the flush that runs; nil if none does
	flushAt  int        // how many changes begin a flush
	awaiting []*request // for the next flush
	served   []*request // by the flush that runs

	sweep   chan struct{} // a pack may have nothing that lives
	goros   sync.WaitGroup
	sweeper sync.WaitGroup
}

var _ store.Store = (*Store)(nil)

// failure is why nothing is written any more.
type failure struct{ err error }

func (s *Store) fail(err error) error {
	err = fmt.Errorf("%w: %w", store.ErrFailed, err)
	s.failure.CompareAndSwap(nil, &failure{err})
	return err
}

func (s *Store) failed() error {
	if f := s.failure.Load(); f != nil {
		return f.err
	}
	return nil
}

// Open opens the store in dir, and makes it if there is none. The report says
// what had to be repaired; it is empty after an orderly close.
func Open(dir string, opts Options) (*Store, Recovery, error) {
	var rep Recovery
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, rep, err
	}
	s := &Store{
		dir: dir, opts: opts,
		blocks: newBlocks(), lumps: newLumps(), roots: newRoots(),
		packs: map[uint32]*pack{}, doomed: map[uint32]bool{}, damaged: map[key]bool{},
		queue: make(chan *request, queueLength),
		sweep: make(chan struct{}, 1), flushAt: opts.FlushEntries,
	}
	if err := os.MkdirAll(s.packDir(), 0o700); err != nil {
		return nil, rep, err
	}
	if err := errors.Join(s.syncDir(dir), s.syncDir(filepath.Dir(filepath.Clean(dir)))); err != nil {
		return nil, rep, err
	}
	if s.lock, err = lockDir(dir); err != nil {
		return nil, rep, err
	}
	s.stop, s.cancel = context.WithCancel(context.Background())
	if err := s.recover(&rep); err != nil {
		s.release()
		return nil, rep, fmt.Errorf("open store %s: %w", dir, err)
	}
	s.goros.Go(s.commitLoop)
	s.sweeper.Go(s.sweepLoop)
	return s, rep, nil
}

// Close waits for calls that run, writes what the database lacks and closes the
// files. A second Close does nothing.
func (s *Store) Close() error {
	s.cancel()
	s.sweeper.Wait()
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.queue)
	s.goros.Wait()
	return errors.Join(s.lastFlush(), s.release())
}

// release closes what is open.
func (s *Store) release() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	for _, p := range s.packs {
		p.readers.Wait()
		errs = append(errs, p.file.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// enter begins a call; every enter that succeeds is followed by leave.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.life.RLock()
	if s.closed {
		s.life.RUnlock()
		return store.ErrClosed
	}
	return nil
}

func (s *Store) leave() { s.life.RUnlock() }

// enterToWrite is enter for a call that writes.
func (s *Store) enterToWrite(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	if err := s.failed(); err != nil {
		s.leave()
		return err
	}
	return nil
}
