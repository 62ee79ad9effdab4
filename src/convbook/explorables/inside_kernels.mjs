// The net of `inside`: run, and one value explained. Its file is read in inside_file.mjs.
// Maps are flat: value (c, i, j) of C × H × W stands at (c·H + i)·W + j. A vector counts as C × 1 × 1.
import { cube, floats, read } from "./inside_file.mjs";

export { cube, floats, read };

function conv2d(layer, x) {
  const { weight, bias, shape, stride, padding, dilation, groups } = layer;
  const [, H, W] = layer.from;
  const [F, oh, ow] = shape;
  const [, depth, kh, kw] = weight.shape;
  const out = new Float64Array(F * oh * ow);
  for (let f = 0; f < F; f++) {
    const first = Math.floor(f / (F / groups)) * depth;
    const plane = out.subarray(f * oh * ow, (f + 1) * oh * ow).fill(bias[f]);
    for (let c = 0; c < depth; c++)
      for (let a = 0; a < kh; a++)
        for (let b = 0; b < kw; b++) {
          const w = weight[((f * depth + c) * kh + a) * kw + b];
          const left = padding - b * dilation;
          const [from, to] = [Math.max(0, Math.ceil(left / stride)), Math.min(ow, Math.floor((W - 1 + left) / stride) + 1)];
          for (let i = 0; i < oh; i++) {
            const row = i * stride + a * dilation - padding;
            if (row < 0 || row >= H) continue;
            const start = ((first + c) * H + row) * W - left;
            for (let j = from; j < to; j++) plane[i * ow + j] += w * x[start + j * stride];
          }
        }
  }
  return out;
}

// The part of a map that the window of a pool covers at (i, j): its first row, the row after the last, and so columns.
export function covered({ kind, from: [, H, W], kernel_size, stride, padding = 0 }, [i, j]) {
  if (kind === "global_avg_pool") return [0, H, 0, W];
  const [top, left] = [i * stride - padding, j * stride - padding];
  return [Math.max(0, top), Math.min(H, top + kernel_size), Math.max(0, left), Math.min(W, left + kernel_size)];
}

// Values of the window that a pool lays at (c, i, j), with their places.
function windowOf(layer, x, [c, i, j]) {
  const [, H, W] = layer.from;
  const [top, bottom, left, right] = covered(layer, [i, j]);
  const found = [];
  for (let row = top; row < bottom; row++)
    for (let col = left; col < right; col++) found.push({ row, col, x: x[(c * H + row) * W + col] });
  return found;
}

const each = (shape, make) => {
  const [C, H, W] = cube(shape);
  return Float64Array.from({ length: C * H * W }, (_, k) => make([Math.floor(k / (H * W)), Math.floor(k / W) % H, k % W], k));
};

// `add` takes what was found in a window before and one value more; a mean is over the pixels that are inside.
const pooled = (start, add, isMean) => (layer, x) => {
  const [, H, W] = layer.from;
  return each(layer.shape, ([c, i, j]) => {
    const [top, bottom, left, right] = covered(layer, [i, j]);
    let found = start;
    for (let row = top; row < bottom; row++)
      for (let col = left; col < right; col++) found = add(found, x[(c * H + row) * W + col]);
    return isMean ? found / ((bottom - top) * (right - left)) : found;
  });
};
const maximum = pooled(-Infinity, Math.max, false);
const average = pooled(0, (sum, value) => sum + value, true);

const OPERATIONS = {
  conv2d,
  linear: ({ weight, bias }, x) =>
    Float64Array.from(bias, (start, f) => x.reduce((sum, value, k) => sum + value * weight[f * x.length + k], start)),
  relu: (_, x) => x.map((value) => Math.max(0, value)),
  tanh: (_, x) => x.map(Math.tanh),
  max_pool2d: maximum,
  avg_pool2d: average,
  global_avg_pool: average,
  flatten: (_, x) => x,
};

// What the net is given, then the output of each layer, for a picture's values from 0 to 255.
export function run(net, pixels) {
  const size = pixels.length;
  const outputs = [each(net.input, ([c], k) => (pixels[k % size] / 255 - net.mean[c]) / net.std[c])];
  for (const layer of net.layers) outputs.push(OPERATIONS[layer.kind](layer, outputs.at(-1)));
  return outputs;
}

export function softmax(scores) {
  const most = Math.max(...scores);
  const powers = [...scores].map((score) => Math.exp(score - most));
  const sum = powers.reduce((all, power) => all + power, 0);
  return powers.map((power) => power / sum);
}

// What the value at (c, i, j) of a layer with weights was added up from: for each input channel its products and their sum.
export function parts(layer, x, [f, i, j]) {
  const { kind, weight, from, stride, padding, dilation, groups } = layer;
  const [, H, W] = from;
  if (kind === "linear")
    return [...x].map((value, k) => ({ c: k, terms: [{ row: 0, col: 0, inside: true, x: value, w: weight[f * x.length + k] }] })).map(summed);
  const [F, depth, kh, kw] = weight.shape;
  const first = Math.floor(f / (F / groups)) * depth;
  return Array.from({ length: depth }, (_, c) => {
    const terms = [];
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        const [row, col] = [i * stride + a * dilation - padding, j * stride + b * dilation - padding];
        const inside = row >= 0 && row < H && col >= 0 && col < W;
        const value = inside ? x[((first + c) * H + row) * W + col] : 0;
        terms.push({ a, b, row, col, inside, x: value, w: weight[((f * depth + c) * kh + a) * kw + b] });
      }
    return summed({ c: first + c, terms });
  });
}

const summed = (part) => ({ ...part, sum: part.terms.reduce((all, { x, w }) => all + x * w, 0) });

// The window behind the value at (c, i, j) of a layer without weights.
export const pooledFrom = windowOf;

// ---- the picture

// A picture of another size, by the mean over the area that a new pixel covers.
export function resize(pixels, [H, W], [h, w]) {
  const shares = (from, to) =>
    Array.from({ length: to }, (_, k) => {
      const [start, end] = [(k * from) / to, ((k + 1) * from) / to];
      const cells = Array.from({ length: from }, (_, n) => [n, Math.min(n + 1, end) - Math.max(n, start)]);
      return cells.filter(([, share]) => share > 1e-9).map(([n, share]) => [n, share / (end - start)]);
    });
  const [rows, columns] = [shares(H, h), shares(W, w)];
  const value = (k) =>
    rows[Math.floor(k / w)].reduce(
      (sum, [i, down]) => sum + columns[k % w].reduce((all, [j, along]) => all + down * along * pixels[i * W + j], 0),
      0,
    );
  return Float64Array.from({ length: h * w }, (_, k) => Math.round(value(k)));
}

// The picture moved by whole pixels so that its centre of mass lies in the middle, as in MNIST.
export function centred(pixels, [H, W]) {
  let [mass, down, along] = [0, 0, 0];
  pixels.forEach((value, k) => {
    mass += value;
    down += value * Math.floor(k / W);
    along += value * (k % W);
  });
  if (!mass) return pixels;
  const [di, dj] = [Math.round(H / 2 - 0.5 - down / mass), Math.round(W / 2 - 0.5 - along / mass)];
  return pixels.map((_, k) => {
    const [i, j] = [Math.floor(k / W) - di, (k % W) - dj];
    return i >= 0 && i < H && j >= 0 && j < W ? pixels[i * W + j] : 0;
  });
}
