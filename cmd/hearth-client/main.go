// Command hearth-client joins a space: it runs a world of its own, in which its
// user's processes live, and connects it to a server.
package main

import "hearth/cmd/internal/host"

func main() { host.Main("hearth-client", command()) }
