package wasm

import (
	"encoding/binary"
	"math/bits"
	"os"
	"slices"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"hearth/journal/space"
)

const (
	// arenaMemory is the largest memory that lives in an arena. A larger one would
	// leave pages between the neighbours that nobody uses and everybody looks at.
	arenaMemory = wipeByHand
	// arenaSlots is how many memories an arena has: enough to share the cost of a
	// system call, few enough to stay in a processor's cache between two lives.
	arenaSlots = 64
	// wipeBatch is how many of them must have ended before they are wiped.
	wipeBatch = arenaSlots * 3 / 4
)

// arena is a row of small memories of one module. What is wiped in it is wiped
// together: one look into the process's page map says which pages were touched at
// all, and only those are compared with the image. A guest that lives shortly
// touches one page of sixteen.
type arena struct {
	all    []byte
	stride int
	used   uint64 // slots that are taken, guarded by arenas.mu

	// Guarded by code.mu.
	instances [arenaSlots]*instance
	ended     uint64 // slots whose instances ended and are not wiped
	queued    bool   // in code.wipe
}

// arenas hands out the memories of one module.
type arenas struct {
	mu   sync.Mutex // guards what follows, and arena.used
	list []*arena
}

// take returns a memory that holds the image.
func (as *arenas) take(im *image, stride int) (*memory, error) {
	as.mu.Lock()
	defer as.mu.Unlock()
	at := slices.IndexFunc(as.list, func(a *arena) bool { return a.used != 1<<arenaSlots-1 })
	if at < 0 {
		all, err := reserve(arenaSlots * stride)
		if err != nil {
			return nil, err
		}
		at = len(as.list)
		as.list = append(as.list, &arena{all: all, stride: stride})
	}
	a := as.list[at]
	slot := bits.TrailingZeros64(^a.used)
	m := &memory{all: a.all[slot*stride : (slot+1)*stride : (slot+1)*stride], size: im.size, im: im, home: a, owner: as, slot: slot}
	m.write()
	a.used |= 1 << slot
	return m, nil
}

// give takes a memory back, and the arena's when it was the last.
func (as *arenas) give(m *memory) {
	as.mu.Lock()
	defer as.mu.Unlock()
	a := m.home
	rest := a.used &^ (1 << m.slot)
	switch {
	case rest == 0:
		unix.Munmap(a.all)
		as.list = slices.DeleteFunc(as.list, func(x *arena) bool { return x == a })
	case unix.Madvise(m.all, unix.MADV_DONTNEED) != nil:
		return // a slot that cannot be emptied stays taken, by nobody
	}
	a.used = rest
}

// all returns the arenas as they are.
func (as *arenas) all() []*arena {
	as.mu.Lock()
	defer as.mu.Unlock()
	return slices.Clone(as.list)
}

// wipe makes memories the image again. Nobody may use them meanwhile.
func (a *arena) wipe(ms []*memory) {
	pages := a.stride / space.PageSize
	touched := touchedPages(a.all)
	for _, m := range ms {
		for p := range m.size / space.PageSize {
			if touched == nil || touched.has(m.slot*pages+p) {
				m.restore(p)
			}
		}
	}
	touched.free()
}

// pageMap is what the kernel says of the pages of an arena: 8 bytes each. Bit 63
// is set where the page is in memory and bit 62 where it is swapped out. Neither
// is where nobody has touched it since it was mapped, so that it holds zeros.
type pageMap [arenaSlots * arenaMemory / space.PageSize * 8]byte

var pageMaps = sync.Pool{New: func() any { return new(pageMap) }}

func (m *pageMap) has(page int) bool {
	return binary.NativeEndian.Uint64(m[page*8:])>>62 != 0
}

func (m *pageMap) free() {
	if m != nil {
		pageMaps.Put(m)
	}
}

// touchedPages reads the map of a region, nil where the kernel does not tell.
func touchedPages(region []byte) *pageMap {
	f := ownPageMap()
	if f == nil {
		return nil
	}
	return readPageMap(f, region)
}

func readPageMap(f *os.File, region []byte) *pageMap {
	m := pageMaps.Get().(*pageMap)
	size := len(region) / space.PageSize * 8
	n, err := unix.Pread(int(f.Fd()), m[:size], int64(uintptr(unsafe.Pointer(&region[0]))/space.PageSize*8))
	if err != nil || n != size {
		m.free()
		return nil
	}
	return m
}

// ownPageMap opens the page map of this process, and tries it: some sandboxes
// have none, or an empty one, and some machines have larger pages.
var ownPageMap = sync.OnceValue(func() *os.File {
	if os.Getpagesize() != space.PageSize {
		return nil
	}
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		return nil
	}
	const pages = 4
	probe, err := reserve(pages * space.PageSize)
	if err != nil {
		f.Close()
		return nil
	}
	defer unix.Munmap(probe)
	unix.Madvise(probe, unix.MADV_NOHUGEPAGE)
	tell := func(want ...bool) bool {
		m := readPageMap(f, probe)
		defer m.free()
		for i, w := range want {
			if m == nil || m.has(i) != w {
				return false
			}
		}
		return true
	}
	ok := tell(false, false, false, false)
	probe[0], probe[2*space.PageSize] = 1, 1
	if !ok || !tell(true, false, true, false) {
		f.Close()
		return nil
	}
	return f
})
