package space

import (
	"fmt"

	"hearth/lumps"
)

func cidOf(s string) lumps.CID { return lumps.Sum(lumps.Raw, []byte(s)) }

func durableRef(pid, box uint64) Ref { return Ref{Kind: RefDurable, Process: pid, Mailbox: box} }

func durableTo(pid uint64) Cap { return Cap{Ref: durableRef(pid, 0), Perms: permAll} }

func transientTo(epoch, n uint64) Cap {
	return Cap{Ref: Ref{Kind: RefTransient, Process: TransientPID(epoch, n)}, Perms: permAll}
}

func testProgram(name string) Program {
	return Program{Module: cidOf(name), Code: cidOf(name + " code"), Image: lumps.Sum(lumps.DagCBOR, []byte(name+" image")),
		Rewriter: 1, ABI: 1, Limits: DefaultLimits}
}

// sampleEvents are one or more of each kind, with every field set in one.
func sampleEvents() map[string]Event {
	many := make([]Cap, 30)
	for i := range many {
		many[i] = Cap{Ref: durableRef(uint64(i)*1000, uint64(i)<<20), Perms: uint8(i % 16)}
	}
	cause := Header{Cause: Cause{Process: 3, Seq: 300, Index: 70000}}
	return map[string]Event{
		"genesis":      &Genesis{Format: Format, Space: []byte("0123456789abcdef"), Branch: []byte("fedcba9876543210"), Limits: DefaultLimits},
		"epoch":        &Epoch{Number: 2, Entropy: make([]byte, 32), Versions: map[string]string{"hearth": "1", "abi": "1", "wazero": "v1.12.0"}},
		"epoch-branch": &Epoch{Number: 3, Entropy: make([]byte, 32), Versions: map[string]string{}, Branch: []byte("fedcba9876543211")},
		"spawn":        &Spawn{Header: Header{Origin: "uid 1000"}, Program: testProgram("counter"), Table: []Cap{{Ref: Ref{Kind: RefService, Service: "registry"}, Perms: permSend}}},
		"spawn-full": &Spawn{Header: cause, Program: Program{Module: cidOf("m"), Code: cidOf("c"), Image: cidOf("i"), Rewriter: 2, ABI: 3, Limits: DefaultLimits, Resume: true},
			Parent: 3, Service: "counter", Table: many, Arg: []byte("begin"), HasArg: true, Reply: &Reply{To: durableTo(3), Body: []byte(`{"ok":true}`)}, Key: "once"},
		"spawn-failed":  &Spawn{Header: cause, Failed: "this module is for a newer host", Reply: &Reply{To: durableTo(3), Body: []byte("no")}},
		"message":       &Message{Header: Header{Origin: "uid 1000"}, To: durableRef(3, 0), Body: []byte("hello")},
		"message-empty": &Message{To: Ref{Kind: RefDurable, Process: 3}},
		"message-relay": &Message{Header: cause, To: durableRef(4, 3<<20|1), Body: make([]byte, 64)},
		"message-full": &Message{Header: Header{Cause: cause.Cause, Origin: "ctl"}, To: Ref{Kind: RefService, Process: 1 << 40, Mailbox: 1 << 33, Service: "clock"},
			Body: make([]byte, 300), Blob: cidOf("blob"), Caps: many, Lumps: []lumps.CID{cidOf("a"), lumps.FromDigest(lumps.DagPB, lumps.SHA256, lumps.Digest{1})}, Key: "k", Timer: 9},
		"down":            &Down{Header: cause, To: durableRef(3, 1<<20), Monitor: 12, Cap: durableTo(4), Reason: ReasonTrap},
		"exit":            &Exit{Header: cause, Process: 3, Reason: ReasonExited, Code: -1, Detail: "exit status 255"},
		"exit-plain":      &Exit{Process: 3, Reason: ReasonNormal},
		"exit-quarantine": &Exit{Header: Header{Origin: "runtime"}, Process: 3, Reason: ReasonQuarantined, From: 77},
		"register":        &Register{Header: cause, Name: "room", Cap: durableTo(3), Reply: &Reply{To: durableTo(4), Body: []byte("ok")}},
		"watch":           &Watch{Header: cause, By: durableRef(3, 0), Target: transientTo(2, 7)},
		"link":            &Link{Header: cause, Process: 3, Target: durableTo(4)},
		"unlink":          &Link{Header: cause, Process: 3, Target: durableTo(4), Unlink: true},
		"timer":           &Timer{Header: cause, Due: 1_700_000_000_000_000_000, To: durableTo(3), Body: []byte("tick"), Caps: many[:2]},
		"root":            &Root{Header: Header{Origin: "uid 1000"}, Name: "scene", CID: cidOf("scene"), Size: 5},
		"root-removed":    &Root{Name: "scene"},
		"checkpoint":      &Checkpoint{Snapshot: lumps.Sum(lumps.DagCBOR, []byte("s")), At: 99, State: lumps.Sum(lumps.DagCBOR, []byte("t"))},
		"resolved":        &Resolved{Header: cause, Reason: "busy"},
		"resolved-mute":   &Resolved{Header: cause},
		"resume":          &Resume{Header: cause, Process: 3},
	}
}

func mustBody(e Event) []byte {
	b, err := Encode(e)
	if err != nil {
		panic(fmt.Sprintf("%T: %v", e, err))
	}
	return b
}
