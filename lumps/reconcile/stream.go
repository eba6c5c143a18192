package reconcile

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"hearth/lumps"
)

// Stats says what a session cost.
type Stats struct {
	Rounds   int   // questions that were answered: round trips
	BytesOut int64 // lengths of messages included
	BytesIn  int64
}

// Initiate finds how set differs from that of the peer that responds on rw: have is
// what only we have, need what only the peer has. When ctx ends so do the reads and
// writes of rw, if it has SetDeadline, and rw itself if it has only Close.
func Initiate(ctx context.Context, rw io.ReadWriter, set *Set, o Options) (have, need []lumps.CID, stats Stats, err error) {
	defer interrupt(ctx, rw)(&err)
	n := NewInitiator(set, o)
	var answer []byte
	for {
		message, done, err := n.Step(answer)
		if err != nil {
			return nil, nil, stats, err
		}
		if err := send(rw, message, &stats); err != nil {
			return nil, nil, stats, err
		}
		if done {
			return n.Have(), n.Need(), stats, nil
		}
		if answer, err = receive(rw, &stats); err != nil {
			return nil, nil, stats, err
		}
		stats.Rounds++
	}
}

// Respond answers the peer that initiates on rw, until it has enough. What ctx does
// is as with Initiate.
func Respond(ctx context.Context, rw io.ReadWriter, set *Set) (err error) {
	defer interrupt(ctx, rw)(&err)
	p := NewResponder(set)
	var stats Stats
	for {
		message, err := receive(rw, &stats)
		if err != nil {
			return err
		}
		answer, done, err := p.Step(message)
		if done || err != nil {
			return err
		}
		if err := send(rw, answer, &stats); err != nil {
			return err
		}
	}
}

func send(w io.Writer, message []byte, s *Stats) error {
	framed := append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
	n, err := w.Write(framed)
	s.BytesOut += int64(n)
	if err != nil {
		return fmt.Errorf("reconciliation: %w", err)
	}
	return nil
}

func receive(r io.Reader, s *Stats) ([]byte, error) {
	var head [4]byte
	n, err := io.ReadFull(r, head[:])
	s.BytesIn += int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF // there is an end to a session, and this is none
	}
	if err != nil {
		return nil, fmt.Errorf("reconciliation: %w", err)
	}
	length := binary.BigEndian.Uint32(head[:])
	if length > MaxMessage {
		return nil, protocolError("a message has %d bytes, and %d is the most", length, MaxMessage)
	}
	message := make([]byte, length)
	n, err = io.ReadFull(r, message)
	s.BytesIn += int64(n)
	if err != nil {
		return nil, fmt.Errorf("reconciliation: %w", err)
	}
	return message, nil
}

// interrupt ends what rw does when ctx ends. What it returns is to be called with
// the error of the session, which it makes that of ctx if ctx was why.
func interrupt(ctx context.Context, rw io.ReadWriter) func(*error) {
	over := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		switch c := rw.(type) {
		case interface{ SetDeadline(time.Time) error }:
			c.SetDeadline(time.Unix(1, 0))
		case io.Closer:
			c.Close()
		}
	})
	return func(err *error) {
		if !stop() {
			<-over
			if *err != nil {
				*err = context.Cause(ctx)
			}
		}
	}
}
