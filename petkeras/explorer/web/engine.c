// The engine's heavy loops in WebAssembly SIMD. Built, here and in a test, with:
//
//   clang --target=wasm32 -msimd128 -O3 -nostdlib -fno-builtin -ffp-contract=off -Wl,--no-entry
//     -Wl,--strip-all -Wl,--export=__heap_base -o engine.wasm engine.c
//
// reference.js does the same in plain JavaScript, and says what the functions mean; wasm.js
// lays out the memory above __heap_base and passes pointers. Maps are (height, width, channels),
// and kernels (height, width, channels, filters), float32.

#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) void name
#define INLINE static inline __attribute__((always_inline))

typedef float f4 __attribute__((ext_vector_type(4), aligned(4)));
typedef double d2 __attribute__((ext_vector_type(2), aligned(8)));

// The same 13 numbers as in `WasmEngine.conv`. The input is padded already. Both numbers of filters
// are multiples of 4. Where a kernel's columns touch, all of a row is one run of values.
struct Conv {
  const void *input;   // (rows, width, channels), double for the exact order
  const void *kernel;  // (kernel height, runs, run, filters), double for the exact order
  const float *bias;   // (filters)
  float *output;       // (rows, output width, filters)
  int kernel_height, runs, run, filters, output_width;
  int down, across;     // values from one window to the next
  int row_step, run_step;  // values from one row or run of a window to the next
};

// Sum `pixels` windows side by side for 4 * `vectors` filters. Both numbers are constants where
// this is inlined, so that the sums stay in registers.
INLINE void fast_tile(const struct Conv *conv, const float *window, float *output, int filter,
                      const int pixels, const int vectors) {
  f4 sums[8] = {0};
  const float *weights = (const float *)conv->kernel + filter;
  for (int y = 0; y < conv->kernel_height; y++)
    for (int x = 0; x < conv->runs; x++) {
      const float *values = window + y * conv->row_step + x * conv->run_step;
      for (int i = 0; i < conv->run; i++, values++, weights += conv->filters)
#pragma unroll
        for (int p = 0; p < pixels; p++)
#pragma unroll
          for (int v = 0; v < vectors; v++)
            sums[p * vectors + v] += values[p * conv->across] * ((const f4 *)weights)[v];
    }
#pragma unroll
  for (int p = 0; p < pixels; p++)
#pragma unroll
    for (int v = 0; v < vectors; v++)
      ((f4 *)(output + p * conv->filters))[v] =
          sums[p * vectors + v] + ((const f4 *)(conv->bias + filter))[v];
}

INLINE d2 round_to_float(d2 x) {
  return (d2)wasm_f64x2_promote_low_f32x4(wasm_f32x4_demote_f64x2_zero((v128_t)x));
}

// The same for 4 filters in the exact order: each sum is rounded to float32 after every product,
// and the products are not rounded, because a double holds them.
INLINE void exact_tile(const struct Conv *conv, const double *window, float *output, int filter,
                       const int pixels) {
  d2 sums[8] = {0};
  const double *weights = (const double *)conv->kernel + filter;
  for (int y = 0; y < conv->kernel_height; y++)
    for (int x = 0; x < conv->runs; x++) {
      const double *values = window + y * conv->row_step + x * conv->run_step;
      for (int i = 0; i < conv->run; i++, values++, weights += conv->filters)
#pragma unroll
        for (int p = 0; p < pixels; p++)
#pragma unroll
          for (int v = 0; v < 2; v++)
            sums[2 * p + v] = round_to_float(
                sums[2 * p + v] + values[p * conv->across] * ((const d2 *)weights)[v]);
    }
#pragma unroll
  for (int p = 0; p < pixels; p++)
#pragma unroll
    for (int f = 0; f < 4; f++)
      output[p * conv->filters + f] = (float)sums[2 * p + f / 2][f % 2] + conv->bias[filter + f];
}

EXPORT(conv_fast)(const struct Conv *conv, int rows) {
  for (int y = 0; y < rows; y++) {
    const float *row = (const float *)conv->input + y * conv->down;
    float *output = conv->output + y * conv->output_width * conv->filters;
    int x = 0;
    for (; x + 4 <= conv->output_width; x += 4) {
      const float *window = row + x * conv->across;
      float *pixel = output + x * conv->filters;
      int filter = 0;
      for (; filter + 8 <= conv->filters; filter += 8)
        fast_tile(conv, window, pixel + filter, filter, 4, 2);
      for (; filter < conv->filters; filter += 4)
        fast_tile(conv, window, pixel + filter, filter, 4, 1);
    }
    for (; x < conv->output_width; x++)
      for (int filter = 0; filter < conv->filters; filter += 4)
        fast_tile(conv, row + x * conv->across, output + x * conv->filters + filter, filter, 1, 1);
  }
}

EXPORT(conv_exact)(const struct Conv *conv, int rows) {
  for (int y = 0; y < rows; y++) {
    const double *row = (const double *)conv->input + y * conv->down;
    float *output = conv->output + y * conv->output_width * conv->filters;
    int x = 0;
    for (; x + 4 <= conv->output_width; x += 4)
      for (int filter = 0; filter < conv->filters; filter += 4)
        exact_tile(conv, row + x * conv->across, output + x * conv->filters + filter, filter, 4);
    for (; x < conv->output_width; x++)
      for (int filter = 0; filter < conv->filters; filter += 4)
        exact_tile(conv, row + x * conv->across, output + x * conv->filters + filter, filter, 1);
  }
}

// One filter alone, kernel (kernel height, runs, run): four values of a run at once.
EXPORT(conv_one)(const struct Conv *conv, int rows) {
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < conv->output_width; x++) {
      const float *window = (const float *)conv->input + y * conv->down + x * conv->across;
      const float *weights = conv->kernel;
      f4 sums = 0;
      float rest = 0;
      for (int row = 0; row < conv->kernel_height; row++)
        for (int r = 0; r < conv->runs; r++, weights += conv->run) {
          const float *values = window + row * conv->row_step + r * conv->run_step;
          int i = 0;
          for (; i + 4 <= conv->run; i += 4)
            sums += *(const f4 *)(values + i) * *(const f4 *)(weights + i);
          for (; i < conv->run; i++) rest += values[i] * weights[i];
        }
      float sum = (sums[0] + sums[2]) + (sums[1] + sums[3]) + rest;
      conv->output[y * conv->output_width + x] = sum + *conv->bias;
    }
}

// In place; NaN stays NaN.
EXPORT(relu)(float *values, int count) {
  int i = 0;
  for (; i + 4 <= count; i += 4)
    *(f4 *)(values + i) = (f4)wasm_f32x4_max((v128_t) * (f4 *)(values + i), wasm_f32x4_splat(0));
  for (; i < count; i++) values[i] = values[i] < 0 ? 0 : values[i];
}

// The same 13 numbers as in `WasmEngine.pool`.
struct Pool {
  const float *input;  // (height, width, channels)
  float *output;       // (output height, output width, channels)
  int height, width, channels, output_height, output_width;
  int pool_height, pool_width, stride_y, stride_x, top, left;
};

INLINE f4 larger(f4 a, f4 b) { return (f4)wasm_f32x4_max((v128_t)a, (v128_t)b); }
INLINE int at_least(int a, int b) { return a > b ? a : b; }
INLINE int at_most(int a, int b) { return a < b ? a : b; }

INLINE void pool(const struct Pool *p, const int average) {
  for (int y = 0; y < p->output_height; y++)
    for (int x = 0; x < p->output_width; x++) {
      // The part of the window inside the input: TensorFlow ignores the rest.
      int y0 = y * p->stride_y - p->top, x0 = x * p->stride_x - p->left;
      int y1 = at_most(y0 + p->pool_height, p->height);
      int x1 = at_most(x0 + p->pool_width, p->width);
      y0 = at_least(y0, 0), x0 = at_least(x0, 0);
      float count = (y1 - y0) * (x1 - x0);
      float *output = p->output + (y * p->output_width + x) * p->channels;
      int c = 0;
      for (; c + 4 <= p->channels; c += 4) {
        f4 result = average ? 0 : -__builtin_inff();
        for (int row = y0; row < y1; row++)
          for (int column = x0; column < x1; column++) {
            f4 value = *(const f4 *)(p->input + (row * p->width + column) * p->channels + c);
            result = average ? result + value : larger(result, value);
          }
        *(f4 *)(output + c) = average ? result / count : result;
      }
      for (; c < p->channels; c++) {
        float result = average ? 0 : -__builtin_inff();
        for (int row = y0; row < y1; row++)
          for (int column = x0; column < x1; column++) {
            float value = p->input[(row * p->width + column) * p->channels + c];
            result = average ? result + value : (value <= result ? result : value);
          }
        output[c] = average ? result / count : result;
      }
    }
}

EXPORT(max_pool)(const struct Pool *p) { pool(p, 0); }
EXPORT(average_pool)(const struct Pool *p) { pool(p, 1); }

// Add value * row to the partial sums, 16 units at once.
INLINE void add_float32(float *partial, const float *row, float value, int units) {
  for (int u = 0; u < units; u += 4) *(f4 *)(partial + u) += value * *(const f4 *)(row + u);
}

INLINE void add_sixteen(float *partial, v128_t bytes, float value) {
  v128_t low = wasm_i16x8_extend_low_i8x16(bytes), high = wasm_i16x8_extend_high_i8x16(bytes);
  f4 *sums = (f4 *)partial;
  sums[0] += value * (f4)wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(low));
  sums[1] += value * (f4)wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(low));
  sums[2] += value * (f4)wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(high));
  sums[3] += value * (f4)wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(high));
}

INLINE void add_int8(float *partial, const signed char *row, float value, int units) {
  for (int u = 0; u < units; u += 16) add_sixteen(partial + u, wasm_v128_load(row + u), value);
}

// A byte holds two units, each 8 too large: the even one in its low half.
INLINE void add_int4(float *partial, const unsigned char *row, float value, int units) {
  for (int u = 0; u < units; u += 16) {
    v128_t bytes = wasm_v128_load64_zero(row + u / 2);
    v128_t even = wasm_v128_and(bytes, wasm_i8x16_splat(15));
    v128_t odd = wasm_u8x16_shr(bytes, 4);
    v128_t both = wasm_i8x16_shuffle(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
                                     7, 23);
    add_sixteen(partial + u, wasm_i8x16_sub(both, wasm_i8x16_splat(8)), value);
  }
}

// output (units) = x (features) times a matrix (features, units), in blocks of rows that share one
// row of `scale` (blocks, units); 0 stands for no scale. `bits` is 32 for float32, 8 or 4 for
// integers. Partial sums of a block keep the rounding errors small.
EXPORT(matmul)(int bits, const float *x, const void *matrix, const float *scale, float *output,
               float *partial, int features, int units, int block) {
  for (int u = 0; u < units; u++) output[u] = 0;
  for (int first = 0; first < features; first += block) {
    for (int u = 0; u < units; u++) partial[u] = 0;
    for (int r = first; r < first + block && r < features; r++) {
      if (x[r] == 0) continue; // after ReLU, or where nothing changed
      if (bits == 32) add_float32(partial, (const float *)matrix + r * units, x[r], units);
      if (bits == 8) add_int8(partial, (const signed char *)matrix + r * units, x[r], units);
      if (bits == 4) add_int4(partial, (const unsigned char *)matrix + r * units / 2, x[r], units);
    }
    for (int u = 0; u < units; u++) output[u] += scale ? scale[u] * partial[u] : partial[u];
    if (scale) scale += units;
  }
}
