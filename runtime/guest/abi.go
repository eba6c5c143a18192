package guest

// Permissions say what a capability allows.
type Permissions uint32

const (
	CanSend    Permissions = 1
	CanMonitor Permissions = 2
	CanKill    Permissions = 4
	CanLink    Permissions = 8

	// AllPermissions is what a spawner's capability to its child has.
	AllPermissions = CanSend | CanMonitor | CanKill | CanLink
)

// Level is the importance of a log line. It is an io.Writer, so that
// fmt.Fprintf(guest.Info, ...) and log.SetOutput(guest.Debug) work.
type Level uint32

const (
	Trace Level = iota
	Debug
	Info
	Warn
	Error
)

// Names of the services that every space has.
const (
	SpawnerService   = "hearth.wasm.WasmProcessSpawner"
	SleepService     = "hearth.Sleep"
	TimerService     = "hearth.TimerFactory"
	StopwatchService = "hearth.StopwatchFactory"
	UnixTimeService  = "hearth.UnixTime"
)

// LumpID is the digest that names a lump in messages and in guest memory.
type LumpID [32]byte

// CID is a lump's whole binary content identifier.
type CID [36]byte
