package windowtest

import "testing"

// jobs are for the main thread, to which windows belong; tests have other goroutines.
var jobs = make(chan func())

// Main runs the tests of a package while the main thread, on which TestMain calls it,
// does what OnMain gives it. Importing vk/window has locked that thread.
func Main(m *testing.M) (code int) {
	done := make(chan int)
	go func() { done <- m.Run() }()
	for {
		select {
		case f := <-jobs:
			f()
		case code := <-done:
			return code
		}
	}
}

// OnMain runs f on the main thread, and waits for it.
func OnMain(f func()) {
	done := make(chan struct{})
	jobs <- func() {
		defer close(done)
		f()
	}
	<-done
}
