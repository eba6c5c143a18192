// Vectors of WebAssembly's SIMD, with NaNs in their lanes.
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
typedef unsigned int u32;
typedef unsigned long long u64;

static v128_t cells[256];

static u64 digest(void) {
  u64 h = 14695981039346656037ull;
  const unsigned char *p = (const unsigned char *)cells;
  for (u32 i = 0; i < sizeof cells; i++) h = (h ^ p[i]) * 1099511628211ull;
  return h;
}

EXPORT(floats) u64 floats(u32 n) {
  v128_t inf = wasm_f32x4_splat(__builtin_inff());
  for (u32 i = 0; i < n; i++) {
    v128_t x = wasm_f32x4_make(i, 1.5f, -1.0f, 0);
    v128_t y = wasm_f32x4_sub(wasm_f32x4_mul(x, inf), inf); // NaN where x is 0 or above
    cells[i & 255] = wasm_f32x4_add(wasm_f32x4_sqrt(x), wasm_f32x4_min(x, y));
    cells[i * 7 & 255] = wasm_v128_xor(wasm_f32x4_max(y, x), wasm_f32x4_neg(y));
    cells[i * 3 & 255] = wasm_f32x4_pmin(wasm_f32x4_ceil(y), wasm_f32x4_nearest(x));
  }
  return digest();
}

EXPORT(doubles) u64 doubles(u32 n) {
  v128_t inf = wasm_f64x2_splat(__builtin_inf());
  for (u32 i = 0; i < n; i++) {
    v128_t x = wasm_f64x2_make((double)i - 3, -1.0);
    v128_t y = wasm_f64x2_div(wasm_f64x2_add(x, inf), inf);
    cells[i & 255] = wasm_f64x2_sqrt(wasm_f64x2_mul(x, y));
    cells[i * 5 & 255] = wasm_f32x4_demote_f64x2_zero(y);
    cells[i * 11 & 255] = wasm_f64x2_promote_low_f32x4(wasm_f32x4_div(y, y));
    if (wasm_i64x2_all_true(wasm_f64x2_lt(x, y))) cells[i & 15] = wasm_f64x2_floor(y);
  }
  return digest();
}

EXPORT(integers) u64 integers(u32 n) {
  for (u32 i = 0; i < n; i++) {
    v128_t x = wasm_i32x4_make(i, i * 3, ~i, i << 7);
    x = wasm_i16x8_add_sat(x, wasm_i8x16_shuffle(x, cells[i & 255], 3, 17, 5, 19, 7, 21, 9, 23, 11, 25, 13, 27, 15, 29, 1, 31));
    x = wasm_i32x4_dot_i16x8(x, wasm_i64x2_shl(x, i & 63));
    cells[i * 13 & 255] = wasm_v128_bitselect(x, cells[i & 255], wasm_i8x16_gt(x, cells[(i + 1) & 255]));
  }
  return digest();
}
