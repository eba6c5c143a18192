package cmd_test

import (
	"strings"
	"testing"
)

// Worlds move with a mirror's credential only: who comes with the space's password
// is told so.
func TestMirrorServiceIsForMirrors(t *testing.T) {
	p := newPlace(t)
	s := p.listening("home")
	p.serve("--world", p.path("mine"))
	for _, how := range []string{"push", "pull"} {
		p.fails(77, "mirror's credential", "--world", p.path("mine"), "sync", how, s.links[0], "--password-file", p.path("password"))
	}
}

// What a client is given is what the operator chose.
func TestRootAndShare(t *testing.T) {
	const clock = "hearth.UnixTime"
	for _, x := range []struct {
		name    string
		args    []string
		has     []string
		hasNot  []string
		nothing bool
	}{
		{name: "view", has: []string{"counter"}, hasNot: []string{clock, "hearth.Registry"}},
		{name: "share", args: []string{"--share", clock}, has: []string{"counter", clock}, hasNot: []string{"hearth.Registry", "hearth.init.Server"}},
		{name: "registry", args: []string{"--root", "registry"}, has: []string{"counter", clock, "hearth.Registry"}},
		{name: "nothing", args: []string{"--root", "nothing"}, nothing: true},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := newPlace(t)
			s := p.listening("home", x.args...)
			p.ok("--world", p.path("home"), "spawn", p.guest("counter"), "--durable", "--service", "counter")
			p.join(s.links[0], "mine")
			if x.nothing {
				p.fails(66, "hearth.Space", "--world", p.path("mine"), "send", "hearth.Space", `"List"`, "--wait")
				return
			}
			got := p.ask("mine", "hearth.Space", `"List"`)
			for _, name := range x.has {
				if !strings.Contains(got, `"`+name+`"`) {
					t.Errorf("%s is not in %s", name, got)
				}
			}
			for _, name := range x.hasNot {
				if strings.Contains(got, `"`+name+`"`) {
					t.Errorf("%s is in %s", name, got)
				}
				if got := p.ask("mine", "hearth.Space", `{"Get":{"name":"`+name+`"}}`); got != `{"Get":false}` {
					t.Errorf("%s: %s", name, got)
				}
			}
		})
	}
	t.Run("a service", func(t *testing.T) {
		p := newPlace(t)
		s := p.listening("home", "--root", "counter")
		p.ok("--world", p.path("home"), "spawn", p.guest("counter"), "--durable", "--service", "counter")
		p.join(s.links[0], "mine")
		if got := p.ask("mine", "hearth.Space", "add 4"); got != "4" {
			t.Errorf("%q", got)
		}
	})
	t.Run("a name that is no native service", func(t *testing.T) {
		p := newPlace(t)
		p.serverFails(64, "hearth.UnixTme", "--world", p.path("home"), "--listen", "127.0.0.1:0", "--share", clock+",hearth.UnixTme")
	})
}
