package rewrite

// Limits on what is decoded. They are wide: every module that a compiler makes
// passes; what they stop is a small file that costs the host much.
const (
	// maxModule is the largest module taken, in bytes.
	maxModule = 64 << 20
	// maxOutput bounds what a module can grow to: a byte of float arithmetic becomes
	// up to 23, and a hostile module is nothing else.
	maxOutput = 4 * maxModule

	maxTypes    = 1 << 20
	maxImports  = 1 << 17
	maxFuncs    = 1 << 20
	maxExports  = 1 << 20
	maxElements = 1 << 20
	maxData     = 1 << 20
	maxTables   = 100
	// maxGlobals is low because an engine looks at every mutable global after every
	// call that it compiles.
	maxGlobals = 4096
	// maxArity bounds the parameters, and the results, of one type.
	maxArity = 1000
	// maxLocals is what browsers allow.
	maxLocals = 50_000
	// maxBody bounds one function's code, in bytes; the largest seen from a compiler
	// is under 1 MiB, and the engine takes some hundred times its length in memory.
	maxBody = 4 << 20
	// maxFunctionWork and maxModuleWork bound blocks times locals plus calls times
	// mutable globals. wazero takes two seconds and 260 MB for a function of 1000
	// locals in 1000 blocks, 28 KB of code, and grows with the cube. The largest
	// function seen from a compiler comes to 100,000, a module of Go to one for every
	// five of its bytes.
	maxFunctionWork = 1 << 20
	maxModuleWork   = 1 << 25
	// maxNesting bounds blocks within blocks. Go puts one block around each place
	// where a goroutine can resume, so thousands are usual.
	maxNesting = 50_000
	// maxOperands bounds the height of the operand stack that is followed for the
	// frame bound and the NaNs of a durable module.
	maxOperands = 100_000
	// maxTableElements bounds a table at its start and in its growth.
	maxTableElements = 1 << 20
	// maxName bounds a name, in bytes.
	maxName = 1 << 16
	// maxPages is the 4 GiB that a 32-bit memory can have.
	maxPages = 1 << 16
)
