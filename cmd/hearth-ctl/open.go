package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
)

// openRequest asks for a terminal before the eyes of whoever sits at the client.
type openRequest struct {
	Name    string       `json:"name,omitempty"`
	Command *openCommand `json:"command,omitempty"`
}

type openCommand struct {
	Path string   `json:"path"`
	Args []string `json:"args"`
	Dir  string   `json:"dir"`
}

func (a *app) terminalOpen() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "open [--name NAME] [-- COMMAND [ARG...]]",
		Short: "Open a terminal before the eyes of whoever sits at the client; its ID and name",
		Long: `Open a terminal where F5 opens one: before the eyes of whoever sits at the client, and as
theirs. Without a COMMAND it runs their shell, and is there again when the client starts again;
a COMMAND runs in the folder that you are in, and is not run again. It does not take the
keyboard: click it, or attach to it.`,
		Example: `  hearth-ctl terminal open
  hearth-ctl terminal open --name log -- tail -f /var/log/syslog`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && cmd.ArgsLenAtDash() != 0 {
				return exit.Usagef("put -- before the command, so that its flags are its own")
			}
			q := openRequest{Name: name}
			if cmd.Flags().Changed("name") && name == "" {
				return exit.Usagef("--name is not empty; without it the terminal gets a name")
			}
			if len(args) > 0 {
				var err error
				if q.Command, err = commandHere(args); err != nil {
					return err
				}
			}
			return a.live(cmd.Context(), func(s *session) error {
				var v struct {
					Opened struct {
						ID   uint64 `json:"id"`
						Name string `json:"name"`
					}
				}
				if err := s.askTerminals(cmd.Context(), map[string]any{"Open": q}, &v); err != nil {
					return err
				}
				return a.out.row(v.Opened, strconv.FormatUint(v.Opened.ID, 10), v.Opened.Name)
			})
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what it is called, one line without a slash (default: terminal N)")
	return cmd
}

// commandHere is a command as it would run in this folder.
func commandHere(args []string) (*openCommand, error) {
	path, err := exec.LookPath(args[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, exit.Usagef("%s cannot be run; name a program that is in $PATH, or its file", args[0])
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	return &openCommand{path, args[1:], dir}, nil
}
