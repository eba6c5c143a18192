package service_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"hearth/runtime"
	"hearth/runtime/caps"
)

// asPeer asks in the name of a peer.
func (g *guest) asPeer(to runtime.Capability, text string) string {
	g.w.T.Helper()
	return g.fromPeer(to, text, "somebody")
}

func (g *guest) fromPeer(to runtime.Capability, text, peer string) string {
	g.w.T.Helper()
	m := runtime.Message{Data: []byte(text), Caps: []runtime.Capability{g.port.Cap(caps.Send | caps.Monitor)}, Peer: peer}
	if _, _, err := g.w.Accept(to, m); err != nil {
		g.w.T.Fatal(err)
	}
	return string(g.next().Data)
}

// Who controls the program lists all terminals and tells each what a capability would.
func TestControl(t *testing.T) {
	w := newWorld(t)
	g, f := w.guest(), w.factory()
	if got := string(g.ask(f, `"List"`).Data); got != `{"Ok":{"List":[]}}` {
		t.Errorf("without terminals: %s", got)
	}
	term := g.make(strings.Replace(create, `{"CreateTerminal":{`, `{"CreateTerminal":{"name":"work",`, 1))
	g.make(screen)
	var list struct {
		Ok struct {
			List []struct {
				ID                 uint64
				Name, Kind, Who    string
				Columns, Rows, PID int
			}
		}
	}
	if err := json.Unmarshal(g.ask(f, `"List"`).Data, &list); err != nil || len(list.Ok.List) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	work, fed := list.Ok.List[0], list.Ok.List[1]
	if work.Name != "work" || work.Kind != "Terminal" || work.PID == 0 || work.Who != "this program" || fed.Kind != "Screen" || fed.PID != 0 {
		t.Errorf("%+v and %+v", work, fed)
	}
	tell := func(id uint64, message string) string {
		t.Helper()
		return string(g.ask(f, fmt.Sprintf(`{"Tell":{"terminal":%d,"message":%s}}`, id, message)).Data)
	}
	if got := tell(work.ID, `{"Input":"echo c''ontrol; seq 200\r"}`); got != `{"Ok":"Ok"}` {
		t.Errorf("typing: %s", got)
	}
	g.shows(term, "\n199\n200\n$")
	if got := tell(work.ID, `"Text"`); strings.Contains(got, "control") || !strings.Contains(got, `\n200\n`) {
		t.Errorf("the screen is %s", got)
	}
	if got := tell(work.ID, `{"Text":{"history":1000000}}`); !strings.Contains(got, `control\n1\n2\n`) {
		t.Errorf("the history is %s", got)
	}
	if got := tell(fed.ID, `{"Feed":"aGVsbG8="}`); got != `{"Ok":"Ok"}` {
		t.Errorf("feeding: %s", got)
	}
	if got := tell(fed.ID, `"Text"`); !strings.HasPrefix(got, `{"Ok":{"Text":"hello\n`) {
		t.Errorf("what was fed: %s", got)
	}
	for message, want := range map[string]string{`{"Share":["View"]}`: "Refused", `{"Watch":null}`: "Refused", `{"Dance":1}`: "Parse", `7`: "Parse"} {
		if got := tell(fed.ID, message); !strings.HasPrefix(got, `{"Err":{"`+want) {
			t.Errorf("%s: %s", message, got)
		}
	}
	if got := tell(99, `"Text"`); !strings.HasPrefix(got, `{"Err":{"Gone"`) {
		t.Errorf("a terminal that is not there: %s", got)
	}
	if got := tell(work.ID, `"Quit"`); got != `{"Ok":"Ok"}` {
		t.Errorf("quitting: %s", got)
	}
	for end := time.Now().Add(20 * time.Second); len(w.plugin.List()) > 1; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not go")
		}
	}
	// Others have their capabilities.
	for _, text := range []string{`"List"`, fmt.Sprintf(`{"Tell":{"terminal":%d,"message":"Text"}}`, fed.ID)} {
		if got := g.asPeer(f, text); !strings.HasPrefix(got, `{"Err":{"Refused"`) {
			t.Errorf("a peer says %s and hears %s", text, got)
		}
	}
}
