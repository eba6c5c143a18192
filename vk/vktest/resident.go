package vktest

import (
	"fmt"
	"os"
	"testing"
)

// Resident is how much memory the process holds, in bytes: Go's, C's and the driver's.
func Resident(t testing.TB) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
