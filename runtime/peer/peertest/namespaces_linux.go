package peertest

import (
	"errors"
	"fmt"
	"math/rand"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// mtu is Ethernet's.
	mtu = 1500
	// wireMax is how many packets a wire holds: 100 MB of them, more than any
	// conditions that a test would wait for.
	wireMax = 64 << 10
	device  = "peer0"
)

// A Side is one of two network namespaces.
type Side int

const (
	Near Side = iota // where tests dial
	Far              // where tests listen
)

// addresses are private and exist in the namespaces alone.
var addresses = [2]net.IP{net.IPv4(10, 77, 0, 1), net.IPv4(10, 77, 0, 2)}

// Namespaces are two network namespaces joined by a wire that the test is. They
// have no names, so that nothing is left of a test that is killed.
type Namespaces struct {
	ns   [2]int
	tun  [2]*os.File
	done chan struct{}
	wg   sync.WaitGroup

	mu               sync.Mutex // guards what follows
	cond             Conditions
	parted           bool
	carried, dropped int64
}

// NewNamespaces makes them; the error says what is missing.
func NewNamespaces(t testing.TB, c Conditions) (*Namespaces, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root; run the test as root to have them")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return nil, fmt.Errorf("network namespaces are joined by TUN devices; give this machine /dev/net/tun: %w", err)
	}
	n := &Namespaces{ns: [2]int{-1, -1}, cond: c, done: make(chan struct{})}
	for side := range n.ns {
		if err := n.build(side); err != nil {
			n.close()
			return nil, fmt.Errorf("this machine gives no network namespaces: %w", err)
		}
	}
	for side := range n.tun {
		packets := make(chan parcel, wireMax)
		n.wg.Add(2)
		go n.take(n.tun[side], packets, rand.New(rand.NewSource(int64(side)+1)))
		go n.deliver(n.tun[1-side], packets)
	}
	t.Cleanup(n.close)
	return n, nil
}

func (n *Namespaces) close() {
	close(n.done)
	for side := range n.ns {
		if n.tun[side] != nil {
			n.tun[side].Close()
		}
	}
	n.wg.Wait()
	for _, fd := range n.ns {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// onThread runs f on a thread of its own, which ends with it: whatever f does to
// the thread's namespace, nobody else runs there.
func onThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlock
		result <- f()
	}()
	return <-result
}

// build makes one namespace and its device.
func (n *Namespaces) build(side int) error {
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return err
		}
		var err error
		if n.ns[side], err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		req, _ := unix.NewIfreq(device)
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err := unix.IoctlIfreq(tun, unix.TUNSETIFF, req); err != nil {
			unix.Close(tun)
			return err
		}
		n.tun[side] = os.NewFile(uintptr(tun), device)
		return configure(addresses[side], addresses[1-side])
	})
}

// configure gives the device of this thread's namespace its addresses and brings
// it up.
func configure(own, other net.IP) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	for _, step := range []struct {
		name string
		call uint
		set  func(*unix.Ifreq) error
	}{
		{"lo", unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP); return nil }},
		{device, unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(own.To4()) }},
		{device, unix.SIOCSIFDSTADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(other.To4()) }},
		{device, unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil }},
		{device, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(unix.IFF_UP | unix.IFF_POINTOPOINT); return nil }},
	} {
		req, err := unix.NewIfreq(step.name)
		if err != nil {
			return err
		}
		if err := step.set(req); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(s, step.call, req); err != nil {
			return fmt.Errorf("%s: request %#x: %w", step.name, step.call, err)
		}
	}
	return nil
}

// In runs f in the namespace of a side. Sockets that it makes stay there; what it
// starts in other goroutines does not.
func (n *Namespaces) In(side Side, f func() error) error {
	return onThread(func() error {
		if err := unix.Setns(n.ns[side], unix.CLONE_NEWNET); err != nil {
			return err
		}
		return f()
	})
}

// Listen listens on a free port of the far side.
func (n *Namespaces) Listen() (l net.Listener, err error) {
	err = n.In(Far, func() error {
		l, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: addresses[Far]})
		return err
	})
	return l, err
}

// Dial connects from the near side to an address of the far one.
func (n *Namespaces) Dial(addr string, timeout time.Duration) (c net.Conn, err error) {
	err = n.In(Near, func() error {
		// One address, so that the dialer does not try from other threads.
		c, err = (&net.Dialer{Timeout: timeout, FallbackDelay: -1}).Dial("tcp4", addr)
		return err
	})
	return c, err
}

// Set changes the conditions for the packets that come from now on.
func (n *Namespaces) Set(c Conditions) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cond = c
}

// Partition drops every packet, or no longer does.
func (n *Namespaces) Partition(on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.parted = on
}

// Packets returns how many were carried and how many were dropped, lost ones and
// those that found the queue full.
func (n *Namespaces) Packets() (carried, dropped int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.carried, n.dropped
}

// take reads packets off a device and dates them.
func (n *Namespaces) take(src *os.File, packets chan<- parcel, r *rand.Rand) {
	defer n.wg.Done()
	defer close(packets)
	var free, last time.Time // when the rate limit is idle again; when the last packet is due
	buf := make([]byte, 2*mtu)
	for {
		k, err := src.Read(buf)
		if err != nil {
			return
		}
		n.mu.Lock()
		cond, parted := n.cond, n.parted
		n.mu.Unlock()
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		drop := parted || cond.Loss > 0 && r.Float64() < cond.Loss
		if cond.Rate > 0 && !drop {
			if waiting := free.Sub(now).Seconds() * float64(cond.Rate); waiting > float64(cond.queue()) {
				drop = true
			} else {
				free = free.Add(time.Duration(int64(k) * int64(time.Second) / cond.Rate))
			}
		}
		due := free.Add(cond.Delay)
		if cond.Jitter > 0 {
			due = due.Add(time.Duration(r.Int63n(int64(cond.Jitter))))
		}
		if due.Before(last) {
			due = last
		}
		if !drop {
			select {
			case packets <- parcel{bytes: append([]byte(nil), buf[:k]...), due: due}:
				last = due
			default:
				drop = true
			}
		}
		n.mu.Lock()
		if drop {
			n.dropped++
		} else {
			n.carried++
		}
		n.mu.Unlock()
	}
}

// deliver writes packets to a device when they are due.
func (n *Namespaces) deliver(dst *os.File, packets <-chan parcel) {
	defer n.wg.Done()
	for p := range packets {
		if d := time.Until(p.due); d > 0 {
			timer := time.NewTimer(d)
			select {
			case <-timer.C:
			case <-n.done:
				timer.Stop()
			}
		}
		dst.Write(p.bytes) // a packet that cannot be delivered is lost, as packets are
	}
}
