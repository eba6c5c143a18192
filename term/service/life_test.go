package service_test

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/term/service"
)

// A shell runs in a terminal, is typed into, and ends with it.
func TestShell(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(create)
	g.do(c, `{"Input":"echo $((6*7))-$TERM\r"}`)
	g.shows(c, "42-hearth")
	i := w.plugin.List()[0]
	if i.PID == 0 || i.Ended != "" || i.Columns < 10 {
		t.Errorf("%+v", i)
	}
	w.tell(c, `"Quit"`)
	gone(t, w, i.PID)
}

// gone waits until no terminal is left, and the process of one has ended.
func gone(t *testing.T, w *world, pid int) {
	t.Helper()
	eventually(t, "no terminal", func() bool { return len(w.plugin.List()) == 0 && w.scene.Snapshot().Grids.Len() == 0 })
	eventually(t, "no shell", func() bool { return syscall.Kill(pid, 0) == syscall.ESRCH })
}

// A terminal lives as long as its capability, who asked for it, and the plugin.
func TestEnds(t *testing.T) {
	for name, end := range map[string]func(*world, *guest, runtime.Capability){
		"killed":        func(w *world, _ *guest, c runtime.Capability) { w.KillCapability(c, false, "test") },
		"quit":          func(w *world, g *guest, c runtime.Capability) { g.do(c, `"Quit"`) },
		"maker":         func(_ *world, g *guest, _ runtime.Capability) { g.port.Close() },
		"closed":        func(w *world, _ *guest, _ runtime.Capability) { w.plugin.Close() },
		"by the person": func(w *world, _ *guest, _ runtime.Capability) { w.plugin.CloseTerminal(w.plugin.List()[0].ID) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			g := w.guest()
			c := g.make(create)
			pid := w.plugin.List()[0].PID
			ended := make(chan struct{})
			w.Monitor(c, func(string) { close(ended) })
			end(w, g, c)
			gone(t, w, pid)
			<-ended
		})
	}
}

// A shell that does not exist is refused in a sentence, and nothing is left of it.
func TestNoSuchShell(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	r := g.ask(w.factory(), strings.Replace(create, `"opacity"`, `"command":{"path":"/no/such/shell"},"opacity"`, 1))
	if !strings.HasPrefix(string(r.Data), `{"Err":{"Unavailable":"`) || !strings.Contains(string(r.Data), "/no/such/shell") || len(r.Caps) != 0 {
		t.Errorf("%s", r.Data)
	}
	if n := len(w.plugin.List()); n != 0 {
		t.Errorf("%d terminals", n)
	}
}

// When a shell ends, its last screen stays with a line about it, watchers hear of it,
// and Enter closes the terminal; other keys do not.
func TestExit(t *testing.T) {
	w := newWorld(t)
	g, watcher := w.guest(), w.guest()
	c := g.make(create)
	watcher.send(c, `{"Watch":null}`)
	g.do(c, `{"Input":"echo last$((1+1))words; exit 3\r"}`)
	eventually(t, "the end", func() bool { return w.plugin.List()[0].Ended != "" })
	for !strings.Contains(string(watcher.next().Data), `,"code":3}`) {
	}
	g.shows(c, "last2words")
	eventually(t, "a line about it", func() bool { return strings.Contains(w.row(w.grid().Rows-1), "Enter closes it.") })
	if r := string(g.ask(c, `{"Input":"x"}`).Data); !strings.HasPrefix(r, `{"Err":{"Gone":`) {
		t.Error(r)
	}
	w.plugin.Focus(w.plugin.List()[0].ID)
	w.plugin.Key(key('x', "x"))
	if len(w.plugin.List()) != 1 {
		t.Fatal("any key closes it")
	}
	w.plugin.Key(enter)
	eventually(t, "no terminal", func() bool { return len(w.plugin.List()) == 0 })
}

// With again, Enter starts another shell.
func TestAgain(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(strings.Replace(create, `"opacity"`, `"again":true,"opacity"`, 1))
	g.do(c, `{"Input":"exit\r"}`)
	eventually(t, "the end", func() bool { return w.plugin.List()[0].Ended != "" })
	w.plugin.Focus(w.plugin.List()[0].ID)
	w.plugin.Key(enter)
	g.do(c, `{"Input":"echo a$((1+1))b\r"}`)
	g.shows(c, "a2b")
}

// What the shell left in the background does not keep the terminal from ending.
func TestBackgroundIsEnded(t *testing.T) {
	if _, err := exec.LookPath("sleep"); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	g := w.guest()
	c := g.make(create)
	g.do(c, `{"Input":"sleep 1000 & exit\r"}`)
	eventually(t, "the end", func() bool { return w.plugin.List()[0].Ended != "" })
	_ = c
}

// Limits hold for one client, and another has room.
func TestLimits(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits = service.Limits{Terminals: 2, Cells: 5000} })
	g := w.guest()
	first := g.make(screen)
	g.make(screen)
	if r := string(g.ask(w.factory(), screen).Data); !strings.HasPrefix(r, `{"Err":{"Full":`) {
		t.Error(r)
	}
	w.guest().make(screen)
	w.KillCapability(first, false, "test")
	eventually(t, "room", func() bool { return strings.HasPrefix(string(g.ask(w.factory(), screen).Data), `{"Ok":`) })
	if r := string(w.guest().ask(w.factory(), `{"CreateScreen":{"position":[0,0,0],"units_per_em":0.1,"columns":100,"rows":51}}`).Data); !strings.HasPrefix(r, `{"Err":{"Full":`) {
		t.Error(r)
	}
	_ = caps.All
}
