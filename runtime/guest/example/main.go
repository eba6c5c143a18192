//go:build wasip1

// Command example is a guest that greets whoever sends it a name, offers that as
// a service, and shows a request, a watch and a sequence of requests.
//
//	GOOS=wasip1 GOARCH=wasm go build -trimpath -ldflags="-s -w" -buildmode=c-shared -o greeter.wasm hearth/runtime/guest/example
//	hearth-ctl spawn --durable --service example.Greeter greeter.wasm
//	hearth-ctl send --wait example.Greeter Ada
package main

import (
	"strconv"

	"hearth/runtime/guest"
)

var (
	greeted int
	callers = map[guest.Capability]bool{}
)

func init() {
	guest.Describe(guest.Metadata{Name: "greeter", Description: "Says hello.", License: "AGPL-3.0"})
	guest.Handle(receive)
	guest.HandleResume(func() { guest.Info.Log("the server is back; " + strconv.Itoa(greeted) + " greeted so far") })
}

//go:wasmexport _hearth_resume
func resume() {}

func receive(m *guest.Message) {
	switch name := string(m.Data); name {
	case "watch me":
		// The capability outlives the message, so it is taken.
		caller := m.Take(0)
		if callers[caller] || !caller.Can(guest.CanMonitor) {
			caller.Free()
			return
		}
		callers[caller] = true
		caller.Monitor(func() {
			delete(callers, caller)
			caller.Free()
		})
	case "later":
		later(m.Take(0))
	default:
		greeted++
		m.Reply([]byte("hello, " + name))
	}
}

// later answers after a second: three requests, one under the other.
func later(to guest.Capability) {
	guest.Go(func() {
		defer to.Free()
		if !to.Can(guest.CanSend) {
			return
		}
		sleep := guest.Await(func(done func(guest.Capability)) { guest.Lookup(guest.SleepService, done) })
		defer sleep.Free()
		if guest.Call(sleep, []byte("1")) == nil {
			to.Send([]byte("nothing to sleep on here"))
			return
		}
		to.Send([]byte("hello, patient one"))
	})
}

func main() {}
