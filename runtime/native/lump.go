package native

import (
	"context"
	"errors"

	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/serde"
	"hearth/store"
)

// lumpService finds lumps for durable processes, which may not ask the store
// themselves, since its answer is not theirs to repeat:
//
//	{"Get":{"lump":LumpId}} -> {"Ok":{"lump":[32 numbers],"cid":text,"size":n}} | {"Err":"NotFound"|"InvalidRequest"}
//	"List"                  -> {"Ok":[{"lump","cid","size"}, ...]}, the newest in no order, at most 1000
//
// The answer to Get names the lump, so that its receiver may load it.
var lumpService = runtime.Service{Name: "hearth.Lumps", Folded: true, Handle: func(ctx context.Context, r *runtime.Request) {
	c := serde.Of(r.Data)
	fail := func(what string) { r.Reply(c.Encode(map[string]string{"Err": what})) }
	t, err := c.Tagged(r.Data)
	if err != nil {
		fail("InvalidRequest")
		return
	}
	rt := r.Runtime()
	switch t.Name {
	case "Get":
		var arg struct {
			Lump serde.LumpID `json:"lump" cbor:"lump"`
		}
		if c.Decode(t.Value, &arg) != nil {
			fail("InvalidRequest")
			return
		}
		cid, err := find(ctx, rt, arg.Lump)
		if err == nil {
			var size int64
			if size, err = lumpSize(ctx, rt, cid); err == nil {
				r.ReplyNaming([]lumps.CID{cid}, c.Encode(map[string]any{"Ok": describe(cid, size)}))
				return
			}
		}
		if errors.Is(err, store.ErrNotFound) {
			fail("NotFound")
			return
		}
		fail(err.Error())
	case "List":
		list := []map[string]any{}
		for l, err := range rt.Store().Lumps(ctx) {
			if err != nil || len(list) == maxListed {
				break
			}
			list = append(list, describe(l.CID, l.Size))
		}
		r.Reply(c.Encode(map[string]any{"Ok": list}))
	default:
		fail("InvalidRequest")
	}
}}

// maxListed bounds the answer to List.
const maxListed = 1000

func describe(c lumps.CID, size int64) map[string]any {
	return map[string]any{"lump": serde.Numbers(c.Digest()), "cid": c.String(), "size": size}
}

func lumpSize(ctx context.Context, rt *runtime.Runtime, c lumps.CID) (int64, error) {
	if l, err := rt.Store().Lump(ctx, c); err == nil {
		return l.Size, nil
	}
	return rt.Store().Size(ctx, c)
}
