package pty

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	creack "github.com/creack/pty"
	"golang.org/x/sys/unix"
)

const (
	// DefaultColumns and DefaultRows are the size of a terminal that asks for none:
	// what programs assume that cannot ask.
	DefaultColumns, DefaultRows = 80, 24

	// MaxSize is the largest number of columns, rows or pixels that the kernel can
	// tell a program (struct winsize holds 16 bits); more is told as this.
	MaxSize = 1<<16 - 1

	// DefaultWriteQueue is how many bytes may wait for the program to read them:
	// room for any paste that a person makes, so that it arrives whole.
	DefaultWriteQueue = 4 << 20

	// DefaultGrace is how long a closed terminal's processes have to end by
	// themselves: enough for an editor to keep its recovery file.
	DefaultGrace = 2 * time.Second

	// NoLimit is the output limit of who reads as fast as it can: the reader sets the
	// pace and the kernel holds the program back.
	NoLimit = 0
)

// Options say what to run. The zero value runs the user's shell.
type Options struct {
	Path string   // a file, or a name that is looked up in PATH; empty: Shell()
	Args []string // what follows the name; may be empty
	Name string   // argument zero; empty: the file's base name. A leading "-" makes a shell a login shell
	Env  []string // the whole environment; nil: Environment(os.Environ())
	Dir  string   // empty: the directory of this program

	Columns, Rows int // cells; 0: 80 by 24
	Width, Height int // of the whole screen in pixels; 0: not known

	WriteQueue  int           // bytes; 0: DefaultWriteQueue
	OutputLimit int           // bytes a second that Read hands out; NoLimit: no limit
	Grace       time.Duration // between SIGHUP and SIGKILL; 0: DefaultGrace
}

// A Process is a program in a pseudo-terminal. Its methods may be called from many
// goroutines at once. Close must be called, also after the program has ended.
type Process struct {
	pid    int // of the session's leader, and the session's and its first group's number
	cmd    *exec.Cmd
	master *os.File
	grace  time.Duration

	in   queue
	size sizer
	out  meter

	ended chan struct{} // closed when exit is set
	exit  Exit

	session sync.Mutex // guards reaped; held while the session's number must stay its own
	reaped  bool

	closing   sync.Once
	closeErr  error
	quit      chan struct{} // closed by Close: the goroutines go
	supervise sync.WaitGroup
}

// Start runs a program in a new pseudo-terminal. What it refuses is a *StartError.
func Start(o Options) (*Process, error) {
	path, err := o.executable()
	if err != nil {
		return nil, err
	}
	if o.Env == nil {
		o.Env = Environment(os.Environ())
	}
	size := newWinsize(or(o.Columns, DefaultColumns), or(o.Rows, DefaultRows), o.Width, o.Height)
	master, slave, err := open(size)
	if err != nil {
		return nil, &StartError{Path: path, Err: err, what: noTerminal}
	}
	defer slave.Close()

	pidfd := -1
	cmd := &exec.Cmd{
		Path: path, Args: append([]string{o.Name}, o.Args...), Env: o.Env, Dir: o.Dir,
		Stdin: slave, Stdout: slave, Stderr: slave,
		SysProcAttr: attributes(&pidfd),
	}
	if o.Name == "" {
		cmd.Args[0] = filepath.Base(path)
	}
	hearHangups()
	if err := cmd.Start(); err != nil {
		master.Close()
		return nil, &StartError{Path: path, Dir: o.Dir, Err: err, what: refused}
	}
	p := &Process{
		pid: cmd.Process.Pid, cmd: cmd, master: master, grace: o.Grace,
		ended: make(chan struct{}), quit: make(chan struct{}),
	}
	if p.grace <= 0 {
		p.grace = DefaultGrace
	}
	p.in.init(or(o.WriteQueue, DefaultWriteQueue))
	p.size.init(master, size)
	p.out.init(o.OutputLimit)
	p.supervise.Go(func() { p.watch(pidfd) })
	p.supervise.Go(p.drain)
	return p, nil
}

func or(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// executable finds what to run, so that a mistake is told in words and not as what the
// kernel says of it.
func (o *Options) executable() (string, error) {
	if o.Path == "" {
		o.Path = Shell()
	}
	if o.Dir != "" {
		if info, err := os.Stat(o.Dir); err != nil {
			return "", &StartError{Path: o.Path, Dir: o.Dir, Err: err, what: noFolder}
		} else if !info.IsDir() {
			return "", &StartError{Path: o.Path, Dir: o.Dir, Err: syscall.ENOTDIR, what: noFolder}
		}
	}
	path := o.Path
	if o.Dir != "" && filepath.Base(path) != path && !filepath.IsAbs(path) {
		path = filepath.Join(o.Dir, path) // as the child will see it
	}
	found, err := exec.LookPath(path)
	switch {
	case err == nil || errors.Is(err, exec.ErrDot):
	case errors.Is(err, fs.ErrPermission):
		return "", &StartError{Path: o.Path, Err: err, what: notExecutable}
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		// Both kinds of absence are the same to who asks.
		return "", &StartError{Path: o.Path, Err: fmt.Errorf("%w (%w)", fs.ErrNotExist, err), what: notFound}
	default:
		return "", &StartError{Path: o.Path, Err: err, what: notExecutable}
	}
	if found, err = filepath.Abs(found); err != nil {
		return "", &StartError{Path: o.Path, Err: err, what: refused}
	}
	return found, nil
}

// open makes a pseudo-terminal. The master is one that the runtime can wait on, which
// one that went through File.Fd is not: reading it would hold a thread, and closing it
// would not end the read.
func open(size *unix.Winsize) (master, slave *os.File, err error) {
	m, slave, err := creack.Open()
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	fd, err := unix.FcntlInt(m.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil {
		if err = unix.SetNonblock(fd, true); err == nil {
			err = errors.Join(unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size), characters(int(slave.Fd())))
		}
		if err != nil {
			unix.Close(fd)
		}
	}
	if err != nil {
		slave.Close()
		return nil, nil, err
	}
	return os.NewFile(uintptr(fd), m.Name()), slave, nil
}

// Pid is the number of the program that was started, which is also its session's.
func (p *Process) Pid() int { return p.pid }

// Read takes what the programs in the terminal have written. The end, which comes when
// nobody has the terminal open any more, and Close are io.EOF. A job in the background
// may have it open when the first program has ended: Ended tells of that one. While
// nobody reads, the programs wait.
func (p *Process) Read(b []byte) (int, error) {
	b = p.out.room(b)
	p.out.wait(p.quit)
	n, err := p.master.Read(b)
	if n > 0 {
		p.out.took(n)
		return n, nil
	}
	switch {
	case err == nil && len(b) == 0:
		return 0, nil
	case err == nil, errors.Is(err, syscall.EIO), errors.Is(err, os.ErrClosed):
		// EIO is how Linux tells that the last slave was closed.
		return 0, io.EOF
	}
	return 0, fmt.Errorf("the terminal cannot be read: %w", err)
}

// Wait waits until the program that was started has ended. Others of its session may
// still run, and there may be output that was not read yet.
func (p *Process) Wait() Exit {
	<-p.ended
	return p.exit
}

// Ended is closed when the program that was started has ended: Wait returns at once.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Resize tells the programs a new size: cells, and pixels of the whole screen where
// they are known (else 0). They hear of it at once, but at most once in ResizePause;
// of many the last always arrives.
func (p *Process) Resize(columns, rows, width, height int) {
	p.size.set(newWinsize(columns, rows, width, height))
}

// Stats are what went through a terminal so far.
type Stats struct {
	Read, Written uint64 // bytes from and to the programs
	Queued        int    // bytes that wait for the programs to read them
	Rate          int    // bytes that were read in the last whole second
}

// Stats counts what went through the terminal.
func (p *Process) Stats() Stats {
	s := Stats{Rate: p.out.rate()}
	s.Read = p.out.total.Load()
	s.Written, s.Queued = p.in.counts()
	return s
}
