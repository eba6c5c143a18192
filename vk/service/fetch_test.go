package service_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/store"
	"hearth/vk/service"
)

// A viewer that joined a server fetches what the server's guests name, by CID or by
// the original's digest, before it answers; what a request does not name it may not
// have.
func TestLumpsOfAPeer(t *testing.T) {
	viewer, server := newWorld(t), newWorld(t)
	vn, vk := node(t, viewer.Runtime)
	sn, sk := node(t, server.Runtime)
	conn := connect(t, sn, vn, sk, vk)
	g := server.guest()
	g.send(conn.Root(), []byte(`{"Get":{"name":"`+service.Renderer+`"}}`))
	renderer := g.next().Caps[0]
	model := func(i int) lumps.CID {
		// Large enough to be of several blocks.
		text := fmt.Sprintf("v %d 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n%s", i, strings.Repeat("# some words for nobody\n", 20000))
		l, err := store.PutLump(context.Background(), server.Store, bytes.NewReader([]byte(text)), store.KindFile)
		if err != nil {
			t.Fatal(err)
		}
		return l.CID
	}
	numbers := func(c lumps.CID) string {
		d := c.Digest()
		return strings.ReplaceAll(fmt.Sprint(d[:]), " ", ",")
	}
	ask := func(data string, named ...lumps.CID) string {
		t.Helper()
		_, _, err := server.Accept(renderer, runtime.Message{Data: []byte(data), Lumps: named, Caps: []runtime.Capability{g.port.Cap(caps.Send | caps.Monitor)}})
		if err != nil {
			t.Fatal(err)
		}
		return string(g.next().Data)
	}
	a, b, c := model(1), model(2), model(3)
	if got := ask(`{"AddModel":{"strict":true,"model":"`+a.String()+`"}}`, a); got != `{"Ok":"Ok"}` {
		t.Errorf("by CID: %s", got)
	}
	if got := ask(`{"AddModel":{"strict":true,"model":`+numbers(b)+`}}`, b); got != `{"Ok":"Ok"}` {
		t.Errorf("by digest: %s", got)
	}
	for _, cid := range []lumps.CID{a, b} {
		if !viewer.HasLump(cid) {
			t.Errorf("%s was not fetched", cid)
		}
	}
	if got := ask(`{"AddModel":{"strict":true,"model":"` + c.String() + `"}}`); !strings.HasPrefix(got, `{"Err":{"Lump":`) {
		t.Errorf("not named: %s", got)
	}
	if n := viewer.scene.Snapshot().Objects.Len(); n != 2 {
		t.Errorf("%d objects", n)
	}
}
