package pty

import (
	"slices"
	"syscall"
	"time"
)

const (
	// killWait is how long Close waits for killed processes to be gone: SIGKILL takes
	// no time but where a process waits for a device.
	killWait = 2 * time.Second

	// The session is looked at after lookFirst, then twice as late each time up to
	// lookLast: most programs end within a millisecond of SIGHUP.
	lookFirst = time.Millisecond
	lookLast  = 50 * time.Millisecond
)

// Close ends the terminal and all that runs in it, and waits for that: it hangs up, so
// that the programs in the foreground hear SIGHUP, tells the rest of the session too
// (jobs in the background, with SIGCONT for those that are stopped), and kills what is
// left after Options.Grace. What began a session of its own (a daemon, tmux's server)
// is not in this one and stays. Reads end with io.EOF, what was typed and not read is
// lost. A *LeftError names what could not be ended. It is safe to call it twice.
func (p *Process) Close() error {
	p.closing.Do(func() {
		p.size.close()
		close(p.quit)
		p.master.Close() // the kernel hangs up: reads, writes and the session hear of it
		p.closeErr = p.endSession()
		if p.closeErr == nil {
			p.supervise.Wait()
		}
	})
	return p.closeErr
}

// endSession returns when nobody of the session lives.
func (p *Process) endSession() error {
	if left, err := p.signal(syscall.SIGHUP, syscall.SIGCONT); left == nil && err == nil {
		return p.reap()
	}
	if left, err := p.empty(p.grace, nil); left == nil && err == nil {
		return p.reap()
	}
	kill := func() { _, _ = p.signal(syscall.SIGKILL) }
	kill()
	if left, _ := p.empty(killWait, kill); left != nil {
		return &LeftError{left}
	}
	return p.reap()
}

// signal sends signals to every living process of the session and returns them. An
// error says that they cannot be listed now, as where no file can be opened: then only
// the leader is returned, if it lives, and its group hears the signals.
func (p *Process) signal(signals ...syscall.Signal) ([]int, error) {
	p.session.Lock()
	defer p.session.Unlock()
	if p.reaped {
		return nil, nil
	}
	members, err := living(p.pid)
	to := members
	if err != nil {
		select {
		case <-p.ended:
		default:
			members = []int{p.pid}
		}
		to = []int{-p.pid} // nobody else's while the leader is not reaped
	}
	for _, s := range signals {
		for _, pid := range to {
			_ = syscall.Kill(pid, s) // it may be gone, or not ours: who is left is seen later
		}
	}
	return members, err
}

// empty waits until the session has no living process, and does something before each
// look. It returns who is left after limit, as signal does.
func (p *Process) empty(limit time.Duration, each func()) ([]int, error) {
	deadline := time.Now().Add(limit)
	for pause := lookFirst; ; pause = min(2*pause, lookLast) {
		if each != nil {
			each()
		}
		left, err := p.signal()
		if left == nil && err == nil || !time.Now().Before(deadline) {
			return slices.Clip(left), err
		}
		time.Sleep(min(pause, time.Until(deadline)+time.Millisecond))
	}
}

// reap takes the leader from the table of processes, when it has ended and nobody else
// needs its number.
func (p *Process) reap() error {
	<-p.ended
	p.session.Lock()
	defer p.session.Unlock()
	if !p.reaped {
		p.reaped = true
		p.takeLeader()
	}
	return nil
}

// watch waits for the leader to end, and reaps it where it was the last.
func (p *Process) watch(pidfd int) {
	p.exit = p.await(pidfd)
	close(p.ended)
	if left, err := p.signal(); left == nil && err == nil {
		_ = p.reap()
	}
}
