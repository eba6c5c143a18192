package crashtest

import (
	"fmt"
	"path"
	"strings"
)

// Kind says what an operation does.
type Kind uint8

const (
	Write    Kind = iota // Data at Off of File
	Truncate             // File to Off bytes
	Sync                 // File
	Create               // Name, as File
	MakeDir              // Name, as File
	Rename               // Name to To
	Remove               // Name
	SyncDir              // Name
	Ack                  // Data: the workload says that it was told something
)

func (k Kind) String() string {
	return [...]string{"write", "truncate", "sync", "create", "mkdir", "rename", "remove", "syncdir", "ack"}[k]
}

// Op is one recorded operation.
type Op struct {
	Kind Kind
	File int    // of the file itself, whatever its name is now
	Name string // slash-separated, from the root of the file system
	To   string
	Off  int64
	Data []byte
}

func (o Op) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("write %s %d+%d", o.Name, o.Off, len(o.Data))
	case Truncate:
		return fmt.Sprintf("truncate %s %d", o.Name, o.Off)
	case Rename:
		return fmt.Sprintf("rename %s %s", o.Name, o.To)
	case Ack:
		return fmt.Sprintf("ack %.80s", o.Data)
	}
	return o.Kind.String() + " " + o.Name
}

// changesNames reports whether o changes a folder.
func (o Op) changesNames() bool {
	return o.Kind == Create || o.Kind == MakeDir || o.Kind == Rename || o.Kind == Remove
}

// folders returns the folders that o changes.
func (o Op) folders() []string {
	if o.Kind == Rename {
		return []string{path.Dir(o.Name), path.Dir(o.To)}
	}
	return []string{path.Dir(o.Name)}
}

// names are the files and folders of a file system by path.
type names map[string]int

// apply carries out a change of names, which is known to be possible.
func (n names) apply(o Op) {
	switch o.Kind {
	case Create, MakeDir:
		n[o.Name] = o.File
	case Remove:
		delete(n, o.Name)
	case Rename:
		moved := map[string]int{}
		for name, id := range n {
			if name == o.Name || strings.HasPrefix(name, o.Name+"/") {
				moved[o.To+name[len(o.Name):]] = id
				delete(n, name)
			}
		}
		for name, id := range moved {
			n[name] = id
		}
	}
}
