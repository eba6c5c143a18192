//go:build wasip1

package guest

import "unsafe"

// Capability is a handle in the table of this process: the right to reach a
// mailbox of some process in the ways that its permissions allow.
type Capability uint32

const (
	// Registry is what every process is given first, by convention.
	Registry Capability = 0
	// Nobody is no capability. Sending to it and freeing it do nothing.
	Nobody Capability = none
)

// Send sends a message. The capabilities stay with the sender. c must grant send.
func (c Capability) Send(data []byte, caps ...Capability) {
	if c == Nobody {
		return
	}
	tableSend(uint32(c), unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data)),
		unsafe.Pointer(unsafe.SliceData(caps)), uint32(len(caps)))
}

// SendLumps sends a message that names lumps: its receiver may load them, and
// holds them.
func (c Capability) SendLumps(data []byte, caps []Capability, lumps []Lump) {
	if c == Nobody {
		return
	}
	contentSend(uint32(c), unsafe.Pointer(unsafe.SliceData(data)), uint32(len(data)),
		unsafe.Pointer(unsafe.SliceData(caps)), uint32(len(caps)),
		unsafe.Pointer(unsafe.SliceData(lumps)), uint32(len(lumps)))
}

// Permissions returns what c allows.
func (c Capability) Permissions() Permissions {
	if c == Nobody {
		return 0
	}
	return Permissions(tableGetPermissions(uint32(c)))
}

// Can reports whether c allows all of p. Ask it of capabilities that strangers
// sent: using one beyond its permissions ends this process.
func (c Capability) Can(p Permissions) bool { return c.Permissions()&p == p }

// Demote returns a capability to the same mailbox that allows at most p.
func (c Capability) Demote(p Permissions) Capability {
	return Capability(tableDemote(uint32(c), uint32(p)))
}

// Clone counts one holder of c more, who frees it.
func (c Capability) Clone() Capability {
	if c != Nobody {
		tableIncRef(uint32(c))
	}
	return c
}

// Free gives one reference up. The handle may mean something else afterwards.
func (c Capability) Free() {
	if c != Nobody {
		tableDecRef(uint32(c))
	}
}

// Kill ends the process behind c, which must grant it.
func (c Capability) Kill() { tableKill(uint32(c)) }

// Link ties this process to the one behind c: the failure of one ends the other.
func (c Capability) Link() { processLink(uint32(c)) }

// Unlink undoes Link.
func (c Capability) Unlink() { processUnlink(uint32(c)) }

// Monitor calls down once, when the process behind c ends or if it has ended.
// Closing the mailbox that it returns stops the watch. c must grant monitor.
func (c Capability) Monitor(down func()) Mailbox {
	b := Mailbox(mailboxCreate())
	inboxes[b] = inbox{down: down}
	mailboxMonitor(uint32(b), uint32(c))
	return b
}
