// Command hearth-client joins a space: it runs a world of its own, in which its
// user's processes live, and connects it to a server.
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
		os.Exit(ipc.ExitInterrupted)
	}()
	err := command().ExecuteContext(ctx)
	os.Exit(exit.Report(os.Stderr, "hearth-client", err))
}
