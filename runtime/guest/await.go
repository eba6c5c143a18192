//go:build wasip1

package guest

// task is a goroutine that runs in strict alternation with the handlers: either
// the handler that resumed it waits for it to park, or it is parked. So what the
// process does depends on its signals alone, not on a scheduler.
type task struct {
	wake, parked chan struct{}
}

// current is the task that runs, nil while a handler itself does.
var current *task

// Go runs fn until it ends or waits in Await. The rest runs when what it waits
// for has come, in the handler call that brings it.
func Go(fn func()) {
	t := &task{wake: make(chan struct{}), parked: make(chan struct{})}
	go func() {
		<-t.wake
		fn()
		t.parked <- struct{}{}
	}()
	t.run()
}

func (t *task) run() {
	before := current
	current = t
	t.wake <- struct{}{}
	<-t.parked
	current = before
}

// Await starts something and waits until it calls done: Lookup, Spawn or any
// other function that takes a continuation. It may be called only in a function
// that Go runs.
//
//	sleep := guest.Await(func(done func(guest.Capability)) { guest.Lookup(guest.SleepService, done) })
func Await[T any](start func(done func(T))) T {
	t := current
	if t == nil {
		panic("guest.Await was called in a handler, which must return: call it in a function started by guest.Go")
	}
	var value T
	came, waits := false, false
	start(func(v T) {
		value, came = v, true
		if waits {
			t.run()
		}
	})
	if !came {
		waits = true
		t.parked <- struct{}{}
		<-t.wake
	}
	return value
}

// Call is Request for functions that Go runs: it waits for the answer, which is
// valid until the next Await, and nil if the service ended.
func Call(to Capability, data []byte, caps ...Capability) *Message {
	return Await(func(done func(*Message)) { Request(to, data, done, caps...) })
}
