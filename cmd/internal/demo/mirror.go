package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// pushed is what hearth-ctl sync --json prints.
type pushed struct {
	Root   string `json:"root"`
	To     string `json:"to"`
	Blocks int64  `json:"blocks"`
	Bytes  int64  `json:"bytes"`
	Wire   int64  `json:"wire"`
}

// mirror pushes the world to a second machine, changes one process, and pushes
// again: what moves is the difference.
func (s *stage) mirror() error {
	s.title("A second machine")
	vault := s.path("vault")
	if err := s.serve(&s.second, vault, "--listen", "127.0.0.1:0"); err != nil {
		return err
	}
	s.say("Another server listens for peers: %s", s.second.link)
	out, err := s.ctl(vault, "invite", "demo", "--mirror", "--json")
	if err != nil {
		return err
	}
	var invitation struct {
		Links []string `json:"links"`
	}
	if err := json.Unmarshal([]byte(out), &invitation); err != nil {
		return err
	}
	if len(invitation.Links) == 0 {
		return fmt.Errorf("the invitation has no link: %s", out)
	}
	file := s.path("invitation")
	if err := os.WriteFile(file, []byte(invitation.Links[0]+"\n"), 0o600); err != nil {
		return err
	}
	push := func() (p pushed, err error) {
		out, err := s.ctl(s.home, "sync", "push", "@"+file, "--json")
		if err != nil {
			return p, err
		}
		return p, json.Unmarshal([]byte(out[strings.LastIndex(out, "\n")+1:]), &p)
	}
	first, err := push()
	if err != nil {
		return err
	}
	s.say("The world is pushed there: %d blocks, %.2f MB on the wire.", first.Blocks, float64(first.Wire)/1e6)
	if _, err := s.ctl(s.home, "send", "counter", "add 1", "--wait"); err != nil {
		return err
	}
	again, err := push()
	if err != nil {
		return err
	}
	s.say("One process changes, and it is pushed again: %d blocks, %.1f KB on the wire.", again.Blocks, float64(again.Wire)/1e3)
	if again.Wire*10 > first.Wire || again.Blocks == 0 {
		return fmt.Errorf("the second push moved %d bytes, the first %d", again.Wire, first.Wire)
	}
	if float64(again.Wire) > 1.5*float64(again.Bytes) {
		return fmt.Errorf("%d bytes were on the wire for blocks of %d", again.Wire, again.Bytes)
	}
	s.say("The other server keeps it under %s.", again.Root)
	return nil
}
