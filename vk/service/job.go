package service

import (
	"context"
	"time"

	"hearth/runtime"
	"hearth/runtime/serde"
)

// job is a request on its way to an answer: it is read, what it names is looked at
// while others are, and then it is done, in the order of the maker's requests.
type job struct {
	p *Plugin
	m *maker
	r *runtime.Request
	c serde.Codec
	t serde.Tagged

	cost    int64 // bytes that it takes while it waits
	arrived time.Time
	ready   chan struct{} // closed when check has come to an end
	err     error         // of reading or of check

	// check may wait until its context ends. nil: nothing to wait for.
	check func(ctx context.Context) error
	// do makes the change and answers. It is called if check went well.
	do func() error
	// refuse encodes an error; nil is refusal.
	refuse func(c serde.Codec, err error) []byte
}

// request takes a request in. read reads it: it fills check, do and refuse, or says
// why the request is none.
func (p *Plugin) request(r *runtime.Request, read func(*job) error) {
	reply, hasReply := r.ReplyTo()
	if !hasReply || reply.Ref.Process == 0 {
		r.Drop(errNoReply.Error())
		return
	}
	j := &job{p: p, r: r, c: serde.Of(r.Data), cost: messageCost + int64(len(r.Data)), arrived: time.Now(), ready: make(chan struct{})}
	j.err = read(j)
	if err := p.enqueue(j, reply); err != nil {
		j.answer(err)
	}
}

// tag reads the name of the request and its value.
func (j *job) tag() error {
	t, err := j.c.Tagged(j.r.Data)
	if err != nil {
		return &parseError{err}
	}
	j.t = t
	return nil
}

// begin starts the check.
func (j *job) begin() {
	if j.err != nil || j.check == nil || !j.p.start(j.wait) {
		close(j.ready)
	}
}

func (j *job) wait() {
	defer close(j.ready)
	ctx, cancel := context.WithDeadline(j.p.ctx, j.arrived.Add(j.p.wait))
	defer cancel()
	j.err = j.check(ctx)
}

// finish does what was asked, on the goroutine of the maker.
func (j *job) finish() {
	if j.p.ctx.Err() != nil {
		return
	}
	err := j.err
	if err == nil {
		err = j.do()
	}
	if err != nil {
		j.answer(err)
	}
}

// answer says why not.
func (j *job) answer(err error) {
	f := j.refuse
	if f == nil {
		f = refusal
	}
	j.r.Reply(f(j.c, err))
}
