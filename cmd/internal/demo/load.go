package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"hearth/runtime/ipc"
)

// load is a crowd of clients that send "add 1" to the counter, each message under
// a key of its own and none before the one before it is acknowledged.
type load struct {
	s       *stage
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	clients [clients]sender
}

// sender is one client. It belongs to its goroutine while that runs.
type sender struct {
	acked int
	open  bool // a message was sent and not answered
	err   error
}

func (s *stage) startLoad() *load {
	l := &load{s: s}
	l.resume()
	return l
}

// resume lets the clients send, beginning with what is unanswered.
func (l *load) resume() {
	ctx, cancel := context.WithCancel(l.s.ctx)
	l.cancel = cancel
	socket := l.s.server.socket
	for i := range l.clients {
		c := &l.clients[i]
		l.wg.Go(func() { c.err = c.run(ctx, socket, i) })
	}
}

func (c *sender) run(ctx context.Context, socket string, number int) error {
	conn, err := ipc.Dial(ctx, socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	for ctx.Err() == nil {
		c.open = true
		// Not ctx: what was sent is waited for.
		_, err := conn.Send(context.Background(), ipc.SendParams{
			Service: "counter", Data: []byte("add 1"), Key: fmt.Sprintf("client %d message %d", number, c.acked),
		})
		if err != nil {
			return err
		}
		c.acked++
		c.open = false
	}
	return nil
}

// pause waits for the clients of a dead server and counts.
func (l *load) pause() (acked, open int) {
	l.wg.Wait()
	l.cancel()
	for i := range l.clients {
		acked += l.clients[i].acked
		if l.clients[i].open {
			open++
		}
	}
	return acked, open
}

// stop ends the clients when their last message is acknowledged.
func (l *load) stop() (acked int, err error) {
	l.cancel()
	l.wg.Wait()
	var errs []error
	for i := range l.clients {
		acked += l.clients[i].acked
		errs = append(errs, l.clients[i].err)
	}
	return acked, errors.Join(errs...)
}
