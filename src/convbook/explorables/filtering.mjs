// The arithmetic of image filters, as in convbook.kernels. An image is { height, width, pixels }, row after row.
// Letters: i j output row and column, a b kernel row and column.

export const MODES = ["zeros", "mean", "reflect", "circular", "replicate"];

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;

export function image(height, width, make) {
  const pixels = new Float64Array(height * width);
  for (let k = 0; k < pixels.length; k++) pixels[k] = make(Math.floor(k / width), k % width);
  return { height, width, pixels };
}

// The bytes that convbook.explorables.photo.encode wrote.
export function decode({ height, width, pixels }) {
  const bytes = atob(pixels);
  return image(height, width, (i, j) => bytes.charCodeAt(i * width + j));
}

export const rowsOf = ({ height, width, pixels }) =>
  Array.from({ length: height }, (_, i) => [...pixels.subarray(i * width, (i + 1) * width)]);

// Which pixel of an axis of `size` stands at `k`, where k may lie outside; -1: none, take the fill.
const inside = (k, size) => (k >= 0 && k < size ? k : -1);
const SOURCES = {
  zeros: inside,
  mean: inside,
  valid: inside,
  replicate: (k, size) => Math.min(Math.max(k, 0), size - 1),
  reflect: (k, size) => (k < 0 ? -k : k < size ? k : 2 * (size - 1) - k),
  circular: (k, size) => (k + size) % size,
};

function reader({ height, width, pixels }, mode) {
  const source = SOURCES[mode];
  const fill = mode === "mean" ? mean(pixels) : 0;
  return (row, col) => {
    const [i, j] = [source(row, height), source(col, width)];
    return i < 0 || j < 0 ? fill : pixels[i * width + j];
  };
}

export function pad(x, padding, mode) {
  const read = reader(x, mode);
  return image(x.height + 2 * padding, x.width + 2 * padding, (i, j) => read(i - padding, j - padding));
}

export const turn = (kernel) => kernel.map((row) => [...row].reverse()).reverse();

// The kernel's corner lies this far above and to the left of the output pixel.
const reach = (kernel, mode) => (mode === "valid" ? [0, 0] : [(kernel.length - 1) / 2, (kernel[0].length - 1) / 2]);

// What out[i, j] of the correlation is the sum of.
export function terms(x, kernel, mode, [i, j]) {
  const read = reader(x, mode);
  const [up, left] = reach(kernel, mode);
  return kernel.flatMap((weights, a) =>
    weights.map((w, b) => {
      const [row, col] = [i + a - up, j + b - left];
      return { a, b, row, col, w, x: read(row, col), inside: inside(row, x.height) >= 0 && inside(col, x.width) >= 0 };
    }),
  );
}

export function correlate2d(x, kernel, mode = "zeros") {
  const [kh, kw] = [kernel.length, kernel[0].length];
  const [up, left] = reach(kernel, mode);
  const [height, width] = mode === "valid" ? [x.height - kh + 1, x.width - kw + 1] : [x.height, x.width];
  const read = reader(x, mode);
  const padded = mode === "valid" ? x : image(height + kh - 1, width + kw - 1, (i, j) => read(i - up, j - left));
  const weights = Float64Array.from(kernel.flat());
  const out = image(height, width, () => 0);
  for (let i = 0; i < height; i++)
    for (let j = 0; j < width; j++) {
      let total = 0;
      for (let a = 0; a < kh; a++) {
        const start = (i + a) * padded.width + j;
        for (let b = 0; b < kw; b++) total += padded.pixels[start + b] * weights[a * kw + b];
      }
      out.pixels[i * width + j] = total;
    }
  return out;
}

export const convolve2d = (x, kernel, mode = "zeros") => correlate2d(x, turn(kernel), mode);

// ---- template matching

export const crop = (x, [top, left, height, width]) =>
  image(height, width, (i, j) => x.pixels[(top + i) * x.width + left + j]);

export function normalised_cross_correlation(x, template) {
  const { height: kh, width: kw, pixels } = template;
  const middle = mean(pixels);
  const t = pixels.every((pixel) => pixel === pixels[0]) ? pixels.map(() => 0) : pixels.map((pixel) => pixel - middle);
  const length = sum(t.map((value) => value * value));
  const from = x.pixels;
  return image(x.height - kh + 1, x.width - kw + 1, (i, j) => {
    const start = i * x.width + j;
    let total = 0;
    for (let a = 0; a < kh; a++) for (let b = 0; b < kw; b++) total += from[start + a * x.width + b];
    const patch = total / (kh * kw);
    const first = from[start];
    let product = 0;
    let square = 0;
    let isFlat = true;
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        const pixel = from[start + a * x.width + b];
        const above = pixel - patch;
        product += above * t[a * kw + b];
        square += above * above;
        if (pixel !== first) isFlat = false;
      }
    const score = !isFlat && length > 0 ? product / Math.sqrt(square * length) : 0;
    return Math.max(-1, Math.min(1, score));
  });
}

export const raw_correlation = (x, template) => correlate2d(x, rowsOf(template), "valid");

// Row and column of the largest value, the first of equals.
export function peak({ width, pixels }) {
  let best = 0;
  for (let k = 1; k < pixels.length; k++) if (pixels[k] > pixels[best]) best = k;
  return [Math.floor(best / width), best % width];
}

// ---- shifts, and a linear layer

// `x` moved down and to the right; what enters is black, or comes from the other side.
export function shift(x, [down, right], mode) {
  const wrap = (k, size) => ((k % size) + size) % size;
  return image(x.height, x.width, (i, j) => {
    const [row, col] = [i - down, j - right];
    if (mode === "circular") return x.pixels[wrap(row, x.height) * x.width + wrap(col, x.width)];
    return inside(row, x.height) < 0 || inside(col, x.width) < 0 ? 0 : x.pixels[row * x.width + col];
  });
}

// Uniform on [0, 1): mulberry32 started at `seed`, the number at place `k` of its sequence.
export function random(seed, k) {
  const state = (seed + Math.imul(k + 1, 0x6d2b79f5)) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

// A layer with a weight for each pair of pixels, drawn from [-1, 1) and scaled to keep the size of values.
export function linear(x, seed) {
  const n = x.pixels.length;
  const scale = Math.sqrt(3 / n);
  return image(x.height, x.width, (i, j) => {
    const first = (i * x.width + j) * n;
    let total = 0;
    for (let k = 0; k < n; k++) total += (2 * random(seed, first + k) - 1) * x.pixels[k];
    return scale * total;
  });
}

export const subtract = (x, y) => image(x.height, x.width, (i, j) => x.pixels[i * x.width + j] - y.pixels[i * x.width + j]);
export const norm = ({ pixels }) => Math.sqrt(sum(pixels.map((pixel) => pixel * pixel)));
