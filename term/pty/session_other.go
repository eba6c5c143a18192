//go:build !linux

package pty

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func attributes(*int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0}
}

func characters(int) error { return nil }

// await waits for the leader to end, and reaps it: to wait without reaping has no one
// form on these systems.
func (p *Process) await(int) Exit {
	err := p.cmd.Wait()
	p.session.Lock()
	p.reaped = true
	p.session.Unlock()
	if p.cmd.ProcessState == nil {
		return Exit{Code: -1, Err: err}
	}
	status := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if status.Signaled() {
		return Exit{Code: -1, Signal: status.Signal(), Core: status.CoreDump()}
	}
	return Exit{Code: status.ExitStatus()}
}

func (p *Process) takeLeader() {} // await did

// living knows the leader only: there is no portable list of a session.
func living(session int) ([]int, error) {
	if unix.Kill(session, 0) != nil {
		return nil, nil
	}
	return []int{session}, nil
}
