package mirror

import (
	"fmt"
	"strings"

	"hearth/journal/space"
	"hearth/store"
)

// HeadRoot is the root that names the newest snapshot of a mirrored world.
func HeadRoot(name string) string { return "mirror/" + name + "/head" }

// CheckName returns nil if a mirror may have that name: letters, digits, "-", "_"
// and ".", 1 to 64 of them, and not a dot first.
func CheckName(name string) error {
	ok := len(name) > 0 && len(name) <= maxName && name[0] != '.'
	for _, r := range name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r))
	}
	if !ok {
		return fmt.Errorf("%.80q: %w", name, ErrBadName)
	}
	return nil
}

// checkRoot refuses the names of roots that no mirror may set.
func checkRoot(name string) error {
	if err := store.CheckRootName(name); err != nil {
		return err
	}
	if name == space.RootSnapshot {
		return fmt.Errorf("%s: %w", name, ErrReserved)
	}
	return nil
}
