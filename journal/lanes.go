package journal

import (
	"encoding/binary"

	"github.com/zeebo/blake3"
)

// Records are small, and BLAKE3 is made for large inputs: one block of a small
// input waits for the one before. But the bodies of a group do not depend on
// each other, so eight of them are hashed side by side, a block of each at a
// time, and a lane that is done takes the next body.

const (
	laneCount = 8
	blockLen  = 64
	// maxLane is BLAKE3's chunk: longer inputs are trees, which the library hashes
	// well.
	maxLane = 1024
	// minLanes: with fewer bodies most lanes would compute for nothing.
	minLanes = 4

	flagChunkStart = 1
	flagChunkEnd   = 2
	flagRoot       = 8
)

var blakeIV = [8]uint32{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

// lanes are eight states side by side. The assembly knows the layout.
type lanes struct {
	cv    [8][laneCount]uint32
	m     [16][laneCount]uint32
	len   [laneCount]uint32
	flags [laneCount]uint32
}

// hashBodies fills in the hash of each digest.
func hashBodies(es []Entry, ds []digest) {
	if !haveLanes || len(es) < minLanes {
		for i := range es {
			ds[i].hash = blake3.Sum256(es[i].Body)
		}
		return
	}
	var l lanes
	var left [laneCount][]byte // of the lane's body
	var at [laneCount]int      // whose body it is, -1 for none
	next, busy := 0, 0
	load := func(k int) {
		for ; next < len(es); next++ {
			if body := es[next].Body; len(body) <= maxLane {
				left[k], at[k] = body, next
				l.flags[k] = flagChunkStart
				for w := range blakeIV {
					l.cv[w][k] = blakeIV[w]
				}
				next++
				busy++
				return
			}
			ds[next].hash = blake3.Sum256(es[next].Body)
		}
		at[k], left[k] = -1, nil
	}
	for k := range laneCount {
		load(k)
	}
	for busy > 0 {
		for k := range laneCount {
			l.block(k, &left[k])
		}
		compress8(&l)
		for k := range laneCount {
			if at[k] < 0 {
				continue
			}
			if l.flags[k]&flagRoot == 0 {
				l.flags[k] = 0
				continue
			}
			h := &ds[at[k]].hash
			for w := range l.cv {
				binary.LittleEndian.PutUint32(h[4*w:], l.cv[w][k])
			}
			busy--
			load(k)
		}
	}
}

// block puts the next block of a body in its lane.
func (l *lanes) block(k int, left *[]byte) {
	n := min(len(*left), blockLen)
	if n == len(*left) {
		l.flags[k] |= flagChunkEnd | flagRoot
	}
	l.len[k] = uint32(n)
	var b [blockLen]byte // zeros behind the end of the body
	copy(b[:], *left)
	*left = (*left)[n:]
	for w := range l.m {
		l.m[w][k] = binary.LittleEndian.Uint32(b[4*w:])
	}
}
