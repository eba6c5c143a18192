// Command demo shows what Hearth does, with the real programs: a world with real
// guests is driven, killed, started again, replayed, backed up, restored elsewhere,
// compared, and pushed to a second server twice; a space is drawn, in a picture and, where
// there is a display, in a window; and it is changed from a terminal that floats in it. It checks what it says, and ends with 1 where
// that is not so.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	bin := flag.String("bin", "bin", "folder of the programs")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, *bin)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

// The load: clients that each wait for every acknowledgement, before and after
// the kill.
const (
	clients    = 16
	beforeKill = 2 * time.Second
	afterKill  = time.Second
)

func run(ctx context.Context, bin string) (err error) {
	bin, err = filepath.Abs(bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hearth-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &stage{ctx: ctx, bin: bin, dir: dir, pids: map[string]string{}}
	defer s.clear()
	start := time.Now()
	for _, scene := range []func() error{s.begin, s.life, s.killing, s.replay, s.backup, s.compare, s.mirror, s.space, s.inside, s.finish} {
		if err := scene(); err != nil {
			return err
		}
	}
	s.say("Done in %.1f seconds; everything above was checked.", time.Since(start).Seconds())
	s.say("The pictures are %s", strings.Join(s.pictures, " and "))
	return nil
}
