package mux

import (
	"os"
	"sync"
	"time"
)

// A deadline wakes those who wait at a condition. The condition's lock guards it.
type deadline struct {
	cond  *sync.Cond
	at    time.Time
	timer *time.Timer
}

func (d *deadline) set(t time.Time) {
	d.at = t
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if t.IsZero() {
		return
	}
	// A timer that was replaced wakes for nothing, which does no harm.
	d.timer = time.AfterFunc(time.Until(t), func() {
		d.cond.L.Lock()
		d.cond.Broadcast()
		d.cond.L.Unlock()
	})
}

func (d *deadline) passed() error {
	if !d.at.IsZero() && !time.Now().Before(d.at) {
		return os.ErrDeadlineExceeded
	}
	return nil
}
