package journal

import (
	"hash/crc32"
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// digestShare is how many bodies a goroutine takes at a time: enough to keep
	// all lanes busy nearly to the end.
	digestShare = 64
	// digestAlone is up to how many bytes the committer does not ask for help: to
	// wake another goroutine takes as long as hashing a few KiB.
	digestAlone = 16 << 10
	// maxHelpers: the chain itself is one goroutine's work, and more help than
	// this would only wait for it.
	maxHelpers = 3
)

// digest is what a frame needs of a body and can be computed beforehand.
type digest struct {
	hash [32]byte
	crc  uint32
}

// digester computes the digests of many bodies, with the help of other cores.
type digester struct {
	tasks chan *digestTask
	wg    sync.WaitGroup
}

type digestTask struct {
	es   []Entry
	ds   []digest
	next atomic.Int64
	wg   sync.WaitGroup
}

func newDigester() *digester {
	d := &digester{tasks: make(chan *digestTask)}
	for range min(runtime.GOMAXPROCS(0)-1, maxHelpers) {
		d.wg.Go(func() {
			for t := range d.tasks {
				t.work()
				t.wg.Done()
			}
		})
	}
	return d
}

func (d *digester) close() {
	close(d.tasks)
	d.wg.Wait()
}

// digest fills ds for es.
func (d *digester) digest(es []Entry, ds []digest) {
	n := 0
	for i := range es {
		n += len(es[i].Body)
	}
	t := &digestTask{es: es, ds: ds}
	if n > digestAlone {
		for range maxHelpers {
			t.wg.Add(1)
			select {
			case d.tasks <- t:
				continue
			default: // busy, or not there
				t.wg.Done()
			}
			break
		}
	}
	t.work()
	t.wg.Wait()
}

func (t *digestTask) work() {
	for {
		hi := int(t.next.Add(digestShare))
		lo := hi - digestShare
		if lo >= len(t.es) {
			return
		}
		hi = min(hi, len(t.es))
		hashBodies(t.es[lo:hi], t.ds[lo:hi])
		for i := lo; i < hi; i++ {
			t.ds[i].crc = crc32.Checksum(t.es[i].Body, castagnoli)
		}
	}
}
