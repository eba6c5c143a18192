package service_test

import (
	"encoding/json"
	"strings"
	"testing"

	"hearth/runtime"
	"hearth/vk/service"
)

// What guests in C, Rust and AssemblyScript say with their SDKs is what the services
// take, on a real runtime, durable or not. The lump that they name is none to be
// shown, and they are told so.
func TestGuestsOfAllLanguages(t *testing.T) {
	requests := map[string]string{"CreateCanvas": service.Canvas, "SetTitle": service.Window, "SetCursorGrab": service.Window, "CreateCamera": service.Camera}
	for _, name := range []string{"AddModel", "AddObject", "AddDirectionalLight", "AddPointLight", "AddSpotLight", "SetSkybox", "SetAmbientLighting", "SetLook", "Pick"} {
		requests[name] = service.Renderer
	}
	// To what a message goes: the first thing of this kind that was made.
	kinds := map[string]string{
		"Transform": "AddModel", "Tint": "AddModel", "Hidden": "AddModel", "Animation": "AddModel", "Position": "AddPointLight", "Color": "AddPointLight",
		"Intensity": "AddPointLight", "Direction": "AddSpotLight", "Range": "AddPointLight", "Relocate": "CreateCanvas", "Resize": "CreateCanvas", "Blit": "CreateCanvas", "Contents": "lines",
	}
	// What is said to terminals, others hear: package fixtures/space has both.
	elsewhere := map[string]bool{"CreateTerminal": true, "CreateScreen": true, "Feed": true, "Input": true, "Paste": true}
	for _, language := range []string{"c", "rust", "as"} {
		for _, durable := range []bool{false, true} {
			t.Run(language+map[bool]string{false: "", true: " durable"}[durable], func(t *testing.T) {
				w := newWorld(t, func(o *service.Options) { o.Host = &host{} })
				painter := w.SpawnGuest("painter-"+language, durable, func(q *runtime.SpawnRequest) {
					q.Caps = []runtime.Capability{w.service(runtime.RegistryName)}
				})
				g := w.guest()
				g.send(w.Cap(painter), []byte("paint"))
				var said []string
				for {
					if data := string(g.next().Data); data == "done" {
						break
					} else {
						said = append(said, data)
					}
				}
				made := map[string]runtime.Capability{"lines": g.make(service.DebugDraw, "null")}
				for _, text := range said {
					name := strings.Trim(text, `"`)
					if text[0] == '{' {
						var tag map[string]json.RawMessage
						if err := json.Unmarshal([]byte(text), &tag); err != nil {
							t.Fatal(err)
						}
						for name = range tag {
						}
					}
					if elsewhere[name] || strings.HasPrefix(text, `{"Resize":{"columns"`) {
						continue
					}
					to, isMessage := made[kinds[name]]
					if strings.HasPrefix(text, `{"Relocate":{"position"`) {
						to = made["CreateCamera"]
					}
					if !isMessage {
						if requests[name] == "" {
							t.Fatalf("nobody is meant by %s", text)
						}
						to = w.service(requests[name])
					}
					want := `{"Ok":"Ok"}`
					switch name {
					case "AddModel":
						want = `{"Ok":{"Placeholder":"the model cannot be shown: `
					case "AddObject", "SetSkybox":
						want = `{"Err":"LumpError"}`
					case "Pick":
						want = `{"Err":{"Unavailable":"this viewer cannot pick"}}`
					case "CreateCanvas":
						want = `{"Ok":"Canvas"}`
					case "CreateCamera":
						want = `{"Ok":"Camera"}`
					}
					g.send(to, []byte(text))
					r := g.next()
					if !strings.HasPrefix(string(r.Data), want) {
						t.Errorf("%s: %s, want %s", text, r.Data, want)
					}
					if _, ok := made[name]; !ok && len(r.Caps) > 0 {
						made[name] = r.Caps[0]
					}
				}
				// With the guest's own address in front the things are its own.
				before := w.things()
				if _, _, err := w.Accept(w.service(service.Renderer), runtime.Message{Data: []byte(said[0]), Caps: []runtime.Capability{w.Cap(painter)}}); err != nil {
					t.Fatal(err)
				}
				eventually(t, "what it made", func() bool { return w.things() == before+1 })
				w.KillCapability(w.Cap(painter), false, "test")
				eventually(t, "its end", func() bool { return w.things() == before })
			})
		}
	}
}
