package secure

import (
	"fmt"

	"github.com/bytemare/opaque"
)

// KSF holds the parameters of Argon2id, by which a client stretches the password.
// OPAQUE puts them neither in its records nor in its messages, so the server's
// hello carries them.
type KSF struct {
	Time, MemoryKiB uint32
	Threads         uint8
}

var (
	// DefaultKSF costs a client a quarter of a second and the server nothing.
	DefaultKSF = KSF{Time: 3, MemoryKiB: 64 * 1024, Threads: 4}
	// FloorKSF is the least that a client accepts unless told otherwise: OWASP's
	// minimum for Argon2id.
	FloorKSF = KSF{Time: 2, MemoryKiB: 19 * 1024, Threads: 1}
	// InsecureKSF protects nothing. It makes logins of tests cheap: as
	// ClientConfig.MinKSF and in NewKeys.
	InsecureKSF = KSF{Time: 1, MemoryKiB: 64, Threads: 1}
)

// Ceilings of what a server, which may be hostile, can make a client spend: 1 GiB
// of memory, and passes over memory that take some ten seconds.
const (
	maxKSFTime      = 16
	maxKSFMemoryKiB = 1 << 20
	maxKSFThreads   = 16
	maxKSFWork      = 8 << 20 // Time x MemoryKiB
)

// Check bounds what a server may ask by FloorKSF and the ceilings.
func (k KSF) Check() error { return k.checkFrom(FloorKSF) }

func (k KSF) checkFrom(floor KSF) error {
	if k.Time < floor.Time || k.MemoryKiB < floor.MemoryKiB || k.Threads < floor.Threads {
		return fmt.Errorf("%w (asked %v, at least %v)", ErrWeakKSF, k, floor)
	}
	return k.checkCeiling()
}

func (k KSF) checkCeiling() error {
	if k.Time > maxKSFTime || k.MemoryKiB > maxKSFMemoryKiB || k.Threads > maxKSFThreads ||
		uint64(k.Time)*uint64(k.MemoryKiB) > maxKSFWork {
		return fmt.Errorf("%w (asked %v)", ErrCostlyKSF, k)
	}
	return nil
}

// valid is what Argon2id itself needs: one pass, one lane, 8 KiB for each lane.
func (k KSF) valid() bool {
	return k.Time >= 1 && k.Threads >= 1 && k.MemoryKiB >= 8*uint32(k.Threads)
}

func (k KSF) String() string {
	return fmt.Sprintf("argon2id t=%d m=%dKiB p=%d", k.Time, k.MemoryKiB, k.Threads)
}

// The salt and length that RFC 9807 recommends. The library's defaults are others
// and agree with no other implementation.
const (
	ksfSaltLen = 16
	ksfOutLen  = 64
)

func (k KSF) options() *opaque.ClientOptions {
	return &opaque.ClientOptions{
		KSFSalt:       make([]byte, ksfSaltLen),
		KSFParameters: []uint64{uint64(k.Time), uint64(k.MemoryKiB), uint64(k.Threads)},
		KSFLength:     ksfOutLen,
	}
}
