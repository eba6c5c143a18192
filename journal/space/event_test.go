package space

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/ipld/go-ipld-prime/codec/dagcbor"
	"github.com/ipld/go-ipld-prime/node/basicnode"
	"pgregory.net/rapid"

	"hearth/journal"
	"hearth/lumps"
)

var update = flag.Bool("update", false, "write the golden files anew")

// eventCmp compares what is recorded of events; nil and empty are one.
var eventCmp = cmp.Options{cmpopts.EquateEmpty()}

// strictDagCBOR fails where another implementation would write other bytes, or
// finds other links.
func strictDagCBOR(t *testing.T, name string, data []byte) {
	t.Helper()
	nb := basicnode.Prototype.Any.NewBuilder()
	if err := (dagcbor.DecodeOptions{AllowLinks: true}).Decode(nb, bytes.NewReader(data)); err != nil {
		t.Errorf("%s: go-ipld-prime cannot read it: %v\n%x", name, err, data)
		return
	}
	var again bytes.Buffer
	if err := dagcbor.Encode(nb.Build(), &again); err != nil {
		t.Errorf("%s: go-ipld-prime cannot write it: %v", name, err)
	}
	if !bytes.Equal(again.Bytes(), data) {
		t.Errorf("%s: go-ipld-prime writes it otherwise\nours   %x\ntheirs %x", name, data, again.Bytes())
	}
	if _, err := lumps.Links(lumps.Sum(lumps.DagCBOR, data), data); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// The bytes of events are on disk for ever.
func TestEventGolden(t *testing.T) {
	events := sampleEvents()
	seen := map[Kind]bool{}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(events)) {
		e := events[name]
		seen[e.Kind()] = true
		body := mustBody(e)
		strictDagCBOR(t, name, body)
		fmt.Fprintf(&out, "%s %d %s\n", name, e.Kind(), hex.EncodeToString(body))
		back, err := Decode(journal.Record{Seq: 7, Time: 8, Kind: uint16(e.Kind()), Body: body})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h := HeaderOf(back); h.Seq != 7 || h.Time != 8 {
			t.Errorf("%s came back as event %d of time %d", name, h.Seq, h.Time)
		}
		HeaderOf(back).Seq, HeaderOf(back).Time = 0, 0
		if d := cmp.Diff(e, back, eventCmp); d != "" {
			t.Errorf("%s came back otherwise: %s", name, d)
		}
	}
	for k := range kindNames {
		if !seen[k] {
			t.Errorf("no %s in the golden file", k)
		}
	}
	golden(t, "events.golden", out.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s: what is written changed, so worlds on disk cannot be read; -update if that is meant\n%s", path, cmp.Diff(string(want), got))
	}
}

func genMessage(t *rapid.T) *Message {
	number := func(name string) uint64 {
		return rapid.SampledFrom([]uint64{0, 1, 23, 24, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64}).Draw(t, name)
	}
	text := func(name string) string {
		return rapid.SampledFrom([]string{"", "a", "twenty-three bytes long", "twenty-four bytes long!!", strings.Repeat("ü", 64)}).Draw(t, name)
	}
	ref := func() Ref {
		return Ref{Kind: RefKind(rapid.IntRange(0, 3).Draw(t, "kind")), Process: number("process"), Mailbox: number("box"), Service: text("service")}
	}
	cid := func() lumps.CID {
		return rapid.SampledFrom([]lumps.CID{{}, cidOf("a"), lumps.FromDigest(lumps.DagPB, lumps.SHA256, lumps.Digest{2}), lumps.Sum(lumps.DagCBOR, nil)}).Draw(t, "cid")
	}
	m := &Message{To: ref(), Body: make([]byte, rapid.SampledFrom([]int{0, 1, 23, 24, 255, 256, 65535, 65536}).Draw(t, "body")), Blob: cid(), Key: text("key"), Timer: number("timer")}
	m.Cause = Cause{Process: number("cause process"), Seq: number("cause seq"), Index: uint32(number("index"))}
	m.Origin = text("origin")
	if n := rapid.SampledFrom([]int{0, 1, 24, 300}).Draw(t, "caps"); n > 0 {
		few := []Cap{{Ref: ref(), Perms: 255}, {Ref: ref(), Perms: 23}, {Ref: ref(), Perms: 24}}
		for i := range n {
			m.Caps = append(m.Caps, few[i%len(few)])
		}
	}
	for range rapid.SampledFrom([]int{0, 1, 24}).Draw(t, "lumps") {
		m.Lumps = append(m.Lumps, cid())
	}
	return m
}

// The codec for messages writes and reads the bytes of the general one.
func TestMessageCodec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := genMessage(t)
		general, err := lumps.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		own := m.append(nil)
		if !bytes.Equal(own, general) {
			t.Fatalf("own     %x\ngeneral %x", own, general)
		}
		if len(own) > m.size() {
			t.Fatalf("%d bytes, and %d were expected", len(own), m.size())
		}
		back := parseMessage(own)
		if back == nil {
			t.Fatalf("cannot read %x", own)
		}
		want := new(Message)
		if err := lumps.Unmarshal(own, want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, back) {
			t.Fatal(cmp.Diff(want, back))
		}
	})
}

// What an event cannot hold is refused before it is recorded, and texts for
// people are cut.
func TestEncodeRefuses(t *testing.T) {
	bad := "\xff"
	for name, c := range map[string]struct {
		e    Event
		want error
	}{
		"a key":             {&Message{Key: bad}, ErrBadEvent},
		"a receiver":        {&Message{To: Ref{Kind: RefService, Service: bad}}, ErrBadEvent},
		"a capability":      {&Message{Caps: []Cap{{Ref: Ref{Service: bad}}}}, ErrBadEvent},
		"a service":         {&Spawn{Service: bad}, ErrBadEvent},
		"a spawn's key":     {&Spawn{Key: bad}, ErrBadEvent},
		"a reply":           {&Spawn{Reply: &Reply{To: Cap{Ref: Ref{Service: bad}}}}, ErrBadEvent},
		"a name":            {&Register{Name: bad}, ErrBadEvent},
		"a root":            {&Root{Name: bad}, ErrBadEvent},
		"a reason":          {&Exit{Reason: bad}, ErrBadEvent},
		"a target":          {&Watch{Target: Cap{Ref: Ref{Service: bad}}}, ErrBadEvent},
		"a linked one":      {&Link{Target: Cap{Ref: Ref{Service: bad}}}, ErrBadEvent},
		"a timer":           {&Timer{To: Cap{Ref: Ref{Service: bad}}}, ErrBadEvent},
		"a down":            {&Down{Reason: bad}, ErrBadEvent},
		"a version":         {&Epoch{Versions: map[string]string{bad: "1"}}, ErrBadEvent},
		"a large message":   {&Message{Body: make([]byte, MaxEvent)}, ErrTooLarge},
		"a large argument":  {&Spawn{Arg: make([]byte, MaxEvent)}, ErrTooLarge},
		"endless fuel":      {&Spawn{Program: Program{Limits: Limits{Fuel: math.MaxUint64}}}, ErrTooLarge},
		"a large timer":     {&Timer{Body: make([]byte, MaxEvent)}, ErrTooLarge},
		"as large as it is": {&Message{Body: make([]byte, MaxEvent-20)}, nil},
	} {
		if _, err := Encode(c.e); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := strings.Repeat("é", MaxText)
	x := &Exit{Reason: ReasonTrap, Detail: long + bad, Header: Header{Origin: long}}
	back, err := Decode(journal.Record{Seq: 1, Kind: uint16(KindExit), Body: mustBody(x)})
	if err != nil {
		t.Fatal(err)
	}
	if y := back.(*Exit); len(y.Detail) > MaxText+3 || len(y.Origin) > MaxOrigin+3 || y.Detail != x.Detail {
		t.Errorf("a detail of %d bytes, an origin of %d", len(y.Detail), len(y.Origin))
	}
}

func TestDecodeRefuses(t *testing.T) {
	msg := mustBody(sampleEvents()["message"])
	for name, r := range map[string]journal.Record{
		"an unknown kind": {Seq: 3, Kind: 99, Body: msg},
		"kind 0":          {Seq: 3, Body: msg},
		"nothing":         {Seq: 3, Kind: uint16(KindMessage)},
		"a cut body":      {Seq: 3, Kind: uint16(KindMessage), Body: msg[:len(msg)-1]},
		"a long body":     {Seq: 3, Kind: uint16(KindMessage), Body: append(bytes.Clone(msg), 0)},
		"no map":          {Seq: 3, Kind: uint16(KindExit), Body: []byte{0x01}},
		"too much":        {Seq: 3, Kind: uint16(KindMessage), Body: make([]byte, MaxEvent+1)},
	} {
		if _, err := Decode(r); !errors.Is(err, ErrBadEvent) || !strings.HasPrefix(err.Error(), "event 3: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Nothing that is read panics, and what the quick way reads the general way
// reads alike.
func FuzzDecode(f *testing.F) {
	for _, e := range sampleEvents() {
		f.Add(uint16(e.Kind()), mustBody(e))
	}
	f.Fuzz(func(t *testing.T, kind uint16, body []byte) {
		e, err := Decode(journal.Record{Seq: 1, Kind: kind, Body: body})
		if m := parseMessage(body); m != nil {
			general := new(Message)
			if err := lumps.Unmarshal(body, general); err != nil {
				t.Fatalf("%x: only the quick way reads it: %v", body, err)
			}
			if d := cmp.Diff(general, m, eventCmp); d != "" {
				t.Fatal(d)
			}
			if again := m.append(nil); !bytes.Equal(again, body) {
				t.Fatalf("%x was read as the canonical form of %x", body, again)
			}
		}
		if err != nil {
			return
		}
		LumpsOf(e)
		again, err := Encode(e)
		if err != nil {
			return // texts or sizes that only a foreign writer makes
		}
		if _, err := Decode(journal.Record{Seq: 1, Kind: kind, Body: again}); err != nil {
			t.Fatalf("%x: %v", again, err)
		}
	})
}

func TestLumpsOf(t *testing.T) {
	ev := sampleEvents()
	for name, want := range map[string]int{"spawn": 3, "spawn-failed": 0, "message": 0, "message-full": 3, "root": 1, "root-removed": 0, "exit": 0, "checkpoint": 0} {
		if got := LumpsOf(ev[name]); len(got) != want {
			t.Errorf("%s names %v", name, got)
		}
	}
	m := ev["message-full"].(*Message)
	LumpsOf(m)[0] = lumps.CID{}
	if m.Blob.IsZero() || m.Lumps[0].IsZero() {
		t.Error("LumpsOf gives the event's own list away together with the blob")
	}
}

// setFields calls f with every settable field of a struct changed, one at a time.
func setFields(v reflect.Value, path string, f func(path string)) {
	for i := range v.NumField() {
		field, name := v.Field(i), v.Type().Field(i).Name
		if name == "_" || name == "Seq" && path == ".Header" || name == "Time" {
			continue
		}
		at := path + "." + name
		old := reflect.New(field.Type()).Elem()
		old.Set(field)
		switch field.Kind() {
		case reflect.Struct:
			setFields(field, at, f)
			continue
		case reflect.String:
			field.SetString(field.String() + "x")
		case reflect.Uint8, reflect.Uint32, reflect.Uint64:
			field.SetUint(field.Uint() ^ 1)
		case reflect.Int32, reflect.Int64, reflect.Int:
			field.SetInt(field.Int() + 1)
		case reflect.Bool:
			field.SetBool(!field.Bool())
		case reflect.Array: // a CID
			field.Set(reflect.ValueOf(cidOf("another")))
		case reflect.Slice:
			field.Set(reflect.MakeSlice(field.Type(), field.Len()+1, field.Len()+1))
			reflect.Copy(field, old)
		default:
			panic(at)
		}
		f(at)
		field.Set(old)
	}
}

// Replay compares everything that an effect recorded, but what is for people.
func TestMatch(t *testing.T) {
	cause := Cause{Process: 3, Seq: 30, Index: 2}
	effects := []Effect{
		{Kind: EffectMessage, To: Cap{Ref: durableRef(4, 1)}, Body: []byte("b"), Caps: []Cap{durableTo(5)}, Lumps: []lumps.CID{cidOf("l")}},
		{Kind: EffectMessage, To: Cap{Ref: durableRef(4, 1)}, Blob: cidOf("blob")},
		{Kind: EffectExit, To: Cap{Ref: durableRef(3, 0)}, Reason: ReasonTrap, Code: 3, Detail: "unreachable"},
		{Kind: EffectWatch, By: durableRef(3, 9), To: durableTo(4)},
		{Kind: EffectLink, By: durableRef(3, 0), To: durableTo(4)},
		{Kind: EffectUnlink, By: durableRef(3, 0), To: durableTo(4)},
		{Kind: EffectDown, By: durableRef(3, 9), To: durableTo(4), Monitor: 12, Reason: ReasonKilled},
		{Kind: EffectResume, To: Cap{Ref: durableRef(3, 0)}},
	}
	for i := range effects {
		e := &effects[i]
		e.Cause = cause
		ev := e.Event()
		HeaderOf(ev).Seq = 31
		if err := Match(e, ev); err != nil {
			t.Errorf("an effect and its own event: %v", err)
		}
		fields := 0
		setFields(reflect.ValueOf(ev).Elem(), "", func(path string) {
			fields++
			err := Match(e, ev)
			if path == ".Detail" {
				if err != nil {
					t.Errorf("a text for people counts: %v", err)
				}
				return
			}
			var me *MismatchError
			if !errors.As(err, &me) || me.Seq != 31 || me.Cause != cause || me.What == "" {
				t.Errorf("%s: another %s: %v", ev.Kind(), path, err)
			}
		})
		if fields < 5 {
			t.Errorf("%s: only %d fields were changed", ev.Kind(), fields)
		}
		for j := range effects {
			if other := effects[j].Event(); other.Kind() != ev.Kind() && Match(e, other) == nil {
				t.Errorf("a %s passes for a %s", other.Kind(), ev.Kind())
			}
		}
		if err := Match(e, &Resolved{Header: Header{Cause: cause}}); (err == nil) != (e.Kind == EffectMessage) {
			t.Errorf("%s that was resolved: %v", ev.Kind(), err)
		}
	}

	to := Cap{Ref: durableRef(3, 1), Perms: permSend}
	req := &Effect{Kind: EffectRequest, Cause: cause, To: Cap{Ref: Ref{Kind: RefService, Service: "spawn"}}, Caps: []Cap{to}}
	h := Header{Cause: cause, Seq: 40}
	other := durableTo(9)
	for name, c := range map[string]struct {
		ev Event
		ok bool
	}{
		"resolved":             {&Resolved{Header: h}, true},
		"an answer":            {&Message{Header: h, To: to.Ref, Body: []byte("any")}, true},
		"an answer elsewhere":  {&Message{Header: h, To: other.Ref}, false},
		"a spawn":              {&Spawn{Header: h, Reply: &Reply{To: to}}, true},
		"a mute spawn":         {&Spawn{Header: h}, true},
		"a spawn for others":   {&Spawn{Header: h, Reply: &Reply{To: other}}, false},
		"a name":               {&Register{Header: h, Reply: &Reply{To: to}}, true},
		"a name for others":    {&Register{Header: h, Reply: &Reply{To: other}}, false},
		"a timer":              {&Timer{Header: h, To: to}, true},
		"a timer for others":   {&Timer{Header: h, To: other}, false},
		"an exit":              {&Exit{Header: h, Process: 3}, false},
		"the cause of another": {&Message{Header: Header{Cause: Cause{Process: 3, Seq: 30, Index: 3}}, To: to.Ref}, false},
		"another one resolved": {&Resolved{Header: Header{Cause: Cause{Process: 3, Seq: 30, Index: 3}}}, false},
	} {
		var me *MismatchError
		err := Match(req, c.ev)
		if (err == nil) != c.ok || err != nil && !errors.As(err, &me) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func benchMessage() *Message {
	return &Message{Header: Header{Cause: Cause{Process: 1234, Seq: 567890, Index: 1}}, To: durableRef(4321, 0), Body: make([]byte, 64)}
}

func BenchmarkEncodeMessage(b *testing.B) {
	m := benchMessage()
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Encode(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("general", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := lumps.Marshal(m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkDecodeMessage(b *testing.B) {
	r := journal.Record{Seq: 1, Kind: uint16(KindMessage), Body: mustBody(benchMessage())}
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decode(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("general", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := lumps.Unmarshal(r.Body, new(Message)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
