package service_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/runtimetest"
	"hearth/store"
	"hearth/store/asset"
	"hearth/vk/model"
	"hearth/vk/scene"
	"hearth/vk/service"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		runtimetest.Cleanup()
		os.Exit(code)
	}))
}

// world is a space with a screen that nobody looks at.
type world struct {
	*runtimetest.Space
	scene  *scene.Scene
	plugin *service.Plugin
	lumps  map[string]lumps.CID // by the names that requests of the tests use
}

func newWorld(t testing.TB, change ...func(*service.Options)) *world {
	t.Helper()
	w := &world{Space: runtimetest.New(t)}
	o := service.Options{Scene: scene.New(scene.Limits{}), Assets: asset.New(asset.FromBlocks(w.Store), asset.Options{}), LumpWait: 2 * time.Second}
	t.Cleanup(o.Assets.Close)
	model.Register(o.Assets)
	for _, f := range change {
		f(&o)
	}
	w.scene, w.plugin = o.Scene, service.New(o)
	t.Cleanup(w.plugin.Close)
	for _, s := range w.plugin.Services() {
		w.Serve(s)
	}
	w.lumps = map[string]lumps.CID{
		"mesh":     w.put(meshLump()),
		"texture":  w.put([]byte(`{"label":null,"size":[1,1],"data":"/wAA/w=="}`)),
		"cube":     w.put([]byte(`{"label":null,"size":[1,1],"data":"` + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3, 255}, 6)) + `"}`)),
		"broken":   w.put([]byte(`{"positions": 7}`)),
		"model":    w.put([]byte("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")),
		"notmodel": w.put([]byte("this is no model")),
		"missing":  lumps.Sum(lumps.Raw, []byte("nowhere")),
	}
	w.lumps["material"] = w.put([]byte(`{"albedo":` + w.numbers("texture") + `}`))
	w.lumps["brass"] = w.put([]byte(`{"name":"brass","metallic":1,"baseColorTexture":{"cid":"` + w.lumps["texture"].String() + `"}}`))
	w.lumps["textureless"] = w.put([]byte(`{"albedo":` + w.numbers("missing") + `}`))
	return w
}

func (w *world) put(data []byte) lumps.CID {
	w.T.Helper()
	l, err := store.PutLump(context.Background(), w.Store, bytes.NewReader(data), store.KindFile)
	if err != nil {
		w.T.Fatal(err)
	}
	return l.CID
}

// numbers is a LumpId as the original writes it.
func (w *world) numbers(name string) string {
	d := w.lumps[name].Digest()
	n := make([]int, len(d))
	for i, b := range d {
		n[i] = int(b)
	}
	out, _ := json.Marshal(n)
	return string(out)
}

// fill puts the lumps that a request names in the place of $name (32 numbers) and
// @name (the text of a CID), and an identity in that of $I.
func (w *world) fill(text string) string {
	for name, c := range w.lumps {
		text = strings.ReplaceAll(text, `"$`+name+`"`, w.numbers(name))
		text = strings.ReplaceAll(text, `"@`+name+`"`, `"`+c.String()+`"`)
	}
	return strings.ReplaceAll(text, `"$I"`, `[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]`)
}

// meshLump is a triangle.
func meshLump() []byte {
	f := func(x ...float32) string {
		var b []byte
		for _, v := range x {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return base64.StdEncoding.EncodeToString(b)
	}
	i := base64.StdEncoding.EncodeToString([]byte{0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0})
	return []byte(`{"positions":"` + f(0, 0, 0, 1, 0, 0, 0, 1, 0) + `","normals":"","tangents":"","uv0":"","uv1":"","colors":"","joint_indices":"","joint_weights":"","indices":"` + i + `"}`)
}

func (w *world) service(name string) runtime.Capability {
	w.T.Helper()
	c, err := w.Target(0, name)
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

// guest is somebody with an address, who lives until it ends.
type guest struct {
	w    *world
	port *runtime.Port
	got  chan runtime.Reply
}

func (w *world) guest() *guest {
	g := &guest{w: w, got: make(chan runtime.Reply, 1<<16)}
	g.port = w.NewPort(func(s *runtime.Signal) {
		g.got <- runtime.Reply{Data: bytes.Clone(s.Data), Caps: append([]runtime.Capability(nil), s.Caps...), Lumps: s.Lumps}
	})
	w.T.Cleanup(g.port.Close)
	return g
}

// send sends a request with the guest's address in front.
func (g *guest) send(to runtime.Capability, data []byte) {
	g.w.T.Helper()
	if _, _, err := g.w.Accept(to, runtime.Message{Data: data, Caps: []runtime.Capability{g.port.Cap(caps.Send | caps.Monitor)}}); err != nil {
		g.w.T.Fatalf("%.80q: %v", data, err)
	}
}

func (g *guest) next() runtime.Reply {
	g.w.T.Helper()
	select {
	case r := <-g.got:
		return r
	case <-time.After(10 * time.Second):
		g.w.T.Fatal("no answer")
	}
	panic("unreachable")
}

// ask sends a request and waits for the answer.
func (g *guest) ask(to runtime.Capability, text string) runtime.Reply {
	g.w.T.Helper()
	g.send(to, []byte(g.w.fill(text)))
	return g.next()
}

// make asks for a thing.
func (g *guest) make(name, text string) runtime.Capability {
	g.w.T.Helper()
	r := g.ask(g.w.service(name), text)
	if len(r.Caps) != 1 {
		g.w.T.Fatalf("%s: %s and %d capabilities", text, r.Data, len(r.Caps))
	}
	return r.Caps[0]
}

// tell sends a message without a reply address.
func (w *world) tell(to runtime.Capability, text string) {
	w.T.Helper()
	if _, _, err := w.Accept(to, runtime.Message{Data: []byte(w.fill(text))}); err != nil {
		w.T.Fatal(err)
	}
}

// do tells a thing something and waits until it has followed.
func (g *guest) do(to runtime.Capability, text string) {
	g.w.T.Helper()
	if got := string(g.ask(to, text).Data); got != `{"Ok":"Ok"}` {
		g.w.T.Fatalf("%s: %s", text, got)
	}
}

const (
	addObject = `{"AddObject":{"mesh":"$mesh","skeleton":null,"material":"$material","transform":"$I"}}`
	addModel  = `{"AddModel":{"model":"@model"}}`
	addLight  = `{"AddDirectionalLight":{"initial_state":{"color":[1,1,1],"intensity":2,"direction":[0,-1,0],"distance":50}}}`
	addCanvas = `{"CreateCanvas":{"position":{"origin":[0,1,0],"orientation":[0,0,0,1],"half_size":[1,1]},"pixels":{"width":2,"height":2,"data":""},"sampling":"Nearest"}}`
	addCamera = `{"CreateCamera":{"position":[0,1,2],"width":64,"height":36}}`
)

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not in time: ", what)
		}
	}
}

// the reads what the only thing of a table is.
func only[T any](t testing.TB, table scene.Table[T]) *T {
	t.Helper()
	if table.Len() != 1 {
		t.Fatalf("%d things and not one", table.Len())
	}
	for _, x := range table.All() {
		return x
	}
	panic("unreachable")
}
