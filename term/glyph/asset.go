package glyph

import (
	"context"
	"io"

	"hearth/lumps"
	"hearth/store/asset"
)

// Font is what a lump of a font holds.
type Font struct{ Faces []*Face }

// Register teaches a cache to make *Font out of lumps.
func Register(c *asset.Cache) {
	asset.Register(c, "font", asset.Loader[*Font]{
		MaxSize: MaxFile,
		Load: func(_ context.Context, _ lumps.CID, content asset.Content) (*Font, int64, error) {
			data := make([]byte, content.Size())
			if _, err := io.ReadFull(content, data); err != nil {
				return nil, 0, err
			}
			faces, err := Parse(data)
			if err != nil {
				return nil, 0, err
			}
			// What is read of a font takes about as much again as its bytes.
			return &Font{Faces: faces}, 2 * int64(len(data)), nil
		},
	})
}
