package native

import (
	"context"
	"encoding/json"
	"math"
	"strconv"

	"hearth/runtime"
	"hearth/runtime/caps"
	"hearth/runtime/serde"
)

// seconds reads a number of seconds as nanoseconds.
func seconds(c serde.Codec, data []byte) (int64, error) {
	var s float64
	if err := c.Decode(data, &s); err != nil {
		return 0, err
	}
	if !(s >= 0) {
		return 0, nil
	}
	return int64(min(s*1e9, math.MaxInt64/2)), nil
}

// sleep answers with an empty message after a number of seconds. hearth-rs gives
// the reply address second to nothing: it is the only capability.
var sleep = runtime.Service{Name: "hearth.Sleep", Folded: true, Handle: func(_ context.Context, r *runtime.Request) {
	d, err := seconds(serde.Of(r.Data), r.Data)
	if err != nil {
		bad(r, err)
		return
	}
	r.SleepFor(d, nil)
}}

// timerFactory makes timers: null -> null and a timer; the timer takes seconds
// and answers null that long after its last tick.
var timerFactory = runtime.Service{Name: "hearth.TimerFactory", Handle: func(_ context.Context, r *runtime.Request) {
	rt := r.Runtime()
	c := serde.Of(r.Data)
	last := rt.Now()
	timer := rt.NewService(func(_ context.Context, q *runtime.Request) {
		qc := serde.Of(q.Data)
		d, err := seconds(qc, q.Data)
		if err != nil {
			bad(q, err)
			return
		}
		due := last + d
		last = due
		q.SleepFor(due-rt.Now(), qc.Encode(nil))
	})
	r.Reply(c.Encode(nil), timer.Cap(caps.All))
}}

// stopwatchFactory makes stopwatches: null -> null and a stopwatch; the stopwatch
// takes null and answers the seconds since the last request.
var stopwatchFactory = runtime.Service{Name: "hearth.StopwatchFactory", Handle: func(_ context.Context, r *runtime.Request) {
	rt := r.Runtime()
	last := rt.Now()
	watch := rt.NewService(func(_ context.Context, q *runtime.Request) {
		now := rt.Now()
		q.Reply(serde.Of(q.Data).Encode(float64(now-last) / 1e9))
		last = now
	})
	r.Reply(serde.Of(r.Data).Encode(nil), watch.Cap(caps.All))
}}

// unixTime answers the nanoseconds since 1970, a whole number.
var unixTime = runtime.Service{Name: "hearth.UnixTime", Folded: true, Handle: func(_ context.Context, r *runtime.Request) {
	now := r.Runtime().Now()
	if c := serde.Of(r.Data); c.CBOR {
		r.Reply(c.Encode(now))
		return
	}
	r.Reply(json.RawMessage(strconv.FormatInt(now, 10)))
}}
