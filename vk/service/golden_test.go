package service_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/runtime"
	"hearth/runtime/runtimetest"
	"hearth/vk/service"
)

var update = flag.Bool("update", false, "write the golden files")

// Requests and answers, byte for byte: testdata/requests.golden is a conversation, a
// request a line behind the service that it is for (or "it", the last thing made),
// each followed by the answer and the count of its capabilities. The same in CBOR
// says the same.
func TestRequestsGolden(t *testing.T) {
	const file = "testdata/requests.golden"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, encoding := range []string{"JSON", "CBOR"} {
		t.Run(encoding, func(t *testing.T) {
			var hit service.Hit
			w := newWorld(t, func(o *service.Options) {
				o.Limits.Cameras = 1
				o.LumpWait = 300e6
				o.Pick = func(_ context.Context, x, y int) (service.Hit, error) {
					if x == 0 {
						return service.Hit{}, nil
					}
					return hit, nil
				}
			})
			g := w.guest()
			names := map[string]string{"renderer": service.Renderer, "canvases": service.Canvas, "lines": service.DebugDraw, "window": service.Window, "cameras": service.Camera}
			var it runtime.Capability
			var out bytes.Buffer
			for line := range strings.Lines(string(want)) {
				line = strings.TrimSuffix(line, "\n")
				to, text, ok := strings.Cut(line, " ")
				if !ok || line[0] == '#' || line[0] == '=' {
					if !strings.HasPrefix(line, "=") {
						fmt.Fprintln(&out, line)
					}
					continue
				}
				fmt.Fprintln(&out, line)
				target := it
				if to != "it" {
					target = w.service(names[to])
				}
				for id := range w.scene.Snapshot().Objects.All() {
					hit = service.Hit{Object: id, Position: mgl32.Vec3{1, 2.5, 3}}
				}
				var got string
				var r runtime.Reply
				if request := w.fill(text); encoding == "JSON" {
					g.send(target, []byte(request))
					r = g.next()
					got = string(r.Data)
				} else {
					g.send(target, runtimetest.CBOR(t, request))
					r = g.next()
					got = runtimetest.JSON(t, r.Data)
				}
				for name, c := range w.lumps {
					got = strings.ReplaceAll(got, c.String(), "@"+name)
				}
				got = strings.ReplaceAll(got, fmt.Sprintf("process %d", g.port.Cap(0).Ref.Process), "process N")
				fmt.Fprintf(&out, "= %s", got)
				if len(r.Caps) > 0 {
					fmt.Fprintf(&out, " +%d", len(r.Caps))
					it = r.Caps[0]
				}
				fmt.Fprintln(&out)
			}
			if encoding == "JSON" && *update {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				want = out.Bytes()
			}
			if encoding == "CBOR" {
				want = sorted(t, want)
			}
			if !bytes.Equal(out.Bytes(), want) {
				a, b := strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")
				for i := range max(len(a), len(b)) {
					if i >= len(a) || i >= len(b) || a[i] != b[i] {
						t.Fatalf("line %d differs:\n%s\n%s", i+1, append(a, make([]string, i+1)...)[i], append(b, make([]string, i+1)...)[i])
					}
				}
			}
		})
	}
}

// sorted puts the names in the answers of a conversation in order: maps of CBOR have
// none.
func sorted(t *testing.T, conversation []byte) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(string(conversation)) {
		if answer, ok := strings.CutPrefix(line, "= "); ok {
			text, more := strings.TrimSuffix(answer, "\n"), ""
			if i := strings.LastIndex(text, " +"); i >= 0 {
				text, more = text[:i], text[i:]
			}
			line = "= " + runtimetest.JSON(t, runtimetest.CBOR(t, text)) + more + "\n"
		}
		out.WriteString(line)
	}
	return out.Bytes()
}

// Events are winit's, byte for byte: testdata/events.golden.
func TestEventsGolden(t *testing.T) {
	var out bytes.Buffer
	w := newWorld(t)
	in := w.plugin.Input()
	g := w.guest()
	g.send(w.service(service.Window), []byte(`"Subscribe"`))
	eventually(t, "the subscription", func() bool { return len(in.Subscribers()) == 1 })
	in.Focus(service.Everybody)
	for range 2 {
		fmt.Fprintf(&out, "%s\n", g.next().Data)
	}
	for _, e := range []service.Event{
		service.Redraw{DT: 0.016}, service.Resized{Width: 1280, Height: 720}, service.ReceivedCharacter{Char: 'ä'}, service.ReceivedCharacter{Char: '"'},
		service.Focused{Focused: false}, service.KeyboardInput{Scancode: 30, Pressed: true, Key: "A"}, service.KeyboardInput{Scancode: 30, Key: "A"},
		service.KeyboardInput{Scancode: 240, Pressed: true, Synthetic: true}, service.ModifiersChanged{Bits: 1<<2 | 1<<5},
		service.CursorMoved{X: 10.5, Y: 20}, service.CursorEntered{}, service.CursorLeft{}, service.MouseWheel{Y: -1}, service.MouseWheel{X: 0.5, Y: 3, Pixels: true},
		service.MouseInput{Button: "Left", Pressed: true}, service.MouseInput{Number: 8}, service.ScaleFactorChanged{Factor: 1.5, Width: 1920, Height: 1080},
		service.MouseMotion{X: -3, Y: 0.25},
	} {
		in.Publish(e)
		fmt.Fprintf(&out, "%s\n", g.next().Data)
	}
	if *update {
		if err := os.WriteFile("testdata/events.golden", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}
