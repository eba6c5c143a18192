package runtime

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"unicode/utf8"
)

func randomRead(b []byte) { rand.Read(b) }

// LogLevel is how much a line matters, as guests number it.
type LogLevel uint32

const (
	LogTrace LogLevel = iota
	LogDebug
	LogInfo
	LogWarn
	LogError
)

func (l LogLevel) String() string {
	return [...]string{"trace", "debug", "info", "warn", "error"}[min(l, LogError)]
}

// MarshalJSON gives the name.
func (l LogLevel) MarshalJSON() ([]byte, error) { return json.Marshal(l.String()) }

// LogLine is one line that a process wrote.
type LogLine struct {
	Time   int64    `json:"time"` // Unix nanoseconds
	PID    uint64   `json:"pid"`
	Level  LogLevel `json:"level"`
	Module string   `json:"module,omitempty"`
	Text   string   `json:"text"`
}

// LogService writes a line that a process asked for to the log of the program.
func (rt *Runtime) LogService(level, from, text string) {
	if len(text) > maxLogLine {
		text = text[:maxLogLine]
	}
	l := slog.LevelInfo
	switch level {
	case "trace", "debug":
		l = slog.LevelDebug
	case "warn":
		l = slog.LevelWarn
	case "error":
		l = slog.LevelError
	}
	rt.log.Log(rt.ctx, l, text, "from", from)
}

// logs keeps the newest lines of every process, and of the last ones that ended.
type logs struct {
	mu   sync.Mutex
	cond *sync.Cond
	by   map[uint64]*logRing
	dead []uint64
}

type logRing struct {
	lines []LogLine
	first uint64 // number of the first line
	ended bool
}

func newLogs() *logs {
	l := &logs{by: map[uint64]*logRing{}}
	l.cond = sync.NewCond(&l.mu)
	return l
}

func (l *logs) add(line LogLine) {
	if len(line.Text) > maxLogLine {
		line.Text = line.Text[:maxLogLine]
	}
	if !utf8.ValidString(line.Text) {
		line.Text = strings.ToValidUTF8(line.Text, "\uFFFD")
	}
	if !utf8.ValidString(line.Module) {
		line.Module = strings.ToValidUTF8(line.Module, "\uFFFD")
	}
	l.mu.Lock()
	r := l.by[line.PID]
	if r == nil {
		r = &logRing{}
		l.by[line.PID] = r
	}
	r.lines = append(r.lines, line)
	if n := len(r.lines) - maxLogLines; n > maxLogLines {
		r.lines = append([]LogLine(nil), r.lines[n:]...)
		r.first += uint64(n)
	}
	l.cond.Broadcast()
	l.mu.Unlock()
}

func (l *logs) end(pid uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.by[pid]
	if r == nil || r.ended {
		return
	}
	r.ended = true
	l.dead = append(l.dead, pid)
	if len(l.dead) > deadLogs {
		delete(l.by, l.dead[0])
		l.dead = l.dead[1:]
	}
	l.cond.Broadcast()
}

// addLog keeps a line of a transient process.
func (p *Process) addLog(line LogLine) {
	p.logged.Store(true)
	p.rt.logs.add(line)
}

// await makes a process that has written nothing known, so that who follows it
// hears of its end.
func (rt *Runtime) await(pid uint64) {
	l := rt.logs
	l.mu.Lock()
	if l.by[pid] == nil {
		l.by[pid] = &logRing{}
	}
	l.mu.Unlock()
	if p := rt.process(pid); p != nil {
		p.logged.Store(true)
	}
	if rt.process(pid) == nil { // it ended meanwhile, and looked before
		l.end(pid)
	}
}

// Tail calls f with the last n lines of a process and then, with follow, with
// those that come, until the process ends, ctx is done or f returns false.
func (rt *Runtime) Tail(ctx context.Context, pid uint64, n int, follow bool, f func(LogLine) bool) error {
	l := rt.logs
	l.mu.Lock()
	r := l.by[pid]
	l.mu.Unlock()
	if r == nil && rt.process(pid) == nil {
		return ErrNoProcess
	}
	if follow {
		rt.await(pid)
		stop := context.AfterFunc(ctx, func() {
			l.mu.Lock()
			l.cond.Broadcast()
			l.mu.Unlock()
		})
		defer stop()
	}
	var next uint64
	for started := false; ; started = true {
		l.mu.Lock()
		var lines []LogLine
		for {
			ended := false
			if r = l.by[pid]; r != nil {
				end := r.first + uint64(len(r.lines))
				if !started && next == 0 {
					next = r.first
					if k := uint64(len(r.lines)); k > uint64(n) {
						next = end - uint64(n)
					}
				}
				next = max(next, r.first)
				lines = append(lines, r.lines[next-r.first:]...)
				next = end
				ended = r.ended
			}
			if len(lines) > 0 || !follow || ended || ctx.Err() != nil {
				break
			}
			l.cond.Wait()
			started = true
		}
		done := !follow || ctx.Err() != nil || (r != nil && r.ended)
		l.mu.Unlock()
		for _, x := range lines {
			if !f(x) {
				return nil
			}
		}
		if done {
			return nil
		}
	}
}
