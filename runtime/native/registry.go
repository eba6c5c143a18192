package native

import (
	"context"

	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/serde"
)

// The registry binds names to capabilities:
//
//	{"Get":{"name":N}}       -> {"Get":bool} and the capability
//	{"Register":{"name":N}}  -> {"Register":true|false|null}, the capability is the second
//	"List"                   -> {"List":[names]}
//
// true says that the name was bound before, null that it cannot be bound.
var registry = runtime.Service{Name: runtime.RegistryName, Folded: true, Handle: func(_ context.Context, r *runtime.Request) {
	answerRegistry(r, nil)
}}

// RegistryView handles the requests of a registry that shows some of the names and
// binds none: what a peer is given. shown is asked at every request.
func RegistryView(shown func(name string, native bool) bool) func(context.Context, *runtime.Request) {
	return func(_ context.Context, r *runtime.Request) { answerRegistry(r, shown) }
}

// answerRegistry answers a request to the registry or, with shown, to a view of it.
func answerRegistry(r *runtime.Request, shown func(name string, native bool) bool) {
	c := serde.Of(r.Data)
	t, err := c.Tagged(r.Data)
	if err != nil {
		bad(r, err)
		return
	}
	var arg struct {
		Name string `json:"name" cbor:"name"`
	}
	if t.Value != nil {
		if err := c.Decode(t.Value, &arg); err != nil {
			bad(r, err)
			return
		}
	}
	rt := r.Runtime()
	switch t.Name {
	case "List":
		names := []string{}
		for _, s := range rt.Services() {
			if shown == nil || shown(s.Name, s.Native) {
				names = append(names, s.Name)
			}
		}
		r.Reply(c.Encode(map[string][]string{"List": names}))
	case "Get":
		x, ok := rt.Lookup(arg.Name)
		if ok && shown != nil {
			ok = shown(arg.Name, x.Ref.Kind == space.RefService)
		}
		if !ok {
			r.Reply(c.Encode(map[string]bool{"Get": false}))
			return
		}
		r.Reply(c.Encode(map[string]bool{"Get": true}), x)
	case "Register":
		reply := func(replaced, ok bool) []byte {
			if !ok {
				return c.Encode(map[string]any{"Register": nil})
			}
			return c.Encode(map[string]bool{"Register": replaced})
		}
		args := r.Args()
		if len(args) == 0 || shown != nil {
			r.Reply(reply(false, false))
			return
		}
		r.RegisterFor(arg.Name, args[0], reply)
	default:
		r.Drop("the registry knows Get, Register and List")
	}
}
