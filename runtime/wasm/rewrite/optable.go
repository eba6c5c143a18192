package rewrite

// The instructions of WebAssembly 2.0, one a line: code, name, what follows it,
// operands:results (i i32, l i64, f f32, d f64, v v128, r reference; * depends on
// more than the opcode), and which NaNs it takes and gives (F f32, D f64, X f32x4,
// Y f64x2; see nan.go).

const plainOpcodes = `
00 unreachable - *
01 nop - :
02 block block *
03 loop block *
04 if block *
05 else - *
0b end - *
0c br label *
0d br_if label *
0e br_table labels *
0f return - *
10 call func *
11 call_indirect indirect *
1a drop - *
1b select - *
1c select_t types *
20 local.get local *
21 local.set local *
22 local.tee local *
23 global.get global *
24 global.set global *
25 table.get table i:r
26 table.set table ir:
28 i32.load mem i:i
29 i64.load mem i:l
2a f32.load mem i:f
2b f64.load mem i:d
2c i32.load8_s mem i:i
2d i32.load8_u mem i:i
2e i32.load16_s mem i:i
2f i32.load16_u mem i:i
30 i64.load8_s mem i:l
31 i64.load8_u mem i:l
32 i64.load16_s mem i:l
33 i64.load16_u mem i:l
34 i64.load32_s mem i:l
35 i64.load32_u mem i:l
36 i32.store mem ii:
37 i64.store mem il:
38 f32.store mem if:
39 f64.store mem id:
3a i32.store8 mem ii:
3b i32.store16 mem ii:
3c i64.store8 mem il:
3d i64.store16 mem il:
3e i64.store32 mem il:
3f memory.size memory :i
40 memory.grow memory i:i
41 i32.const i32 :i
42 i64.const i64 :l
43 f32.const f32 :f
44 f64.const f64 :d
45 i32.eqz - i:i
46 i32.eq - ii:i
47 i32.ne - ii:i
48 i32.lt_s - ii:i
49 i32.lt_u - ii:i
4a i32.gt_s - ii:i
4b i32.gt_u - ii:i
4c i32.le_s - ii:i
4d i32.le_u - ii:i
4e i32.ge_s - ii:i
4f i32.ge_u - ii:i
50 i64.eqz - l:i
51 i64.eq - ll:i
52 i64.ne - ll:i
53 i64.lt_s - ll:i
54 i64.lt_u - ll:i
55 i64.gt_s - ll:i
56 i64.gt_u - ll:i
57 i64.le_s - ll:i
58 i64.le_u - ll:i
59 i64.ge_s - ll:i
5a i64.ge_u - ll:i
5b f32.eq - ff:i F:
5c f32.ne - ff:i F:
5d f32.lt - ff:i F:
5e f32.gt - ff:i F:
5f f32.le - ff:i F:
60 f32.ge - ff:i F:
61 f64.eq - dd:i D:
62 f64.ne - dd:i D:
63 f64.lt - dd:i D:
64 f64.gt - dd:i D:
65 f64.le - dd:i D:
66 f64.ge - dd:i D:
67 i32.clz - i:i
68 i32.ctz - i:i
69 i32.popcnt - i:i
6a i32.add - ii:i
6b i32.sub - ii:i
6c i32.mul - ii:i
6d i32.div_s - ii:i
6e i32.div_u - ii:i
6f i32.rem_s - ii:i
70 i32.rem_u - ii:i
71 i32.and - ii:i
72 i32.or - ii:i
73 i32.xor - ii:i
74 i32.shl - ii:i
75 i32.shr_s - ii:i
76 i32.shr_u - ii:i
77 i32.rotl - ii:i
78 i32.rotr - ii:i
79 i64.clz - l:l
7a i64.ctz - l:l
7b i64.popcnt - l:l
7c i64.add - ll:l
7d i64.sub - ll:l
7e i64.mul - ll:l
7f i64.div_s - ll:l
80 i64.div_u - ll:l
81 i64.rem_s - ll:l
82 i64.rem_u - ll:l
83 i64.and - ll:l
84 i64.or - ll:l
85 i64.xor - ll:l
86 i64.shl - ll:l
87 i64.shr_s - ll:l
88 i64.shr_u - ll:l
89 i64.rotl - ll:l
8a i64.rotr - ll:l
8b f32.abs - f:f
8c f32.neg - f:f
8d f32.ceil - f:f F:F
8e f32.floor - f:f F:F
8f f32.trunc - f:f F:F
90 f32.nearest - f:f F:F
91 f32.sqrt - f:f F:F
92 f32.add - ff:f F:F
93 f32.sub - ff:f F:F
94 f32.mul - ff:f F:F
95 f32.div - ff:f F:F
96 f32.min - ff:f F:F
97 f32.max - ff:f F:F
98 f32.copysign - ff:f
99 f64.abs - d:d
9a f64.neg - d:d
9b f64.ceil - d:d D:D
9c f64.floor - d:d D:D
9d f64.trunc - d:d D:D
9e f64.nearest - d:d D:D
9f f64.sqrt - d:d D:D
a0 f64.add - dd:d D:D
a1 f64.sub - dd:d D:D
a2 f64.mul - dd:d D:D
a3 f64.div - dd:d D:D
a4 f64.min - dd:d D:D
a5 f64.max - dd:d D:D
a6 f64.copysign - dd:d
a7 i32.wrap_i64 - l:i
a8 i32.trunc_f32_s - f:i F:
a9 i32.trunc_f32_u - f:i F:
aa i32.trunc_f64_s - d:i D:
ab i32.trunc_f64_u - d:i D:
ac i64.extend_i32_s - i:l
ad i64.extend_i32_u - i:l
ae i64.trunc_f32_s - f:l F:
af i64.trunc_f32_u - f:l F:
b0 i64.trunc_f64_s - d:l D:
b1 i64.trunc_f64_u - d:l D:
b2 f32.convert_i32_s - i:f
b3 f32.convert_i32_u - i:f
b4 f32.convert_i64_s - l:f
b5 f32.convert_i64_u - l:f
b6 f32.demote_f64 - d:f D:F
b7 f64.convert_i32_s - i:d
b8 f64.convert_i32_u - i:d
b9 f64.convert_i64_s - l:d
ba f64.convert_i64_u - l:d
bb f64.promote_f32 - f:d F:D
bc i32.reinterpret_f32 - f:i
bd i64.reinterpret_f64 - d:l
be f32.reinterpret_i32 - i:f
bf f64.reinterpret_i64 - l:d
c0 i32.extend8_s - i:i
c1 i32.extend16_s - i:i
c2 i64.extend8_s - l:l
c3 i64.extend16_s - l:l
c4 i64.extend32_s - l:l
d0 ref.null reftype :r
d1 ref.is_null - r:i
d2 ref.func func :r
`

const miscOpcodes = `
00 i32.trunc_sat_f32_s - f:i F:
01 i32.trunc_sat_f32_u - f:i F:
02 i32.trunc_sat_f64_s - d:i D:
03 i32.trunc_sat_f64_u - d:i D:
04 i64.trunc_sat_f32_s - f:l F:
05 i64.trunc_sat_f32_u - f:l F:
06 i64.trunc_sat_f64_s - d:l D:
07 i64.trunc_sat_f64_u - d:l D:
08 memory.init data+memory iii:
09 data.drop data :
0a memory.copy memory+memory iii:
0b memory.fill memory iii:
0c table.init elem+table iii:
0d elem.drop elem :
0e table.copy table+table iii:
0f table.grow table ri:i
10 table.size table :i
11 table.fill table iri:
`

const simdOpcodes = `
00 v128.load mem i:v
01 v128.load8x8_s mem i:v
02 v128.load8x8_u mem i:v
03 v128.load16x4_s mem i:v
04 v128.load16x4_u mem i:v
05 v128.load32x2_s mem i:v
06 v128.load32x2_u mem i:v
07 v128.load8_splat mem i:v
08 v128.load16_splat mem i:v
09 v128.load32_splat mem i:v
0a v128.load64_splat mem i:v
0b v128.store mem iv:
0c v128.const v128 :v
0d i8x16.shuffle lanes vv:v
0e i8x16.swizzle - vv:v
0f i8x16.splat - i:v
10 i16x8.splat - i:v
11 i32x4.splat - i:v
12 i64x2.splat - l:v
13 f32x4.splat - f:v
14 f64x2.splat - d:v
15 i8x16.extract_lane_s lane v:i
16 i8x16.extract_lane_u lane v:i
17 i8x16.replace_lane lane vi:v
18 i16x8.extract_lane_s lane v:i
19 i16x8.extract_lane_u lane v:i
1a i16x8.replace_lane lane vi:v
1b i32x4.extract_lane lane v:i
1c i32x4.replace_lane lane vi:v
1d i64x2.extract_lane lane v:l
1e i64x2.replace_lane lane vl:v
1f f32x4.extract_lane lane v:f
20 f32x4.replace_lane lane vf:v
21 f64x2.extract_lane lane v:d
22 f64x2.replace_lane lane vd:v
23 i8x16.eq - vv:v
24 i8x16.ne - vv:v
25 i8x16.lt_s - vv:v
26 i8x16.lt_u - vv:v
27 i8x16.gt_s - vv:v
28 i8x16.gt_u - vv:v
29 i8x16.le_s - vv:v
2a i8x16.le_u - vv:v
2b i8x16.ge_s - vv:v
2c i8x16.ge_u - vv:v
2d i16x8.eq - vv:v
2e i16x8.ne - vv:v
2f i16x8.lt_s - vv:v
30 i16x8.lt_u - vv:v
31 i16x8.gt_s - vv:v
32 i16x8.gt_u - vv:v
33 i16x8.le_s - vv:v
34 i16x8.le_u - vv:v
35 i16x8.ge_s - vv:v
36 i16x8.ge_u - vv:v
37 i32x4.eq - vv:v
38 i32x4.ne - vv:v
39 i32x4.lt_s - vv:v
3a i32x4.lt_u - vv:v
3b i32x4.gt_s - vv:v
3c i32x4.gt_u - vv:v
3d i32x4.le_s - vv:v
3e i32x4.le_u - vv:v
3f i32x4.ge_s - vv:v
40 i32x4.ge_u - vv:v
41 f32x4.eq - vv:v X:
42 f32x4.ne - vv:v X:
43 f32x4.lt - vv:v X:
44 f32x4.gt - vv:v X:
45 f32x4.le - vv:v X:
46 f32x4.ge - vv:v X:
47 f64x2.eq - vv:v Y:
48 f64x2.ne - vv:v Y:
49 f64x2.lt - vv:v Y:
4a f64x2.gt - vv:v Y:
4b f64x2.le - vv:v Y:
4c f64x2.ge - vv:v Y:
4d v128.not - v:v
4e v128.and - vv:v
4f v128.andnot - vv:v
50 v128.or - vv:v
51 v128.xor - vv:v
52 v128.bitselect - vvv:v
53 v128.any_true - v:i
54 v128.load8_lane mem+lane iv:v
55 v128.load16_lane mem+lane iv:v
56 v128.load32_lane mem+lane iv:v
57 v128.load64_lane mem+lane iv:v
58 v128.store8_lane mem+lane iv:
59 v128.store16_lane mem+lane iv:
5a v128.store32_lane mem+lane iv:
5b v128.store64_lane mem+lane iv:
5c v128.load32_zero mem i:v
5d v128.load64_zero mem i:v
5e f32x4.demote_f64x2_zero - v:v Y:X
5f f64x2.promote_low_f32x4 - v:v X:Y
60 i8x16.abs - v:v
61 i8x16.neg - v:v
62 i8x16.popcnt - v:v
63 i8x16.all_true - v:i
64 i8x16.bitmask - v:i
65 i8x16.narrow_i16x8_s - vv:v
66 i8x16.narrow_i16x8_u - vv:v
67 f32x4.ceil - v:v X:X
68 f32x4.floor - v:v X:X
69 f32x4.trunc - v:v X:X
6a f32x4.nearest - v:v X:X
6b i8x16.shl - vi:v
6c i8x16.shr_s - vi:v
6d i8x16.shr_u - vi:v
6e i8x16.add - vv:v
6f i8x16.add_sat_s - vv:v
70 i8x16.add_sat_u - vv:v
71 i8x16.sub - vv:v
72 i8x16.sub_sat_s - vv:v
73 i8x16.sub_sat_u - vv:v
74 f64x2.ceil - v:v Y:Y
75 f64x2.floor - v:v Y:Y
76 i8x16.min_s - vv:v
77 i8x16.min_u - vv:v
78 i8x16.max_s - vv:v
79 i8x16.max_u - vv:v
7a f64x2.trunc - v:v Y:Y
7b i8x16.avgr_u - vv:v
7c i16x8.extadd_pairwise_i8x16_s - v:v
7d i16x8.extadd_pairwise_i8x16_u - v:v
7e i32x4.extadd_pairwise_i16x8_s - v:v
7f i32x4.extadd_pairwise_i16x8_u - v:v
80 i16x8.abs - v:v
81 i16x8.neg - v:v
82 i16x8.q15mulr_sat_s - vv:v
83 i16x8.all_true - v:i
84 i16x8.bitmask - v:i
85 i16x8.narrow_i32x4_s - vv:v
86 i16x8.narrow_i32x4_u - vv:v
87 i16x8.extend_low_i8x16_s - v:v
88 i16x8.extend_high_i8x16_s - v:v
89 i16x8.extend_low_i8x16_u - v:v
8a i16x8.extend_high_i8x16_u - v:v
8b i16x8.shl - vi:v
8c i16x8.shr_s - vi:v
8d i16x8.shr_u - vi:v
8e i16x8.add - vv:v
8f i16x8.add_sat_s - vv:v
90 i16x8.add_sat_u - vv:v
91 i16x8.sub - vv:v
92 i16x8.sub_sat_s - vv:v
93 i16x8.sub_sat_u - vv:v
94 f64x2.nearest - v:v Y:Y
95 i16x8.mul - vv:v
96 i16x8.min_s - vv:v
97 i16x8.min_u - vv:v
98 i16x8.max_s - vv:v
99 i16x8.max_u - vv:v
9b i16x8.avgr_u - vv:v
9c i16x8.extmul_low_i8x16_s - vv:v
9d i16x8.extmul_high_i8x16_s - vv:v
9e i16x8.extmul_low_i8x16_u - vv:v
9f i16x8.extmul_high_i8x16_u - vv:v
a0 i32x4.abs - v:v
a1 i32x4.neg - v:v
a3 i32x4.all_true - v:i
a4 i32x4.bitmask - v:i
a7 i32x4.extend_low_i16x8_s - v:v
a8 i32x4.extend_high_i16x8_s - v:v
a9 i32x4.extend_low_i16x8_u - v:v
aa i32x4.extend_high_i16x8_u - v:v
ab i32x4.shl - vi:v
ac i32x4.shr_s - vi:v
ad i32x4.shr_u - vi:v
ae i32x4.add - vv:v
b1 i32x4.sub - vv:v
b5 i32x4.mul - vv:v
b6 i32x4.min_s - vv:v
b7 i32x4.min_u - vv:v
b8 i32x4.max_s - vv:v
b9 i32x4.max_u - vv:v
ba i32x4.dot_i16x8_s - vv:v
bc i32x4.extmul_low_i16x8_s - vv:v
bd i32x4.extmul_high_i16x8_s - vv:v
be i32x4.extmul_low_i16x8_u - vv:v
bf i32x4.extmul_high_i16x8_u - vv:v
c0 i64x2.abs - v:v
c1 i64x2.neg - v:v
c3 i64x2.all_true - v:i
c4 i64x2.bitmask - v:i
c7 i64x2.extend_low_i32x4_s - v:v
c8 i64x2.extend_high_i32x4_s - v:v
c9 i64x2.extend_low_i32x4_u - v:v
ca i64x2.extend_high_i32x4_u - v:v
cb i64x2.shl - vi:v
cc i64x2.shr_s - vi:v
cd i64x2.shr_u - vi:v
ce i64x2.add - vv:v
d1 i64x2.sub - vv:v
d5 i64x2.mul - vv:v
d6 i64x2.eq - vv:v
d7 i64x2.ne - vv:v
d8 i64x2.lt_s - vv:v
d9 i64x2.gt_s - vv:v
da i64x2.le_s - vv:v
db i64x2.ge_s - vv:v
dc i64x2.extmul_low_i32x4_s - vv:v
dd i64x2.extmul_high_i32x4_s - vv:v
de i64x2.extmul_low_i32x4_u - vv:v
df i64x2.extmul_high_i32x4_u - vv:v
e0 f32x4.abs - v:v
e1 f32x4.neg - v:v
e3 f32x4.sqrt - v:v X:X
e4 f32x4.add - vv:v X:X
e5 f32x4.sub - vv:v X:X
e6 f32x4.mul - vv:v X:X
e7 f32x4.div - vv:v X:X
e8 f32x4.min - vv:v X:X
e9 f32x4.max - vv:v X:X
ea f32x4.pmin - vv:v
eb f32x4.pmax - vv:v
ec f64x2.abs - v:v
ed f64x2.neg - v:v
ef f64x2.sqrt - v:v Y:Y
f0 f64x2.add - vv:v Y:Y
f1 f64x2.sub - vv:v Y:Y
f2 f64x2.mul - vv:v Y:Y
f3 f64x2.div - vv:v Y:Y
f4 f64x2.min - vv:v Y:Y
f5 f64x2.max - vv:v Y:Y
f6 f64x2.pmin - vv:v
f7 f64x2.pmax - vv:v
f8 i32x4.trunc_sat_f32x4_s - v:v X:
f9 i32x4.trunc_sat_f32x4_u - v:v X:
fa f32x4.convert_i32x4_s - v:v
fb f32x4.convert_i32x4_u - v:v
fc i32x4.trunc_sat_f64x2_s_zero - v:v Y:
fd i32x4.trunc_sat_f64x2_u_zero - v:v Y:
fe f64x2.convert_low_i32x4_s - v:v
ff f64x2.convert_low_i32x4_u - v:v
`
