// A gradient on its way back through layers with one weight each, rounded after every step as NumPy rounds it.

export const FORMATS = {
  float16: { least: 2 ** -24, normal: 2 ** -14, largest: 65504 },
  float32: { least: 2 ** -149, normal: 2 ** -126, largest: (2 - 2 ** -23) * 2 ** 127 },
  float64: { least: 2 ** -1074, normal: 2 ** -1022, largest: Number.MAX_VALUE },
};
const FAR = 10_000; // layers after which a chain that has not ended is left alone

function half(value) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(size)) return value;
  let exponent = Math.floor(Math.log2(size)); // off by one next to a power of two
  if (2 ** exponent > size) exponent -= 1;
  if (2 ** (exponent + 1) <= size) exponent += 1;
  const grid = 2 ** (52 + Math.max(exponent, -14) - 10); // float64 numbers of this size are as far apart as float16's
  const near = size + grid - grid;
  return Math.sign(value) * (near > FORMATS.float16.largest ? Infinity : near);
}

// Products and sums of two numbers of a shorter format are rounded rightly from float64: it has twice the digits.
export const rounded = (value, format) => ({ float16: half, float32: Math.fround, float64: Number })[format](value);

// What one step back multiplies by: the weight, and, over a whole block of `span` layers, 1 + weight ** span.
export function factors(weight, span, format) {
  const w = rounded(weight, format);
  let power = 1;
  for (let layer = 0; layer < span; layer++) power = rounded(power * w, format);
  return { w, block: rounded(1 + power, format) };
}

// The next value after `values`, which starts with 1 at the loss. Without skips span is 0. Inside a block only the way
// through the layers counts: the skip joins at its beginning.
function step(values, { w, block }, span, format) {
  const n = values.length;
  return span && n % span === 0 ? rounded(values[n - span] * block, format) : rounded(values[n - 1] * w, format);
}

// [1, after one layer, ..., after `depth` layers]
export function chain(weight, depth, span, format) {
  const both = factors(weight, span, format);
  const values = [1];
  while (values.length <= depth) values.push(step(values, both, span, format));
  return values;
}

// How a chain ends: { end: "zero" | "overflow" | "stays", n, value }, n the first layer of the end; null where it goes on.
export function fate(weight, span, format) {
  const both = factors(weight, span, format);
  const values = [1];
  const stride = span || 1;
  for (;;) {
    for (let layer = 0; layer < stride; layer++) values.push(step(values, both, span, format));
    const n = values.length - 1;
    const size = (k) => Math.abs(values[k]);
    if (size(n) === 0 || size(n) === Infinity) {
      let first = n;
      while (size(first - 1) === size(n)) first -= 1;
      return { end: size(n) ? "overflow" : "zero", n: first, value: size(n) };
    }
    if (size(n) === size(n - stride)) return { end: "stays", n: n - stride, value: size(n) };
    if (n > FAR) return null;
  }
}

// Sign and logarithm to base 10 that the value after n layers would have without rounding.
export function exact(weight, n, span) {
  const blocks = span ? Math.floor(n / span) : 0;
  const rest = n - blocks * span;
  const block = 1 + weight ** span;
  return {
    sign: Math.sign(weight) ** rest * Math.sign(block) ** blocks,
    log: rest * Math.log10(Math.abs(weight) || 1) + blocks * Math.log10(Math.abs(block) || 1),
  };
}
