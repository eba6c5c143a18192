package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/runtime/ipc"
)

// pictures is the service of a client that makes pictures of what is seen; its messages
// are those of package cmd/internal/view.
const pictures = "hearth.client.Picture"

func (a *app) capture() *cobra.Command {
	var size string
	cmd := &cobra.Command{
		Use:   "capture FILE.png [--size WxH]",
		Short: "Make a picture of what a client shows now: its width and height",
		Long: `Make a picture of what a running client shows at this moment: the space from where its user
looks, without the lines over it. The client writes the file, whole or not at all.`,
		Example: `  hearth-ctl capture now.png
  hearth-ctl --world ~/.local/share/hearth/client capture poster.png --size 3840x2160`,
		Args: args(1, 1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if filepath.Ext(args[0]) != ".png" {
				return exit.Usagef("capture makes PNG files; name %s.png", args[0])
			}
			file, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			q := map[string]any{"file": file}
			if size != "" {
				var w, h int
				if n, err := fmt.Sscanf(size, "%dx%d", &w, &h); n != 2 || err != nil || fmt.Sprintf("%dx%d", w, h) != size || w < 1 || h < 1 {
					return exit.Usagef("%q is no size, such as 1280x720", size)
				}
				q["width"], q["height"] = w, h
			}
			return a.live(cmd.Context(), func(s *session) error {
				var v struct {
					Width  int `json:"width"`
					Height int `json:"height"`
				}
				err := s.askService(cmd.Context(), pictures, map[string]any{"Capture": q}, &v)
				var refused *terminalError
				var remote *ipc.Error
				switch {
				case errors.As(err, &refused) && refused.kind == "Create":
					return &pictureError{refused.sentence}
				case errors.As(err, &remote) && remote.Exit == ipc.ExitNoInput:
					return &exit.UnavailableError{Err: errors.New("nothing shows this world; a picture is made by the hearth-client that shows it")}
				case err != nil:
					return err
				}
				return a.out.row(v, fmt.Sprint(v.Width), fmt.Sprint(v.Height))
			})
		},
	}
	cmd.Flags().StringVar(&size, "size", "", "`WIDTHxHEIGHT` of the picture, in pixels (default: that of the window)")
	return cmd
}

// pictureError is that a client cannot make a file.
type pictureError struct{ sentence string }

func (e *pictureError) Error() string { return e.sentence }
func (e *pictureError) Unwrap() error { return &exit.CreateError{File: "the picture", Err: errPicture} }

var errPicture = errors.New("the client cannot write it")
