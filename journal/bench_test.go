package journal_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hearth/journal"
)

// BenchmarkAppend: a record of 200 bytes by each of n appenders, who wait until
// it is durable.
func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 64, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			j, _, err := journal.Open(b.TempDir(), journal.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			groups := 0
			j.OnDurable(func(uint64) { groups++ })
			body := make([]byte, 200)
			ctx := context.Background()
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					for range b.N/n + min(1, max(0, b.N%n-i)) {
						if _, err := j.Append(ctx, 1, time.Now().UnixNano(), body); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.N)/float64(max(1, groups)), "records/group")
		})
	}
}
