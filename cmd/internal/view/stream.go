package view

import (
	"io"
	"io/fs"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"hearth/cmd/internal/exit"
	"hearth/vk/scene/film"
)

// newStream begins the file or the pipe of a record, for pictures of one size.
func newStream(r *record, width, height int) (*film.Recorder, error) {
	w, err := r.open()
	if err != nil {
		return nil, &exit.CreateError{File: r.path, Err: err}
	}
	if r.format == "rgba" {
		return film.NewRaw(w, width, height)
	}
	return film.NewY4M(w, width, height, film.Y4M{Rate: r.fps, Per: 1})
}

// open opens what is written to. A named pipe is opened with the first picture, on
// the recorder's goroutine, since that waits for a reader.
func (r *record) open() (io.WriteCloser, error) {
	if r.path == "-" {
		// A reader that leaves is an error of the film, and not the end of the program
		// in the middle of its world.
		signal.Ignore(syscall.SIGPIPE)
		return os.Stdout, nil
	}
	if st, err := os.Stat(r.path); err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		signal.Ignore(syscall.SIGPIPE)
		return &pipe{path: r.path}, nil
	}
	return os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

// pipe is a named pipe that is opened when something is written to it. Close may be
// called while that still waits for a reader.
type pipe struct {
	path string
	f    atomic.Pointer[os.File]
}

func (p *pipe) Write(b []byte) (int, error) {
	f := p.f.Load()
	if f == nil {
		var err error
		if f, err = os.OpenFile(p.path, os.O_WRONLY, 0); err != nil {
			return 0, err
		}
		p.f.Store(f)
	}
	return f.Write(b)
}

func (p *pipe) Close() error {
	if f := p.f.Load(); f != nil {
		return f.Close()
	}
	return nil
}
