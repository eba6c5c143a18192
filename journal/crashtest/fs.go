package crashtest

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"hearth/journal"
)

// FS is a file system in memory. It is a journal.FS; through FUSE it is one for
// any program.
type FS struct {
	mu     sync.Mutex // guards what follows
	names  names
	files  map[int]*memory
	nextID int
	record bool
	ops    []Op
	fail   func(Op) error
	locks  map[string]int // -1 exclusive, else the number of shared holders
}

var _ journal.FS = (*FS)(nil)

// memory is a file or folder, under whatever name.
type memory struct {
	id     int
	dir    bool
	data   *content // nil in a folder
	shared bool     // others have data, too: it is copied before it changes
}

// NewFS returns an empty file system that records what is done to it.
func NewFS() *FS {
	return &FS{
		names: names{".": 0}, files: map[int]*memory{0: {dir: true}}, nextID: 1,
		record: true, locks: map[string]int{},
	}
}

// Fail has f asked before each operation; when it returns an error, so does the
// operation, and nothing is done. Of a write that fails, the first half is
// done, as when the disk becomes full. f must not use the file system.
func (s *FS) Fail(f func(Op) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Ack records that the workload was told something.
func (s *FS) Ack(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(Op{Kind: Ack, Data: bytes.Clone(data)})
}

// Ops returns what was recorded.
func (s *FS) Ops() []Op {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ops)
}

// Contents returns the files by name, as a program sees them.
func (s *FS) Contents() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := map[string][]byte{}
	for name, id := range s.names {
		if f := s.files[id]; !f.dir {
			m[name] = f.data.bytes()
		}
	}
	return m
}

func (s *FS) add(o Op) {
	if s.record {
		s.ops = append(s.ops, o)
	}
}

// try asks fail whether o shall fail. s.mu is held.
func (s *FS) try(o Op) error {
	if s.fail == nil {
		return nil
	}
	return s.fail(o)
}

// change carries out a change of names. s.mu is held.
func (s *FS) change(o Op) error {
	if err := s.try(o); err != nil {
		return err
	}
	s.add(o)
	s.names.apply(o)
	return nil
}

func clean(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name == "" {
		return "."
	}
	return name
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// stat returns what is at name. s.mu is held.
func (s *FS) stat(name string) (*memory, error) {
	id, ok := s.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return s.files[id], nil
}

// nameOf returns what m is called now, or was when it was opened. s.mu is held.
func (s *FS) nameOf(m *memory, opened string) string {
	if s.names[opened] == m.id {
		return opened
	}
	for name, id := range s.names {
		if id == m.id {
			return name
		}
	}
	return opened
}

// create makes a file or folder. s.mu is held.
func (s *FS) create(name string, dir bool) (*memory, error) {
	if p, err := s.stat(path.Dir(name)); err != nil || !p.dir {
		return nil, fs.ErrNotExist
	}
	if _, ok := s.names[name]; ok {
		return nil, fs.ErrExist
	}
	o := Op{Kind: Create, File: s.nextID, Name: name}
	if dir {
		o.Kind = MakeDir
	}
	if err := s.change(o); err != nil {
		return nil, err
	}
	s.nextID++
	m := &memory{id: o.File, dir: dir}
	if !dir {
		m.data = newContent()
	}
	s.files[m.id] = m
	return m, nil
}

// MakeDir makes a folder and what is missing above it, durably.
func (s *FS) MakeDir(dir string) error {
	dir = clean(dir)
	s.mu.Lock()
	_, err := s.stat(dir)
	s.mu.Unlock()
	if err == nil {
		return nil
	}
	if err := s.MakeDir(path.Dir(dir)); err != nil {
		return err
	}
	s.mu.Lock()
	_, err = s.create(dir, true)
	s.mu.Unlock()
	if err != nil {
		return pathError("mkdir", dir, err)
	}
	return s.SyncDir(path.Dir(dir))
}

// List returns the names in dir.
func (s *FS) List(dir string) ([]string, error) {
	dir = clean(dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, err := s.stat(dir); err != nil || !d.dir {
		return nil, pathError("open", dir, fs.ErrNotExist)
	}
	var out []string
	for name := range s.names {
		if name != "." && path.Dir(name) == dir {
			out = append(out, path.Base(name))
		}
	}
	slices.Sort(out)
	return out, nil
}

// Open opens a file.
func (s *FS) Open(name string, flag int) (journal.File, error) {
	name = clean(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.stat(name)
	switch {
	case err == nil && flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		err = fs.ErrExist
	case err != nil && flag&os.O_CREATE != 0:
		m, err = s.create(name, false)
	}
	if err == nil && m.dir {
		err = fmt.Errorf("it is a folder")
	}
	if err == nil && flag&os.O_TRUNC != 0 && m.data.size > 0 {
		err = s.data(m, Op{Kind: Truncate, Name: name})
	}
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &file{s: s, m: m, name: name, readOnly: flag&(os.O_RDWR|os.O_WRONLY) == 0}, nil
}

// data carries out a write or truncate. s.mu is held.
func (s *FS) data(m *memory, o Op) error {
	o.File, o.Name = m.id, s.nameOf(m, o.Name)
	err := s.try(o)
	if err != nil {
		if o.Kind != Write {
			return err
		}
		o.Data = o.Data[:len(o.Data)/2]
	}
	o.Data = bytes.Clone(o.Data)
	s.add(o)
	if m.shared {
		m.data, m.shared = m.data.clone(), false
	}
	m.data.apply(o, nil)
	return err
}

// Rename moves a file or folder over what is at to.
func (s *FS) Rename(from, to string) error {
	from, to = clean(from), clean(to)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.stat(from); err != nil {
		return pathError("rename", from, err)
	}
	return s.change(Op{Kind: Rename, Name: from, To: to})
}

// Remove removes a file or an empty folder.
func (s *FS) Remove(name string) error {
	name = clean(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.stat(name); err != nil {
		return pathError("remove", name, err)
	}
	for other := range s.names {
		if path.Dir(other) == name && other != name {
			return pathError("remove", name, fs.ErrExist)
		}
	}
	return s.change(Op{Kind: Remove, Name: name})
}

// SyncDir makes the names in dir durable.
func (s *FS) SyncDir(dir string) error {
	o := Op{Kind: SyncDir, Name: clean(dir)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.try(o); err != nil {
		return err
	}
	s.add(o)
	return nil
}

// Lock takes a lock that holds among the users of this FS.
func (s *FS) Lock(name string, shared bool) (io.Closer, error) {
	name = clean(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.stat(name); err != nil {
		if shared {
			return nil, pathError("open", name, err)
		}
		if _, err := s.create(name, false); err != nil {
			return nil, pathError("open", name, err)
		}
	}
	n := s.locks[name]
	if n < 0 || n > 0 && !shared {
		return nil, journal.ErrLocked
	}
	if n++; !shared {
		n = -1
	}
	s.locks[name] = n
	return &lock{s: s, name: name}, nil
}

type lock struct {
	s    *FS
	name string
}

func (l *lock) Close() error {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	if n := l.s.locks[l.name]; n > 1 {
		l.s.locks[l.name] = n - 1
	} else {
		delete(l.s.locks, l.name)
	}
	return nil
}

// Fork returns a copy that nobody has open, with a record of its own.
func (s *FS) Fork() *FS {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := NewFS()
	c.names, c.nextID = maps.Clone(s.names), s.nextID
	for id, f := range s.files {
		f.shared = true
		c.files[id] = &memory{id: id, dir: f.dir, data: f.data, shared: true}
	}
	return c
}

// file is an open file.
type file struct {
	s        *FS
	m        *memory
	name     string
	readOnly bool
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	return f.m.data.ReadAt(b, off)
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.readOnly {
		return 0, pathError("write", f.name, fs.ErrPermission)
	}
	if err := f.s.data(f.m, Op{Kind: Write, Name: f.name, Off: off, Data: b}); err != nil {
		return len(b) / 2, pathError("write", f.name, err)
	}
	return len(b), nil
}

func (f *file) Truncate(size int64) error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	if f.readOnly {
		return pathError("truncate", f.name, fs.ErrPermission)
	}
	if err := f.s.data(f.m, Op{Kind: Truncate, Name: f.name, Off: size}); err != nil {
		return pathError("truncate", f.name, err)
	}
	return nil
}

func (f *file) Sync() error {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	o := Op{Kind: Sync, File: f.m.id, Name: f.s.nameOf(f.m, f.name)}
	if err := f.s.try(o); err != nil {
		return pathError("fdatasync", f.name, err)
	}
	f.s.add(o)
	return nil
}

func (f *file) Size() (int64, error) {
	f.s.mu.Lock()
	defer f.s.mu.Unlock()
	return f.m.data.size, nil
}

func (f *file) Close() error { return nil }
