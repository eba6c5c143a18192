package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/journal/space"
	"hearth/lumps"
	"hearth/runtime"
	"hearth/runtime/ipc"
	"hearth/store"
)

func (a *app) spawn() *cobra.Command {
	var p ipc.SpawnParams
	var arg, replace string
	cmd := &cobra.Command{
		Use:   "spawn FILE.wasm|CID",
		Short: "Start a process and print its PID",
		Long: `Start a process from a file, which is loaded first, or from a lump, and print its PID.
A durable process survives restarts: it is on disk when the PID is printed.

With --replace it takes the place of another process: it has its name, is durable if that
was, and the other is killed, behind what it was sent before. The new one begins anew: it
has no memory of the old, and who held a capability to that hears of its end.`,
		Example: `  hearth-ctl spawn counter.wasm --durable --service counter
  hearth-ctl spawn counter.wasm --replace counter
  hearth-ctl spawn bafkr4i... --arg 'hello'`,
		Args: args(1, 1, "one file or CID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if p.HasArg = cmd.Flags().Changed("arg"); p.HasArg {
				p.Arg = []byte(arg)
			}
			return a.live(cmd.Context(), func(s *session) error {
				var err error
				if p.Module, p.Fresh, err = a.module(cmd.Context(), s, args[0]); err != nil {
					return err
				}
				if p.Replace, err = s.replaced(cmd.Context(), replace); err != nil {
					return err
				}
				pid, err := s.Spawn(cmd.Context(), p)
				if err != nil {
					return err
				}
				return a.out.row(struct {
					PID    uint64    `json:"pid"`
					Module lumps.CID `json:"module"`
				}{pid, p.Module}, strconv.FormatUint(pid, 10))
			})
		},
	}
	cmd.Flags().BoolVar(&p.Durable, "durable", false, "survive restarts of the server")
	cmd.Flags().StringVar(&p.Service, "service", "", "register it under `NAME`")
	cmd.Flags().StringVar(&arg, "arg", "", "send it `DATA` as its first message")
	cmd.Flags().StringVar(&replace, "replace", "", "take the place of `PID|SERVICE`")
	return cmd
}

// replaced finds the process whose place is to be taken; 0 is none.
func (s *session) replaced(ctx context.Context, who string) (uint64, error) {
	if who == "" {
		return 0, nil
	}
	if pid, err := strconv.ParseUint(who, 10, 64); err == nil && pid != 0 {
		return pid, nil
	}
	var pid uint64
	err := s.Services(ctx, func(v ipc.Service) error {
		if v.Name == who {
			pid = v.PID
		}
		return nil
	})
	if err == nil && pid == 0 {
		err = fmt.Errorf("%w whose place could be taken: %s", runtime.ErrNoService, who)
	}
	return pid, err
}

// maxModule is where a file is certainly none that can run; the server has the
// last word.
const maxModule = 64 << 20

// module finds the module that an argument means: the file of that name, and
// otherwise the lump. fresh says that it was loaded just now.
func (a *app) module(ctx context.Context, s *session, arg string) (c lumps.CID, fresh bool, err error) {
	f, err := os.Open(arg)
	if errors.Is(err, fs.ErrNotExist) {
		if c, cerr := lumps.Parse(arg); cerr == nil {
			return c, false, nil
		} else if errors.Is(cerr, lumps.ErrUnsupported) {
			return c, false, cerr
		}
		return c, false, fmt.Errorf("%s is neither a file nor a CID: %w", arg, fs.ErrNotExist)
	}
	if err != nil {
		return c, false, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxModule+1))
	if err != nil {
		return c, false, err
	}
	// What is clearly no module is not loaded at all.
	if len(data) > maxModule || !bytes.HasPrefix(data, []byte("\x00asm")) {
		return c, false, fmt.Errorf("%s: %w: it does not begin as WebAssembly does", arg, runtime.ErrBadModule)
	}
	built, err := lumps.Build(bytes.NewReader(data), func(lumps.CID, []byte) error { return nil })
	if err != nil {
		return c, false, err
	}
	if l, err := s.StatLump(ctx, built.CID); err == nil && l.Kind != "block" {
		return built.CID, false, nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return c, false, err
	}
	l, err := s.PutLump(ctx, bytes.NewReader(data), false)
	return l.CID, true, err
}

func (a *app) listProcesses() *cobra.Command {
	return &cobra.Command{
		Use:     "list-processes",
		Aliases: []string{"ps"},
		Short:   "List the living processes: PID, state, durable, service, module, fuel, memory, queue",
		Example: `  hearth-ctl ps
  hearth-ctl ps --json | jq 'select(.queue > 100).pid'`,
		Args: args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.live(cmd.Context(), func(s *session) error {
				a.out.columns("PID", "STATE", "DURABLE", "SERVICE", "MODULE", "FUEL", "MEMORY", "QUEUE")
				return s.Processes(cmd.Context(), func(p ipc.Process) error {
					return a.out.row(p, strconv.FormatUint(p.PID, 10), p.State, yes(p.Durable), p.Service, p.Module.String(),
						strconv.FormatUint(p.Fuel, 10), a.out.size(p.Memory), strconv.Itoa(p.Queue))
				})
			})
		},
	}
}

func parsePID(s string) (uint64, error) {
	pid, err := strconv.ParseUint(s, 10, 64)
	if err != nil || pid == 0 {
		return 0, exit.Usagef("%q is no PID; a PID is a decimal number", s)
	}
	return pid, nil
}

func (a *app) kill() *cobra.Command {
	return &cobra.Command{
		Use:     "kill PID",
		Short:   "End a process, behind what it was sent before",
		Example: `  hearth-ctl kill 42`,
		Args:    args(1, 1, "one PID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pid, err := parsePID(args[0])
			if err != nil {
				return err
			}
			return a.live(cmd.Context(), func(s *session) error {
				if err := s.Kill(cmd.Context(), pid); err != nil || !a.json {
					return err
				}
				return a.out.object(map[string]uint64{"killed": pid})
			})
		},
	}
}

func (a *app) tail() *cobra.Command {
	var p ipc.TailParams
	cmd := &cobra.Command{
		Use:   "tail PID",
		Short: "Print what a process logged",
		Example: `  hearth-ctl tail 42 -n 20
  hearth-ctl tail 42 -f`,
		Args: args(1, 1, "one PID"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if p.PID, err = parsePID(args[0]); err != nil {
				return err
			}
			if p.Lines < 0 {
				return exit.Usagef("-n is not negative")
			}
			return a.live(cmd.Context(), func(s *session) error {
				return s.Tail(cmd.Context(), p, func(l ipc.LogLine) error {
					return a.out.now(l, a.out.when(l.Time), l.Level, l.Module, l.Text)
				})
			})
		},
	}
	cmd.Flags().IntVarP(&p.Lines, "lines", "n", 10, "how many of the last lines")
	cmd.Flags().BoolVarP(&p.Follow, "follow", "f", false, "go on with those that come, until the process ends")
	return cmd
}

func (a *app) listServices() *cobra.Command {
	return &cobra.Command{
		Use:     "list-services",
		Short:   "List the bound names: name, PID, whether native",
		Example: `  hearth-ctl list-services`,
		Args:    args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				a.out.columns("NAME", "PID", "NATIVE")
				return s.Services(cmd.Context(), func(v ipc.Service) error {
					pid := ""
					if v.PID != 0 {
						pid = strconv.FormatUint(v.PID, 10)
					}
					return a.out.row(v, v.Name, pid, yes(v.Native))
				})
			})
		},
	}
}

func (a *app) send() *cobra.Command {
	var (
		p       ipc.SendParams
		file    string
		cids    []string
		timeout time.Duration
	)
	cmd := &cobra.Command{
		Use:   "send PID|SERVICE [DATA]",
		Short: "Send a message to a process",
		Long: `Send a message to a process, by its PID or by the name of its service (what consists of
digits is a PID). For a durable process the message is on disk when the command ends.

With --wait the first reply is printed as it is: a reply capability is sent along as the
first capability, and the reply is given only when what caused it is on disk. A message
with --lump and no data consists of the 32-byte ids of the lumps.`,
		Example: `  hearth-ctl send counter 'add 5' --wait
  hearth-ctl send 42 --file request.json --wait --timeout 2s
  hearth-ctl send counter 'add 1' --key order-4711   # the same key twice counts once`,
		Args: args(1, 2, "a PID or service, and data at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if pid, err := strconv.ParseUint(args[0], 10, 64); err == nil {
				p.PID = pid
			} else {
				p.Service = args[0]
			}
			if timeout <= 0 {
				return exit.Usagef("--timeout is positive")
			}
			if len(args) == 2 && file != "" {
				return exit.Usagef("DATA and --file exclude each other")
			}
			for _, c := range cids {
				l, err := lumps.Parse(c)
				if err != nil {
					return err
				}
				p.Lumps = append(p.Lumps, l)
				if len(args) == 1 && file == "" {
					d := l.Digest()
					p.Data = append(p.Data, d[:]...)
				}
			}
			var err error
			switch {
			case len(args) == 2:
				p.Data = []byte(args[1])
			case file != "":
				if p.Data, err = a.readMessage(file); err != nil {
					return err
				}
			}
			if len(p.Data) > space.MaxMessage {
				return runtime.ErrTooLarge
			}
			p.Timeout = timeout.Milliseconds()
			return a.live(cmd.Context(), func(s *session) error { return a.deliver(cmd.Context(), s, p, timeout) })
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "send the bytes of `FILE`; - is stdin")
	cmd.Flags().StringArrayVar(&cids, "lump", nil, "name the lump `CID`, which the receiver may then load; may be repeated")
	cmd.Flags().StringVar(&p.Key, "key", "", "the same `KEY` twice counts once")
	cmd.Flags().BoolVar(&p.Wait, "wait", false, "wait for the first reply and print it")
	cmd.Flags().DurationVar(&timeout, "timeout", ipc.DefaultTimeout, "how long to wait")
	return cmd
}

// replyGrace is how much longer the server is waited for than it waits itself, so
// that it is the one that says what happened.
const replyGrace = 2 * time.Second

func (a *app) deliver(ctx context.Context, s *session, p ipc.SendParams, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout+replyGrace)
	defer cancel()
	sent, err := s.Send(ctx, p)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		return fmt.Errorf("the server did not answer within %s: %w", timeout, context.DeadlineExceeded)
	}
	if err != nil {
		return err
	}
	if sent.Duplicate && p.Wait {
		fmt.Fprintln(a.stderr, "hearth-ctl: a message with this key was accepted before, so there is no reply to wait for")
	}
	if a.json {
		return a.out.object(sent)
	}
	_, err = a.out.w.Write(sent.Reply)
	return err
}

// readMessage reads a file that must fit in a message.
func (a *app) readMessage(name string) ([]byte, error) {
	var r io.Reader = a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	return io.ReadAll(io.LimitReader(r, space.MaxMessage+1))
}
