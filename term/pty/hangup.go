package pty

import (
	"os"
	"os/signal"
	"syscall"
)

// hearHangups has programs begin with hangups and interrupts as they are by default. A
// client that was started by nohup ignores hangups, and what it starts would inherit
// that: no shell would end with its terminal. Signals that are listened to are
// inherited as the default, and one that nobody reads does as much as an ignored one.
func hearHangups() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}
