// A reactor over wasi-libc: the heap, printing to strings, sorting, mathematics.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name)))
typedef unsigned long long u64;

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static u64 fnv(u64 h, const char *s) {
  while (*s) h = (h ^ (unsigned char)*s++) * 1099511628211ull;
  return h;
}

EXPORT(text) u64 text(int n) {
  char **v = malloc(sizeof *v * n);
  for (int i = 0; i < n; i++) {
    char b[80];
    snprintf(b, sizeof b, "%08x %g %s", i * 2654435761u, sqrt(i) * sin(i), i % 3 ? "odd" : "third");
    v[i] = strdup(b);
  }
  qsort(v, n, sizeof *v, compare);
  u64 h = 14695981039346656037ull;
  for (int i = 0; i < n; i++) { h = fnv(h, v[i]); free(v[i]); }
  free(v);
  return h;
}

struct tree { struct tree *left, *right; int key; };

static struct tree *insert(struct tree *t, int key) {
  if (!t) { t = calloc(1, sizeof *t); t->key = key; return t; }
  if (key < t->key) t->left = insert(t->left, key); else t->right = insert(t->right, key);
  return t;
}

static u64 walk(struct tree *t, u64 h) {
  if (!t) return h * 3;
  h = walk(t->left, h) * 31 + t->key;
  h = walk(t->right, h);
  free(t);
  return h;
}

EXPORT(trees) u64 trees(int n) {
  struct tree *t = 0;
  for (int i = 0; i < n; i++) t = insert(t, (int)(i * 2654435761u >> 8));
  return walk(t, 7);
}

EXPORT(numbers) double numbers(int n) {
  double s = 0;
  for (int i = 1; i <= n; i++) {
    char b[64];
    snprintf(b, sizeof b, "%.17g", pow(1.001, i) + log(i) / tan(i));
    s += strtod(b, 0) - fmod(s, 3);
  }
  return s;
}
