package service

import (
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hearth/term"
)

// program is what the programs in a terminal told, and when watchers and the person
// heard of it: a program may tell more than anybody should hear.
type program struct {
	exit string // how the shell ended

	title, directory         string
	titled, moved            bool // and nobody was told so far
	told                     time.Duration
	bell, flash              time.Duration
	noticed, marked, clipped time.Duration
}

// hear takes what a program asked for beyond the screen. The caller holds mu.
func (s *session) hear(events []term.Event) {
	now := s.p.now()
	x := &s.program
	// Once in a while, and the first time at once.
	once := func(last *time.Duration, every time.Duration) bool {
		if *last != 0 && now-*last < every {
			return false
		}
		*last = now
		return true
	}
	for _, e := range events {
		switch e.Kind {
		case term.Bell:
			if once(&x.bell, bellEvery) {
				x.flash = now + flashFor
				s.tell("Bell")
			}
		case term.TitleChanged:
			if t := cleanTitle(e.Text); t != x.title {
				x.title, x.titled = t, true
			}
		case term.Directory:
			if d := cleanDirectory(e.Text); d != x.directory {
				x.directory, x.moved = d, true
			}
		case term.Clipboard:
			if s.focused && s.phase != fed && len(e.Text) <= maxClipboard && strings.ContainsAny(e.Selection, "cps") && once(&x.clipped, clipboardEvery) {
				s.p.clip.Set(printable(e.Text))
			}
		case term.Notification:
			if once(&x.noticed, tellEvery) {
				s.tell(event{"Notification": notice{cleanTitle(e.Title), cleanTitle(e.Text)}})
			}
		case term.Mark:
			if once(&x.marked, tellEvery) || e.Mark&term.CommandMark != 0 {
				s.tell(event{"Mark": marked{markName(e.Mark), e.Line, e.Exit}})
			}
		}
	}
	s.rumour(now)
}

// rumour tells watchers of a title and a directory, now and then. The caller holds mu.
func (s *session) rumour(now time.Duration) {
	x := &s.program
	if !x.titled && !x.moved || x.told != 0 && now-x.told < tellEvery {
		return
	}
	x.told = now
	if x.titled {
		s.tell(event{"Title": x.title})
	}
	if x.moved {
		s.tell(event{"Directory": x.directory})
	}
	x.titled, x.moved = false, false
}

// wait is when there is something to tell, 0 for never.
func (x *program) wait(now time.Duration) time.Duration {
	if x.titled || x.moved {
		return max(x.told+tellEvery, now+1)
	}
	return 0
}

func markName(m term.Marks) string {
	switch {
	case m&term.PromptMark != 0:
		return "Prompt"
	case m&term.InputMark != 0:
		return "Input"
	case m&term.OutputMark != 0:
		return "Output"
	}
	return "Command"
}

// cleanTitle is one line for people: without controls, without what turns the direction
// of the text around it, and of bounded length.
func cleanTitle(s string) string {
	var b strings.Builder
	for _, r := range s {
		if b.Len()+utf8.RuneLen(r) > maxTitle {
			break
		}
		if !unseen(r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cleanDirectory is the path of a file URL, "" where it is none.
func cleanDirectory(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "file" || len(u.Path) > 4096 || strings.ContainsFunc(u.Path, unseen) {
		return ""
	}
	return u.Path
}

// unseen are controls, what turns the direction of text, and what is no character.
func unseen(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// printable is text without controls but for tabs and ends of lines: what comes out of a
// clipboard may be pasted into a shell.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
}

// followable tells whether a link that stands on a screen may be given to the desktop:
// anybody may have written it there. A file would be run where its type says so, and
// other schemes start programs, so neither is followed.
func followable(uri string) bool {
	if len(uri) > maxURI || strings.ContainsFunc(uri, func(r rune) bool { return unicode.IsSpace(r) || unseen(r) }) {
		return false
	}
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		return u.Host != ""
	case "mailto":
		return u.Opaque != "" && !strings.HasPrefix(u.Opaque, "-") && harmless(u.RawQuery)
	}
	return false
}

// harmless tells whether the fields of a mailto link are those that RFC 6068 calls safe:
// some mail programs take others, and attach files of the person.
func harmless(fields string) bool {
	for f := range strings.SplitSeq(fields, "&") {
		name, _, _ := strings.Cut(f, "=")
		switch strings.ToLower(name) {
		case "", "subject", "body", "to", "cc":
		default:
			return false
		}
	}
	return true
}
