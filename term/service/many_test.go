package service_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"hearth/term/service"
)

// files counts the open files of this process.
func files(t testing.TB) int {
	t.Helper()
	f, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(f)
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // finalizers ran between
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// Hundreds of terminals are open at once, each with a program that answers; an idle one
// takes a bounded part of memory and files; all end, and nothing stays.
func TestHundreds(t *testing.T) {
	const clients, each = 3, 100
	w := newWorld(t)
	cat := strings.Replace(create, `"half_size":[2,1.2]`, `"columns":80,"rows":24,"command":{"path":"cat"}`, 1)
	warm := w.guest()
	warm.do(warm.make(cat), `"Quit"`)
	w.has(0)
	w.alphabet()
	filesBefore, bytesBefore, routines := files(t), heap(), runtime.NumGoroutine()
	all := map[int]*guest{}
	for i := range clients {
		g := w.guest()
		for n := range each {
			c := g.make(cat)
			if n%10 == 0 {
				g.do(c, fmt.Sprintf(`{"Input":"number %d of %d\r"}`, n, i))
				g.shows(c, fmt.Sprintf("number %d of %d\nnumber %[1]d of %[2]d", n, i))
			}
		}
		all[i] = g
	}
	if n := service.Shells(w.plugin); n != clients*each || len(w.plugin.List()) != clients*each {
		t.Fatalf("%d shells run in %d terminals", n, len(w.plugin.List()))
	}
	const n = clients * each
	perFiles, perBytes := float64(files(t)-filesBefore)/n, float64(heap()-bytesBefore)/n
	t.Logf("an idle terminal of 80 by 24 takes %.0f KiB here, %.1f files and %.1f goroutines", perBytes/1024, perFiles, float64(runtime.NumGoroutine()-routines)/n)
	if perFiles > 3 || perBytes > 512<<10 {
		t.Error("that is too much")
	}
	all[0].port.Close() // who asked for a hundred is gone
	w.has((clients - 1) * each)
	if err := w.plugin.Close(); err != nil {
		t.Error(err)
	}
	if n := service.Shells(w.plugin); n != 0 || len(w.plugin.List()) != 0 || w.scene.Snapshot().Grids.Len() != 0 {
		t.Errorf("%d shells are left", n)
	}
	if n := files(t); n > filesBefore {
		t.Errorf("%d files are open, and %d were", n, filesBefore)
	}
}

// Shells that do not listen end together: Close takes as long as for one.
func TestCloseOfTheStubborn(t *testing.T) {
	const many = 60
	w := newWorld(t)
	g := w.guest()
	stubborn := strings.Replace(create, `"opacity"`, `"command":{"path":"/bin/sh","args":["-c","trap '' HUP TERM INT; echo deaf; while :; do sleep 1000; done"]},"opacity"`, 1)
	for range many {
		g.shows(g.make(stubborn), "deaf")
	}
	begun := time.Now()
	w.plugin.Close()
	// One after the other they would take two seconds each.
	if d := time.Since(begun); d > many*time.Second {
		t.Errorf("it took %v", d)
	}
	if n := service.Shells(w.plugin); n != 0 {
		t.Errorf("%d shells are left", n)
	}
}

// What one client, and all but the person, may have is bounded; cells are counted as
// terminals come, go and change.
func TestRoom(t *testing.T) {
	w := newWorld(t, func(o *service.Options) {
		o.Limits = service.Limits{Terminals: 3, Others: 4, AllCells: 1000}
	})
	small := `{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":10,"rows":10}}`
	full := func(g *guest, what string) {
		t.Helper()
		if r := string(g.ask(w.factory(), small).Data); !strings.HasPrefix(r, `{"Err":{"Full":"`) || !strings.Contains(r, what) {
			t.Errorf("%s, want %s", r, what)
		}
	}
	a, b := w.guest(), w.guest()
	one := a.make(small)
	a.do(one, `{"Resize":{"columns":30,"rows":30}}`)
	two := a.make(small)
	for _, m := range []string{`{"Resize":{"columns":11,"rows":10}}`, `{"State":{"position":[0,0,0],"half_size":[1,1],"units_per_em":0.1}}`} {
		if r := string(a.ask(two, m).Data); !strings.HasPrefix(r, `{"Err":{"Full":"`) {
			t.Errorf("%s: %s", m, r)
		}
	}
	full(a, "cells of terminals that one may have (1000)")
	a.do(one, `{"Resize":{"columns":5,"rows":5}}`)
	three := a.make(small)
	full(a, "terminals that one may have (3)")
	b.make(small)
	full(b, "everybody but the person")
	if _, err := w.plugin.OpenHere(service.State{Position: here().Position, Orientation: here().Orientation, HalfSize: here().HalfSize, UnitsPerEm: 0.2, Opacity: 1}); err != nil {
		t.Error("the person has no room: ", err)
	}
	a.do(three, `"Quit"`)
	w.has(4)
	b.make(small)
	a.do(one, `"Quit"`)
	a.do(two, `"Quit"`)
	w.has(3)
	// All that a had is free again.
	a.make(`{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":100,"rows":10}}`)
}

// Shells are bounded over all clients, and one that ended leaves room.
func TestRoomForShells(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits.Shells = 2 })
	a, b := w.guest(), w.guest()
	one := a.make(create)
	b.make(create)
	if r := string(w.guest().ask(w.factory(), create).Data); !strings.HasPrefix(r, `{"Err":{"Full":"this program has all the shells`) {
		t.Error(r)
	}
	w.guest().make(screen)
	a.do(one, `{"Input":"exit\r"}`)
	eventually(t, "room", func() bool { return service.Shells(w.plugin) == 1 })
	w.guest().make(create)
}

// A screen that nobody had to permit keeps little, whatever it is fed.
func TestScreensKeepLittle(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	fill := func() {
		c := g.make(`{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":1000,"rows":10}}`)
		var b strings.Builder
		for i := range 4000 {
			fmt.Fprintf(&b, "\x1b]8;;https://example.org/%d/%s\x07e\u0301%s\x1b]2;%[1]d\x07\x1b[22t", i, strings.Repeat("x", 900), string(rune(0x300+i%100)))
			if b.WriteString(strings.Repeat("y", 990) + "\r\n"); b.Len() > 400<<10 {
				feed(g, c, b.String())
				b.Reset()
			}
		}
	}
	fill() // with the fonts that this takes
	before := heap()
	fill()
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("it keeps %d KiB", grown>>10)
	}
}
