// Package film takes pictures of virtual cameras away: into numbered PNG files, or as
// a stream of raw RGBA or of YUV4MPEG2 (y4m) to whatever reads it.
//
// The key idea: who draws never waits for who writes. A Recorder has a short queue
// and a goroutine; a picture that finds the queue full is dropped and counted, and a
// writer that is stuck for ever costs that queue and nothing else.
package film

import (
	"errors"
	"fmt"
	"image"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// queueBytes bounds the pictures that wait: a second of full HD at 8 frames, or
	// several of a small picture.
	queueBytes = 64 << 20
	// minQueue and maxQueue bound their number: two let drawing and writing overlap,
	// and more than some seconds are latency without use.
	minQueue, maxQueue = 2, 64
	// closeWait is how long Close waits for what is in the queue to be written.
	closeWait = 2 * time.Second
	// MaxSide bounds a picture, in pixels a side.
	MaxSide = 16384
)

var (
	// ErrClosed reports a picture for a recorder that was closed.
	ErrClosed = errors.New("the recording has ended")
	// ErrStuck reports a writer that did not take the last pictures.
	ErrStuck = errors.New("the last pictures of the recording were not read; let its reader go on reading to the end")
)

// SizeError reports a picture of another size than those before it: a stream has one
// size.
type SizeError struct{ Width, Height, WantWidth, WantHeight int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("a picture has %d by %d pixels, and the recording %d by %d; begin another recording", e.Width, e.Height, e.WantWidth, e.WantHeight)
}

// writer writes one picture. It is called by one goroutine.
type writer interface {
	write(img *image.NRGBA) error
}

// Recorder writes pictures on a goroutine of its own.
type Recorder struct {
	w             writer
	closer        io.Closer // what Close closes, nil for nothing
	width, height int       // of every picture; 0: any
	queue         chan *image.NRGBA
	done          chan struct{}
	dropped       atomic.Int64
	written       atomic.Int64

	mu     sync.Mutex // guards what follows, and the sending end of queue
	closed bool
	err    error
}

func record(w writer, c io.Closer, width, height, queue int) *Recorder {
	r := &Recorder{w: w, closer: c, width: width, height: height, queue: make(chan *image.NRGBA, queue), done: make(chan struct{})}
	go r.run()
	return r
}

// room is how many pictures of a size may wait.
func room(width, height int) int {
	return max(minQueue, min(queueBytes/max(1, 4*width*height), maxQueue))
}

func checkSize(width, height int) error {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return fmt.Errorf("a picture has between 1 and %d pixels a side, and not %d by %d", MaxSide, width, height)
	}
	return nil
}

// Put hands a picture over, which belongs to the recorder from now on, and never
// waits. A dropped picture is no error; an error says that the recording has ended.
func (r *Recorder) Put(img *image.NRGBA) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return r.err
	}
	if r.closed {
		return ErrClosed
	}
	if w, h := img.Rect.Dx(), img.Rect.Dy(); r.width != 0 && (w != r.width || h != r.height) {
		return &SizeError{w, h, r.width, r.height}
	}
	select {
	case r.queue <- img:
	default:
		r.dropped.Add(1)
	}
	return nil
}

// Dropped is how many pictures found no room so far.
func (r *Recorder) Dropped() int64 { return r.dropped.Load() }

// Written is how many pictures were written so far.
func (r *Recorder) Written() int64 { return r.written.Load() }

func (r *Recorder) run() {
	defer close(r.done)
	for img := range r.queue {
		if err := r.w.write(img); err != nil {
			r.mu.Lock()
			r.err = fmt.Errorf("the recording has ended: %w", err)
			r.mu.Unlock()
			for range r.queue { // nobody waits for these
				r.dropped.Add(1)
			}
			return
		}
		r.written.Add(1)
	}
}

// Close writes what waits and closes what was opened for the recorder, or what it
// was given if that is an io.Closer. It waits for a bounded time: a writer that does
// not come back is left behind, and ErrStuck tells.
func (r *Recorder) Close() error {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		<-r.done
		return nil
	}
	r.closed = true
	close(r.queue)
	r.mu.Unlock()
	var stuck error
	t := time.NewTimer(closeWait)
	defer t.Stop()
	select {
	case <-r.done:
	case <-t.C:
		stuck = ErrStuck
	}
	r.mu.Lock()
	err := r.err
	r.mu.Unlock()
	if r.closer != nil { // which also wakes who is stuck in a pipe
		err = errors.Join(err, r.closer.Close())
	}
	return errors.Join(stuck, err)
}
