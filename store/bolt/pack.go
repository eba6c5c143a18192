package bolt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// file is what a pack needs of an *os.File; tests put faults in between.
type file interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error // of the data and the size
	Close() error
}

// osFile syncs no more than a pack needs.
type osFile struct{ *os.File }

func (f osFile) Sync() error { return datasync(f.File) }

// laxFile leaves out what a test does not need.
type laxFile struct{ *os.File }

func (laxFile) Sync() error { return nil }

// pack is one open pack file.
type pack struct {
	number uint32
	file   file
	// size is where the next record goes, live the bytes of records that the index
	// points at. Store.mu guards both.
	size, live int64
	// readers are those that took the pack from the table under Store.mu. Who
	// removed it from there waits for them before closing the file.
	readers sync.WaitGroup
}

func packName(number uint32) string { return fmt.Sprintf("%08d.pack", number) }

// packNumber reads a name that packName gives.
func packNumber(name string) (uint32, bool) {
	digits, ok := strings.CutSuffix(name, ".pack")
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), ok && err == nil && packName(uint32(n)) == name
}

// createPack makes a pack with nothing but its header, durably.
func (s *Store) createPack(number uint32) (*pack, error) {
	path := filepath.Join(s.packDir(), packName(number))
	if err := s.writeFile(path, appendPackHeader(nil, number, s.salt)); err != nil {
		return nil, err
	}
	return s.openPack(number)
}

func (s *Store) openPack(number uint32) (*pack, error) {
	f, err := os.OpenFile(filepath.Join(s.packDir(), packName(number)), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	p := &pack{number: number, file: osFile{f}, size: info.Size()}
	if s.opts.noSync {
		p.file = laxFile{f}
	}
	if s.opts.wrap != nil {
		p.file = s.opts.wrap(packName(number), p.file)
	}
	return p, nil
}

func (s *Store) packDir() string { return filepath.Join(s.dir, "packs") }

const tempSuffix = ".tmp"

// writeFile makes a file that after a crash is there whole or not at all.
func (s *Store) writeFile(path string, data []byte) (err error) {
	tmp := path + tempSuffix
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	_, err = f.Write(data)
	if err == nil && !s.opts.noSync {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(tmp, path); err != nil {
		return err
	}
	return s.syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder durable.
func (s *Store) syncDir(dir string) error {
	if s.opts.noSync {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
