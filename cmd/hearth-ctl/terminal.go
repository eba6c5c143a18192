package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/journal/space"
	"hearth/runtime"
	"hearth/runtime/ipc"
)

// terminals is the service that has the terminals of a space; its messages are those of
// package term/service.
const terminals = "hearth.terminal.TerminalFactory"

// terminalInfo is what the service tells of a terminal.
type terminalInfo struct {
	ID      uint64 `json:"id"`
	Name    string `json:"name"`
	Title   string `json:"title"`
	Who     string `json:"who"`
	Kind    string `json:"kind"`
	Columns int    `json:"columns"`
	Rows    int    `json:"rows"`
	PID     int    `json:"pid"`
	Ended   string `json:"ended"`
	Focused bool   `json:"focused"`
}

func (a *app) terminal() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "terminal COMMAND",
		Short: "See and drive the terminals that float in the space of a client",
		Long: `See and drive the terminals that float in the space of a client: as the person at its
screen, whose they are. A terminal is named by its name or by its ID; where there is only one,
- is that.`,
		Example: `  hearth-ctl terminal list
  hearth-ctl terminal open --name build -- make -C ~/hearth
  hearth-ctl terminal attach world
  hearth-ctl terminal type world 'make' --enter
  hearth-ctl terminal wait world --for '^\$$'
  hearth-ctl terminal text world --history`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return exit.Usagef("%q is nothing that is done to terminals; see hearth-ctl terminal --help", args[0])
			}
			return exit.Usagef("what is to be done to terminals is missing; see hearth-ctl terminal --help")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(a.terminalList(), a.terminalOpen(), a.terminalAttach(), a.terminalText(), a.terminalType(), a.terminalWait(), a.terminalResize(), a.terminalQuit())
	return cmd
}

func (a *app) terminalList() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the terminals: ID, name, title, size, state",
		Example: `  hearth-ctl terminal list`,
		Args:    args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.live(cmd.Context(), func(s *session) error {
				all, err := s.terminals(cmd.Context())
				if err != nil {
					return err
				}
				a.out.columns("ID", "NAME", "TITLE", "SIZE", "STATE")
				for _, t := range all {
					if err := a.out.row(t, strconv.FormatUint(t.ID, 10), t.Name, t.Title, fmt.Sprintf("%dx%d", t.Columns, t.Rows), t.state()); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

// state says in words what is behind a screen.
func (t *terminalInfo) state() string {
	switch {
	case t.Kind == "Screen":
		return "shows what it is fed"
	case t.PID != 0:
		return fmt.Sprintf("runs process %d", t.PID)
	}
	return t.Ended
}

// wholeHistory is more lines than any terminal keeps.
const wholeHistory = 1 << 24

func (a *app) terminalText() *cobra.Command {
	var history bool
	cmd := &cobra.Command{
		Use:   "text NAME|ID",
		Short: "Print what a terminal shows",
		Long: `Print what a terminal shows, row by row, and with --history what has left it at the top, as
far as it is kept; of very much, the end.`,
		Example: `  hearth-ctl terminal text world
  hearth-ctl terminal text world --history | grep error:`,
		Args: args(1, 1, "one terminal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onTerminal(cmd.Context(), args[0], func(s *session, t *terminalInfo) error {
				text, err := s.screen(cmd.Context(), t, history)
				if err != nil {
					return err
				}
				if a.json {
					return a.out.object(map[string]string{"text": text})
				}
				_, err = a.out.w.WriteString(text)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&history, "history", false, "and the lines above the screen")
	return cmd
}

func (a *app) terminalType() *cobra.Command {
	var file string
	var enter, paste bool
	cmd := &cobra.Command{
		Use:   "type NAME|ID [TEXT]",
		Short: "Type at a terminal",
		Long: `Type at a terminal: a line feed in the text is the Enter key, and what else a key sends may be
typed as it is (in bash, $'\e' is Escape). --paste has it pasted: programs that know of pastes
do not take it for keys.`,
		Example: `  hearth-ctl terminal type world 'ls -l' --enter
  hearth-ctl terminal type world --file setup.sh
  hearth-ctl terminal type world $'\e:wq' --enter`,
		Args: args(1, 2, "a terminal and a text"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := ""
			switch {
			case len(args) == 2 && file != "":
				return exit.Usagef("TEXT and --file exclude each other")
			case len(args) == 2:
				text = args[1]
			case file != "":
				b, err := a.readMessage(file)
				if err != nil {
					return err
				}
				text = string(b)
			case !enter:
				return exit.Usagef("there is nothing to type; give a TEXT, --file or --enter")
			}
			if len(text) > space.MaxMessage {
				return runtime.ErrTooLarge
			}
			return a.onTerminal(cmd.Context(), args[0], func(s *session, t *terminalInfo) error {
				how := "Input"
				if paste {
					how = "Paste"
				} else {
					text = strings.ReplaceAll(text, "\n", "\r")
				}
				if text != "" {
					if err := s.tell(cmd.Context(), t.ID, map[string]string{how: text}, nil); err != nil {
						return err
					}
				}
				if !enter {
					return nil
				}
				return s.tell(cmd.Context(), t.ID, map[string]string{"Input": "\r"}, nil)
			})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "type what is in `FILE`; - is stdin")
	cmd.Flags().BoolVar(&enter, "enter", false, "and the Enter key behind it")
	cmd.Flags().BoolVar(&paste, "paste", false, "paste it instead")
	return cmd
}

// waitPause is how long wait rests between two looks at a screen: shorter than a person
// notices.
const waitPause = 50 * time.Millisecond

func (a *app) terminalWait() *cobra.Command {
	var pattern string
	var timeout time.Duration
	var history bool
	cmd := &cobra.Command{
		Use:   "wait NAME|ID --for REGEXP",
		Short: "Wait until a terminal shows something",
		Long: `Wait until what a terminal shows matches a regular expression (Go's syntax; ^ and $ match at
the ends of rows), and print the match. Exit code 75 when it does not in time.`,
		Example: `  hearth-ctl terminal wait world --for '^done$' --timeout 1m`,
		Args:    args(1, 1, "one terminal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if pattern == "" {
				return exit.Usagef("say what to wait for, with --for REGEXP")
			}
			re, err := regexp.Compile("(?m)" + pattern)
			if err != nil {
				return exit.Usagef("--for: %w", err)
			}
			if timeout <= 0 {
				return exit.Usagef("--timeout is positive")
			}
			return a.live(cmd.Context(), func(s *session) error {
				ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
				defer cancel()
				match, err := s.awaitText(ctx, args[0], re, history)
				switch late := errors.Is(err, context.DeadlineExceeded) && cmd.Context().Err() == nil; {
				case late && errors.Is(err, fs.ErrNotExist):
					return fmt.Errorf("there is no terminal %s within %s: %w", args[0], timeout, context.DeadlineExceeded)
				case late:
					return fmt.Errorf("the terminal does not show %q within %s: %w", pattern, timeout, context.DeadlineExceeded)
				}
				if err != nil {
					return err
				}
				return a.out.row(map[string]string{"match": match}, match)
			})
		},
	}
	cmd.Flags().StringVar(&pattern, "for", "", "what it is to show, a `REGEXP`")
	cmd.Flags().DurationVar(&timeout, "timeout", ipc.DefaultTimeout, "how long to wait")
	cmd.Flags().BoolVar(&history, "history", false, "look at the lines above the screen too")
	return cmd
}

// awaitText looks at a terminal, which may come only now, until it shows what is waited
// for.
func (s *session) awaitText(ctx context.Context, who string, re *regexp.Regexp, history bool) (string, error) {
	tick := time.NewTicker(waitPause)
	defer tick.Stop()
	var missing error // that there was none when it was last looked for
	for {
		t, err := s.findTerminal(ctx, who)
		var text string
		if err == nil {
			text, err = s.screen(ctx, t, history)
		}
		switch {
		case err == nil:
			missing = nil
			if at := re.FindStringIndex(text); at != nil {
				return text[at[0]:at[1]], nil
			}
		case errors.Is(err, fs.ErrNotExist):
			missing = err
		case ctx.Err() == nil:
			return "", err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", errors.Join(missing, ctx.Err())
		}
	}
}

func (a *app) terminalResize() *cobra.Command {
	return &cobra.Command{
		Use:     "resize NAME|ID COLUMNSxROWS",
		Short:   "Give a terminal another size; its letters stay as large as they are",
		Example: `  hearth-ctl terminal resize world 100x30`,
		Args:    args(2, 2, "a terminal and a size such as 80x24"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, r, _ := strings.Cut(args[1], "x")
			columns, cerr := strconv.Atoi(c)
			rows, rerr := strconv.Atoi(r)
			if cerr != nil || rerr != nil || columns < 1 || rows < 1 {
				return exit.Usagef("%q is no size; a size is COLUMNSxROWS, such as 80x24", args[1])
			}
			return a.onTerminal(cmd.Context(), args[0], func(s *session, t *terminalInfo) error {
				return s.tell(cmd.Context(), t.ID, map[string]any{"Resize": map[string]int{"columns": columns, "rows": rows}}, nil)
			})
		},
	}
}

func (a *app) terminalQuit() *cobra.Command {
	return &cobra.Command{
		Use:     "quit NAME|ID",
		Short:   "Close a terminal, and end what runs in it",
		Example: `  hearth-ctl terminal quit world`,
		Args:    args(1, 1, "one terminal"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onTerminal(cmd.Context(), args[0], func(s *session, t *terminalInfo) error {
				return s.tell(cmd.Context(), t.ID, "Quit", nil)
			})
		},
	}
}

// onTerminal runs f on the terminal that an argument names.
func (a *app) onTerminal(ctx context.Context, who string, f func(*session, *terminalInfo) error) error {
	return a.live(ctx, func(s *session) error {
		t, err := s.findTerminal(ctx, who)
		if err != nil {
			return err
		}
		return f(s, t)
	})
}

// findTerminal finds a terminal by its name or its ID; - is the only one.
func (s *session) findTerminal(ctx context.Context, who string) (*terminalInfo, error) {
	all, err := s.terminals(ctx)
	if err != nil {
		return nil, err
	}
	if who == "-" && len(all) == 1 {
		return &all[0], nil
	}
	named := slices.DeleteFunc(slices.Clone(all), func(t terminalInfo) bool { return t.Name != who })
	switch {
	case len(named) == 1:
		return &named[0], nil
	case len(named) > 1:
		return nil, exit.Usagef("%d terminals are called %s; give the ID of one, which hearth-ctl terminal list prints", len(named), who)
	}
	for i := range all {
		if strconv.FormatUint(all[i].ID, 10) == who {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("there is no terminal %s; hearth-ctl terminal list says which there are: %w", who, fs.ErrNotExist)
}

func (s *session) terminals(ctx context.Context) ([]terminalInfo, error) {
	var v struct{ List []terminalInfo }
	return v.List, s.askTerminals(ctx, "List", &v)
}

// screen is the text that a terminal shows.
func (s *session) screen(ctx context.Context, t *terminalInfo, history bool) (string, error) {
	lines := 0
	if history {
		lines = wholeHistory
	}
	var v struct{ Text string }
	err := s.tell(ctx, t.ID, map[string]any{"Text": map[string]int{"history": lines}}, &v)
	return v.Text, err
}

// tell sends a terminal a message and reads the answer into v, unless that is nil.
func (s *session) tell(ctx context.Context, id uint64, message, v any) error {
	return s.askTerminals(ctx, map[string]any{"Tell": map[string]any{"terminal": id, "message": message}}, v)
}

// askTerminals sends the service of terminals a request and reads the answer into v.
func (s *session) askTerminals(ctx context.Context, request, v any) error {
	return s.askService(ctx, terminals, request, v)
}

// askService sends a service of a client a request and reads the answer into v.
func (s *session) askService(ctx context.Context, service string, request, v any) error {
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if len(data) > space.MaxMessage {
		return runtime.ErrTooLarge
	}
	ctx, cancel := context.WithTimeout(ctx, ipc.DefaultTimeout+replyGrace)
	defer cancel()
	sent, err := s.Send(ctx, ipc.SendParams{Service: service, Data: data, Wait: true})
	if err != nil {
		return err
	}
	var answer struct {
		Ok  json.RawMessage
		Err map[string]string
	}
	if err := json.Unmarshal(sent.Reply, &answer); err != nil {
		return &exit.DataError{Err: fmt.Errorf("%s answers what is no answer: %w", service, err)}
	}
	for kind, sentence := range answer.Err {
		return &terminalError{kind, sentence}
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Ok, v); err != nil {
		return &exit.DataError{Err: fmt.Errorf("%s answers what is no answer: %w", service, err)}
	}
	return nil
}

// terminalError is a refusal of such a service: its sentence says what to do.
type terminalError struct{ kind, sentence string }

func (e *terminalError) Error() string { return e.sentence }

func (e *terminalError) Unwrap() error {
	switch e.kind {
	case "Refused":
		return fs.ErrPermission
	case "Gone":
		return fs.ErrNotExist
	case "Parse", "Value", "Full":
		return fs.ErrInvalid
	}
	return context.DeadlineExceeded // busy or unavailable: another time it may go
}
