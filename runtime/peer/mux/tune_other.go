//go:build !linux

package mux

import "net"

// Tune does nothing where the kernel cannot be told to keep its queue short.
func Tune(net.Conn) error { return nil }

type tuner struct{}

func newTuner(any) tuner    { return tuner{} }
func (tuner) set(fast bool) {}
