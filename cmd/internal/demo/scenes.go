package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"hearth/fixtures/guests"
)

// begin makes a world and starts real guests in it.
func (s *stage) begin() error {
	s.title("A new world")
	s.home = s.path("home")
	if err := s.serve(&s.server, s.home); err != nil {
		return err
	}
	s.say("A server made the world %s and waits on its socket.", s.home)
	for _, g := range []struct{ name, language, does string }{
		{"counter", "C", "adds up what it is sent"},
		{"kv", "Go", "keeps values under keys"},
		{"room", "Rust", "is a room in which people talk"},
	} {
		file := s.path(g.name + ".wasm")
		if err := os.WriteFile(file, guests.Module(g.name), 0o644); err != nil {
			return err
		}
		pid, err := s.ctl(s.home, "spawn", file, "--durable", "--service", g.name)
		if err != nil {
			return err
		}
		s.pids[g.name] = pid
		s.say("Process %s runs %s.wasm, written in %s: it %s.", pid, g.name, g.language, g.does)
	}
	return nil
}

// life talks to each of them.
func (s *stage) life() error {
	s.title("Messages and answers")
	for _, x := range []struct{ to, say, want string }{
		{"counter", "add 40", "40"},
		{"counter", "add 2", "42"},
		{"counter", "reset", "0"},
		{"kv", `{"Set":{"key":"colour","value":"amber"}}`, `{"Set":false}`},
		{"kv", `{"Get":{"key":"colour"}}`, `{"Get":"amber"}`},
		{"room", "who", "0"},
	} {
		got, err := s.ctl(s.home, "send", x.to, x.say, "--wait")
		if err != nil {
			return err
		}
		s.say("To %s: %s -> %s", x.to, x.say, got)
		if err := want("the answer of "+x.to, got, x.want); err != nil {
			return err
		}
	}
	return nil
}

// killing kills the server under load and shows that nothing acknowledged is
// lost and nothing counted twice.
func (s *stage) killing() error {
	s.title("Killed in the middle")
	load := s.startLoad()
	time.Sleep(beforeKill)
	s.server.kill(syscall.SIGKILL)
	before, open := load.pause()
	s.say("%d clients sent numbers to the counter for %s; then the server was killed with SIGKILL.", clients, beforeKill)
	s.say("%d messages were acknowledged before, and %d were on their way.", before, open)
	if before == 0 {
		return fmt.Errorf("no message was acknowledged before the kill")
	}
	began := time.Now()
	if err := s.serve(&s.server, s.home); err != nil {
		return err
	}
	s.say("Started again: the space stood %d ms later.", time.Since(began).Milliseconds())
	got, err := s.ctl(s.home, "send", "counter", "get", "--wait")
	if err != nil {
		return err
	}
	counted, err := strconv.Atoi(got)
	if err != nil {
		return err
	}
	s.say("The counter says %d: every acknowledged message is there, and %d of those on their way.", counted, counted-before)
	if counted < before || counted > before+open {
		return fmt.Errorf("the counter says %d, with %d acknowledged and %d on their way", counted, before, open)
	}
	// Each client sends its unanswered message again under the same key: it counts
	// once, whether it had arrived or not.
	load.resume()
	time.Sleep(afterKill)
	total, err := load.stop()
	if err != nil {
		return err
	}
	if got, err = s.ctl(s.home, "send", "counter", "get", "--wait"); err != nil {
		return err
	}
	s.say("The clients sent what was unanswered again, with the same keys, and went on: %d sent, %s counted.", total, got)
	if err := want("the counter", got, strconv.Itoa(total)); err != nil {
		return err
	}
	if got, err = s.ctl(s.home, "send", "kv", `{"Get":{"key":"colour"}}`, "--wait"); err != nil {
		return err
	}
	s.say("And the key-value process still says %s.", got)
	return want("the answer of kv", got, `{"Get":"amber"}`)
}

// snapshot is what hearth-ctl snapshot --json prints.
type snapshot struct {
	CID   string `json:"cid"`
	State string `json:"state"`
	Seq   uint64 `json:"seq"`
}

// replay executes the whole history again.
func (s *stage) replay() error {
	s.title("The same history gives the same state")
	out, err := s.ctl(s.home, "snapshot", "-m", "after the kill", "--json")
	if err != nil {
		return err
	}
	var snap snapshot
	if err := json.Unmarshal([]byte(out), &snap); err != nil {
		return err
	}
	s.say("Running came to the state %s at event %d.", snap.State, snap.Seq)
	began := time.Now()
	got, err := s.ctl(s.home, "replay", "--to", strconv.FormatUint(snap.Seq, 10))
	if err != nil {
		return err
	}
	s.say("Replaying all %d events, guests included, gives %s, %.1f s later.", snap.Seq, got, time.Since(began).Seconds())
	if err := want("the replay", got, snap.State); err != nil {
		return err
	}
	if out, err = s.ctl(s.home, "check", "--read-data"); err != nil {
		return err
	}
	s.say("And a check of every byte finds: %s.", strings.ReplaceAll(strings.ReplaceAll(out, "\t", " "), "\n", ", "))
	if !strings.HasSuffix(out, "faults\t0") {
		return fmt.Errorf("the check finds faults")
	}
	return nil
}

// backup moves the world.
func (s *stage) backup() error {
	s.title("A world that moves")
	file := s.path("home.car")
	cid, err := s.ctl(s.home, "backup", file)
	if err != nil {
		return err
	}
	fi, err := os.Stat(file)
	if err != nil {
		return err
	}
	s.say("A backup is one file, %s, of %.1f MB, and its root is the snapshot %s.", filepath.Base(file), float64(fi.Size())/1e6, cid)
	s.away = s.path("away")
	got, err := s.ctl(s.away, "restore", file)
	if err != nil {
		return err
	}
	s.say("Restored as the world %s.", s.away)
	if err := want("the snapshot of the restored world", got, cid); err != nil {
		return err
	}
	if got, err = s.ctl("", "diff", s.home, s.away); err != nil {
		return err
	}
	s.say("Compared, the two worlds differ in %d things.", lines(got))
	return want("the difference", got, "")
}

// compare changes one process of the copy.
func (s *stage) compare() error {
	s.title("What differs")
	if err := s.serve(&s.other, s.away); err != nil {
		return err
	}
	before, err := s.ctl(s.home, "send", "counter", "get", "--wait")
	if err != nil {
		return err
	}
	after, err := s.ctl(s.away, "send", "counter", "add 1000", "--wait")
	if err != nil {
		return err
	}
	s.say("A second server runs the copy. Its counter is sent 1000 more: %s here, %s there.", before, after)
	n, err := strconv.Atoi(before)
	if err != nil {
		return err
	}
	if err := want("the counter of the copy", after, strconv.Itoa(n+1000)); err != nil {
		return err
	}
	diff, err := s.ctl("", "diff", s.home, s.away)
	if err != nil {
		return err
	}
	s.say("hearth-ctl diff says:")
	for line := range strings.Lines(diff) {
		s.say("    %s", strings.TrimRight(line, "\n"))
	}
	if !strings.HasPrefix(diff, "~ process "+s.pids["counter"]+" ") || lines(diff) != 1 {
		return fmt.Errorf("the difference is not the counter alone")
	}
	return nil
}

func (s *stage) finish() error {
	s.title("The end")
	for _, x := range []*server{s.server, s.other, s.second, s.third, s.screen} {
		if err := x.stop(); err != nil {
			return err
		}
	}
	s.say("The servers and the client took a snapshot each and left.")
	return nil
}

func lines(s string) int {
	if s == "" {
		return 0
	}
	return strings.Count(s, "\n") + 1
}

// want compares what was found with what should be.
func want(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s is %q and should be %q", what, got, want)
	}
	return nil
}
