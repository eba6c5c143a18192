// Package rewrite changes a guest's module, once, before any engine sees it:
// bytes in, bytes out, the same bytes for the same bytes on every machine.
//
// The key idea: what the engine cannot promise is put into the code. Compiled
// WebAssembly cannot be interrupted, overflows its stack at a depth that depends
// on the compiler, and leaves the bits of a NaN to the processor. The rewritten
// module counts its own fuel and calls the host when it runs out, counts its own
// stack and traps at a fixed bound, and makes every computed NaN the canonical one.
//
// # What a rewritten module has more than it came with
//
//	import  "hearth::fuel" "refill"  ()->()  called when the fuel is below zero
//	export  "__hearth_fuel"    mutable i64   fuel left; the host adds to it
//	export  "__hearth_depth"   mutable i32   stack in use, in units (durable only)
//	export  "__hearth_start"   function      the start function, if there was one
//	export  "__hearth_g<i>"    mutable       each mutable number i of the module
//
// The import is the last of the imported functions, so the index of every
// function of the module grows by one. The start section is gone: the host calls
// the export like any function, under fuel. "name" keeps the names of the module
// and of its functions; DWARF goes.
//
// # Fuel
//
// A unit is a loop iteration or a function call of at most 64 instructions. A
// region is the body of a function or of a loop without the loops inside it; it
// costs 1 and one more for every 64 instructions in it (a call counts as 16), and
// is charged at its head each time control passes there. A function of at most 64
// instructions and locals, without calls, loops and the instructions of the next
// sentence, is not charged: its callers are. On top, memory.fill, memory.copy and
// memory.init cost 1 for every 256 bytes, the table instructions 1 for every 16
// elements, memory.grow 256. A host function takes off the global what it costs.
//
// The charge is exact: the global always holds what is left, after a trap too, and
// what was consumed does not depend on how the host slices its grants. The global is
// below zero when refill is called, by what is owed; the host adds its grant. refill
// must leave the global at zero or above, or not return. Every cycle of the control
// flow passes a loop header or a function's entry, so nothing runs for ever without
// being charged.
//
// # Depth
//
// A durable guest must overflow its stack at the same call on every machine. So a
// function adds the bound of its frame (see depth.go), in units of 16 bytes, on
// entry, takes it off on every way out, and executes `unreachable` where the sum
// would pass MaxDepth; the global is above MaxDepth then, which tells this trap
// from the guest's own. Functions that call nothing are not counted, for theirs is
// the last frame. The global is 0 whenever the stack is empty; after a trap the host
// sets it to 0 before it uses the instance again.
//
// # NaNs
//
// In a durable module the result of float arithmetic is the canonical NaN wherever
// its bits can be seen; nan.go says which instructions keep bits.
package rewrite
