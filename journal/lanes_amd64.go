package journal

import "golang.org/x/sys/cpu"

var haveLanes = cpu.X86.HasAVX2

// compress8 is BLAKE3's compression function on eight states at once, with the
// counter zero: l.cv from l.cv, l.m, l.len and l.flags.
//
//go:noescape
func compress8(l *lanes)
