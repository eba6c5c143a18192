package model

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"hearth/lumps"
	"hearth/store/asset"
)

// file is the bytes of a lump that a model refers to. It is an asset of its own so
// that it comes from where the cache's other lumps come from.
type file []byte

// Register teaches a cache to make *Model, *Mesh, *Picture and *Material out of
// lumps. A model may refer to other lumps by ipfs://CID; they are loaded through
// the same cache, and are held for as long as the model is.
func Register(c *asset.Cache) {
	limits := Limits{Bytes: asset.DefaultMaxSize}
	register(c, "model", func(ctx context.Context, data []byte) (*Model, int64, error) {
		m, err := Decode(ctx, data, opener(c), limits)
		if err != nil {
			return nil, 0, err
		}
		return m, m.Size(), nil
	})
	register(c, "mesh", func(_ context.Context, data []byte) (*Mesh, int64, error) {
		m, err := DecodeMesh(data, limits)
		if err != nil {
			return nil, 0, err
		}
		return m, m.Size(), nil
	})
	register(c, "picture", func(_ context.Context, data []byte) (*Picture, int64, error) {
		p, err := DecodePicture(data, limits)
		if err != nil {
			return nil, 0, err
		}
		return p, p.Size(), nil
	})
	register(c, "material", func(_ context.Context, data []byte) (*Material, int64, error) {
		m, err := DecodeMaterial(data, limits)
		return m, 1024, err
	})
	register(c, "file of a model", func(_ context.Context, data []byte) (file, int64, error) {
		return data, int64(len(data)), nil
	})
}

func register[T any](c *asset.Cache, name string, decode func(context.Context, []byte) (T, int64, error)) {
	asset.Register(c, name, asset.Loader[T]{
		Load: func(ctx context.Context, _ lumps.CID, content asset.Content) (v T, cost int64, err error) {
			data := make([]byte, content.Size())
			if _, err := io.ReadFull(content, data); err != nil {
				return v, 0, err
			}
			return decode(ctx, data)
		},
	})
}

// opener resolves ipfs://CID through a cache; nothing else is found from a lump.
func opener(c *asset.Cache) Opener {
	return func(ctx context.Context, uri string) ([]byte, error) {
		cid, err := parseIPFS(uri)
		if err != nil {
			return nil, err
		}
		ref, err := asset.Load[file](ctx, c, cid)
		if err != nil {
			return nil, err
		}
		defer ref.Release()
		return ref.Value(), nil
	}
}

// parseIPFS returns the CID of ipfs://CID.
func parseIPFS(uri string) (lumps.CID, error) {
	u, err := url.Parse(uri)
	if err != nil || !strings.EqualFold(u.Scheme, "ipfs") {
		return lumps.CID{}, ErrRelative
	}
	if u.Path != "" && u.Path != "/" {
		return lumps.CID{}, fmt.Errorf("paths below a CID are not read; name the file's own CID")
	}
	return lumps.Parse(u.Host)
}
