package peer_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"hearth/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		runtimetest.Cleanup()
		os.Exit(code)
	}))
}
