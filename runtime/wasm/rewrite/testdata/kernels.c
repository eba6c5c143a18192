// Kernels without a library: integer, float, memory, recursion, indirect calls.
// Every export takes a size and gives a number that depends on all it did.
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EXPORT(name) __attribute__((export_name(#name)))

static u32 state = 1;
static u32 next(void) { return state = state * 1664525u + 1013904223u; }

static u32 numbers[4096];
static double grid[64][64];
static u8 bytes[65536];

EXPORT(sieve) u64 sieve(u32 n) {
  if (n > sizeof bytes) n = sizeof bytes;
  for (u32 i = 0; i < n; i++) bytes[i] = 1;
  u64 sum = 0;
  for (u32 i = 2; i < n; i++) {
    if (!bytes[i]) continue;
    sum += i;
    for (u32 j = i * 2; j < n; j += i) bytes[j] = 0;
  }
  return sum;
}

static void swap(u32 *a, u32 *b) { u32 t = *a; *a = *b; *b = t; }

static void quick(u32 *v, int lo, int hi) {
  while (lo < hi) {
    u32 pivot = v[(lo + hi) / 2];
    int i = lo, j = hi;
    while (i <= j) {
      while (v[i] < pivot) i++;
      while (v[j] > pivot) j--;
      if (i <= j) swap(&v[i++], &v[j--]);
    }
    if (j - lo < hi - i) { quick(v, lo, j); lo = i; } else { quick(v, i, hi); hi = j; }
  }
}

EXPORT(sort) u64 sort(u32 n) {
  if (n > 4096) n = 4096;
  for (u32 i = 0; i < n; i++) numbers[i] = next();
  quick(numbers, 0, (int)n - 1);
  u64 h = 14695981039346656037ull;
  for (u32 i = 0; i < n; i++) h = (h ^ numbers[i]) * 1099511628211ull;
  return h;
}

EXPORT(heat) double heat(u32 n) {
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 64; j++) grid[i][j] = (double)((i * 31 + j * 17) % 97);
  for (u32 k = 0; k < n; k++)
    for (int i = 1; i < 63; i++)
      for (int j = 1; j < 63; j++)
        grid[i][j] = 0.25 * (grid[i - 1][j] + grid[i + 1][j] + grid[i][j - 1] + grid[i][j + 1]);
  double s = 0;
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 64; j++) s += grid[i][j] * (i - j);
  return s;
}

EXPORT(mandelbrot) u64 mandelbrot(u32 n) {
  u64 total = 0;
  for (u32 y = 0; y < n; y++)
    for (u32 x = 0; x < n; x++) {
      float cr = 3.0f * x / n - 2.0f, ci = 2.0f * y / n - 1.0f, zr = 0, zi = 0;
      int i = 0;
      while (i < 200 && zr * zr + zi * zi < 4.0f) {
        float t = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = t;
        i++;
      }
      total += i;
    }
  return total;
}

// Infinities meet, so that NaNs arise, travel and are looked at.
EXPORT(nans) u64 nans(u32 n) {
  double a = 1e308, b = -1e308;
  u64 h = 0;
  for (u32 i = 0; i < n; i++) {
    a = a * 10 - b * 10;
    b = a - a;
    union { double d; u64 u; } x = {b * (double)i};
    union { float f; u32 u; } y = {(float)b / (float)(i & 1)};
    h = h * 31 + x.u + y.u + (b != b) + (__builtin_fabs(b) > 1);
    if (i % 3 == 0) a = 1e308, b = -1e308;
  }
  return h;
}

EXPORT(fib) u64 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static u64 add(u64 a, u64 b) { return a + b; }
static u64 mix(u64 a, u64 b) { return (a ^ b) * 0x9e3779b97f4a7c15ull; }
static u64 rot(u64 a, u64 b) { return (a << (b & 63)) | (a >> ((64 - b) & 63)); }
static u64 (*const steps[])(u64, u64) = {add, mix, rot, mix};

EXPORT(indirect) u64 indirect(u32 n) {
  u64 h = n;
  for (u32 i = 0; i < n; i++) h = steps[(h >> 3) & 3](h, i);
  return h;
}

EXPORT(machine) u64 machine(u32 n) {
  u64 a = n, b = 1;
  for (u32 pc = 0, i = 0; i < n; i++) {
    switch (pc) {
    case 0: a += b; pc = a & 7; break;
    case 1: b ^= a; pc = 3; break;
    case 2: a *= 3; pc = b & 3; break;
    case 3: b += a >> 7; pc = 5; break;
    case 4: return a ^ b;
    case 5: if (a & 1) { pc = 0; continue; } a >>= 1; pc = 6; break;
    case 6: a = fib(a & 7) + b; pc = 7; break;
    default: b--; pc = 0;
    }
  }
  return a + b;
}

EXPORT(blocks) u64 blocks(u32 n) {
  u64 h = 0;
  for (u32 i = 1; i <= n; i++) {
    __builtin_memset(bytes + (i * 37) % 1000, (int)i, i * 53 % 9000);
    __builtin_memcpy(bytes + 30000 + i % 100, bytes + i % 777, i * 97 % 20000);
    __builtin_memmove(bytes + 100, bytes + 100 + i % 13, 5000);
    h = h * 131 + bytes[30000 + i % 5000] + bytes[i % 3000];
  }
  return h;
}

EXPORT(grow) u64 grow(u32 n) {
  u64 h = 0;
  for (u32 i = 0; i < n; i++) h = h * 7 + (u64)(u32)__builtin_wasm_memory_grow(0, 1) + __builtin_wasm_memory_size(0);
  return h;
}

EXPORT(ackermann) u64 ackermann(u32 n) {
  static u32 stack[65536];
  u32 m = 2, top = 0;
  stack[top++] = m;
  while (top && top < 65535) {
    m = stack[--top];
    if (m == 0) n++;
    else if (n == 0) { n = 1; stack[top++] = m - 1; }
    else { n--; stack[top++] = m - 1; stack[top++] = m; }
  }
  return n;
}
