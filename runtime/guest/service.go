//go:build wasip1

package guest

import "hearth/runtime/guest/serde"

// Lookup asks the registry for a service and calls done with a capability that
// it hands over, or with Nobody.
func Lookup(name string, done func(Capability)) {
	body := serde.AppendString([]byte(`{"name":`), name)
	Request(Registry, serde.AppendTagged(nil, "Get", append(body, '}')), func(m *Message) {
		if tag, value, err := serde.Tag(m.data()); err == nil && tag == "Get" && string(value) == "true" {
			done(m.Take(0))
			return
		}
		done(Nobody)
	})
}

// Registration is what became of a Register.
type Registration uint8

const (
	Refused  Registration = iota // the registry cannot be written by this process
	New                          // nobody had the name
	Replaced                     // another service had it
)

// Register offers c under a name and calls done, which may be nil.
func Register(name string, c Capability, done func(Registration)) {
	body := serde.AppendString([]byte(`{"name":`), name)
	Request(Registry, serde.AppendTagged(nil, "Register", append(body, '}')), func(m *Message) {
		r := Refused
		if tag, value, err := serde.Tag(m.data()); err == nil && tag == "Register" {
			switch string(value) {
			case "true":
				r = Replaced
			case "false":
				r = New
			}
		}
		if done != nil {
			done(r)
		}
	}, c)
}

// Services lists the names in the registry.
func Services(done func([]string)) {
	Request(Registry, []byte(`"List"`), func(m *Message) {
		var names []string
		if tag, value, err := serde.Tag(m.data()); err == nil && tag == "List" {
			names, _ = serde.Strings(value)
		}
		done(names)
	})
}

// Kind says whether a process survives a restart of the server.
type Kind uint8

const (
	Inherited Kind = iota // as the process that asks
	Durable
	Transient
)

// SpawnOptions are the choices of a spawner.
type SpawnOptions struct {
	Service     string // registers the child under this name
	Kind        Kind
	MemoryPages uint32 // limit, in pages of 64 KiB; 0 for the host's
	Fuel        uint64 // for one signal of a durable child; 0 for the host's
}

// Spawn asks a spawner to start a module, whose table is filled with caps from
// handle 0: give it the registry first. It calls done with a capability to the
// child that it hands over, or with Nobody.
func Spawn(spawner Capability, lump Lump, opt SpawnOptions, done func(Capability), caps ...Capability) {
	b := serde.AppendLumpID([]byte(`{"lump":`), lump.ID())
	b = append(b, `,"entrypoint":null`...)
	switch opt.Kind {
	case Durable:
		b = append(b, `,"durable":true`...)
	case Transient:
		b = append(b, `,"durable":false`...)
	}
	if opt.Service != "" {
		b = serde.AppendString(append(b, `,"service":`...), opt.Service)
	}
	if opt.MemoryPages != 0 {
		b = serde.AppendUint(append(b, `,"memory_pages":`...), uint64(opt.MemoryPages))
	}
	if opt.Fuel != 0 {
		b = serde.AppendUint(append(b, `,"fuel":`...), opt.Fuel)
	}
	RequestLumps(spawner, append(b, '}'), func(m *Message) {
		if m == nil {
			done(Nobody)
			return
		}
		done(m.Take(0))
	}, caps, []Lump{lump})
}

// Sleep asks the service hearth.Sleep, which the caller looked up, to be called
// after that many seconds.
func Sleep(sleep Capability, seconds float64, done func()) {
	Request(sleep, serde.AppendFloat(nil, seconds), func(*Message) { done() })
}

// data returns the body of a reply, or nothing where the service died.
func (m *Message) data() []byte {
	if m == nil {
		return nil
	}
	return m.Data
}
