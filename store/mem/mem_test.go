package mem_test

import (
	"testing"

	"hearth/store"
	"hearth/store/mem"
	"hearth/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) store.Store { return mem.New() })
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(testing.TB) store.Store { return mem.New() })
}
