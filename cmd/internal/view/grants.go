package view

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"hearth/lumps"
	terminal "hearth/term/service"
)

// grants are those whom the user lets open terminals without being asked again, in a
// file of the world's folder. It is the operator's, as all in DIR/peer is: neither a
// backup nor a mirror of the world gives anybody a shell elsewhere.
//
//	DIR/peer/terminals, dag-cbor:
//
//	a2                         a map of 2
//	   66 "format" 01          what follows
//	   66 "grants" 80+n        an array of n
//	      60+len key           text: a module or a peer, as term/service names them
//
// It is written anew as a whole and durably, when the user says so.
type grants struct {
	file string
	log  *slog.Logger

	mu   sync.Mutex // guards what follows
	keys []string   // sorted
}

var _ terminal.Grants = (*grants)(nil)

// maxGrants bounds how many are remembered: nobody says yes more often.
const maxGrants = 1024

// maxGrantsFile bounds the file, in bytes: what is larger, no program here wrote.
const maxGrantsFile = maxGrants * (terminal.MaxKey + 16)

// errGrants refuses one more of them.
var errGrants = fmt.Errorf("%d modules and peers may open terminals already; remove peer/terminals in the folder of the world to be asked anew", maxGrants)

type grantsRecord struct {
	Format int      `cbor:"format"`
	Grants []string `cbor:"grants"`
}

// errRecord reports a file that is not what this program writes.
var errRecord = errors.New("it is not what this program writes")

// openGrants reads them. A file that cannot be read grants nothing, with a warning:
// the user is asked again.
func openGrants(world string, log *slog.Logger) *grants {
	g := &grants{file: filepath.Join(world, "peer", "terminals"), log: log}
	b, err := readAtMost(g.file, maxGrantsFile)
	var r grantsRecord
	if err == nil {
		r, err = readGrants(b)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("who may open terminals is not known, so you are asked again", "file", g.file, "error", err)
	}
	g.keys = r.Grants
	return g
}

func readGrants(b []byte) (r grantsRecord, err error) {
	if err := readRecord(b, &r); err != nil {
		return grantsRecord{}, err
	}
	if r.Format != 1 || len(r.Grants) > maxGrants || !slices.IsSorted(r.Grants) {
		return grantsRecord{}, errRecord
	}
	for _, k := range r.Grants {
		if k == "" || len(k) > terminal.MaxKey {
			return grantsRecord{}, errRecord
		}
	}
	return r, nil
}

// Granted reports whether somebody may.
func (g *grants) Granted(key string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := slices.BinarySearch(g.keys, key)
	return ok
}

// Grant remembers somebody. It is on disk when Grant returns.
func (g *grants) Grant(key string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	i, ok := slices.BinarySearch(g.keys, key)
	switch {
	case ok:
		return nil
	case key == "" || len(key) > terminal.MaxKey:
		return fmt.Errorf("a grant names somebody in 1 to %d bytes", terminal.MaxKey)
	case len(g.keys) >= maxGrants:
		return errGrants
	}
	keys := slices.Insert(slices.Clone(g.keys), i, key)
	b, err := lumps.Marshal(grantsRecord{1, keys})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(g.file), 0o700); err != nil {
		return err
	}
	if err := replaceFile(g.file, b, true); err != nil {
		return err
	}
	g.keys = keys
	return nil
}

// readRecord reads what lumps.Marshal writes of a record, and nothing else: no field more
// or less.
func readRecord[T any](b []byte, r *T) error {
	if err := lumps.Unmarshal(b, r); err != nil {
		return errRecord
	}
	if again, err := lumps.Marshal(*r); err != nil || !bytes.Equal(again, b) {
		return errRecord
	}
	return nil
}

// readAtMost reads a file that has so many bytes at most.
func readAtMost(file string, most int64) ([]byte, error) {
	st, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > most {
		return nil, errRecord
	}
	return os.ReadFile(file)
}

// replaceFile writes a file of this user's alone, whole or not at all; durably, so that
// it is there after a power cut too, where that is wanted.
func replaceFile(file string, b []byte, durable bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // only this user reads it
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil || !durable {
		return err
	}
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
