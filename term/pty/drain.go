package pty

import (
	"errors"
	"os"
	"time"
)

// drain writes what was typed until the terminal is closed or nobody can read it.
func (p *Process) drain() {
	defer p.in.end()
	for {
		select {
		case <-p.quit:
			return
		case <-p.in.wake:
		}
		for b := p.in.take(); len(b) > 0; {
			n, err := p.put(b[:min(len(b), writePiece)])
			p.in.wrote(n)
			b = b[n:]
			if err != nil {
				return
			}
		}
	}
}

// put writes some of b; only what cannot be helped by waiting is an error.
func (p *Process) put(b []byte) (int, error) {
	// Without deadlines (a kind of file that the runtime cannot wait on) the write
	// just waits.
	_ = p.master.SetWriteDeadline(time.Now().Add(writeRetry))
	n, err := p.master.Write(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return n, err
}
