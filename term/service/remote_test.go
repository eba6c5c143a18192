package service_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/mathgl/mgl32"

	"hearth/term/service"
)

// Who controls the program opens a terminal before the person's eyes, looks at it from
// elsewhere, and types at it; a program's escapes do not come along. Nobody else may.
func TestOpenAndLookFromElsewhere(t *testing.T) {
	w := newWorld(t, func(o *service.Options) {
		o.Here = func() service.State {
			return service.State{Orientation: mgl32.QuatIdent(), HalfSize: mgl32.Vec2{1, 0.5}, UnitsPerEm: 0.1, Opacity: 1}
		}
	})
	g, f := w.guest(), w.factory()
	var opened struct {
		Ok struct {
			Opened struct {
				ID   uint64
				Name string
			}
		}
	}
	open := func(text string) string {
		t.Helper()
		b := g.ask(f, text).Data
		opened.Ok.Opened.ID = 0
		_ = json.Unmarshal(b, &opened)
		return string(b)
	}
	open(`{"Open":{"name":"work","command":{"path":"/bin/sh","args":["-c","printf '\\033]52;c;aGk=\\007\\033[1;34mblue\\033[m\\033[?1h\\033[?2004h plain\\n漢'; cat"]}}}`)
	if opened.Ok.Opened.Name != "work" || opened.Ok.Opened.ID == 0 {
		t.Fatalf("%+v", opened)
	}
	if got := open(`{"Open":{"name":"work"}}`); !strings.HasPrefix(got, `{"Err":{"Value"`) {
		t.Errorf("a name that is taken: %s", got)
	}
	if got := open(`{"Open":{"command":{"path":"/no/such/thing"}}}`); !strings.HasPrefix(got, `{"Err":{`) {
		t.Errorf("no such program: %s", got)
	}
	if got := g.asPeer(f, `{"Open":{}}`); !strings.HasPrefix(got, `{"Err":{"Refused"`) {
		t.Errorf("a peer opens one: %s", got)
	}
	id := w.plugin.List()[0].ID

	type screen struct {
		Serial        string
		Columns, Rows int
		Lines         []string
		Cursor        struct {
			Column, Row int
			Visible     bool
			Shape       int
		}
		AppCursor bool `json:"app_cursor"`
		Paste     bool
	}
	look := func(message string) (s screen, text string) {
		t.Helper()
		b := g.ask(f, fmt.Sprintf(`{"Tell":{"terminal":%d,"message":%s}}`, id, message)).Data
		var v struct{ Ok struct{ Screen screen } }
		_ = json.Unmarshal(b, &v)
		return v.Ok.Screen, string(b)
	}
	var s screen
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if s, _ = look(`{"Screen":null}`); len(s.Lines) > 1 && strings.HasPrefix(s.Lines[1], "漢") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%+v", s)
		}
	}
	if want := "\x1b[;1;34mblue\x1b[m plain"; strings.TrimRight(s.Lines[0], " ") != want {
		t.Errorf("%q, want %q", s.Lines[0], want)
	}
	if len(s.Lines) != s.Rows || !s.AppCursor || !s.Paste || s.Cursor.Column != 2 || s.Cursor.Row != 1 || !s.Cursor.Visible || s.Cursor.Shape < 1 || s.Cursor.Shape > 6 {
		t.Errorf("%+v", s)
	}
	if _, text := look(fmt.Sprintf(`{"Screen":{"since":%q}}`, s.Serial)); text != `{"Ok":"Nothing"}` {
		t.Errorf("nothing changed, and it says %s", text)
	}
	// A part, with a wide character that is cut.
	part, _ := look(`{"Screen":{"columns":1,"rows":2}}`)
	if !slices.Equal(part.Lines, []string{"\x1b[;1;34mb\x1b[m", " "}) || part.Cursor.Visible || part.Columns != s.Columns {
		t.Errorf("a part: %+v", part)
	}
	if _, text := look(`{"Screen":7}`); !strings.HasPrefix(text, `{"Err":{"Parse"`) {
		t.Errorf("nonsense: %s", text)
	}
	w2 := newWorld(t)
	if got := string(w2.guest().ask(w2.factory(), `"Open"`).Data); !strings.HasPrefix(got, `{"Err":{"Value"`) {
		t.Errorf("nobody looks: %s", got)
	}
}
