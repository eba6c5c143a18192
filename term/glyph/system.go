package glyph

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of what is looked for on the machine.
const (
	maxSystem      = 32        // faces that are kept
	maxSystemBytes = 256 << 20 // of their files together
	maxAsked       = 4096      // characters that are looked for; a hostile program names more
	maxOffered     = 8         // files that are tried for one character
	askPatience    = 3 * time.Second
)

// system is the fonts of the machine. They are looked for one at a time, by those who
// make pictures, never by who asks for one.
type system struct {
	mu     sync.Mutex
	faces  []*Face
	opened map[offer]bool
	bytes  int64
	asked  map[question]bool
	ask    func(q question) []offer
}

// question is a character that is looked for, in colour or not.
type question struct {
	r     rune
	color bool
}

// offer is a face in a file.
type offer struct {
	file string
	face int
}

func newSystem() *system {
	return &system{opened: map[offer]bool{}, asked: map[question]bool{}, ask: ask}
}

// find returns a face of the machine that has a character, nil if there is none.
func (s *system) find(r rune, color bool) *Face {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faces {
		if f.colored == color && f.Has(r) {
			return f
		}
	}
	q := question{r, color}
	if s.asked[q] || len(s.asked) >= maxAsked {
		return nil
	}
	s.asked[q] = true
	for i, o := range s.ask(q) {
		if i == maxOffered || len(s.faces) >= maxSystem {
			break
		}
		if s.opened[o] {
			continue
		}
		s.opened[o] = true
		f := s.open(o)
		if f == nil {
			continue
		}
		s.faces = append(s.faces, f)
		s.bytes += f.size
		if f.colored == color && f.Has(r) {
			return f
		}
	}
	return nil
}

func (s *system) open(o offer) *Face {
	st, err := os.Stat(o.file)
	if err != nil || !st.Mode().IsRegular() || st.Size() > MaxFile || s.bytes+st.Size() > maxSystemBytes {
		return nil
	}
	data, err := os.ReadFile(o.file)
	if err != nil {
		return nil
	}
	faces, err := parse(data, o.face)
	if err != nil || len(faces) != 1 {
		return nil
	}
	return faces[0]
}

// ask asks fontconfig, and looks where fonts usually are if it is not there.
func ask(q question) []offer {
	if path, err := exec.LookPath("fc-match"); err == nil {
		if offers := match(path, q); len(offers) > 0 {
			return offers
		}
	}
	if q.color {
		return usualColor
	}
	return usual
}

// match runs fc-match, which names the fonts with a character first.
func match(path string, q question) []offer {
	ctx, cancel := context.WithTimeout(context.Background(), askPatience)
	defer cancel()
	pattern := fmt.Sprintf(":charset=%x", q.r)
	if q.color {
		pattern += ":color=true"
	}
	cmd := exec.CommandContext(ctx, path, "-s", "--format=%{file}\t%{index}\n", pattern)
	cmd.WaitDelay = askPatience
	out := &limited{left: 64 << 10}
	cmd.Stdout = out
	if err := cmd.Run(); err != nil && out.buf.Len() == 0 {
		return nil
	}
	return parseOffers(out.buf.String())
}

// parseOffers reads lines of a file, a tab and the number of a face in it.
func parseOffers(text string) (offers []offer) {
	for line := range strings.Lines(text) {
		file, index, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "\t")
		if !ok || !strings.HasSuffix(line, "\n") || file == "" {
			continue
		}
		n, err := strconv.ParseUint(index, 10, 32)
		if err != nil {
			continue
		}
		// The upper half names an instance of a variable font.
		offers = append(offers, offer{file, int(n & 0xFFFF)})
		if len(offers) == maxOffered {
			break
		}
	}
	return offers
}

// limited keeps the first bytes that are written to it, and takes the rest.
type limited struct {
	buf  bytes.Buffer
	left int
}

var _ io.Writer = (*limited)(nil)

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.buf.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// Where fonts usually are: of Debian, Fedora and Arch, of macOS, and of Windows.
var (
	usual = []offer{
		{"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 0},
		{"/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 0},
		{"/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 0},
		{"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0},
		{"/System/Library/Fonts/PingFang.ttc", 0},
		{"/System/Library/Fonts/Supplemental/Arial Unicode.ttf", 0},
		{`C:\Windows\Fonts\msyh.ttc`, 0},
		{`C:\Windows\Fonts\seguisym.ttf`, 0},
	}
	usualColor = []offer{
		{"/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf", 0},
		{"/usr/share/fonts/google-noto-emoji/NotoColorEmoji.ttf", 0},
		{"/usr/share/fonts/noto/NotoColorEmoji.ttf", 0},
		{"/System/Library/Fonts/Apple Color Emoji.ttc", 0},
		{`C:\Windows\Fonts\seguiemj.ttf`, 0},
	}
)
