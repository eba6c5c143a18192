package trust

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Class is what a rule looks at.
type Class string

const (
	ClassKey        Class = "key"
	ClassCredential Class = "cred"
	ClassAddress    Class = "addr"
)

// ErrBadRule reports text that is no rule. It is wrapped with what is wrong.
var ErrBadRule = errors.New("a rule is key:KEYID, cred:NAME or addr:10.0.0.0/8")

// Rule names peers: one key, one credential, or the addresses of a prefix. Equal
// rules compare equal.
type Rule struct {
	Class Class
	Value string // a key id, a name, or a prefix whose last bits are zero
}

func (r Rule) String() string { return string(r.Class) + ":" + r.Value }

// ParseRule reads a rule. A key id, an address and a prefix may stand without
// their class. An address alone is a prefix of all its bits.
func ParseRule(s string) (Rule, error) {
	if value, ok := strings.CutPrefix(s, "key:"); ok {
		return keyRule(value)
	}
	if value, ok := strings.CutPrefix(s, "cred:"); ok {
		if err := CheckName(value); err != nil {
			return Rule{}, fmt.Errorf("%w; %w", err, ErrBadRule)
		}
		return Rule{ClassCredential, value}, nil
	}
	if value, ok := strings.CutPrefix(s, "addr:"); ok {
		return addressRule(value)
	}
	if strings.Contains(s, "-") {
		return keyRule(s)
	}
	return addressRule(s)
}

func keyRule(s string) (Rule, error) {
	if _, err := ParseKeyID(s); err != nil {
		return Rule{}, fmt.Errorf("%w; %w", err, ErrBadRule)
	}
	return Rule{ClassKey, s}, nil
}

func addressRule(s string) (Rule, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return Rule{}, fmt.Errorf("an address of a rule has no zone; %w", ErrBadRule)
		}
		a = a.Unmap()
		return Rule{ClassAddress, netip.PrefixFrom(a, a.BitLen()).String()}, nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return Rule{}, fmt.Errorf("this is no address and no prefix; %w", ErrBadRule)
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return Rule{}, fmt.Errorf("the prefix mixes IPv4 and IPv6; %w", ErrBadRule)
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return Rule{}, fmt.Errorf("the prefix has bits behind its length, write %s or %s; %w", p.Masked(), netip.PrefixFrom(p.Addr(), p.Addr().BitLen()), ErrBadRule)
	}
	return Rule{ClassAddress, p.String()}, nil
}

// check refuses rules that ParseRule would not have made.
func (r Rule) check() error {
	if again, err := ParseRule(r.String()); err != nil {
		return err
	} else if again != r {
		return fmt.Errorf("the rule is written %s; %w", again, ErrBadRule)
	}
	return nil
}
