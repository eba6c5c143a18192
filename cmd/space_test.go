package cmd_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hearth/cmd/internal/host"
	"hearth/cmd/internal/peering"
	"hearth/fixtures/space"
	"hearth/runtime/peer/trust"
	"hearth/store"
	"hearth/store/asset"
	"hearth/vk/model"
	"hearth/vk/scene"
	"hearth/vk/service"
)

// spectator is a client with a screen that nobody draws: a world of its own, run in this
// process so that the test sees what the screen would show, joined to a server.
type spectator struct {
	t     *testing.T
	scene *scene.Scene
	stop  context.CancelFunc
	ended chan struct{}
	err   error // behind ended
	out   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (p *place) spectate(link, world string) *spectator {
	p.t.Helper()
	l, err := trust.ParseLink(link)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &spectator{t: p.t, scene: scene.New(scene.DefaultLimits()), stop: stop, ended: make(chan struct{}), out: &lockedBuffer{}}
	var plugin *service.Plugin
	var assets *asset.Cache
	o := host.Options{
		Program: "spectator", World: p.path(world), Socket: filepath.Join(p.dir, world+".sock"), Log: slog.New(slog.DiscardHandler),
		Extend: func(st store.Store) (*host.Extension, error) {
			assets = asset.New(asset.FromBlocks(st), asset.Options{})
			model.Register(assets)
			plugin = service.New(service.Options{Scene: s.scene, Assets: assets})
			return &host.Extension{Services: plugin.Services(), Close: func() error {
				plugin.Close()
				assets.Close()
				return nil
			}}, nil
		},
	}
	pin, err := peering.Pin(l, "")
	if err != nil {
		p.t.Fatal(err)
	}
	o.Peers = peering.Options{Root: peering.RootShared, Share: service.Names(), Connect: &peering.Connect{Link: l, Password: []byte(password), Pin: pin}}
	go func() {
		defer close(s.ended)
		s.err = host.Run(ctx, o, io.MultiWriter(s.out, io.Discard))
	}()
	p.t.Cleanup(s.leave)
	return s
}

// leave ends the client in order.
func (s *spectator) leave() {
	s.stop()
	select {
	case <-s.ended:
		if s.err != nil {
			s.t.Error(s.err)
		}
	case <-time.After(patience):
		s.t.Error("a spectator does not end")
	}
}

// sees is what the screen shows, without the orb, which moves.
func (s *spectator) sees() (all []string) {
	v := s.scene.Snapshot()
	for _, o := range v.Objects.All() {
		if y := o.Transform.At(1, 3); y > 1.29 && y < 2.2 {
			all = append(all, fmt.Sprint("orb ", o.Model))
			continue
		}
		all = append(all, fmt.Sprint("object ", o.Model, o.Transform, o.Tint, o.Animation.Index))
	}
	for _, l := range v.Lights.All() {
		all = append(all, fmt.Sprint("light ", l.Kind, l.Color, l.Intensity, l.Range))
	}
	for _, c := range v.Canvases.All() {
		all = append(all, fmt.Sprint("canvas ", c.Origin, c.Width, c.Height, len(c.Pixels)))
	}
	for _, l := range v.Lines.All() {
		all = append(all, fmt.Sprint("lines ", len(l.Vertices)))
	}
	all = append(all, fmt.Sprint("sky ", v.Sky.Texture))
	slices.Sort(all)
	return all
}

func (s *spectator) until(what string, is func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("still not: %s; the screen shows\n%s\nand said %s", what, strings.Join(s.sees(), "\n"), s.out)
		}
	}
}

// The whole world: 19 objects, 4 lights, a canvas, a grid and the sky.
const worldThings = 26

// Everybody who joins a server with the starting world sees it, whoever comes and goes;
// it is killed, and when it is back so is the world, as it was left.
func TestSpaceIsSeenByAll(t *testing.T) {
	p := newPlace(t)
	module := p.file("space.wasm", space.Module())
	s := p.listening("home", "--init", module)
	if log := s.log.String(); strings.Contains(log, "--init is ignored") {
		// passwd made the world, so the first process is started by hand.
		p.ok("--world", p.path("home"), "spawn", module, "--durable", "--arg", host.FirstMessage)
	}
	ann := p.spectate(s.links[0], "ann")
	ann.until("ann sees the world", func() bool {
		return len(ann.sees()) == worldThings && slices.Contains(ann.sees(), "lines 84")
	})
	want := ann.sees()
	for _, line := range want {
		if strings.Contains(line, "sky") && strings.HasSuffix(line, " ") {
			t.Error("there is no sky")
		}
	}
	same := func(s *spectator) {
		t.Helper()
		s.until("the world is seen whole", func() bool { return slices.Equal(s.sees(), want) })
	}
	bob := p.spectate(s.links[0], "bob")
	same(bob)

	// What one is told, all see, and those that come later.
	tell := `{"Tell":{"name":"world/cube","message":{"Tint":[0,1,0,1]}}}`
	if got := p.ask("home", "hearth.space.Scene", tell); got != `{"Ok":null}` {
		t.Fatal(got)
	}
	green := func(s *spectator) {
		t.Helper()
		s.until("the cube is green", func() bool {
			return slices.ContainsFunc(s.sees(), func(l string) bool { return strings.Contains(l, "[0 1 0 1]") })
		})
	}
	green(ann)
	green(bob)
	want = ann.sees()
	bob.leave()
	p.until("home", "hearth.space.Scene", `"Status"`, func(got string) bool { return strings.Contains(got, `"viewers":2,"shown":26`) })
	same(ann)
	eve := p.spectate(s.links[0], "eve")
	same(eve)

	// The server dies; its clients see nothing of it, until it is back.
	addr := strings.TrimPrefix(s.links[0], "hearth://")
	addr = addr[:strings.IndexByte(addr, '/')]
	s.end(syscall.SIGKILL)
	for _, c := range []*spectator{ann, eve} {
		c.until("what the server showed has gone", func() bool { return len(c.sees()) == 1 }) // the sky is a setting
	}
	s = p.serve("--world", p.path("home"), "--listen", addr)
	same(ann)
	same(eve)
	if _, err := os.Stat(p.path("home/peer")); err != nil {
		t.Fatal(err)
	}
	s.stop()
}
