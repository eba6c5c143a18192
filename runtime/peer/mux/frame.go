package mux

import "encoding/binary"

// Types of frames.
const (
	frameOpen   = 1
	frameData   = 2
	frameWindow = 3
	frameReset  = 4
	framePing   = 5
	framePong   = 6
	frameGoAway = 7
)

// Flags.
const (
	flagFin   = 1 // of DATA: this direction ends behind it
	flagQuiet = 1 // of PING: a round trip is measured, keep the path empty
)

// A Class says what goes first.
type Class byte

const (
	Interactive Class = 0 // small messages that somebody waits for
	Bulk        Class = 1 // much data that may wait
	classes           = 2
)

func appendHeader(b []byte, typ, flags byte, length int, id uint32) []byte {
	b = append(b, typ, flags)
	b = binary.BigEndian.AppendUint16(b, uint16(length))
	return binary.BigEndian.AppendUint32(b, id)
}

func appendOpen(b []byte, id uint32, class Class, kind byte) []byte {
	return append(appendHeader(b, frameOpen, 0, 2, id), byte(class), kind)
}

// appendNumber makes a WINDOW or a RESET.
func appendNumber(b []byte, typ byte, id, n uint32) []byte {
	return binary.BigEndian.AppendUint32(appendHeader(b, typ, 0, 4, id), n)
}

// appendPing makes a PING or a PONG.
func appendPing(b []byte, typ, flags byte, token uint64) []byte {
	return binary.BigEndian.AppendUint64(appendHeader(b, typ, flags, 8, 0), token)
}

// appendGoAway makes a GOAWAY with a reason that is short enough.
func appendGoAway(b []byte, reason string) []byte {
	return append(appendHeader(b, frameGoAway, 0, len(reason), 0), reason...)
}
