package native

import (
	"context"

	"hearth/runtime"
)

// registry binds names to capabilities:
//
//	{"Get":{"name":N}}       -> {"Get":bool} and the capability
//	{"Register":{"name":N}}  -> {"Register":true|false|null}, the capability is the second
//	"List"                   -> {"List":[names]}
//
// true says that the name was bound before, null that it cannot be bound.
var registry = runtime.Service{Name: runtime.RegistryName, Folded: true, Handle: func(_ context.Context, r *runtime.Request) {
	c := codecOf(r.Data)
	t, err := c.tagged(r.Data)
	if err != nil {
		bad(r, err)
		return
	}
	var arg struct {
		Name string `json:"name" cbor:"name"`
	}
	if t.value != nil {
		if err := c.decode(t.value, &arg); err != nil {
			bad(r, err)
			return
		}
	}
	rt := r.Runtime()
	switch t.name {
	case "List":
		r.Reply(c.encode(map[string][]string{"List": rt.Names()}))
	case "Get":
		cap, ok := rt.Lookup(arg.Name)
		if !ok {
			r.Reply(c.encode(map[string]bool{"Get": false}))
			return
		}
		r.Reply(c.encode(map[string]bool{"Get": true}), cap)
	case "Register":
		reply := func(replaced, ok bool) []byte {
			if !ok {
				return c.encode(map[string]any{"Register": nil})
			}
			return c.encode(map[string]bool{"Register": replaced})
		}
		args := r.Args()
		if len(args) == 0 {
			r.Reply(reply(false, false))
			return
		}
		r.RegisterFor(arg.Name, args[0], reply)
	default:
		r.Drop("the registry knows Get, Register and List")
	}
}}
