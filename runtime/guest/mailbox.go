//go:build wasip1

package guest

// Mailbox is where signals for this process arrive. Mailbox 0 is the process's
// own: what its spawner, and everybody the spawner told, sends to.
type Mailbox uint32

// inbox is what a mailbox calls.
type inbox struct {
	message func(*Message)
	down    func()
	once    bool // the first signal of any kind closes the mailbox
}

var (
	inboxes  = map[Mailbox]inbox{}
	onResume func()
)

// Handle sets what is called with each message to the process. Call it in an
// init function.
func Handle(fn func(*Message)) { inboxes[0] = inbox{message: fn} }

// HandleResume sets what is called after a restart of the server; see the
// package documentation for how to ask for it.
func HandleResume(fn func()) { onResume = fn }

// NewMailbox opens a mailbox that calls fn with each message.
func NewMailbox(fn func(*Message)) Mailbox {
	b := Mailbox(mailboxCreate())
	inboxes[b] = inbox{message: fn}
	return b
}

// Self returns a capability to this process that grants p.
func Self(p Permissions) Capability { return Mailbox(0).Capability(p) }

// Capability returns a capability to the mailbox that grants p.
func (b Mailbox) Capability(p Permissions) Capability {
	return Capability(mailboxMakeCapability(uint32(b), uint32(p)))
}

// Close ends the mailbox; what waits in it is dropped. Closing it again, or
// mailbox 0, does nothing.
func (b Mailbox) Close() {
	if _, open := inboxes[b]; open && b != 0 {
		delete(inboxes, b)
		mailboxDestroy(uint32(b))
	}
}

//go:wasmexport _hearth_receive
func receive(mailbox, signal uint32) {
	b := Mailbox(mailbox)
	switch signalKind(signal) {
	case kindMessage:
		in := inboxes[b]
		m := takeMessage(b, signal)
		if in.message != nil {
			in.message(m)
		}
		m.release()
		if in.once {
			b.Close()
		}
	case kindDown:
		// The watch is known by its mailbox; the capability only carries a
		// reference that has to be given back.
		Capability(signalDownCapability(signal)).Free()
		if in := inboxes[b]; in.down != nil {
			in.down()
		}
		b.Close()
	case kindResume:
		if onResume != nil {
			onResume()
		}
	}
}
