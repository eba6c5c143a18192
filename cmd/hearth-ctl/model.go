package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/vk/model"
)

func (a *app) loadModel() *cobra.Command {
	var public bool
	cmd := &cobra.Command{
		Use:   "load-model FILE...",
		Short: "Store 3D models with the files beside them, and print their CIDs",
		Long: `Store 3D models and print their CIDs, one a line. A model is a .gltf, .glb or .obj file;
what it refers to (buffers, pictures, materials) is looked for beside it and packed with it
into one .glb, so that the lump is complete. Nothing outside of its folder is read. The
same files give the same CID.

A file that cannot be shown is refused with what is wrong with it. Pictures, skies among
them, are loaded with load-lump. As there, what is loaded becomes a root of the space.`,
		Example: `  hearth-ctl load-model duck.gltf
  hearth-ctl load-model --public chair.obj table.glb`,
		Args: args(1, -1, "files"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.with(cmd.Context(), func(s *session) error {
				for _, name := range files {
					data, err := pack(name)
					if err != nil {
						return err
					}
					l, err := root(cmd.Context(), s, bytes.NewReader(data), public)
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

// pack makes one file of a model and its neighbours.
func pack(name string) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if fi.IsDir() {
		return nil, exit.Usagef("%s is a folder; a model is a file", name)
	}
	// What a model refers to stays in its folder, whatever links lead out of it.
	dir, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	data, err := model.Pack(dir.FS(), filepath.Base(name))
	if err == nil {
		return data, nil
	}
	err = fmt.Errorf("%s: %w", name, err)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	return nil, &exit.DataError{Err: err}
}
