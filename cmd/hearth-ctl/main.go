// Command hearth-ctl works on a world: the one that a server runs, over its
// socket, or a stopped one, in its folder.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"hearth/cmd/internal/exit"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := command(&app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}).ExecuteContext(ctx)
	code := exit.Report(os.Stderr, "hearth-ctl", err)
	stop()
	os.Exit(code)
}
