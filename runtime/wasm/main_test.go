package wasm_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"hearth/runtime/runtimetest"
)

// A space that is stopped leaves no goroutine: no worker, service or guest.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		runtimetest.Cleanup()
		os.Exit(code)
	}))
}
