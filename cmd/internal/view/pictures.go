package view

import (
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"hearth/lumps"
	terminal "hearth/term/service"
)

// pictures are what was on screens when the client ended, each in a file of the world's
// folder. They are written every few seconds, so they do not enter the store, which
// only grows until it is pruned: a new one takes the place of the old one, and beyond
// maxPictures the oldest goes. Each is there whole or not at all after a kill; after a
// power cut it may be gone.
//
//	DIR/cache/terminals/HASH, of the key; dag-cbor:
//
//	a4                               a map of 4
//	   63 "key"     60+len key       text: which screen
//	   63 "sum"     1a u32           CRC-32C of the picture
//	   66 "format"  01               what follows
//	   67 "picture" 5a u32 bytes     as term/service makes it
type pictures struct {
	dir string
	log *slog.Logger

	mu sync.Mutex // one change at a time
}

var _ terminal.Keep = (*pictures)(nil)

const (
	// maxPictures bounds how many are kept: as many screens as anybody comes back to.
	maxPictures = 256
	// maxPictureFile bounds a file, in bytes, and with it what is read back.
	maxPictureFile = 17 << 20
)

type pictureRecord struct {
	Key     string `cbor:"key"`
	Sum     uint32 `cbor:"sum"`
	Format  int    `cbor:"format"`
	Picture []byte `cbor:"picture"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errPicture reports a picture that is too large to be kept.
var errPicture = errors.New("a screen is kept up to 16 MiB")

func openPictures(world string, log *slog.Logger) *pictures {
	return &pictures{dir: filepath.Join(world, "cache", "terminals"), log: log}
}

func (p *pictures) file(key string) string {
	d := lumps.Sum(lumps.Raw, []byte(key)).Digest()
	return filepath.Join(p.dir, hex.EncodeToString(d[:]))
}

// Save keeps a picture in the place of the one before it.
func (p *pictures) Save(key string, picture []byte) error {
	if len(key) > terminal.MaxKey || len(picture) > maxPictureFile-terminal.MaxKey-256 {
		return errPicture
	}
	b, err := lumps.Marshal(pictureRecord{key, crc32.Checksum(picture, castagnoli), 1, picture})
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return err
	}
	file := p.file(key)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		p.collect(maxPictures - 1)
	}
	return replaceFile(file, b, false)
}

// Load returns a picture; nil where there is none, or where it is broken.
func (p *pictures) Load(key string) ([]byte, error) {
	r, err := p.read(p.file(key))
	if err != nil || r.Key != key {
		return nil, err
	}
	return r.Picture, nil
}

// read reads a file. A broken one is as good as none, with a warning.
func (p *pictures) read(file string) (r pictureRecord, err error) {
	b, err := readAtMost(file, maxPictureFile)
	if errors.Is(err, fs.ErrNotExist) {
		return pictureRecord{}, nil
	}
	if err == nil {
		r, err = readPicture(b)
	}
	if errors.Is(err, errRecord) {
		p.log.Warn("what was on a screen cannot be shown again", "file", file, "error", err)
		return pictureRecord{}, nil
	}
	return r, err
}

func readPicture(b []byte) (r pictureRecord, err error) {
	if err := readRecord(b, &r); err != nil || r.Format != 1 || len(r.Key) > terminal.MaxKey || crc32.Checksum(r.Picture, castagnoli) != r.Sum {
		return pictureRecord{}, errRecord
	}
	return r, nil
}

// Remove forgets a picture.
func (p *pictures) Remove(key string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := os.Remove(p.file(key)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Keys lists what is kept.
func (p *pictures) Keys() (keys []string, err error) {
	for _, f := range p.files() {
		r, err := p.read(f.path)
		if err != nil {
			return nil, err
		}
		if r.Picture != nil && p.file(r.Key) == f.path {
			keys = append(keys, r.Key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// kept is the file of a picture.
type kept struct {
	path string
	at   time.Time
}

// files are those of pictures, the oldest first; what a kill left half written goes.
func (p *pictures) files() (all []kept) {
	entries, _ := os.ReadDir(p.dir) // no folder, no pictures
	for _, e := range entries {
		st, err := e.Info()
		path := filepath.Join(p.dir, e.Name())
		switch {
		case err != nil || !st.Mode().IsRegular():
		case !strings.HasPrefix(e.Name(), "."):
			all = append(all, kept{path, st.ModTime()})
		case time.Since(st.ModTime()) > time.Hour:
			os.Remove(path)
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return a.at.Compare(b.at) })
	return all
}

// collect leaves so many pictures, the newest.
func (p *pictures) collect(most int) {
	all := p.files()
	for _, f := range all[:max(len(all)-most, 0)] {
		if err := os.Remove(f.path); err != nil {
			p.log.Warn("an old picture of a screen stays", "file", f.path, "error", err)
		}
	}
}
