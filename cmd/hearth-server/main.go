// Command hearth-server runs a world: it restores the space, executes it and
// answers hearth-ctl on a Unix socket.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"hearth/cmd/internal/exit"
	"hearth/runtime"
	"hearth/runtime/ipc"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(runtime.GCPercent)
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		<-signals
		stop()
		<-signals
		// Whoever asks twice has no time for a snapshot. What was acknowledged is
		// in the journal.
		os.Exit(ipc.ExitInterrupted)
	}()
	cmd := command()
	err := cmd.ExecuteContext(ctx)
	os.Exit(exit.Report(os.Stderr, "hearth-server", err))
}
