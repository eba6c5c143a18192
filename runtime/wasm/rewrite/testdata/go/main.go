// A guest of Go's own compiler: maps, sorting, text, hashes, goroutines, panics.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"strings"
	"sync"
)

type item struct {
	Name string
	V    float64
	Kids []item
}

func grow(depth, n int) []item {
	var out []item
	for i := range n {
		it := item{Name: fmt.Sprintf("n%d-%d", depth, i), V: math.Sin(float64(i)) * math.Exp(float64(depth))}
		if depth > 0 {
			it.Kids = grow(depth-1, n)
		}
		out = append(out, it)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].V < out[j].V })
	return out
}

func sum(b []byte) int64 {
	h := sha256.Sum256(b)
	return int64(binary.LittleEndian.Uint64(h[:]))
}

//go:wasmexport document
func document(n int32) int64 {
	words := map[string]int{}
	text := fmt.Sprint(grow(3, int(n)))
	for _, w := range strings.Fields(text) {
		words[strings.ToUpper(w)]++
	}
	return sum([]byte(text + fmt.Sprint(words)))
}

//go:wasmexport workers
func workers(n int32) int64 {
	c := make(chan int64, 3)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := range n {
				c <- int64(k) * int64(i+1)
			}
		}()
	}
	go func() { wg.Wait(); close(c) }()
	var t int64
	for v := range c {
		t = t*3 + v
	}
	return t
}

//go:wasmexport recovered
func recovered(n int32) (r int64) {
	defer func() {
		if e := recover(); e != nil {
			r = sum([]byte(fmt.Sprint(e)))
		}
	}()
	return int64(make([]int, 5)[n])
}

func main() {}
