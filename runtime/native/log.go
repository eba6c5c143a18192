package native

import (
	"context"

	"hearth/runtime"
	"hearth/runtime/serde"
)

// logService writes a line to the server's own log, for guests that look after
// others: {"level":"info","text":T} -> null. A guest's own lines go through
// hearth::log.
var logService = runtime.Service{Name: "hearth.Log", Handle: func(_ context.Context, r *runtime.Request) {
	c := serde.Of(r.Data)
	var q struct {
		Level string `json:"level" cbor:"level"`
		Text  string `json:"text" cbor:"text"`
	}
	if err := c.Decode(r.Data, &q); err != nil {
		bad(r, err)
		return
	}
	r.Runtime().LogService(q.Level, r.From, q.Text)
	r.Reply(c.Encode(nil))
}}
