package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"hearth/cmd/internal/exit"
)

const (
	// detachKey is what Ctrl+] sends: telnet's, and no shell's or editor's of everyday.
	detachKey = 0x1d
	// lookEvery is how often a screen is looked at that changes, and restEvery one that
	// has not changed for restAfter.
	lookEvery = 30 * time.Millisecond
	restEvery = 150 * time.Millisecond
	restAfter = 2 * time.Second
)

func (a *app) terminalAttach() *cobra.Command {
	var view, resize bool
	cmd := &cobra.Command{
		Use:   "attach NAME|ID [--view] [--resize]",
		Short: "Show a terminal on your own, and type at it; Ctrl+] detaches",
		Long: `Show a terminal of the space on the terminal that you sit at, and give it your keys, until you
press Ctrl+] or it ends. What does not fit is cut; --resize gives it the size of yours. The
mouse stays with your own terminal. Other ends (a signal, a client that goes away) leave your
terminal as it was, too.`,
		Example: `  hearth-ctl terminal attach world
  hearth-ctl terminal attach world --view
  ssh -t desk hearth-ctl --world ~/.local/share/hearth/client terminal attach world --resize`,
		Args: args(1, 1, "one terminal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, ok := a.stdin.(*os.File)
			if !ok || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(a.stdout.Fd())) {
				return exit.Usagef("attach shows one terminal on another, so stdin and stdout are one; use text, type and wait in scripts")
			}
			// Signals that would end the program with the terminal as it is end it in order.
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP, syscall.SIGQUIT)
			defer stop()
			name := args[0]
			var why string
			err := a.onTerminal(ctx, name, func(s *session, t *terminalInfo) (err error) {
				if t.Name != "" {
					name = t.Name
				}
				x := &attached{s: s, id: t.ID, in: in, out: a.stdout, view: view, resize: resize}
				why, err = x.run(ctx)
				return err
			})
			if why != "" {
				fmt.Fprintf(a.stderr, why+"\n", name)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&view, "view", false, "only look; Ctrl+C detaches too")
	cmd.Flags().BoolVar(&resize, "resize", false, "give it the size of your terminal, and again when that changes")
	return cmd
}

// attached is a terminal of the space on one's own.
type attached struct {
	s            *session
	id           uint64
	in, out      *os.File
	view, resize bool

	columns, rows int      // of one's own
	shown         []string // rows that are on it
	last          remoteScreen
	partial       []byte // the begin of a character
}

// remoteScreen is a screen as the service of terminals paints it: rows are text and SGR.
type remoteScreen struct {
	Serial  string   `json:"serial"`
	Columns int      `json:"columns"`
	Rows    int      `json:"rows"`
	Lines   []string `json:"lines"`
	Cursor  struct {
		Column  int  `json:"column"`
		Row     int  `json:"row"`
		Visible bool `json:"visible"`
		Shape   int  `json:"shape"`
	} `json:"cursor"`
	AppCursor bool `json:"app_cursor"`
	AppKeypad bool `json:"app_keypad"`
	Paste     bool `json:"paste"`
}

// enter and leave bracket what is drawn: on the other screen, which leaves what was there.
const (
	enter = "\x1b[?1049h\x1b[m\x1b[H\x1b[2J"
	leave = "\x1b[m\x1b[?2004l\x1b[?1l\x1b>\x1b[0 q\x1b[?25h\x1b[?1049l"
)

// run shows it until its user or it goes; why says which, in words, %s being its name.
func (x *attached) run(ctx context.Context) (why string, err error) {
	before, err := term.MakeRaw(int(x.in.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { // also when something panics: its words are to be read
		_, werr := x.out.WriteString(leave)
		rerr := term.Restore(int(x.in.Fd()), before)
		if err == nil {
			err = errors.Join(werr, rerr)
		}
	}()
	if _, err := x.out.WriteString(enter); err != nil {
		return "", err
	}
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	if err := x.measure(ctx); err != nil {
		return gone(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keys := x.keys(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	changed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-resized:
			if err := x.measure(ctx); err != nil {
				return gone(err)
			}
			timer.Reset(0)
		case b, ok := <-keys:
			if !ok {
				return "nobody types at %s any more", nil
			}
			detach, err := x.typed(ctx, b)
			if err != nil {
				return gone(err)
			}
			if detach {
				return "detached from %s", nil
			}
			changed = time.Now()
			timer.Reset(lookEvery / 3)
		case <-timer.C:
			some, err := x.look(ctx)
			if err != nil {
				return gone(err)
			}
			now := time.Now()
			if some {
				changed = now
			}
			if now.Sub(changed) > restAfter {
				timer.Reset(restEvery)
			} else {
				timer.Reset(lookEvery)
			}
		}
	}
}

// gone makes the end of a terminal no error.
func gone(err error) (string, error) {
	var refused *terminalError
	if errors.As(err, &refused) && refused.kind == "Gone" {
		return "%s is closed", nil
	}
	return "", err
}

// keys reads the keyboard. The goroutine ends with the program: a read of a terminal
// cannot be ended otherwise.
func (x *attached) keys(ctx context.Context) <-chan []byte {
	out := make(chan []byte)
	go func() {
		defer close(out)
		for {
			b := make([]byte, 4096)
			n, err := x.in.Read(b)
			if n > 0 {
				select {
				case out <- b[:n]:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

// typed hands keys on, up to the chord.
func (x *attached) typed(ctx context.Context, b []byte) (detach bool, err error) {
	i := bytes.IndexByte(b, detachKey)
	if x.view {
		return bytes.ContainsAny(b, "\x1d\x03"), nil
	}
	if i >= 0 {
		b = b[:i]
	}
	b = append(x.partial, b...)
	x.partial = nil
	// A character that is cut waits for its rest; what is none never gets one.
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if tail := b[len(b)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				x.partial = bytes.Clone(tail)
				b = b[:len(b)-n]
			}
			break
		}
	}
	if len(b) == 0 {
		return i >= 0, nil
	}
	err = x.s.tell(ctx, x.id, map[string]string{"Input": string(b)}, nil)
	var refused *terminalError
	if errors.As(err, &refused) && refused.kind == "Full" {
		_, err = io.WriteString(x.out, "\a") // the program does not read
	}
	return i >= 0, err
}

// measure looks how large one's own terminal is, and has everything drawn anew.
func (x *attached) measure(ctx context.Context) error {
	var err error
	if x.columns, x.rows, err = term.GetSize(int(x.out.Fd())); err != nil {
		return err
	}
	x.columns, x.rows = max(x.columns, 1), max(x.rows, 1)
	x.shown, x.last = nil, remoteScreen{}
	if !x.resize {
		return nil
	}
	return x.s.tell(ctx, x.id, map[string]any{"Resize": map[string]int{"columns": x.columns, "rows": x.rows}}, nil)
}

// look looks at the screen, and draws what differs; false where nothing does.
func (x *attached) look(ctx context.Context) (bool, error) {
	var answer json.RawMessage
	if err := x.s.tell(ctx, x.id, map[string]any{"Screen": map[string]any{"columns": x.columns, "since": x.last.Serial}}, &answer); err != nil {
		return false, err
	}
	if string(answer) == `"Nothing"` {
		return false, nil
	}
	var v struct{ Screen remoteScreen }
	if err := json.Unmarshal(answer, &v); err != nil {
		return false, &exit.DataError{Err: fmt.Errorf("the terminals answer what is no answer: %w", err)}
	}
	_, err := x.out.Write(x.draw(&v.Screen))
	return true, err
}

// draw is what makes one's own terminal show a screen: the part of it with the cursor,
// where it has more rows.
func (x *attached) draw(s *remoteScreen) []byte {
	b := []byte("\x1b[?25l")
	top := 0
	if len(s.Lines) > x.rows {
		top = min(max(s.Cursor.Row-x.rows+1, 0), len(s.Lines)-x.rows)
	}
	for len(x.shown) < x.rows {
		x.shown = append(x.shown, "\x00") // not known
	}
	for i := range x.rows {
		line := ""
		if top+i < len(s.Lines) {
			line = s.Lines[top+i]
		}
		if line == x.shown[i] {
			continue
		}
		x.shown[i] = line
		// Erased first: behind a full row the cursor stands on its last column.
		b = fmt.Appendf(b, "\x1b[%d;1H\x1b[m\x1b[2K%s", i+1, line)
	}
	for _, m := range [...]struct {
		was, is bool
		on, off string
	}{
		{x.last.AppCursor, s.AppCursor, "\x1b[?1h", "\x1b[?1l"},
		{x.last.AppKeypad, s.AppKeypad, "\x1b=", "\x1b>"},
		{x.last.Paste, s.Paste, "\x1b[?2004h", "\x1b[?2004l"},
	} {
		switch {
		case x.view || m.was == m.is && x.last.Serial != "":
		case m.is:
			b = append(b, m.on...)
		default:
			b = append(b, m.off...)
		}
	}
	if s.Cursor.Shape != x.last.Cursor.Shape {
		b = fmt.Appendf(b, "\x1b[%d q", s.Cursor.Shape)
	}
	if c := s.Cursor; c.Visible && c.Row-top < x.rows && c.Column < x.columns {
		b = fmt.Appendf(b, "\x1b[%d;%dH\x1b[?25h", c.Row-top+1, c.Column+1)
	}
	x.last = *s
	return b
}
