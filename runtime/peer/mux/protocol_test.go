package mux

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// readFrame reads one frame off a connection.
func readFrame(t testing.TB, r io.Reader) (typ, flags byte, id uint32, p []byte) {
	t.Helper()
	var h [headerLen]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		t.Fatal(err)
	}
	p = make([]byte, binary.BigEndian.Uint16(h[2:]))
	if _, err := io.ReadFull(r, p); err != nil {
		t.Fatal(err)
	}
	return h[0], h[1], binary.BigEndian.Uint32(h[4:]), p
}

// raw makes a frame, right or wrong.
func raw(typ, flags byte, id uint32, p ...byte) []byte {
	return append(appendHeader(nil, typ, flags, len(p), id), p...)
}

func number(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// hostile feeds bytes to a server's session and returns what it ended with. With
// hangUp the connection ends behind them.
func hostile(t testing.TB, frames []byte, hangUp bool) error {
	t.Helper()
	a, b := net.Pipe()
	m := New(b, false, Options{MaxStreams: 4})
	var wg sync.WaitGroup
	wg.Add(2)
	go func() { defer wg.Done(); io.Copy(io.Discard, a) }()
	go func() {
		defer wg.Done()
		a.Write(frames)
		if hangUp {
			a.Write([]byte{0}) // taken only when all before it was handled
			a.Close()
		}
	}()
	select {
	case <-m.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the session goes on")
	}
	m.Close("")
	a.Close()
	wg.Wait()
	return m.Err()
}

// The frames are the bytes that the package's comment draws.
func TestFramesAreAsDrawn(t *testing.T) {
	for _, c := range []struct{ got, want []byte }{
		{appendOpen(nil, 0x01020304, Bulk, 9), []byte{1, 0, 0, 2, 1, 2, 3, 4, 1, 9}},
		{raw(frameData, flagFin, 3, 'h', 'i'), []byte{2, 1, 0, 2, 0, 0, 0, 3, 'h', 'i'}},
		{appendNumber(nil, frameWindow, 3, 65536), []byte{3, 0, 0, 4, 0, 0, 0, 3, 0, 1, 0, 0}},
		{appendNumber(nil, frameReset, 3, 16), []byte{4, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 16}},
		{appendPing(nil, framePing, flagQuiet, 5), []byte{5, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}},
		{appendPing(nil, framePong, 0, 5), []byte{6, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}},
		{appendGoAway(nil, "bye"), []byte{7, 0, 0, 3, 0, 0, 0, 0, 'b', 'y', 'e'}},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("% x, drawn as % x", c.got, c.want)
		}
	}
}

// What is against the rules ends the session and says so.
func TestViolations(t *testing.T) {
	open := appendOpen(nil, 1, Interactive, 0)
	window := make([]byte, 0, InitialWindow+1000)
	for left := InitialWindow; left > 0; left -= min(left, maxData) {
		window = append(window, raw(frameData, 0, 1, make([]byte, min(left, maxData))...)...)
	}
	for name, frames := range map[string][]byte{
		"unknown type":                 raw(99, 0, 0),
		"type zero":                    make([]byte, headerLen),
		"open with an id of ours":      appendOpen(nil, 2, Bulk, 0),
		"open with id zero":            appendOpen(nil, 0, Bulk, 0),
		"open twice":                   append(open[:len(open):len(open)], open...),
		"open backwards":               append(appendOpen(nil, 5, Bulk, 0), appendOpen(nil, 3, Bulk, 0)...),
		"open of unknown class":        appendOpen(nil, 1, 2, 0),
		"open too short":               raw(frameOpen, 0, 1, 0),
		"open too long":                raw(frameOpen, 0, 1, 0, 0, 0),
		"open with flags":              raw(frameOpen, 1, 1, 0, 0),
		"data on no stream":            raw(frameData, 0, 1, 1),
		"data on stream zero":          raw(frameData, 0, 0, 1),
		"data on a stream of ours":     raw(frameData, 0, 2, 1),
		"data with unknown flags":      append(open[:len(open):len(open)], raw(frameData, 2, 1, 1)...),
		"data without bytes":           append(open[:len(open):len(open)], raw(frameData, 0, 1)...),
		"data too long":                append(open[:len(open):len(open)], raw(frameData, 0, 1, make([]byte, maxData+1)...)...),
		"data behind the end":          bytes.Join([][]byte{open, raw(frameData, flagFin, 1), raw(frameData, 0, 1, 1)}, nil),
		"an end behind the end":        bytes.Join([][]byte{open, raw(frameData, flagFin, 1), raw(frameData, flagFin, 1)}, nil),
		"data behind a reset":          bytes.Join([][]byte{open, raw(frameReset, 0, 1, 0, 0, 0, 0), raw(frameData, 0, 1, 1)}, nil),
		"more data than credit":        bytes.Join([][]byte{open, window, raw(frameData, 0, 1, 1)}, nil),
		"credit for no stream":         raw(frameWindow, 0, 1, number(1)...),
		"credit for a stream to come":  raw(frameWindow, 0, 2, number(1)...),
		"no credit":                    append(open[:len(open):len(open)], raw(frameWindow, 0, 1, number(0)...)...),
		"huge credit":                  append(open[:len(open):len(open)], raw(frameWindow, 0, 1, number(1<<31)...)...),
		"too much credit in all":       append(open[:len(open):len(open)], raw(frameWindow, 0, 1, number(MaxWindow)...)...),
		"credit too short":             append(open[:len(open):len(open)], raw(frameWindow, 0, 1, 0, 0, 1)...),
		"reset of no stream":           raw(frameReset, 0, 1, number(1)...),
		"reset too short":              append(open[:len(open):len(open)], raw(frameReset, 0, 1)...),
		"ping too short":               raw(framePing, 0, 0, 1),
		"ping on a stream":             raw(framePing, 0, 1, make([]byte, 8)...),
		"ping with unknown flags":      raw(framePing, 2, 0, make([]byte, 8)...),
		"answer to no ping":            raw(framePong, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9),
		"answer with flags":            raw(framePong, 1, 0, make([]byte, 8)...),
		"goodbye on a stream":          raw(frameGoAway, 0, 1),
		"goodbye that is not text":     raw(frameGoAway, 0, 0, 0xff),
		"goodbye too long":             raw(frameGoAway, 0, 0, make([]byte, maxReason+1)...),
		"control frame of 64 KiB":      {framePing, 0, 0xff, 0xff, 0, 0, 0, 0},
		"data on a refused stream":     tooMuchOnRefused(),
		"flood of pings":               bytes.Repeat(raw(framePing, 0, 0, make([]byte, 8)...), 2*floodBurst),
		"flood of credit for the gone": append(gone(), bytes.Repeat(raw(frameWindow, 0, 1, number(1)...), 4*floodBurst)...),
		"flood of resets of the gone":  append(gone(), bytes.Repeat(raw(frameReset, 0, 1, number(1)...), 4*floodBurst)...),
		"flood of streams":             opens(maxRefused+100, false),
		"flood of streams and resets":  opens(4*floodBurst, true),
	} {
		if err := hostile(t, frames, false); !errors.Is(err, ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// gone is a stream that has ended both ways.
func gone() []byte {
	return append(appendOpen(nil, 1, Interactive, 0), raw(frameReset, 0, 1, 0, 0, 0, 0)...)
}

// opens is many streams, each reset at once or not.
func opens(n int, reset bool) (frames []byte) {
	for i := range n {
		id := uint32(2*i + 1)
		frames = appendOpen(frames, id, Interactive, 0)
		if reset {
			frames = appendNumber(frames, frameReset, id, 0)
		}
	}
	return frames
}

// tooMuchOnRefused opens five streams of four and sends more on the fifth than
// its first credit.
func tooMuchOnRefused() []byte {
	frames := opens(5, false)
	for range InitialWindow/maxData + 1 {
		frames = append(frames, raw(frameData, 0, 9, make([]byte, maxData)...)...)
	}
	return frames
}

// What crosses on the way is no violation.
func TestAllowances(t *testing.T) {
	refused := opens(5, false)
	for name, frames := range map[string][]byte{
		"credit for a stream that is gone":  append(gone(), raw(frameWindow, 0, 1, number(1)...)...),
		"reset of a stream that is gone":    append(gone(), raw(frameReset, 0, 1, number(1)...)...),
		"data on a refused stream":          bytes.Join([][]byte{refused, raw(frameData, 0, 9, 1, 2, 3), raw(frameData, flagFin, 9)}, nil),
		"reset of a refused stream":         bytes.Join([][]byte{refused, raw(frameReset, 0, 9, number(0)...)}, nil),
		"an end without data":               append(appendOpen(nil, 1, Bulk, 0), raw(frameData, flagFin, 1)...),
		"a reset behind the end":            bytes.Join([][]byte{appendOpen(nil, 1, Bulk, 0), raw(frameData, flagFin, 1, 1), raw(frameReset, 0, 1, number(0)...)}, nil),
		"pings":                             bytes.Repeat(raw(framePing, flagQuiet, 0, make([]byte, 8)...), maxPings),
		"half a header":                     {1, 0},
		"half a frame":                      appendOpen(nil, 1, Bulk, 0)[:9],
		"data that ends early":              append(appendOpen(nil, 1, Bulk, 0), frameData, 0, 1, 0, 0, 0, 0, 1, 5),
		"credit up to the bound of streams": append(appendOpen(nil, 1, Bulk, 0), raw(frameWindow, 0, 1, number(MaxWindow-InitialWindow)...)...),
	} {
		if err := hostile(t, frames, true); !errors.Is(err, ErrLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := hostile(t, raw(frameGoAway, 0, 0, 'o', 'k'), false); !errors.Is(err, ErrClosed) || err.Error() != "the peer closed the session: ok" {
		t.Errorf("goodbye: %v", err)
	}
}

// A peer that sends pings and does not take the answers is cut off before they
// fill memory.
func TestPingsWithoutTakingAnswers(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	m := New(b, false, Options{})
	go a.Write(bytes.Repeat(raw(framePing, 0, 0, make([]byte, 8)...), 100))
	<-m.Done()
	if err := m.Err(); !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}
	m.Close("")
}

// Data within its window for a stream that was reset here is dropped; more is a
// violation; and the stream is forgotten when the other end answers.
func TestDataForResetStream(t *testing.T) {
	for _, c := range []struct {
		name  string
		extra int
		want  error
	}{{"within the window", 0, ErrLost}, {"beyond the window", 1, ErrProtocol}} {
		a, b := net.Pipe()
		m := New(b, false, Options{})
		go io.Copy(io.Discard, a)
		a.Write(appendOpen(nil, 1, Interactive, 0))
		s, err := m.Accept(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		s.Reset(CodeCancel)
		for left := InitialWindow + c.extra; left > 0; left -= min(left, maxData) {
			a.Write(raw(frameData, 0, 1, make([]byte, min(left, maxData))...))
		}
		if c.extra == 0 {
			if m.NumStreams() != 1 {
				t.Errorf("%s: forgotten before the answer", c.name)
			}
			a.Write(appendNumber(nil, frameReset, 1, 0))
			waitFor(t, "the stream to be forgotten", func() bool { return m.NumStreams() == 0 })
		}
		a.Close()
		<-m.Done()
		if !errors.Is(m.Err(), c.want) {
			t.Errorf("%s: %v", c.name, m.Err())
		}
		m.Close("")
	}
}

// Whatever comes, a session neither panics nor hangs nor holds more than it may.
func FuzzFrames(f *testing.F) {
	f.Add(appendOpen(nil, 1, Interactive, 7))
	f.Add(bytes.Join([][]byte{
		appendOpen(nil, 1, Bulk, 7), raw(frameData, 0, 1, 'h', 'i'), raw(frameWindow, 0, 1, number(500)...),
		raw(framePing, flagQuiet, 0, make([]byte, 8)...), raw(frameData, flagFin, 1, '!'), raw(frameGoAway, 0, 0, 'x'),
	}, nil))
	f.Add(append(opens(6, false), raw(frameData, flagFin, 11, 1)...))
	f.Add(gone())
	f.Add(append(appendOpen(nil, 1, Interactive, 7), raw(frameData, flagFin, 1, random(maxData)...)...))
	f.Fuzz(func(t *testing.T, frames []byte) {
		a, b := net.Pipe()
		m := New(b, false, Options{MaxStreams: 4})
		var wg sync.WaitGroup
		wg.Add(3)
		go func() { defer wg.Done(); io.Copy(io.Discard, a) }()
		go func() { defer wg.Done(); a.Write(frames); a.Close() }()
		go echo(m, &wg)
		<-m.Done()
		m.Close("")
		wg.Wait()
		if m.Err() == nil {
			t.Error("the session ended without a reason")
		}
	})
}
