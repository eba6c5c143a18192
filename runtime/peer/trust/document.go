package trust

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// documentVersion is the version of the JSON files.
const documentVersion = 1

// ErrVanished reports a file that was there and is gone: what it held is not
// known, which is another thing than nothing.
var ErrVanished = errors.New("the file is gone while it is in use; restore it, or restart to begin with none")

// document is a JSON file that other programs change too. parse makes of its bytes
// what lookups need.
type document[T any] struct {
	path  string
	limit int64
	parse func(data []byte) (T, error)

	mu    sync.Mutex  // guards what follows
	seen  bool        // the file was there once
	stamp fs.FileInfo // of the bytes that state and err come from; nil: look again
	state T
	err   error // why there is no state
}

func openDocument[T any](path string, limit int64, parse func([]byte) (T, error)) (*document[T], error) {
	d := &document[T]{path: path, limit: limit, parse: parse}
	_, err := d.get()
	return d, err
}

// get returns what the file holds now. It costs one stat where nothing changed.
// The result is shared and must not be modified.
func (d *document[T]) get() (T, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refresh()
	return d.state, d.err
}

// refresh loads the file where it is another than the one that was loaded.
func (d *document[T]) refresh() {
	now, err := os.Stat(d.path)
	if err != nil || d.stamp == nil || !same(now, d.stamp) {
		d.load()
	}
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// load reads the file.
func (d *document[T]) load() {
	var data []byte
	data, d.stamp, d.err = read(d.path, d.limit)
	switch {
	case d.err == nil:
		d.seen = true
	case errors.Is(d.err, fs.ErrNotExist) && !d.seen:
		data, d.err = []byte(`{"version":1}`), nil
	case errors.Is(d.err, fs.ErrNotExist):
		d.err = fmt.Errorf("%s: %w", d.path, ErrVanished)
	}
	if d.err == nil {
		d.state, d.err = d.parse(data)
	}
	if d.err == nil {
		return
	}
	// Nobody is believed by what a file said before it could not be read.
	var none T
	d.state = none
	var bad *DamagedError
	if errors.As(d.err, &bad) && bad.File == "" {
		bad.File, bad.Do = d.path, "correct it or restore it from a backup"
	} else if errors.Is(d.err, ErrNewer) {
		d.err = fmt.Errorf("%s: %w", d.path, d.err)
	}
}

// change writes what edit makes of the file's state. Where edit returns nil
// without an error nothing is written.
func (d *document[T]) change(edit func(T) (any, error)) error {
	return change(d.path, func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.refresh()
		if d.err != nil {
			return d.err
		}
		v, err := edit(d.state)
		if err != nil || v == nil {
			return err
		}
		data, err := json.MarshalIndent(v, "", "\t")
		if err != nil {
			return err
		}
		data = append(data, '\n')
		if int64(len(data)) > d.limit {
			return fmt.Errorf("%s: %w", d.path, ErrTooMany)
		}
		// What could not be read again is not written.
		next, err := d.parse(data)
		if err != nil {
			return err
		}
		if err := replace(d.path, data); err != nil {
			// It may be there all the same, where only its folder was not synced.
			d.stamp = nil
			return err
		}
		stamp, err := os.Stat(d.path)
		if err != nil {
			d.stamp = nil
			return err
		}
		d.seen, d.stamp, d.state, d.err = true, stamp, next, nil
		return nil
	})
}

// decode reads one JSON value into v and nothing behind it, of this version.
func decode(data []byte, v any) error {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return &DamagedError{Why: err.Error()}
	}
	switch {
	case head.Version == nil || *head.Version < 1:
		return &DamagedError{Why: "it does not say its version"}
	case *head.Version > documentVersion:
		return fmt.Errorf("version %d: %w", *head.Version, ErrNewer)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &DamagedError{Why: err.Error()}
	}
	return nil
}
