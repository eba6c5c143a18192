package rewrite

// Which NaN an arithmetic instruction gives is left open by WebAssembly (its sign
// and payload differ between x86 and ARM), and a guest can look at the bits. So a
// durable module makes each such result the canonical NaN:
//
//	op                       op
//	local.tee x              local.tee x
//	local.get x              v128.const nan...
//	f64.eq                   local.get x
//	if (result f64)          local.get x
//	  local.get x            f64x2.eq
//	else                     v128.bitselect
//	  f64.const nan
//	end
//
// The branch is predicted and keeps the comparison out of the chain of
// dependencies; select and integer forms cost 1.5 to 3 times as much.
//
// Most are not needed: an instruction that computes gives a NaN for a NaN, whatever
// its bits, and a comparison or conversion does not look at them. So a result that
// such an instruction consumes stays as it is, and only what is stored, kept in a
// variable, passed on, branched with, or taken apart is made canonical. Loads,
// stores, constants, neg, abs, copysign, reinterpret and selects keep bits.

// nanClass says of which kind of value the bits of a NaN are open.
type nanClass uint8

const (
	noNaN nanClass = iota
	nanF32
	nanF64
	nanF32x4
	nanF64x2
)

var nanClasses = map[string]nanClass{"": noNaN, "F": nanF32, "D": nanF64, "X": nanF32x4, "Y": nanF64x2}

// The canonical NaNs: positive, only the first bit of the payload.
var (
	nan32 = []byte{0, 0, 0xc0, 0x7f}
	nan64 = []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f}
)

// canonical appends the code behind an instruction that gives a NaN.
func (c *coder) canonical(b []byte, class nanClass) []byte {
	x := c.local(localOf(class))
	b = appendU32(append(b, opLocalTee), x)
	switch class {
	case nanF32:
		b = appendU32(append(b, opLocalGet), x)
		b = append(b, opF32Eq, opIf, byte(F32), opLocalGet)
		b = append(appendU32(b, x), opElse, opF32Const)
		return append(append(b, nan32...), opEnd)
	case nanF64:
		b = appendU32(append(b, opLocalGet), x)
		b = append(b, opF64Eq, opIf, byte(F64), opLocalGet)
		b = append(appendU32(b, x), opElse, opF64Const)
		return append(append(b, nan64...), opEnd)
	}
	eq, nan := byte(simdF32x4Eq), nan32
	if class == nanF64x2 {
		eq, nan = simdF64x2Eq, nan64
	}
	b = append(b, opSIMD, simdConst)
	for n := 0; n < 16; n += len(nan) {
		b = append(b, nan...)
	}
	b = appendU32(append(b, opLocalGet), x)
	b = appendU32(append(b, opLocalGet), x)
	return append(b, opSIMD, eq, opSIMD, simdBitselect)
}
