package view

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hearth/cmd/internal/exit"
)

// MaxPicture bounds the sides of a picture, in pixels: more than any screen has, and
// still less than every device can draw.
const MaxPicture = 16384

// ParseSize reads "WIDTHxHEIGHT" in pixels.
func ParseSize(s string) (w, h int, err error) {
	if n, err := fmt.Sscanf(s, "%dx%d", &w, &h); n != 2 || err != nil || fmt.Sprintf("%dx%d", w, h) != s {
		return 0, 0, exit.Usagef("%q is no size, such as 1280x720", s)
	}
	if w < 1 || h < 1 || w > MaxPicture || h > MaxPicture {
		return 0, 0, exit.Usagef("a picture of %s cannot be made; its sides are 1 to %d pixels", s, MaxPicture)
	}
	return w, h, nil
}

// capture is where pictures of the frames go: the last of them to one file, or each
// to a file of its own in a folder.
type capture struct {
	file, dir string
	made      bool // file is there
}

// ErrInterrupted reports a picture that was asked for and not made, because the program was
// told to end.
var ErrInterrupted error = interruptedError{}

type interruptedError struct{}

func (interruptedError) Error() string { return "interrupted before the picture was made" }
func (interruptedError) Unwrap() error { return context.Canceled }

// Unmade reports whether one picture was to be made, and was not.
func (o *Options) Unmade() bool { return o.Capture != nil && o.Capture.file != "" && !o.Capture.made }

// newCapture looks at where pictures shall go before anything is drawn.
func newCapture(path string) (*capture, error) {
	st, err := os.Stat(path)
	switch {
	case err == nil && st.IsDir():
		return &capture{dir: path}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, &exit.CreateError{File: path, Err: err}
	case strings.EqualFold(filepath.Ext(path), ".png"):
		if st, err := os.Stat(filepath.Dir(path)); err != nil {
			return nil, &exit.CreateError{File: path, Err: err}
		} else if !st.IsDir() {
			return nil, &exit.CreateError{File: path, Err: fmt.Errorf("%s is no folder", filepath.Dir(path))}
		}
		return &capture{file: path}, nil
	case err == nil:
		return nil, exit.Usagef("--capture: %s is a file, and its name does not end in .png", path)
	case filepath.Ext(path) != "" && !os.IsPathSeparator(path[len(path)-1]):
		return nil, exit.Usagef("--capture makes PNG files; name %s.png, or a folder", strings.TrimSuffix(path, filepath.Ext(path)))
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		return nil, &exit.CreateError{File: path, Err: err}
	}
	return &capture{dir: path}, nil
}

// wants reports whether a frame of so many becomes a file.
func (c *capture) wants(frame, of int) bool { return c.dir != "" || frame == of-1 }

// put writes a frame, and returns its file.
func (c *capture) put(frame int, img image.Image) (string, error) {
	name := c.file
	if c.dir != "" {
		name = filepath.Join(c.dir, fmt.Sprintf("%06d.png", frame+1))
	}
	err := writePNG(name, img)
	c.made = err == nil
	return name, err
}

// writePNG writes a picture whole or not at all: who watches the folder never reads
// half a picture.
func writePNG(name string, img image.Image) (err error) {
	defer func() {
		if err != nil {
			err = &exit.CreateError{File: name, Err: err}
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(name), ".picture-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriterSize(f, 1<<16)
	err = encodePNG(w, img)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// encodePNG writes quickly rather than small.
func encodePNG(w io.Writer, img image.Image) error {
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return e.Encode(w, img)
}
