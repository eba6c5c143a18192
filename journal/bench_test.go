package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

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
						if _, err := j.Append(ctx, 1, 1, body); err != nil {
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

// history makes a journal of n records of 200 bytes.
func history(b *testing.B, n int) string {
	dir := b.TempDir()
	j, _, err := journal.Open(dir, journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	es := make([]journal.Entry, 1000)
	for i := range es {
		es[i] = journal.Entry{Kind: 1, Body: make([]byte, 200)}
	}
	for range n / len(es) {
		if _, err := j.SubmitBatch(es...); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

const million = 1_000_000

// BenchmarkOpen opens a journal of a million records.
func BenchmarkOpen(b *testing.B) {
	dir := history(b, million)
	b.ReportAllocs()
	for b.Loop() {
		j, r, err := journal.Open(dir, journal.Options{})
		if err != nil || r.Last != million {
			b.Fatal(r, err)
		}
		b.StopTimer()
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkRecords reads and verifies a million records.
func BenchmarkRecords(b *testing.B) {
	j, _, err := journal.Open(history(b, million), journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range j.Records(b.Context(), 0) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(million*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkRecord looks up one of a million records, anywhere.
func BenchmarkRecord(b *testing.B) {
	j, _, err := journal.Open(history(b, million), journal.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	for seq := uint64(1); seq <= million; seq += 1000 { // fills the indexes
		if _, err := j.Record(b.Context(), seq); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Record(b.Context(), 1+rand.Uint64N(million)); err != nil {
			b.Fatal(err)
		}
	}
}
