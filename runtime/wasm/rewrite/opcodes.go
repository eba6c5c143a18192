package rewrite

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// opcode is what the decoder knows of an instruction.
type opcode struct {
	name      string // "" if there is no such instruction
	imm       immediate
	pops      uint8 // operands; not for control and variable instructions
	pushes    uint8
	control   bool     // its operands depend on more than the opcode
	takes     nanClass // operands of this class may be any NaN: the result says nothing of their bits
	gives     nanClass // the result may be a NaN with bits that the processor chose
	calls     bool     // the engine leaves the code for it
	evicts    uint8    // values that it may push out of the registers it must have
	undurable string   // why a durable module cannot have it
	sig       string   // operands and results by letter, for the tests
}

// immediate says what follows an opcode.
type immediate uint8

const (
	immNone immediate = iota
	immBlock
	immLabel
	immLabels
	immFunc
	immIndirect
	immTypes
	immLocal
	immGlobal
	immTable
	immMem
	immMemory
	immI32
	immI64
	immF32
	immF64
	immRefType
	immDataMemory
	immData
	immMemoryMemory
	immElemTable
	immElem
	immTableTable
	immV128
	immLanes
	immLane
	immMemLane
)

var immediates = map[string]immediate{
	"-": immNone, "block": immBlock, "label": immLabel, "labels": immLabels,
	"func": immFunc, "indirect": immIndirect, "types": immTypes, "local": immLocal,
	"global": immGlobal, "table": immTable, "mem": immMem, "memory": immMemory,
	"i32": immI32, "i64": immI64, "f32": immF32, "f64": immF64, "reftype": immRefType,
	"data+memory": immDataMemory, "data": immData, "memory+memory": immMemoryMemory,
	"elem+table": immElemTable, "elem": immElem, "table+table": immTableTable,
	"v128": immV128, "lanes": immLanes, "lane": immLane, "mem+lane": immMemLane,
}

// Opcodes that the rewriter writes or looks for.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectT      = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableSet     = 0x26
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32GtU       = 0x4b
	opI64LtS       = 0x53
	opI64GeS       = 0x59
	opF32Eq        = 0x5b
	opF64Eq        = 0x61
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64ShrU      = 0x88
	opI64ExtendU   = 0xad
	opRefNull      = 0xd0
	opRefFunc      = 0xd2
	opMisc         = 0xfc
	opSIMD         = 0xfd
	opAtomic       = 0xfe

	miscMemoryInit = 8
	miscDataDrop   = 9
	miscMemoryCopy = 10
	miscMemoryFill = 11
	miscTableInit  = 12
	miscElemDrop   = 13
	miscTableCopy  = 14
	miscTableGrow  = 15
	miscTableFill  = 17

	simdConst     = 12
	simdF32x4Eq   = 65
	simdF64x2Eq   = 71
	simdBitselect = 82

	emptyBlock = 0x40
)

// opcodeTable holds the instructions of WebAssembly 2.0: one byte, and behind the
// prefixes 0xfc and 0xfd.
type opcodeTable struct {
	plain [256]opcode
	misc  [18]opcode
	simd  [256]opcode
}

var opcodes = sync.OnceValue(func() *opcodeTable {
	t := new(opcodeTable)
	parseOpcodes(plainOpcodes, t.plain[:])
	parseOpcodes(miscOpcodes, t.misc[:])
	parseOpcodes(simdOpcodes, t.simd[:])
	t.plain[opTableSet].undurable = "it changes a table, which a snapshot does not hold"
	for _, i := range []int{miscTableInit, miscTableCopy, miscTableGrow, miscTableFill} {
		t.misc[i].undurable = t.plain[opTableSet].undurable
	}
	for _, i := range []int{miscDataDrop, miscElemDrop} {
		t.misc[i].undurable = "it drops a segment, which a snapshot does not hold"
	}
	return t
})

// parseOpcodes reads lines of code, name, immediate, signature and the classes of
// NaN that it takes and gives.
func parseOpcodes(text string, to []opcode) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		f := strings.Fields(line)
		code, err := strconv.ParseUint(f[0], 16, 8)
		imm, ok := immediates[f[2]]
		if err != nil || !ok || to[code].name != "" {
			panic(fmt.Sprintf("opcode table: %q", line))
		}
		op := opcode{name: f[1], imm: imm, sig: f[3], control: f[3] == "*"}
		if in, out, ok := strings.Cut(f[3], ":"); ok {
			op.pops, op.pushes = uint8(len(in)), uint8(len(out))
		}
		if len(f) > 4 {
			in, out, _ := strings.Cut(f[4], ":")
			op.takes, op.gives = nanClasses[in], nanClasses[out]
		}
		_, verb, _ := strings.Cut(op.name, ".")
		switch {
		case strings.HasPrefix(verb, "div_"), strings.HasPrefix(verb, "rem_"):
			op.evicts = 2
		case strings.HasPrefix(verb, "sh"), strings.HasPrefix(verb, "rot"):
			op.evicts = 1
		}
		switch op.imm {
		case immMemory, immDataMemory, immMemoryMemory, immTable, immElemTable, immTableTable, immFunc:
			op.calls = true
		}
		to[code] = op
	}
}
