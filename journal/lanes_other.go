//go:build !amd64

package journal

const haveLanes = false

func compress8(*lanes) { panic("there is no compress8 on this machine") }
