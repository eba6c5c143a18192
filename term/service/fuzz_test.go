package service_test

import (
	"strings"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/term/service"
)

// Whatever is sent to the factory and to a screen, there is an answer and nothing breaks.
func FuzzMessages(f *testing.F) {
	for _, lines := range exchanges {
		for _, l := range lines {
			if strings.Contains(l, "CreateTerminal") {
				continue // no shells for a fuzzer
			}
			f.Add([]byte(l[2:]))
			if l[2] == '"' || l[2] == '{' && l[3] == '"' {
				f.Add(runtimetest.CBOR(f, l[2:]))
			}
		}
	}
	w := newWorld(f, func(o *service.Options) { o.Policy = service.None })
	g := w.guest()
	var c runtime.Capability
	last := ""
	f.Fuzz(func(t *testing.T, data []byte) {
		w.T = t
		defer func() { w.T = f }()
		for len(g.got) > 0 {
			<-g.got
		}
		if c.Ref.Process == 0 || strings.Contains(last, "uit") || strings.Contains(last, "Destroy") || len(w.plugin.List()) == 0 {
			if c.Ref.Process != 0 {
				w.KillCapability(c, false, "test")
				eventually(t, "no screen", func() bool { return len(w.plugin.List()) == 0 })
			}
			c = g.make(screen)
		}
		last = string(data)
		if len(data) > 1<<16 {
			return
		}
		// answer waits for one, or for the end of a screen that was told to quit.
		answer := func() (runtime.Reply, bool) {
			for {
				select {
				case r := <-g.got:
					return r, true
				case <-time.After(time.Millisecond):
					if len(w.plugin.List()) == 0 {
						return runtime.Reply{}, false
					}
				}
			}
		}
		g.send(w.factory(), string(data))
		if r := g.next(); len(r.Data) == 0 {
			t.Error("the factory answers with nothing")
		} else if len(r.Caps) == 1 {
			w.KillCapability(r.Caps[0], false, "test")
		}
		g.send(c, string(data))
		if r, there := answer(); there && len(r.Data) == 0 {
			t.Error("a screen answers with nothing")
		}
		g.send(c, `{"Unwatch":null}`) // it may have become a watcher
		for {
			if r, there := answer(); !there || string(r.Data) == `{"Ok":"Ok"}` {
				break
			}
		}
	})
}

// Whatever was kept, reading it ends with a picture or an error.
func FuzzPicture(f *testing.F) {
	f.Add([]byte("HTERM01\x02\x00\x00\x00{}"))
	f.Add([]byte("HTERM01\x60\x00\x00\x00" + `{"state":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1},"columns":80,"rows":24,"name":""}` + "\x1b[31mhello"))
	f.Fuzz(func(t *testing.T, data []byte) { _ = service.DecodePicture(data) })
}
