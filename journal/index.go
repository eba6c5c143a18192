package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"hearth/lumps"
)

const (
	indexName    = "segments"
	indexTmp     = "segments.tmp"
	indexMagic   = "hearthS\n"
	indexVersion = 1
	indexHead    = 16
	indexEntry   = 140
	// maxIndex bounds what is read into memory: entries for 64 TiB of history in
	// segments of the default size.
	maxIndex = indexHead + 2<<20*indexEntry
)

// index is the file that says which segments are in the archive.
type index struct {
	f    File
	size int64
}

func encodeIndexHead() []byte {
	b := make([]byte, indexHead)
	copy(b, indexMagic)
	binary.LittleEndian.PutUint32(b[8:], indexVersion)
	binary.LittleEndian.PutUint32(b[12:], crcWithout(b, 12))
	return b
}

func appendIndexEntry(dst []byte, s *Segment) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, indexEntry)...)
	b := dst[at:]
	binary.LittleEndian.PutUint64(b[8:], s.First)
	binary.LittleEndian.PutUint64(b[16:], s.Last)
	binary.LittleEndian.PutUint64(b[24:], uint64(s.Size))
	binary.LittleEndian.PutUint64(b[32:], uint64(s.LastTime))
	copy(b[40:], s.FirstPrev[:])
	copy(b[72:], s.LastHash[:])
	copy(b[104:], s.CID[:])
	binary.LittleEndian.PutUint32(b, crcWithout(b, 0))
	return dst
}

// decodeIndexEntry reads an entry that fills b.
func decodeIndexEntry(b []byte) (s Segment, err error) {
	if crcWithout(b, 0) != binary.LittleEndian.Uint32(b) || binary.LittleEndian.Uint32(b[4:]) != 0 {
		return Segment{}, errors.New("an entry fails its checksum")
	}
	s = Segment{
		First:     binary.LittleEndian.Uint64(b[8:]),
		Last:      binary.LittleEndian.Uint64(b[16:]),
		Size:      int64(binary.LittleEndian.Uint64(b[24:])),
		LastTime:  int64(binary.LittleEndian.Uint64(b[32:])),
		FirstPrev: [32]byte(b[40:]),
		LastHash:  [32]byte(b[72:]),
	}
	if s.CID, err = lumps.FromBytes(b[104:]); err != nil {
		return Segment{}, err
	}
	return s, s.plausible()
}

// plausible refuses what cannot be a segment that is in an archive.
func (s *Segment) plausible() error {
	if s.First == 0 || s.Last < s.First || s.Size < segmentHead || !s.Archived() {
		return fmt.Errorf("records %d to %d in %d bytes cannot be a segment", s.First, s.Last, s.Size)
	}
	return nil
}

// follows reports whether s goes on where t ends.
func (s *Segment) follows(t *Segment) bool {
	return s.First == t.Last+1 && s.FirstPrev == t.LastHash && s.LastTime >= t.LastTime
}

// decodeIndex reads the file. size is what of it is whole: a last entry that is
// not never became durable.
func decodeIndex(b []byte) (ss []Segment, size int64, err error) {
	damage := func(off int, reason string) error {
		return &DamageError{Segment: indexName, Offset: int64(off), Reason: reason}
	}
	if len(b) < indexHead || string(b[:8]) != indexMagic {
		return nil, 0, damage(0, "this is not the index of an archive")
	}
	if crcWithout(b[:indexHead], 12) != binary.LittleEndian.Uint32(b[12:]) {
		return nil, 0, damage(0, "the header fails its checksum")
	}
	if v := binary.LittleEndian.Uint32(b[8:]); v != indexVersion {
		return nil, 0, &VersionError{File: indexName, Found: v, Newest: indexVersion}
	}
	for off := indexHead; off < len(b); off += indexEntry {
		if len(b)-off < indexEntry {
			return ss, int64(off), nil
		}
		s, err := decodeIndexEntry(b[off : off+indexEntry])
		if err != nil {
			if off+indexEntry == len(b) {
				return ss, int64(off), nil
			}
			return nil, 0, damage(off, err.Error())
		}
		if len(ss) > 0 && !s.follows(&ss[len(ss)-1]) {
			return nil, 0, damage(off, fmt.Sprintf("the segment of record %d does not follow the one before it", s.First))
		}
		ss = append(ss, s)
	}
	return ss, int64(len(b)), nil
}

// readIndex returns the archived segments; none if there is no index.
func (j *Journal) readIndex() (ss []Segment, size int64, err error) {
	f, err := j.fs.Open(j.path(indexName), os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	b, err := readAll(f, maxIndex)
	if err != nil {
		return nil, 0, err
	}
	return decodeIndex(b)
}

// readAll reads a file of at most limit bytes.
func readAll(f File, limit int64) ([]byte, error) {
	n, err := f.Size()
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("a file of %d bytes, and %d is the most", n, limit)
	}
	b := make([]byte, n)
	m, err := f.ReadAt(b, 0)
	if m == len(b) {
		err = nil
	}
	return b, err
}

// writeIndex makes the file anew, under a temporary name until it is whole.
func writeIndex(fsys FS, path func(string) string, dir string, ss []Segment) error {
	b := encodeIndexHead()
	for i := range ss {
		b = appendIndexEntry(b, &ss[i])
	}
	f, err := fsys.Open(path(indexTmp), os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(path(indexTmp), path(indexName))
	}
	if err == nil {
		err = fsys.SyncDir(dir)
	}
	return err
}

// openIndex opens the file for adding to it behind size, where it is whole.
func (j *Journal) openIndex(size int64) (*index, error) {
	if size == 0 {
		if err := writeIndex(j.fs, j.path, j.dir, nil); err != nil {
			return nil, err
		}
		size = indexHead
	}
	f, err := j.fs.Open(j.path(indexName), os.O_RDWR)
	if err != nil {
		return nil, err
	}
	return &index{f: f, size: size}, nil
}

// add makes the fact that s is in the archive durable.
func (x *index) add(s *Segment) error {
	// What a crash left behind the whole entries goes first.
	if err := x.f.Truncate(x.size); err != nil {
		return err
	}
	if _, err := x.f.WriteAt(appendIndexEntry(nil, s), x.size); err != nil {
		return err
	}
	if err := x.f.Sync(); err != nil {
		return err
	}
	x.size += indexEntry
	return nil
}
