//go:build !linux

package crashtest

import (
	"errors"
	"testing"
)

// Mount needs Linux.
func Mount(t testing.TB, s *FS) (dir string, unmount func()) {
	t.Helper()
	unavailable(t, errors.New("not on this system"))
	return "", nil
}
