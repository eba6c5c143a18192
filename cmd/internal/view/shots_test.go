package view

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/wasm"
	"hearth/store/mem"
)

// A picture of what is seen, which shows what terminals show and becomes a file of the
// user, is for who controls the program alone; and nobody waits for one when the view ends.
func TestShots(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreAnyFunction("hearth/vk/window/windowtest.Main"))
	dir := t.TempDir()
	c, err := newCapture(filepath.Join(dir, "film"))
	if err != nil {
		t.Fatal(err)
	}
	v := testView(t, Options{Capture: c, Frames: 1 << 20, Empty: true, Timeout: patience})
	rt, err := runtime.New(runtime.Options{Store: mem.New(), Engine: wasm.Bind(wasm.Options{}), Logger: slog.New(slog.DiscardHandler), Services: v.Services()})
	if err != nil {
		t.Fatal(err)
	}
	v.Started(rt)
	to, err := rt.Target(0, ShotService)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 1)
	port := rt.NewPort(func(s *runtime.Signal) {
		if s.Kind == runtime.SignalMessage {
			got <- bytes.Clone(s.Data)
		}
	})
	send := func(peer, text string) {
		t.Helper()
		m := runtime.Message{Data: []byte(text), Caps: []runtime.Capability{port.Cap(caps.Send | caps.Monitor)}, Peer: peer}
		if _, _, err := rt.Accept(to, m); err != nil {
			t.Fatal(err)
		}
	}
	next := func() string {
		t.Helper()
		select {
		case b := <-got:
			return string(b)
		case <-time.After(patience):
			t.Fatal("no answer")
		}
		panic("unreachable")
	}
	file := filepath.Join(dir, "now.png")
	ask := fmt.Sprintf(`{"Capture":{"file":%q,"width":20,"height":10}}`, file)
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { ended <- v.Run(ctx, func() int { return 0 }) }()
	for _, c := range []struct{ peer, text, want string }{
		{"somebody", ask, `{"Err":{"Refused":`},
		{"", `{"Capture":{"file":"now.png"}}`, `{"Err":{"Parse":`},
		{"", `{"Capture":{"file":"/etc/passwd"}}`, `{"Err":{"Parse":`},
		{"", fmt.Sprintf(`{"Capture":{"file":%q,"width":20}}`, file), `{"Err":{"Parse":`},
		{"", `"Capture"`, `{"Err":{"Parse":`},
		{"", fmt.Sprintf(`{"Capture":{"file":%q}}`, filepath.Join(dir, "nowhere", "now.png")), `{"Err":{"Create":`},
	} {
		if send(c.peer, c.text); !strings.HasPrefix(next(), c.want) {
			t.Errorf("%q to %s is not answered %s", c.peer, c.text, c.want)
		}
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("who was refused got a picture: %v", err)
	}
	if send("", ask); next() != `{"Ok":{"height":10,"width":20}}` {
		t.Error("who controls the program gets no picture")
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.DecodeConfig(f); err != nil || img.Width != 20 || img.Height != 10 {
		t.Errorf("%+v, %v", img, err)
	}
	f.Close()

	// The last one is asked for at the end: it comes, or is said not to.
	send("", ask)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	next()
	port.Close()
	if err := rt.Close(); err != nil {
		t.Error(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
