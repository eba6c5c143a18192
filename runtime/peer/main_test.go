package peer_test

import (
	"os"
	"testing"

	"hearth/runtime/runtimetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	runtimetest.Cleanup()
	os.Exit(code)
}
