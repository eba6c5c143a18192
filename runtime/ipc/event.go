package ipc

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"hearth/journal"
	"hearth/journal/space"
	"hearth/lumps"
)

// Event is an event of the journal for people and programs. Which of the fields
// behind Origin are there depends on the kind.
type Event struct {
	Seq    uint64    `json:"seq"`
	Time   time.Time `json:"time"`
	Kind   string    `json:"kind"`
	Hash   string    `json:"hash"`             // of the chain, in hexadecimal
	Cause  *Cause    `json:"cause,omitempty"`  // absent for input from outside
	Origin string    `json:"origin,omitempty"` // who asked

	Process  uint64      `json:"process,omitempty"` // whom it concerns
	To       string      `json:"to,omitempty"`
	Target   string      `json:"target,omitempty"`
	Name     string      `json:"name,omitempty"`
	Module   lumps.CID   `json:"module,omitzero"`
	CID      lumps.CID   `json:"cid,omitzero"`
	State    lumps.CID   `json:"state,omitzero"`
	At       uint64      `json:"at,omitempty"`
	Body     []byte      `json:"body,omitempty"`
	Size     int64       `json:"size,omitempty"`
	Caps     []string    `json:"caps,omitempty"`
	Lumps    []lumps.CID `json:"lumps,omitempty"`
	Key      string      `json:"key,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Detail   string      `json:"detail,omitempty"`
	Code     int32       `json:"code,omitempty"`
	Monitor  uint64      `json:"monitor,omitempty"`
	Timer    uint64      `json:"timer,omitempty"`
	Due      *time.Time  `json:"due,omitempty"`
	Number   uint64      `json:"number,omitempty"`
	Space    string      `json:"space,omitempty"`
	Branch   string      `json:"branch,omitempty"`
	Versions any         `json:"versions,omitempty"`
}

// Cause names the effect that an event records.
type Cause struct {
	Process uint64 `json:"process"`
	Seq     uint64 `json:"seq"`
	Index   uint32 `json:"index"`
}

// eventOf shows a record. One whose body is no event of a known kind still shows
// its place and kind.
func eventOf(r journal.Record) Event {
	v := Event{Seq: r.Seq, Time: time.Unix(0, r.Time).UTC(), Kind: space.Kind(r.Kind).String(), Hash: hex.EncodeToString(r.Hash[:])}
	e, err := space.Decode(r)
	if err != nil {
		v.Detail = err.Error()
		return v
	}
	h := space.HeaderOf(e)
	v.Origin = h.Origin
	if !h.Cause.IsZero() {
		v.Cause = &Cause{h.Cause.Process, h.Cause.Seq, h.Cause.Index}
	}
	switch e := e.(type) {
	case *space.Genesis:
		v.Space, v.Branch = hex.EncodeToString(e.Space), hex.EncodeToString(e.Branch)
	case *space.Epoch:
		v.Number, v.Branch = e.Number, hex.EncodeToString(e.Branch)
		if len(e.Versions) > 0 {
			v.Versions = e.Versions
		}
	case *space.Spawn:
		v.Module, v.Name, v.Body, v.Key, v.Detail = e.Program.Module, e.Service, e.Arg, e.Key, e.Failed
		if e.Failed == "" {
			v.Process = e.Seq
		}
		v.Caps = capTexts(e.Table)
	case *space.Message:
		v.To, v.Body, v.CID, v.Lumps, v.Key, v.Timer = e.To.String(), e.Body, e.Blob, e.Lumps, e.Key, e.Timer
		v.Caps, v.Size = capTexts(e.Caps), int64(len(e.Body))
	case *space.Down:
		v.To, v.Monitor, v.Target, v.Reason = e.To.String(), e.Monitor, e.Cap.Ref.String(), e.Reason
	case *space.Exit:
		v.Process, v.Reason, v.Code, v.Detail = e.Process, e.Reason, e.Code, e.Detail
	case *space.Register:
		v.Name, v.Target = e.Name, e.Cap.Ref.String()
	case *space.Watch:
		v.To, v.Target, v.Monitor = e.By.String(), e.Target.Ref.String(), e.Seq
	case *space.Link:
		v.Process, v.Target = e.Process, e.Target.Ref.String()
		if e.Unlink {
			v.Detail = "unlink"
		}
	case *space.Timer:
		due := time.Unix(0, e.Due).UTC()
		v.To, v.Body, v.Due, v.Timer = e.To.Ref.String(), e.Body, &due, e.Seq
	case *space.Root:
		v.Name, v.CID, v.Size = e.Name, e.CID, e.Size
	case *space.Checkpoint:
		v.CID, v.At, v.State = e.Snapshot, e.At, e.State
	case *space.Resolved:
		v.Reason = e.Reason
	case *space.Resume:
		v.Process = e.Process
	}
	return v
}

func capTexts(cs []space.Cap) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Ref.String())
	}
	return out
}

// shownBody is how much of a message a line shows.
const shownBody = 60

// Text says in a line what happened, without seq, time and kind.
func (e *Event) Text() string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if e.Process != 0 {
		add("process %d", e.Process)
	}
	if e.Name != "" {
		add("%q", e.Name)
	}
	if e.To != "" {
		add("to %s", e.To)
	}
	if e.Target != "" {
		add("of %s", e.Target)
	}
	if !e.Module.IsZero() {
		add("module %s", e.Module)
	}
	if len(e.Body) > 0 {
		add("%s", Quote(e.Body, shownBody))
	}
	if !e.CID.IsZero() {
		add("%s", e.CID)
	}
	if e.At != 0 {
		add("at %d", e.At)
	}
	if e.Number != 0 {
		add("%d", e.Number)
	}
	if e.Space != "" {
		add("space %s", e.Space)
	}
	if e.Due != nil {
		add("due %s", e.Due.Format(time.RFC3339Nano))
	}
	if e.Reason != "" {
		add("%s", e.Reason)
	}
	if e.Detail != "" {
		add("(%s)", e.Detail)
	}
	if e.Key != "" {
		add("key %q", e.Key)
	}
	if e.Cause != nil {
		add("because of %d@%d.%d", e.Cause.Process, e.Cause.Seq, e.Cause.Index)
	}
	if e.Origin != "" {
		add("by %s", e.Origin)
	}
	return strings.Join(parts, " ")
}

// Quote shows bytes on a line: as quoted text where they are text, in hexadecimal
// where not, and at most n of them.
func Quote(b []byte, n int) string {
	rest := ""
	if len(b) > n {
		rest = fmt.Sprintf("... (%d bytes)", len(b))
		b = b[:n]
		for len(b) > 0 && !utf8.Valid(b) && n-len(b) < utf8.UTFMax-1 {
			b = b[:len(b)-1]
		}
	}
	if utf8.Valid(b) {
		return strconv.Quote(string(b)) + rest
	}
	return "0x" + hex.EncodeToString(b) + rest
}
