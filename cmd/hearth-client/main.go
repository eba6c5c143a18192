// Command hearth-client shows a space: it runs a world of its own, in which its
// user's processes live, opens a window on it, and joins a server if it is asked to.
package main

import "hearth/cmd/internal/host"

func main() { host.Main("hearth-client", command()) }
