package service

import "testing"

// What waits for a watcher is bounded, of events as of output; what was typed and the end
// are not lost with the rest.
func TestNewsAreBounded(t *testing.T) {
	w := &watcher{}
	w.event(event{"Exit": exited{"ended", 0}})
	for range 10 * maxNews {
		w.event("Bell")
		w.output([]byte("x"))
	}
	if len(w.news) > maxNews || !w.lost {
		t.Errorf("%d wait, lost %v", len(w.news), w.lost)
	}
	if e, ok := w.news[0].(event); !ok || e["Exit"] == nil {
		t.Errorf("the end is lost: %v", w.news[0])
	}
	*w = watcher{}
	for range 100 {
		w.output(make([]byte, watchBytes/50))
		if w.bytes > watchBytes {
			t.Fatalf("%d bytes wait", w.bytes)
		}
	}
	if !w.lost || len(w.news) != 0 {
		t.Error("more than fits is there")
	}
}
