//go:build wasip1

package guest

// Request sends data to a service with a reply address as first capability, and
// calls done with the answer. If to ends before it answers, and grants monitor,
// done is called with nil, and so it is at once where to is Nobody.
func Request(to Capability, data []byte, done func(*Message), caps ...Capability) {
	RequestLumps(to, data, done, caps, nil)
}

// RequestLumps is Request with lumps that the message names.
func RequestLumps(to Capability, data []byte, done func(*Message), caps []Capability, lumps []Lump) {
	if to == Nobody {
		done(nil)
		return
	}
	b := Mailbox(mailboxCreate())
	inboxes[b] = inbox{message: done, down: func() { done(nil) }, once: true}
	reply := b.Capability(CanSend)
	// Most requests carry no argument, so the list is built in place.
	var few [4]Capability
	all := append(append(few[:0], reply), caps...)
	if to.Can(CanMonitor) {
		mailboxMonitor(uint32(b), uint32(to))
	}
	if len(lumps) == 0 {
		to.Send(data, all...)
	} else {
		to.SendLumps(data, all, lumps)
	}
	reply.Free()
}
