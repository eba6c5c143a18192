// Package version says which build of Hearth a program is.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// String is the version of the build: a tag, a commit, or "devel".
func String() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

// Of names a program in what it writes.
func Of(program string) string { return fmt.Sprintf("%s %s", program, String()) }

// Parts are the versions that an epoch records: what may explain a replay that
// differs.
func Parts() map[string]string {
	parts := map[string]string{"hearth": String(), "go": runtime.Version(), "arch": runtime.GOARCH, "os": runtime.GOOS}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			if d.Path == "github.com/tetratelabs/wazero" {
				parts["wazero"] = d.Version
			}
		}
	}
	return parts
}
