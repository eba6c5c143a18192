package service_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/peer"
	"hearth/vk/scene"
	"hearth/vk/service"
)

// things counts what is in the scene.
func (w *world) things() int {
	s := w.scene.Snapshot()
	return s.Objects.Len() + s.Lights.Len() + s.Canvases.Len() + s.Lines.Len() + s.Views.Len()
}

var everything = [][2]string{
	{service.Renderer, addObject}, {service.Renderer, addModel}, {service.Renderer, addLight},
	{service.Canvas, addCanvas}, {service.DebugDraw, `null`}, {service.Camera, addCamera},
}

// A thing is there until its capability is killed, or it is told to quit.
func TestThingsDieWithTheirCapability(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	for _, e := range everything {
		c := g.make(e[0], e[1])
		if w.things() != 1 {
			t.Fatalf("%s: %d things", e[1], w.things())
		}
		ended := make(chan string, 1)
		w.Monitor(c, func(why string) { ended <- why })
		w.KillCapability(c, false, "test")
		eventually(t, "the end of what was killed", func() bool { return w.things() == 0 })
		if why := <-ended; why != "killed" {
			t.Errorf("%s: it ended since it was %q", e[1], why)
		}
		w.tell(c, `{"Hidden":true}`) // which nobody hears

		c = g.make(e[0], e[1])
		w.tell(c, `"Quit"`)
		eventually(t, "the end of what was told to quit", func() bool { return w.things() == 0 })
		if u := w.plugin.Usage(); len(u) > 0 && (u[0].Objects+u[0].Lights+u[0].Canvases+u[0].Lines+u[0].Cameras != 0 || u[0].Bytes != 0) {
			t.Errorf("%s: %+v is used by nothing", e[1], u[0])
		}
	}
	eventually(t, "nobody who has anything", func() bool { return len(w.plugin.Usage()) == 0 })
}

// What a process made goes with it, however it ends, and what others made stays.
func TestThingsDieWithTheirMaker(t *testing.T) {
	for _, durable := range []bool{false, true} {
		t.Run(fmt.Sprint("durable ", durable), func(t *testing.T) {
			w := newWorld(t)
			other := w.guest()
			kept := other.make(service.Renderer, addModel)
			pid := w.SpawnGuest("echo", durable)
			for _, e := range everything {
				// The answer goes to the guest: it is the maker.
				_, _, err := w.Accept(w.service(e[0]), runtime.Message{Data: []byte(w.fill(e[1])), Caps: []runtime.Capability{w.Cap(pid)}})
				if err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "all that was asked for", func() bool { return w.things() == 1+len(everything) })
			if n := w.scene.Snapshot().Objects.Len(); n != 3 {
				t.Errorf("%d objects", n)
			}
			if err := w.Runtime.Kill(context.Background(), pid, "test"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the end of what it made", func() bool { return w.things() == 1 })
			other.do(kept, `{"Hidden":true}`)
			eventually(t, "that it is forgotten", func() bool { return len(w.plugin.Usage()) == 1 })
		})
	}
}

// side makes a node of a space.
func node(t *testing.T, rt *runtime.Runtime) (*peer.Node, ed25519.PublicKey) {
	key, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	n := peer.NewNode(peer.Options{Runtime: rt, Program: "test", Root: func(peer.Info) runtime.Capability {
		c, _ := rt.Lookup(runtime.RegistryName)
		return c
	}})
	t.Cleanup(n.Close)
	return n, key
}

// connect joins two nodes over loopback and returns the end of a.
func connect(t *testing.T, a, b *peer.Node, aKey, bKey ed25519.PublicKey) *peer.Conn {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		nc, err := ln.Accept()
		if err == nil {
			_, err = b.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: aKey, Credential: "space"}})
		}
		if err != nil {
			t.Error(err)
		}
	})
	nc, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Attach(ctx, nc, peer.Attach{Info: peer.Info{Key: bKey, Server: true}, Dialed: true})
	if err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	return c
}

// What a peer made goes with the connection; all its processes are one client; and
// what ends over there ends here.
func TestThingsDieWithTheirPeer(t *testing.T) {
	viewer, server := newWorld(t, func(o *service.Options) { o.Limits.Objects = 3 }), newWorld(t)
	vn, vk := node(t, viewer.Runtime)
	sn, sk := node(t, server.Runtime)
	conn := connect(t, sn, vn, sk, vk) // the root is the viewer's registry
	a, b := server.guest(), server.guest()
	get := func(name string) runtime.Capability {
		a.send(conn.Root(), []byte(`{"Get":{"name":"`+name+`"}}`))
		r := a.next()
		if len(r.Caps) != 1 {
			t.Fatalf("%s: %s", name, r.Data)
		}
		return r.Caps[0]
	}
	renderer := get(service.Renderer)
	ask := func(g *guest, want string, n int) runtime.Reply {
		t.Helper()
		g.send(renderer, []byte(viewer.fill(`{"AddModel":{"model":"@model"}}`)))
		r := g.next()
		if !strings.HasPrefix(string(r.Data), want) || len(r.Caps) != n {
			t.Fatalf("%s and %d capabilities", r.Data, len(r.Caps))
		}
		return r
	}
	first := ask(a, `{"Ok":"Ok"}`, 1)
	ask(a, `{"Ok":"Ok"}`, 1)
	ask(b, `{"Ok":"Ok"}`, 1)
	ask(b, `{"Err":{"Full":"peer `, 0)
	if u := viewer.plugin.Usage(); len(u) != 1 || u[0].Objects != 3 || !strings.HasPrefix(u[0].Client, "peer ") {
		t.Errorf("usage %+v", u)
	}
	a.do(first.Caps[0], `{"Tint":[1,0,0,1]}`)
	b.port.Close()
	eventually(t, "the end of what b made", func() bool { return viewer.things() == 2 })
	server.KillCapability(first.Caps[0], false, "test")
	eventually(t, "the end of what was killed over there", func() bool { return viewer.things() == 1 })
	another := ask(a, `{"Ok":"Ok"}`, 1)
	// An address that permits to send alone says nothing of its end, and what was made
	// for it stays with the connection.
	mute := server.guest()
	if _, _, err := server.Accept(renderer, runtime.Message{Data: []byte(viewer.fill(`{"AddModel":{"model":"@model"}}`)), Caps: []runtime.Capability{mute.port.Cap(caps.Send)}}); err != nil {
		t.Fatal(err)
	}
	if r := mute.next(); len(r.Caps) != 1 {
		t.Fatalf("%s", r.Data)
	}
	mute.port.Close()
	a.do(another.Caps[0], `{"Tint":[0,1,0,1]}`)
	if viewer.things() != 3 {
		t.Errorf("%d things", viewer.things())
	}
	conn.Close("")
	eventually(t, "the end of what the peer made", func() bool { return viewer.things() == 0 })
	eventually(t, "that the peer is forgotten", func() bool { return len(viewer.plugin.Usage()) == 0 })
}

// What requests and messages say is in the scene.
func TestScene(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	snap := func() *scene.Snapshot { return w.scene.Snapshot() }

	c := g.make(service.Renderer, `{"AddObject":{"mesh":"$mesh","skeleton":["$I"],"material":"$material","transform":[1,0,0,0,0,1,0,0,0,0,1,0,5,6,7,1]}}`)
	o := only(t, snap().Objects)
	if o.Mesh != w.lumps["mesh"] || o.Material != w.lumps["material"] || !o.Model.IsZero() || o.Transform.Col(3).Vec3() != (mgl32.Vec3{5, 6, 7}) || len(o.Joints) != 1 || o.Animation.Index != -1 || o.Tint != (mgl32.Vec4{1, 1, 1, 1}) {
		t.Errorf("object: %+v", o)
	}
	two := `[2,0,0,0,0,2,0,0,0,0,2,0,0,0,0,1]`
	g.do(c, `{"Transform":`+two+`}`)
	g.do(c, `{"JointTransforms":{"joint_global":[`+two+`,"$I"],"inverse_bind":[`+two+`,`+two+`]}}`)
	if o = only(t, snap().Objects); o.Transform[0] != 2 || len(o.Joints) != 2 || o.Joints[0][0] != 4 || o.Joints[1][5] != 2 {
		t.Errorf("object: %+v", o)
	}
	g.do(c, `{"Material":"@brass"}`)
	eventually(t, "the material", func() bool { return only(t, snap().Objects).Material == w.lumps["brass"] })
	w.KillCapability(c, false, "test")

	c = g.make(service.Renderer, `{"AddModel":{"model":"$model","tint":[1,0,0,1],"animation":{"index":2,"at":3,"speed":0.5},"weights":[0.25],"hidden":true,"no_shadow":true,"no_pick":true}}`)
	eventually(t, "the model alone", func() bool { return snap().Objects.Len() == 1 })
	o = only(t, snap().Objects)
	if o.Model != w.lumps["model"] || o.Tint != (mgl32.Vec4{1, 0, 0, 1}) || !o.Hidden || !o.NoShadow || !o.NoPick || len(o.Weights) != 1 || o.Transform != mgl32.Ident4() {
		t.Errorf("model: %+v", o)
	}
	if s := o.Animation.Seconds(w.scene.Now(), 100); o.Animation.Index != 2 || !o.Animation.Loop || s < 1.5 || s > 4 {
		t.Errorf("animation: %+v, %v seconds", o.Animation, s)
	}
	g.do(c, `{"Animation":null}`)
	g.do(c, `{"Weights":[1,2,3]}`)
	g.do(c, `{"Hidden":false}`)
	if o = only(t, snap().Objects); o.Animation.Index != -1 || len(o.Weights) != 3 || o.Hidden {
		t.Errorf("model: %+v", o)
	}
	if u := w.plugin.Usage(); len(u) != 1 || u[0].Bytes != 12 || u[0].Objects != 1 {
		t.Errorf("usage: %+v", u)
	}

	c = g.make(service.Renderer, `{"AddSpotLight":{"position":[1,2,3],"direction":[0,-1,0],"color":[1,0.5,0],"intensity":7,"inner":0.25,"outer":0.5,"range":9,"shadow":true}}`)
	l := only(t, snap().Lights)
	if *l != (scene.Light{Kind: scene.Spot, Color: mgl32.Vec3{1, 0.5, 0}, Intensity: 7, Position: mgl32.Vec3{1, 2, 3}, Direction: mgl32.Vec3{0, -1, 0}, Range: 9, Inner: 0.25, Outer: 0.5, Shadow: true}) {
		t.Errorf("light: %+v", l)
	}
	for _, m := range []string{`{"Color":[0,0,1]}`, `{"Intensity":8}`, `{"Position":[3,2,1]}`, `{"Direction":[1,0,0]}`, `{"Range":10}`, `{"Distance":11}`, `{"Cone":{"inner":0.125,"outer":0.75}}`, `{"Shadow":false}`} {
		g.do(c, m)
	}
	if l = only(t, snap().Lights); *l != (scene.Light{Kind: scene.Spot, Color: mgl32.Vec3{0, 0, 1}, Intensity: 8, Position: mgl32.Vec3{3, 2, 1}, Direction: mgl32.Vec3{1, 0, 0}, Range: 10, Distance: 11, Inner: 0.125, Outer: 0.75}) {
		t.Errorf("light: %+v", l)
	}

	c = g.make(service.DebugDraw, `null`)
	g.do(c, `{"Contents":{"vertices":[{"position":[0,0,0],"color":4294901760},{"position":[1,2,3],"color":[0,0.5,2]}],"indices":[0,1]}}`)
	n := only(t, snap().Lines)
	if len(n.Indices) != 2 || n.Vertices[0].Color != (mgl32.Vec3{1, 0, 0}) || n.Vertices[1] != (scene.LineVertex{Position: mgl32.Vec3{1, 2, 3}, Color: mgl32.Vec3{0, 0.5, 2}}) {
		t.Errorf("lines: %+v", n)
	}
	g.do(c, `{"Hide":true}`)
	if !only(t, snap().Lines).Hidden {
		t.Error("the lines are still to be seen")
	}

	c = g.make(service.Camera, `{"CreateCamera":{"position":[1,2,3],"orientation":[0,0.7071067811865476,0,0.7071067811865476],"vfov":90,"near":0.5,"width":64,"height":36,"every":0.25,"name":"balcony"}}`)
	v := only(t, snap().Views)
	// Turned to the left by a quarter, it looks along -X.
	if at := v.View.Mul4x1(mgl32.Vec4{0, 2, 3, 1}); at.Sub(mgl32.Vec4{0, 0, -1, 1}).Len() > 1e-5 {
		t.Errorf("what is a metre to the front is at %v", at)
	}
	if v.VFov != mgl32.DegToRad(90) || v.Near != 0.5 || v.Width != 64 || v.Height != 36 || v.Every != 250*time.Millisecond || v.Name != "balcony" || v.Stopped {
		t.Errorf("view: %+v", v)
	}
	g.do(c, `"Stop"`)
	if !only(t, snap().Views).Stopped {
		t.Error("it was not stopped")
	}

	g.do(w.service(service.Renderer), `{"SetSkybox":{"texture":"$cube"}}`)
	g.do(w.service(service.Renderer), `{"SetAmbientLighting":{"ambient":[0.5,0.25,0,1]}}`)
	g.do(w.service(service.Renderer), `{"SetLook":{"tone_map":"Reinhard","exposure":-1}}`)
	if s := snap(); s.Sky.Texture != w.lumps["cube"] || s.Look.Ambient != (mgl32.Vec4{0.5, 0.25, 0, 1}) || s.Look.ToneMap != scene.Reinhard || s.Look.Exposure != -1 || s.Look.Bloom != scene.DefaultLook().Bloom {
		t.Errorf("sky %v, look %+v", s.Sky, s.Look)
	}
	w.tell(w.service(service.Window), `{"SetCamera":{"vfov":45,"near":0.25,"view":[1,0,0,0,0,1,0,0,0,0,1,0,0,0,-5,1]}}`)
	eventually(t, "the camera", func() bool {
		s := snap()
		return s.Camera.VFov == mgl32.DegToRad(45) && s.Camera.Near == 0.25 && s.Camera.View[14] == -5
	})
}

// What is painted is on the canvas, where it lies on it; snapshots keep the picture
// that they were taken with.
func TestCanvasPixels(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(service.Canvas, `{"CreateCanvas":{"position":{"origin":[0,1,0],"orientation":[0,0,0,1],"half_size":[1,1]},"pixels":{"width":3,"height":2,"data":""},"sampling":"Nearest"}}`)
	shown := func() string { // a letter a pixel, by the red channel
		var b strings.Builder
		x := only(t, w.scene.Snapshot().Canvases)
		for i := 0; i < len(x.Pixels); i += 4 {
			if i > 0 && i/4%x.Width == 0 {
				b.WriteByte('/')
			}
			b.WriteByte(".abcdefgh"[x.Pixels[i]])
		}
		return b.String()
	}
	paint := func(tag string, x, y, width, height int, letters string) {
		t.Helper()
		var data []byte
		for _, l := range []byte(letters) {
			data = append(data, l-'a'+1, 0, 0, 255)
		}
		p := fmt.Sprintf(`{"width":%d,"height":%d,"data":%q}`, width, height, base64.StdEncoding.EncodeToString(data))
		if tag == "Blit" {
			p = fmt.Sprintf(`{"x":%d,"y":%d,"pixels":%s}`, x, y, p)
		}
		g.do(c, `{"`+tag+`":`+p+`}`)
	}
	before := w.scene.Snapshot()
	for _, s := range []struct {
		tag           string
		x, y, w, h    int
		letters, want string
	}{
		{"Blit", 1, 0, 1, 2, "ab", ".a./.b."},
		{"Blit", 2, 1, 2, 2, "cdef", ".a./.bc"}, // the rest is outside
		{"Blit", 3, 0, 1, 1, "g", ".a./.bc"},    // all of it is
		{"Blit", 4294967295, 4294967295, 1, 1, "g", ".a./.bc"},
		{"Resize", 0, 0, 2, 1, "gh", "gh"},
		{"Blit", 0, 0, 2, 1, "ba", "ba"},
	} {
		paint(s.tag, s.x, s.y, s.w, s.h, s.letters)
		eventually(t, s.want, func() bool { return shown() == s.want })
	}
	if x := only(t, before.Canvases); x.Width != 3 || !bytes.Equal(x.Pixels, make([]byte, 24)) {
		t.Error("an old snapshot shows new paint")
	}
	g.do(c, `{"Relocate":{"origin":[1,2,3],"orientation":[0,0,2,0],"half_size":[4,5]}}`)
	g.do(c, `{"Opacity":0.5}`)
	x := only(t, w.scene.Snapshot().Canvases)
	if x.Origin != (mgl32.Vec3{1, 2, 3}) || x.Orientation.V[2] != 1 || x.HalfSize != (mgl32.Vec2{4, 5}) || x.Opacity != 0.5 || !x.Nearest {
		t.Errorf("canvas: %+v", x)
	}
	for m, want := range map[string]string{
		`{"Resize":{"width":2,"height":2,"data":"AAAA"}}`:         `{"Err":{"Parse":"2 by 2 pixels are 16 bytes and not 3"}}`,
		`{"Blit":{"x":-1,"y":0,"pixels":{"width":1,"height":1}}}`: `{"Err":{"Parse":`,
		`{"Opacity":2}`:                   `{"Err":{"Value":"an opacity is between 0 and 1"}}`,
		`{"Relocate":{"origin":[0,0,0]}}`: `{"Err":{"Parse":"a position has an origin, an orientation and a half_size"}}`,
		`"Nonsense"`:                      `{"Err":{"Parse":"there is no such request"}}`,
		`{{`:                              `{"Err":{"Parse":`,
	} {
		if got := string(g.ask(c, m).Data); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", m, got)
		}
	}
	if shown() != "ba" {
		t.Error("what was refused was painted: ", shown())
	}
}

// An answer is in the order of the requests, whatever their lumps take, and a lump
// that never arrives holds a request for a bounded time and nobody else.
func TestLumpsThatNeverArrive(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.LumpWait = time.Second })
	never := make(chan struct{})
	w.SetLumpSource(source{never})
	t.Cleanup(func() { close(never) })
	slow, quick := w.guest(), w.guest()
	renderer := w.service(service.Renderer)
	begun := time.Now()
	slow.send(renderer, []byte(w.fill(`{"AddObject":{"mesh":"@missing","skeleton":null,"material":"$material","transform":"$I"}}`)))
	for range 20 {
		slow.send(renderer, []byte(w.fill(`{"AddModel":{"model":"@missing"}}`)))
	}
	slow.send(renderer, []byte(w.fill(addModel)))
	if r := quick.ask(renderer, addModel); string(r.Data) != `{"Ok":"Ok"}` {
		t.Errorf("quick: %s", r.Data)
	}
	if len(slow.got) > 0 {
		t.Error("one client waited for the lumps of another")
	}
	if r := slow.next(); string(r.Data) != `{"Err":"LumpError"}` {
		t.Errorf("first: %s", r.Data)
	}
	for range 20 {
		if r := slow.next(); !strings.HasPrefix(string(r.Data), `{"Ok":{"Placeholder":`) || len(r.Caps) != 1 {
			t.Errorf("then: %s", r.Data)
		}
	}
	if r := slow.next(); string(r.Data) != `{"Ok":"Ok"}` {
		t.Errorf("last: %s", r.Data)
	}
	// All wait at the same time, not one behind the other.
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("all of it took %v", d)
	}
}

// source never has anything.
type source struct{ never chan struct{} }

func (s source) Fetch(ctx context.Context, c lumps.CID) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.never:
		return context.Canceled
	}
}
func (s source) Find(lumps.Digest) (lumps.CID, bool) { return lumps.CID{}, false }

// Close ends what waits, with the runtime still there, and what is asked for later
// is not answered and stops nobody.
func TestClose(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.LumpWait = time.Minute })
	never := make(chan struct{})
	w.SetLumpSource(source{never})
	t.Cleanup(func() { close(never) })
	g := w.guest()
	c := g.make(service.Renderer, addModel)
	g.send(w.service(service.Window), []byte(`"Subscribe"`))
	g.send(w.service(service.Renderer), []byte(w.fill(`{"AddModel":{"model":"@missing"}}`)))
	time.Sleep(10 * time.Millisecond)
	begun := time.Now()
	w.plugin.Close()
	if d := time.Since(begun); d > 5*time.Second {
		t.Errorf("closing took %v", d)
	}
	w.tell(c, `{"Hidden":true}`)
	g.send(w.service(service.Renderer), []byte(w.fill(addModel)))
	w.KillCapability(c, false, "test")
	w.plugin.Input().Publish(service.Redraw{DT: 1})
	w.plugin.Close()
}
