// Command hearth-server runs a world: it restores the space, executes it and
// answers hearth-ctl on a Unix socket. With --listen, peers join it.
package main

import "hearth/cmd/internal/host"

func main() { host.Main("hearth-server", command()) }
