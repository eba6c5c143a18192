package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hearth/lumps"
	"hearth/store"
	"hearth/store/asset"
	"hearth/store/mem"

	"go.uber.org/goleak"
)

func put(t *testing.T, s store.Blocks, data []byte) lumps.CID {
	t.Helper()
	built, err := lumps.Build(bytes.NewReader(data), func(c lumps.CID, b []byte) error {
		return s.Put(context.Background(), store.Block{CID: c, Data: bytes.Clone(b)})
	})
	if err != nil {
		t.Fatal(err)
	}
	return built.CID
}

// Lumps become assets; a model finds what it refers to by ipfs:// in the same
// store, and is refused where that is no whole file or lies beside it.
func TestAssets(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := mem.New()
	c := asset.New(asset.FromBlocks(s), asset.Options{})
	defer c.Close()
	Register(c)
	ctx := context.Background()

	picture := put(t, s, encodePNG(t, gradient(8, 8)))
	p, err := asset.Load[*Picture](ctx, c, picture)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	if p.Value().Width != 8 {
		t.Errorf("a picture of %d pixels", p.Value().Width)
	}
	mesh, err := asset.Load[*Mesh](ctx, c, put(t, s, meshLump(t, map[string]any{"positions": quad[:9]})))
	if err != nil {
		t.Fatal(err)
	}
	mesh.Release()
	material, err := asset.Load[*Material](ctx, c, put(t, s, fmt.Appendf(nil, `{"baseColorTexture":{"cid":%q}}`, picture)))
	if err != nil {
		t.Fatal(err)
	}
	if got := material.Value().Sources[0].CID; got != picture {
		t.Errorf("the material names %v", got)
	}
	material.Release()

	hand, err := os.ReadFile(filepath.Join(fixtures, "hand.glb"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := asset.Load[*Model](ctx, c, put(t, s, hand))
	if err != nil {
		t.Fatal(err)
	}
	checkWhole(t, m.Value())
	m.Release()

	b := newBuilder()
	b.add("images", js{"uri": "ipfs://" + picture.String()})
	b.add("textures", js{"source": 0})
	b.add("materials", js{"pbrMetallicRoughness": js{"baseColorTexture": js{"index": 0}}})
	b.triangle(js{"NORMAL": b.accessor(make([]float32, 9), "VEC3", nil)}, js{"material": 0})
	m, err = asset.Load[*Model](ctx, c, put(t, s, b.bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Value().Pictures; len(got) != 1 || got[0].Width != 8 {
		t.Errorf("pictures %v", len(got))
	}
	m.Release()
	for uri, want := range map[string]string{
		"ipfs://" + lumps.Sum(lumps.Raw, []byte("not here")).String(): "no lump",
		"ipfs://x": "not a CID", "ipfs://" + picture.String() + "/a.png": "paths below a CID are not read",
		"tex.png": "hearth-ctl load-model", "https://example.com/tex.png": "hearth-ctl load-model", "file:///etc/passwd": "hearth-ctl load-model",
	} {
		b.doc["images"] = []any{js{"uri": uri}}
		_, err := asset.Load[*Model](ctx, c, put(t, s, b.bytes()))
		var load *asset.LoadError
		var format *FormatError
		if !errors.As(err, &load) || !errors.As(err, &format) || format.Where != "images[0]" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", uri, err, want)
		}
	}
	// A model that is its own texture is no picture.
	self := put(t, s, []byte("no picture at all"))
	if _, err := asset.Load[*Picture](ctx, c, self); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
	if _, err := asset.Load[*Model](ctx, c, self); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v", err)
	}
}
