package trust

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

const (
	// MaxRules bounds the access list: more than that is a firewall's work.
	MaxRules = 10_000
	// maxAccessFile holds MaxRules at their limits.
	maxAccessFile = 8 << 20
)

// ErrNoRule reports a rule that is not in the list.
var ErrNoRule = errors.New("there is no such rule; list them with hearth-ctl")

// Action is what a rule does.
type Action string

const (
	Allow Action = "allow"
	Block Action = "block"
)

// AccessRule is a rule of the list.
type AccessRule struct {
	Rule   Rule
	Action Action
	Made   time.Time
}

// BlockedError reports a peer that is not let in. Its text is for the log of the
// server; a peer learns only that it is refused.
type BlockedError struct {
	Class Class
	Rule  Rule // the rule that blocks; zero where the class has allow rules and none fits
}

func (e *BlockedError) Error() string {
	if e.Rule == (Rule{}) {
		return fmt.Sprintf("no rule of class %s allows this peer while others are allowed by it", e.Class)
	}
	return fmt.Sprintf("the rule block %s refuses this peer", e.Rule)
}

// Access is the list of who is let in. A block wins over every allow. Where a
// class has an allow, only what an allow of that class names is let in. While the
// file cannot be read nobody is.
type Access struct {
	doc *document[*access]
}

type accessFile struct {
	Version int          `json:"version"`
	Rules   []accessLine `json:"rules,omitempty"`
}

type accessLine struct {
	Rule   string    `json:"rule"`
	Action Action    `json:"action"`
	Made   time.Time `json:"made"`
}

// access is the list, made for lookups.
type access struct {
	accessFile
	rules   []AccessRule
	actions map[Rule]Action
	prefix  map[netip.Prefix]Action
	lengths []int // of the prefixes, each once
	allows  map[Class]bool
}

// OpenAccess reads the list. One that is not there is empty and lets all in.
func OpenAccess(path string) (*Access, error) {
	doc, err := openDocument(path, maxAccessFile, parseAccess)
	if err != nil {
		return nil, err
	}
	return &Access{doc}, nil
}

// Allow adds a rule that lets in. A block of the same rule is replaced.
func (a *Access) Allow(r Rule) error { return a.set(r, Allow) }

// Block adds a rule that keeps out. An allow of the same rule is replaced.
func (a *Access) Block(r Rule) error { return a.set(r, Block) }

// Remove takes a rule off the list.
func (a *Access) Remove(r Rule) error {
	return a.doc.change(func(s *access) (any, error) {
		next := accessFile{documentVersion, slices.Clone(s.Rules)}
		next.Rules = slices.DeleteFunc(next.Rules, func(l accessLine) bool { return l.Rule == r.String() })
		if len(next.Rules) == len(s.Rules) {
			return nil, fmt.Errorf("%s: %w", r, ErrNoRule)
		}
		return next, nil
	})
}

// Rules returns the list in the order in which it was made.
func (a *Access) Rules() ([]AccessRule, error) {
	s, err := a.doc.get()
	if err != nil {
		return nil, err
	}
	return slices.Clone(s.rules), nil
}

// Check returns nil for a peer that is let in, and a *BlockedError otherwise. It
// is asked after the handshake, when all three are proved. A peer without an
// address, as on a pipe, has the zero one.
func (a *Access) Check(key ed25519.PublicKey, credential string, addr netip.Addr) error {
	s, err := a.doc.get()
	if err != nil {
		return err
	}
	k, c := Rule{ClassKey, KeyID(key)}, Rule{ClassCredential, credential}
	for _, r := range []Rule{k, c} {
		if s.actions[r] == Block {
			return &BlockedError{r.Class, r}
		}
	}
	if err := s.checkAddr(addr); err != nil {
		return err
	}
	for _, r := range []Rule{k, c} {
		if s.allows[r.Class] && s.actions[r] != Allow {
			return &BlockedError{Class: r.Class}
		}
	}
	return nil
}

// CheckAddr asks the rules about addresses alone, before a handshake costs
// anything.
func (a *Access) CheckAddr(addr netip.Addr) error {
	s, err := a.doc.get()
	if err != nil {
		return err
	}
	return s.checkAddr(addr)
}

func (a *Access) set(r Rule, action Action) error {
	if err := r.check(); err != nil {
		return err
	}
	return a.doc.change(func(s *access) (any, error) {
		if s.actions[r] == action {
			return nil, nil
		}
		line := accessLine{r.String(), action, time.Now().UTC().Truncate(time.Second)}
		next := accessFile{documentVersion, slices.Clone(s.Rules)}
		if i := slices.IndexFunc(next.Rules, func(l accessLine) bool { return l.Rule == line.Rule }); i >= 0 {
			next.Rules[i] = line
			return next, nil
		}
		if len(next.Rules) >= MaxRules {
			return nil, ErrTooMany
		}
		next.Rules = append(next.Rules, line)
		return next, nil
	})
}

func (s *access) checkAddr(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	allowed := false
	for _, bits := range s.lengths {
		p, err := addr.Prefix(bits)
		if err != nil { // longer than the address, or no address
			continue
		}
		switch s.prefix[p] {
		case Block:
			return &BlockedError{ClassAddress, Rule{ClassAddress, p.String()}}
		case Allow:
			allowed = true
		}
	}
	if s.allows[ClassAddress] && !allowed {
		return &BlockedError{Class: ClassAddress}
	}
	return nil
}

func parseAccess(data []byte) (*access, error) {
	s := &access{actions: map[Rule]Action{}, prefix: map[netip.Prefix]Action{}, allows: map[Class]bool{}}
	if err := decode(data, &s.accessFile); err != nil {
		return nil, err
	}
	if len(s.Rules) > MaxRules {
		return nil, &DamagedError{Why: "it holds more than it may"}
	}
	for i, l := range s.Rules {
		damaged := func(why any) error { return &DamagedError{Why: fmt.Sprintf("rule %d: %v", i+1, why)} }
		r, err := ParseRule(l.Rule)
		if err == nil && r.String() != l.Rule {
			err = fmt.Errorf("it is written %s", r)
		}
		switch {
		case err != nil:
			return nil, damaged(err)
		case l.Action != Allow && l.Action != Block:
			return nil, damaged("its action is neither allow nor block")
		case s.actions[r] != "":
			return nil, damaged("it stands twice")
		}
		s.rules = append(s.rules, AccessRule{r, l.Action, l.Made})
		s.actions[r] = l.Action
		if l.Action == Allow {
			s.allows[r.Class] = true
		}
		if r.Class == ClassAddress {
			p := netip.MustParsePrefix(r.Value)
			s.prefix[p] = l.Action
			if !slices.Contains(s.lengths, p.Bits()) {
				s.lengths = append(s.lengths, p.Bits())
			}
		}
	}
	return s, nil
}
