package native

import (
	"context"

	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/serde"
)

// spawner starts wasm processes:
//
//	{"lump":LumpId,"entrypoint":u32|null} and the child's initial capabilities
//	-> null and the child's capability, none on failure
//
// Ours: "durable", "service" (a name to register it under), "memory_pages" and
// "fuel" (limits). A process that a durable one asks for is durable unless it says
// otherwise or the module cannot be: nothing else would survive with it.
var spawner = runtime.Service{Name: "hearth.wasm.WasmProcessSpawner", Folded: true, Handle: func(ctx context.Context, r *runtime.Request) {
	c := serde.Of(r.Data)
	var q struct {
		Lump    serde.LumpID `json:"lump" cbor:"lump"`
		Entry   *uint32      `json:"entrypoint" cbor:"entrypoint"`
		Durable *bool        `json:"durable" cbor:"durable"`
		Service string       `json:"service" cbor:"service"`
		Pages   uint32       `json:"memory_pages" cbor:"memory_pages"`
		Fuel    uint64       `json:"fuel" cbor:"fuel"`
	}
	if err := c.Decode(r.Data, &q); err != nil {
		bad(r, err)
		return
	}
	null := c.Encode(nil)
	module, err := find(ctx, r.Runtime(), q.Lump)
	if err != nil {
		module = q.Lump.CID
	}
	req := runtime.SpawnRequest{Module: module, Durable: r.Durable, OrTransient: q.Durable == nil, Service: q.Service, Caps: r.Args(), Entry: -1,
		Limits: space.Limits{Pages: q.Pages, Fuel: q.Fuel}, Origin: r.From}
	if q.Durable != nil {
		req.Durable = *q.Durable
	}
	if q.Entry != nil {
		req.Entry = int64(*q.Entry)
	}
	r.SpawnFor(ctx, req, null, null)
}}

// find resolves a lump that a request names.
func find(ctx context.Context, rt *runtime.Runtime, l serde.LumpID) (lumps.CID, error) {
	if !l.CID.IsZero() {
		return l.CID, rt.Ensure(ctx, l.CID)
	}
	return rt.FindDigest(ctx, l.Digest)
}
