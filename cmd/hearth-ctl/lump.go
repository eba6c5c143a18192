package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/lumps"
	"hearth/runtime/ipc"
)

func (a *app) loadLump() *cobra.Command {
	var public bool
	cmd := &cobra.Command{
		Use:   "load-lump FILE...",
		Short: "Store files and print their CIDs",
		Long: `Store files and print their CIDs, one a line. "-" is stdin. What is loaded becomes the
root lumps/<CID> of the space, so that backups have it, or public/<CID> with --public:
every peer may load it then.`,
		Example: `  hearth-ctl load-lump model.gltf texture.png
  hearth-ctl load-lump --public avatar.gltf
  tar c assets | hearth-ctl load-lump -`,
		Args: args(1, -1, "files, or - for stdin"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				for _, name := range files {
					l, err := a.put(cmd.Context(), s, name, public)
					if err != nil {
						return err
					}
					if err := a.loaded(l, name); err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&public, "public", false, "let every peer load them")
	return cmd
}

// loaded prints what became of a file.
func (a *app) loaded(l ipc.Lump, name string) error {
	v := struct {
		ipc.Lump
		File string `json:"file"`
	}{l, name}
	return a.out.now(v, l.CID.String())
}

// root stores bytes as a root.
func root(ctx context.Context, s *session, r io.Reader, public bool) (ipc.Lump, error) {
	if public {
		return s.PublishLump(ctx, r)
	}
	return s.PutLump(ctx, r, true)
}

// put stores a file as a root.
func (a *app) put(ctx context.Context, s *session, name string, public bool) (ipc.Lump, error) {
	if name == "-" {
		return root(ctx, s, a.stdin, public)
	}
	f, err := os.Open(name)
	if err != nil {
		return ipc.Lump{}, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		return ipc.Lump{}, exit.Usagef("%s is a folder; a lump is made of a file", name)
	}
	return root(ctx, s, f, public)
}

func (a *app) getLump() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "get-lump CID [-o FILE]",
		Short: "Print the bytes of a lump",
		Example: `  hearth-ctl get-lump bafkr4i... > model.gltf
  hearth-ctl get-lump bafkr4i... -o model.gltf`,
		Args: args(1, 1, "one CID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := lumps.Parse(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(s *session) error {
				n := &counter{w: a.out.w}
				switch {
				case to != "":
					err := writeFile(to, func(w io.Writer) error {
						n.w = w
						return s.GetLump(cmd.Context(), c, n)
					})
					if err != nil || !a.json {
						return err
					}
					return a.out.object(fileResult{CID: c, Size: n.n, File: to})
				case a.json:
					fmt.Fprintf(a.out.w, `{"cid":"%s","data":"`, c)
					enc := base64.NewEncoder(base64.StdEncoding, a.out.w)
					n.w = enc
					if err := s.GetLump(cmd.Context(), c, n); err != nil {
						return err
					}
					if err := enc.Close(); err != nil {
						return err
					}
					_, err := fmt.Fprintf(a.out.w, "\",\"size\":%d}\n", n.n)
					return err
				}
				return s.GetLump(cmd.Context(), c, n)
			})
		},
	}
	cmd.Flags().StringVarP(&to, "output", "o", "", "write to `FILE`, which is replaced when all is there")
	return cmd
}

type fileResult struct {
	CID  lumps.CID `json:"cid"`
	Size int64     `json:"size"`
	File string    `json:"file"`
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func (a *app) statLump() *cobra.Command {
	return &cobra.Command{
		Use:     "stat-lump CID",
		Short:   "Print CID, size, number of blocks and kind of a lump",
		Example: `  hearth-ctl stat-lump bafkr4i...`,
		Args:    args(1, 1, "one CID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := lumps.Parse(args[0])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(s *session) error {
				l, err := s.StatLump(cmd.Context(), c)
				if err != nil {
					return err
				}
				return a.showLump(l)
			})
		},
	}
}

func (a *app) showLump(l ipc.Lump) error {
	a.out.columns("CID", "SIZE", "BLOCKS", "KIND")
	return a.out.row(l, l.CID.String(), a.out.size(l.Size), strconv.FormatInt(l.Blocks, 10), l.Kind)
}

func (a *app) listLumps() *cobra.Command {
	return &cobra.Command{
		Use:     "list-lumps",
		Short:   "List the lumps: CID, size, number of blocks, kind",
		Example: `  hearth-ctl list-lumps | sort -k2 -n | tail`,
		Args:    args(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(s *session) error { return s.Lumps(cmd.Context(), a.showLump) })
		},
	}
}
