//go:build !linux

package peertest

import (
	"errors"
	"net"
	"testing"
	"time"
)

// Namespaces are two network namespaces, which only Linux has.
type Namespaces struct{}

// NewNamespaces says that there are none.
func NewNamespaces(testing.TB, Conditions) (*Namespaces, error) {
	return nil, errors.New("network namespaces need Linux")
}

func (*Namespaces) Set(Conditions)                    { panic("unreachable") }
func (*Namespaces) Packets() (carried, dropped int64) { panic("unreachable") }
func (*Namespaces) Partition(bool)                    { panic("unreachable") }
func (*Namespaces) Listen() (net.Listener, error)     { panic("unreachable") }
func (*Namespaces) Dial(string, time.Duration) (net.Conn, error) {
	panic("unreachable")
}
