package host

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"hearth/cmd/internal/exit"
	"hearth/runtime"
	"hearth/runtime/ipc"
)

// Main runs the command of a program that runs a world, and ends the program. The
// first SIGTERM or SIGINT ends the context of the command.
func Main(program string, cmd *cobra.Command) {
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
	err := cmd.ExecuteContext(ctx)
	os.Exit(exit.Report(os.Stderr, program, err))
}
