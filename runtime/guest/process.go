//go:build wasip1

package guest

// PID returns the number of this process, which no other will ever have.
func PID() uint64 { return uint64(processID()) }

// Exit ends the process when the current handler returns. Code 0 is normal.
func Exit(code int) { processExit(int32(code)) }

// Now returns nanoseconds since 1970. In a durable process it is the time of
// the event that is handled.
func Now() int64 { return timeNow() }

// Log writes a line to the process's log.
func (l Level) Log(text string) { logLine(uint32(l), "", text) }

// Write logs p as one line.
func (l Level) Write(p []byte) (int, error) {
	text := string(p)
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	l.Log(text)
	return len(p), nil
}

// Metadata describes a module to whoever lists it.
type Metadata struct {
	Name, Description, Repository, Homepage, License string
	Authors                                          []string
}

// Describe sets the module's metadata. Call it in an init function.
func Describe(md Metadata) { metadata = md }

var metadata Metadata

//go:wasmexport _hearth_metadata
func describe() {
	set := func(fn func(string), text string) {
		if text != "" {
			fn(text)
		}
	}
	set(metadataSetName, metadata.Name)
	set(metadataSetDescription, metadata.Description)
	set(metadataSetRepository, metadata.Repository)
	set(metadataSetHomepage, metadata.Homepage)
	set(metadataSetLicense, metadata.License)
	for _, a := range metadata.Authors {
		metadataAddAuthor(a)
	}
}
