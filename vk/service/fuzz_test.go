package service

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/vk/scene"
)

// seeds are the requests of the golden conversation, and the same in CBOR's words.
func seeds(f *testing.F) {
	text, err := os.ReadFile("testdata/requests.golden")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if _, data, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok && line[0] != '#' && line[0] != '=' {
			data = strings.ReplaceAll(data, `"$I"`, `[1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1]`)
			f.Add([]byte(data))
		}
	}
	for _, s := range []string{
		"\xa1\x69Intensity\xf9\x40\x00", "\xa1\x65Color\x83\xfa\x7f\xc0\x00\x00\x00\x01", "\x64Quit", "\xa1\x78\x0aJointThing\x80",
		"\xa1\x64Blit\xa3\x61x\x00\x61y\x00\x66pixels\xa3\x65width\x01\x66height\x01\x64data\x44\x01\x02\x03\x04",
		"\xa1\x69Transform\x90\xf9\x3c\x00\x00\x00\x00\x00\xf9\x3c\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x01", `{"Weights":[1,2,3e38]}`, `{"Transform":[1e39]}`,
	} {
		f.Add([]byte(s))
	}
}

// No request makes a service panic, and what is refused is a sentence.
func FuzzRequests(f *testing.F) {
	seeds(f)
	p := New(Options{Scene: scene.New(scene.Limits{})})
	f.Cleanup(p.Close)
	f.Fuzz(func(t *testing.T, data []byte) {
		for i, read := range []func(*job) error{p.renderer, p.canvasFactory, p.debugDraw, p.cameras} {
			j := &job{p: p, r: &runtime.Request{Data: data}, c: serde.Of(data)}
			err := read(j)
			if err == nil && j.do == nil {
				t.Fatalf("service %d: neither an answer nor an error", i)
			}
			if err != nil {
				sentence(t, j, err)
			}
		}
		c := serde.Of(data)
		tag, err := c.Tagged(data)
		if err != nil {
			return
		}
		if f, err := readCommand(c, tag); err == nil {
			f(sceneOnly{p.scene})
		}
		if tag.Value != nil {
			serde.Value[interest](c, tag)
		}
		if cam := p.scene.Snapshot().Camera; cam.Check() != nil {
			t.Fatalf("a camera that nobody can look through: %+v", cam)
		}
	})
}

func sentence(t *testing.T, j *job, err error) {
	refuse := j.refuse
	if refuse == nil {
		refuse = refusal
	}
	var back map[string]any
	if e := j.c.Decode(refuse(j.c, err), &back); e != nil || len(back) != 1 || back["Err"] == nil {
		t.Fatalf("%v is answered as %q: %v", err, refuse(j.c, err), e)
	}
	if text := err.Error(); text == "" || strings.ContainsAny(text, "\n\x00") {
		t.Fatalf("no sentence: %q", text)
	}
}

// No message to a thing panics, puts what is not finite into the scene, leaves a
// picture of another size than its bytes, or makes the bytes of a client wrong.
func FuzzMessages(f *testing.F) {
	seeds(f)
	p := New(Options{Scene: scene.New(scene.Limits{})})
	f.Cleanup(p.Close)
	cl := &client{p: p, name: "a client", checks: make(chan struct{}, 1)}
	m := &maker{p: p, client: cl, things: map[*thing]struct{}{}}
	o := scene.NewObject()
	o.Model = lumps.Sum(lumps.Raw, nil)
	object := &thing{m: m, kind: objectKind}
	light := &thing{m: m, kind: lightKind}
	canvas := &painting{thing: &thing{m: m, kind: canvasKind, bytes: 4}, width: 1, height: 1, pixels: make([]byte, 4), shared: true}
	lines := &thing{m: m, kind: linesKind}
	camera := &thing{m: m, kind: cameraKind}
	var err error
	must := func(id scene.ID, e error) scene.ID {
		if e != nil {
			err = e
		}
		return id
	}
	object.id = must(p.scene.AddObject(o))
	light.id = must(p.scene.AddLight(scene.Light{Kind: scene.Spot, Direction: mgl32.Vec3{0, 1, 0}, Outer: 1}))
	canvas.id = must(p.scene.AddCanvas(scene.Canvas{Orientation: mgl32.QuatIdent(), Width: 1, Height: 1, Pixels: canvas.pixels, Opacity: 1}))
	lines.id = must(p.scene.AddLines(scene.Lines{}))
	camera.id = must(p.scene.AddView(scene.View{Camera: scene.DefaultCamera(), Width: 1, Height: 1}))
	if err != nil {
		f.Fatal(err)
	}
	cl.bytes = 4
	f.Fuzz(func(t *testing.T, data []byte) {
		c := serde.Of(data)
		tag, err := c.Tagged(data)
		if err != nil {
			return
		}
		if tag.Name == "Resize" && len(data) < 200 && bytes.Contains(data, []byte("000")) {
			return // millions of clear pixels are slow to look at, not wrong
		}
		for _, apply := range []func(serde.Codec, serde.Tagged) error{object.toObject, light.toLight, canvas.apply, lines.toLines, camera.toCamera} {
			if err := apply(c, tag); err != nil {
				sentence(t, &job{c: c}, err)
			}
		}
		canvas.next = canvas.next.AddDate(-1, 0, 0)
		canvas.flush()
		s := p.scene.Snapshot()
		for _, x := range s.Canvases.All() {
			if len(x.Pixels) != 4*x.Width*x.Height || x.Width != canvas.width || x.Height != canvas.height {
				t.Fatalf("%d by %d pixels in %d bytes", x.Width, x.Height, len(x.Pixels))
			}
		}
		for _, x := range s.Objects.All() {
			for _, n := range append(x.Transform[:], x.Tint[:]...) {
				if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
					t.Fatalf("%+v", x)
				}
			}
		}
		if want := object.bytes + light.bytes + canvas.bytes + lines.bytes + camera.bytes; cl.bytes != want {
			t.Fatalf("the client is charged %d bytes and has %d", cl.bytes, want)
		}
	})
}

// No bytes of a field make its decoder panic.
func FuzzField(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		c := serde.Of(data)
		var b blob
		c.Decode(data, &b)
		var x colour
		c.Decode(data, &x)
		var v vec4
		if c.Decode(data, &v) == nil && !v.set {
			t.Fatal("four numbers were read, and are not set")
		}
	})
}
