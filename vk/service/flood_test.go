package service_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/store"
	"hearth/vk/scene"
	"hearth/vk/service"
)

// However fast a thing is told the same, the scene changes a few hundred times a
// second, and ends with what was said last.
func TestFloodOfStates(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(service.Renderer, addModel)
	l := g.make(service.Renderer, addLight)
	from := w.scene.Snapshot().Version
	versions := uint64(0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // the one who draws
		for {
			select {
			case <-stop:
				return
			case <-w.scene.Changed():
				versions = w.scene.Snapshot().Version - from
			}
		}
	})
	const n = 100_000
	begun := time.Now()
	for i := range n {
		m := fmt.Sprintf(`{"Transform":[1,0,0,0,0,1,0,0,0,0,1,0,%d,0,0,1]}`, i)
		if i%2 == 1 {
			m = fmt.Sprintf(`{"Intensity":%d}`, i)
		}
		to := c
		if i%2 == 1 {
			to = l
		}
		if _, _, err := w.Accept(to, runtime.Message{Data: []byte(m)}); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(begun)
	eventually(t, "the last transform", func() bool { return only(t, w.scene.Snapshot().Objects).Transform[12] == n-2 })
	eventually(t, "the last intensity", func() bool { return only(t, w.scene.Snapshot().Lights).Intensity == n-1 })
	close(stop)
	wg.Wait()
	// Two things every 4 ms, and some for the beginning and the end.
	if most := uint64(2*took/(4*time.Millisecond)) + 20; versions > most {
		t.Errorf("%d messages in %v changed the scene %d times, more than %d", n, took, versions, most)
	}
	if u := w.plugin.Usage(); len(u) != 1 || u[0].Lost != 0 {
		t.Errorf("usage %+v", u)
	}
}

// Strokes that do not fit are lost and said to be; what waits stays within its
// bytes; answers are given for all that ask for one and find room.
func TestFloodOfStrokes(t *testing.T) {
	var log runtimetest.Log
	w := newWorld(t, func(o *service.Options) {
		o.Limits.Pending = 64 << 10
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	g := w.guest()
	c := g.make(service.Canvas, strings.Replace(addCanvas, `"width":2,"height":2`, `"width":64,"height":64`, 1))
	data := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3, 4}, 32*32))
	for i := range 500 {
		w.tell(c, fmt.Sprintf(`{"Blit":{"x":%d,"y":%d,"pixels":{"width":32,"height":32,"data":%q}}}`, i%2*32, i/2%2*32, data))
	}
	var lost uint64
	eventually(t, "the canvas painted", func() bool {
		lost = w.plugin.Usage()[0].Lost
		return only(t, w.scene.Snapshot().Canvases).Pixels[0] == 1
	})
	if lost == 0 || lost == 500 {
		t.Errorf("%d of 500 strokes were lost", lost)
	}
	eventually(t, "a line in the log", func() bool { return strings.Contains(log.String(), "send less") })
	if n := strings.Count(log.String(), "\n"); n > 3 {
		t.Errorf("%d lines in the log", n)
	}
	// Who asks for an answer is told. Afterwards there is room again.
	eventually(t, "room", func() bool { return string(g.ask(c, `{"Hidden":false}`).Data) == `{"Ok":"Ok"}` })
	full := 0
	for range 200 {
		g.send(c, []byte(fmt.Sprintf(`{"Blit":{"x":0,"y":0,"pixels":{"width":32,"height":32,"data":%q}}}`, data)))
	}
	for range 200 {
		switch r := string(g.next().Data); {
		case strings.HasPrefix(r, `{"Err":{"Busy":`):
			full++
		case r != `{"Ok":"Ok"}`:
			t.Error(r)
		}
	}
	if full == 0 || full == 200 {
		t.Errorf("%d of 200 strokes were refused", full)
	}
	lost = w.plugin.Usage()[0].Lost
	// A stroke at a time, with an answer each, loses none.
	for range 100 {
		g.do(c, fmt.Sprintf(`{"Blit":{"x":0,"y":0,"pixels":{"width":32,"height":32,"data":%q}}}`, data))
	}
	if u := w.plugin.Usage(); u[0].Lost != lost {
		t.Errorf("%d more were lost", u[0].Lost-lost)
	}
	// What was not taken over when the thing ends is given back.
	w.tell(c, `"Quit"`)
	eventually(t, "nobody who has anything", func() bool { return len(w.plugin.Usage()) == 0 })
}

// A client has as much as it may, whatever it asks for; others have room still.
func TestLimitsOfClients(t *testing.T) {
	w := newWorld(t, func(o *service.Options) {
		o.Limits = service.Limits{Objects: 2, Lights: 2, Canvases: 2, Lines: 2, Cameras: 2, Bytes: 1000}
	})
	for _, e := range everything {
		if e[1] == addModel {
			continue // an object as the one before
		}
		g, other := w.guest(), w.guest()
		a := g.make(e[0], e[1])
		g.make(e[0], e[1])
		for range 2 {
			if r := g.ask(w.service(e[0]), e[1]); !strings.HasPrefix(string(r.Data), `{"Err":{"Full":"process `) || len(r.Caps) != 0 {
				t.Errorf("%s: %s", e[1], r.Data)
			}
		}
		other.make(e[0], e[1])
		w.tell(a, `"Quit"`)
		n := w.things()
		eventually(t, "room", func() bool { return w.things() < n })
		g.make(e[0], e[1])
	}
	g := w.guest()
	c := g.make(service.Canvas, addCanvas) // 16 bytes
	o := g.make(service.Renderer, addModel)
	for m, want := range map[string]string{
		`{"Resize":{"width":16,"height":16,"data":""}}`: `{"Err":{"Full":`, // 1024
		`{"Resize":{"width":15,"height":15,"data":""}}`: `{"Ok":"Ok"}`,     // 900
	} {
		if r := g.ask(c, m); !strings.HasPrefix(string(r.Data), want) {
			t.Errorf("%s: %s", m, r.Data)
		}
	}
	if r := g.ask(o, `{"JointMatrices":["$I","$I"]}`); !strings.HasPrefix(string(r.Data), `{"Err":{"Full":`) {
		t.Errorf("joints: %s", r.Data)
	}
	g.do(o, `{"JointMatrices":["$I"]}`) // 64
	if r := g.ask(w.service(service.Canvas), strings.Replace(addCanvas, `"width":2,"height":2`, `"width":4,"height":3`, 1)); !strings.HasPrefix(string(r.Data), `{"Err":{"Full":`) {
		t.Errorf("canvas: %s", r.Data)
	}
	g.do(o, `{"JointMatrices":[]}`)
	g.make(service.Canvas, strings.Replace(addCanvas, `"width":2,"height":2`, `"width":4,"height":3`, 1))
	for _, u := range w.plugin.Usage() {
		if u.Bytes > 1000 {
			t.Errorf("%+v", u)
		}
	}
}

// The scene itself is full for all: a sentence, and nothing is left of the attempt.
func TestFullScene(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Scene = scene.New(scene.Limits{Objects: 3}) })
	a, b := w.guest(), w.guest()
	a.make(service.Renderer, addModel)
	a.make(service.Renderer, addModel)
	c := b.make(service.Renderer, addModel)
	if r := b.ask(w.service(service.Renderer), addModel); string(r.Data) != `{"Err":{"Full":"the scene is full: it holds 3 objects at most; remove some first"}}` || len(r.Caps) != 0 {
		t.Errorf("%s", r.Data)
	}
	w.KillCapability(c, false, "test")
	eventually(t, "room", func() bool { return w.things() == 2 })
	b.make(service.Renderer, addModel)
	n := 0
	for _, u := range w.plugin.Usage() {
		n += u.Objects
	}
	if n != 3 {
		t.Errorf("%d objects are counted", n)
	}
}

// Requests that wait are bounded: more are refused at once, and those that wait are
// answered.
func TestFloodOfRequests(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits.Requests, o.LumpWait = 50, 300*time.Millisecond })
	never := make(chan struct{})
	w.SetLumpSource(source{never})
	t.Cleanup(func() { close(never) })
	g := w.guest()
	renderer := w.service(service.Renderer)
	for range 80 {
		g.send(renderer, []byte(w.fill(`{"AddModel":{"model":"@missing","strict":true}}`)))
	}
	var busy, failed int
	for range 80 {
		switch r := string(g.next().Data); {
		case strings.HasPrefix(r, `{"Err":{"Busy":"50 requests wait already`):
			busy++
		case strings.HasPrefix(r, `{"Err":{"Lump":`):
			failed++
		default:
			t.Errorf("%s", r)
		}
	}
	if busy != 30 || failed != 50 {
		t.Errorf("%d busy, %d failed", busy, failed)
	}
	g.make(service.Renderer, addModel)
}

// What is no request at all stops nobody, in no service and no thing.
func TestNonsense(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	var to []runtime.Capability
	for _, name := range service.Names() {
		to = append(to, w.service(name))
	}
	for _, e := range everything {
		to = append(to, g.make(e[0], e[1]))
	}
	for _, c := range to {
		for _, data := range []string{"", "{", "}", `"`, `{"Get":7}`, `{"A":1,"B":2}`, `{"Transform":null}`, "\xff\x00", "\xa1\x63Get\xf6", "\xa1", "\xa1\x78", "\xa1\x78\xff", strings.Repeat("[", 10000), `{"Blit":{}}`, `{"Subscribe":1}`} {
			if _, _, err := w.Accept(c, runtime.Message{Data: []byte(data)}); err != nil {
				t.Errorf("%q: %v", data, err)
			}
			g.send(c, []byte(data))
		}
	}
	for _, c := range to[len(service.Names()):] {
		if got := g.ask(c, `"Describe"`); len(got.Data) == 0 {
			t.Error("no answer")
		}
	}
	for {
		select {
		case <-g.got:
			continue
		case <-time.After(50 * time.Millisecond):
		}
		break
	}
	g.make(service.Renderer, addModel)
}

// A durable process asks and is answered, and what it has goes with the runtime: at
// a restart the services know of nothing, and the process can ask again.
func TestDurableMaker(t *testing.T) {
	w := newWorld(t)
	pid := w.SpawnGuest("echo", true)
	send := func() {
		if _, _, err := w.Accept(w.service(service.Renderer), runtime.Message{Data: []byte(w.fill(addModel)), Caps: []runtime.Capability{w.Cap(pid)}}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	eventually(t, "the object", func() bool { return w.things() == 1 })
	w.Restart()
	again := service.New(service.Options{Scene: scene.New(scene.Limits{})})
	t.Cleanup(again.Close)
	for _, s := range again.Services() {
		w.Serve(s)
	}
	if err := w.Quiesce(context.Background()); err != nil {
		t.Fatal(err)
	}
	send()
	eventually(t, "the object again", func() bool { u := again.Usage(); return len(u) == 1 && u[0].Objects == 1 })
}

// Requests that wait take no more memory than they may, however large they are.
func TestFloodOfLargeRequests(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits.RequestBytes, o.LumpWait = 8<<20, time.Minute })
	never := make(chan struct{})
	w.SetLumpSource(source{never})
	g := w.guest()
	pad := strings.Repeat(" ", 1<<20-1000)
	// The first waits for a lump, and all that come behind it wait for their turn.
	const n, room = 64, 9
	for i := range n {
		text := `{"AddModel":{"model":"@missing"}}`
		if i > 0 {
			text = `{"AddModel":` + pad + `{"model":"@model"}}`
		}
		g.send(w.service(service.Renderer), []byte(w.fill(text)))
	}
	for range n - room {
		if r := string(g.next().Data); !strings.HasPrefix(r, `{"Err":{"Busy":"8388608 bytes of requests wait`) {
			t.Fatal(r)
		}
	}
	close(never)
	for range room {
		if r := string(g.next().Data); !strings.HasPrefix(r, `{"Ok":`) {
			t.Error(r)
		}
	}
	// Afterwards there is room again.
	if got := string(g.ask(w.service(service.Renderer), `{"AddModel":`+pad+`{"model":"@model"}}`).Data); got != `{"Ok":"Ok"}` {
		t.Error(got)
	}
}

// Materials that do not come are waited for within the bounds of requests, and whoever
// gave an address hears what became of them.
func TestFloodOfMaterials(t *testing.T) {
	w := newWorld(t, func(o *service.Options) { o.Limits.Requests, o.LumpWait = 50, 300*time.Millisecond })
	g := w.guest()
	c := g.make(service.Renderer, addObject)
	never := make(chan struct{})
	w.SetLumpSource(source{never})
	t.Cleanup(func() { close(never) })
	for range 80 {
		g.send(c, []byte(w.fill(`{"Material":"@missing"}`)))
	}
	var busy, failed int
	for range 80 {
		switch r := string(g.next().Data); {
		case strings.HasPrefix(r, `{"Err":{"Busy":"50 requests wait already`):
			busy++
		case strings.HasPrefix(r, `{"Err":{"Lump":"the material cannot be shown: `):
			failed++
		default:
			t.Errorf("%s", r)
		}
	}
	if busy != 30 || failed != 50 {
		t.Errorf("%d busy, %d failed", busy, failed)
	}
	g.do(c, `{"Material":"@brass"}`)
	if got := only(t, w.scene.Snapshot().Objects).Material; got != w.lumps["brass"] {
		t.Errorf("it is %s", got)
	}
}

// The material that was asked for last stays, however late one from before arrives.
func TestLateMaterial(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	c := g.make(service.Renderer, addObject)
	data := []byte(`{"name":"late"}`)
	w.lumps["late"] = lumps.Sum(lumps.Raw, data)
	arrive := make(chan struct{})
	w.SetLumpSource(arriving{w, arrive, data})
	g.send(c, []byte(w.fill(`{"Material":"@late"}`)))
	other := w.guest()
	other.do(c, `{"Material":"$material"}`) // known already
	close(arrive)
	if got := string(g.next().Data); got != `{"Ok":"Ok"}` {
		t.Error(got)
	}
	if got := only(t, w.scene.Snapshot().Objects).Material; got != w.lumps["material"] {
		t.Errorf("it is %s", got)
	}
}

// arriving is a source whose lumps come when they are let.
type arriving struct {
	*world
	let  chan struct{}
	data []byte
}

func (a arriving) Fetch(ctx context.Context, c lumps.CID) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.let:
	}
	l, err := store.PutLump(ctx, a.Store, bytes.NewReader(a.data), store.KindFile)
	if err == nil && l.CID != c {
		err = fmt.Errorf("%s came and not %s", l.CID, c)
	}
	return err
}
func (arriving) Find(lumps.Digest) (lumps.CID, bool) { return lumps.CID{}, false }

// A list names so many things, and says how many more there are.
func TestListOfMany(t *testing.T) {
	w := newWorld(t)
	g := w.guest()
	const n = 1500
	for range n {
		g.send(w.service(service.Renderer), []byte(w.fill(addModel)))
	}
	g.make(service.Canvas, addCanvas)
	for range n {
		g.next()
	}
	var list struct {
		Ok struct {
			List struct {
				Things []struct {
					ID   scene.ID
					Kind string
				}
				More int
			}
		}
	}
	if err := json.Unmarshal(g.ask(w.service(service.Renderer), `"List"`).Data, &list); err != nil {
		t.Fatal(err)
	}
	l := list.Ok.List
	if len(l.Things) != 1000 || l.More != n+1-1000 {
		t.Fatalf("%d are listed and %d more", len(l.Things), l.More)
	}
	seen := map[scene.ID]bool{}
	for _, x := range l.Things {
		if seen[x.ID] {
			t.Errorf("%d is listed twice", x.ID)
		}
		seen[x.ID] = true
	}
}
