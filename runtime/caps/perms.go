// Package caps owns capabilities on the holder's side: permissions and the table
// that maps a guest's handles to what they reach.
//
// The key idea: a guest can only name what is in its table, a handle is a small
// number that means nothing elsewhere, and the same capability received twice is
// the same handle, counted. Allocation is deterministic (the lowest free handle),
// so that a replayed process sees the same numbers.
package caps

import "strings"

// Perms is a set of permissions. A holder can drop some, never add one.
type Perms uint8

// The bits are part of the guest ABI.
const (
	Send    Perms = 1
	Monitor Perms = 2
	Kill    Perms = 4
	Link    Perms = 8

	All = Send | Monitor | Kill | Link
)

// Has reports whether p has every permission of q.
func (p Perms) Has(q Perms) bool { return p&q == q }

func (p Perms) String() string {
	if p&All == 0 {
		return "none"
	}
	var names []string
	for _, b := range []struct {
		p Perms
		s string
	}{{Send, "send"}, {Monitor, "monitor"}, {Kill, "kill"}, {Link, "link"}} {
		if p.Has(b.p) {
			names = append(names, b.s)
		}
	}
	return strings.Join(names, "+")
}
