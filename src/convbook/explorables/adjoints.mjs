// The arithmetic of the backward explorables: one channel, one filter, arrays as nested lists.
// Names, shapes and messages are those of convbook.kernels; nothing here knows of a page.
import { conv_output_size, whole } from "./kernels.mjs";

const range = (length, make) => Array.from({ length }, (_, k) => make(k));
const zeros = (rows, columns) => range(rows, () => range(columns, () => 0));

// ---- one dimension

// Which tap stands at row i, column y of the matrix of a convolution of n pixels; null: none.
export function tap_places(k, n, stride = 1, padding = 0) {
  const rows = conv_output_size(n, k, stride, padding);
  return range(rows, (i) =>
    range(n, (y) => {
      const a = y - i * stride + padding;
      return a >= 0 && a < k ? a : null;
    }),
  );
}

export function toeplitz_1d(taps, n, stride = 1, padding = 0) {
  return tap_places(taps.length, n, stride, padding).map((row) => row.map((a) => (a === null ? 0 : taps[a])));
}

export const transpose = (matrix) => range(matrix[0].length, (k) => matrix.map((row) => row[k]));
export const dot = (one, other) => one.reduce((sum, value, k) => sum + value * other[k], 0);
export const apply = (matrix, vector) => matrix.map((row) => dot(row, vector));

// ---- two dimensions, two ways back

function prepare(dout, w, [H, W], stride, padding) {
  const [kh, kw] = [w.length, w[0].length];
  const size = [conv_output_size(H, kh, stride, padding), conv_output_size(W, kw, stride, padding)];
  if (dout.length !== size[0] || dout[0].length !== size[1])
    throw new Error(
      `dout must have the shape of the output, (${size.join(", ")}), got shape (${dout.length}, ${dout[0].length})`,
    );
  return { kh, kw, oh: size[0], ow: size[1] };
}

// One step an output value: what it pays to which pixel of the padded image.
export function scatter_steps(dout, w, [H, W], stride = 1, padding = 0) {
  const { kh, kw, oh, ow } = prepare(dout, w, [H, W], stride, padding);
  const inside = (row, col) => row >= padding && row < padding + H && col >= padding && col < padding + W;
  return range(oh * ow, (step) => {
    const [i, j] = [Math.floor(step / ow), step % ow];
    const pays = range(kh * kw, (tap) => {
      const [a, b] = [Math.floor(tap / kw), tap % kw];
      const [row, col] = [i * stride + a, j * stride + b];
      return { row, col, a, b, inside: inside(row, col), value: dout[i][j] * w[a][b] };
    });
    return { at: [i, j], pays };
  });
}

// dout spread by the stride, with kernel - 1 - padding zeros in front; null where a zero was put in.
export function spread(dout, w, [H, W], stride = 1, padding = 0) {
  const { kh, kw, oh, ow } = prepare(dout, w, [H, W], stride, padding);
  const canvas = range(H + kh - 1, () => range(W + kw - 1, () => null));
  for (let i = 0; i < oh; i++)
    for (let j = 0; j < ow; j++) {
      const [row, col] = [i * stride + kh - 1 - padding, j * stride + kw - 1 - padding];
      if (canvas[row]?.[col] !== undefined) canvas[row][col] = dout[i][j]; // outputs that saw only border have no place
    }
  return canvas;
}

export const flip = (w) => w.map((row) => [...row].reverse()).reverse();

// One step a pixel: which places of the spread dout it takes, under which tap of the turned kernel.
export function gather_steps(dout, w, [H, W], stride = 1, padding = 0) {
  const canvas = spread(dout, w, [H, W], stride, padding);
  const turned = flip(w);
  const [kh, kw] = [w.length, w[0].length];
  return range(H * W, (step) => {
    const [y, z] = [Math.floor(step / W), step % W];
    const takes = [];
    for (let a = 0; a < kh; a++)
      for (let b = 0; b < kw; b++) {
        const given = canvas[y + a][z + b];
        if (given !== null) takes.push({ row: y + a, col: z + b, a, b, dout: given, w: turned[a][b] });
      }
    return { at: [y, z], takes, value: takes.reduce((sum, take) => sum + take.dout * take.w, 0) };
  });
}

// The padded gradient after so many steps of scattering.
export function scattered(steps, count, [H, W], padding) {
  const dx = zeros(H + 2 * padding, W + 2 * padding);
  for (const { pays } of steps.slice(0, count)) for (const { row, col, value } of pays) dx[row][col] += value;
  return dx;
}

// ---- making maps larger

export function conv_transpose2d(x, w, stride = 1) {
  whole("stride", stride, 1);
  const out = zeros((x.length - 1) * stride + w.length, (x[0].length - 1) * stride + w[0].length);
  x.forEach((row, i) =>
    row.forEach((value, j) =>
      w.forEach((line, a) => line.forEach((weight, b) => (out[i * stride + a][j * stride + b] += value * weight))),
    ),
  );
  return out;
}

// How many of n stamps of k pixels lie on each pixel of one axis.
export function coverage(n, k, stride = 1) {
  whole("n", n, 1);
  whole("kernel", k, 1);
  whole("stride", stride, 1);
  return range((n - 1) * stride + k, (y) => range(n, (i) => y >= i * stride && y < i * stride + k).filter(Boolean).length);
}

// Nearest-neighbour resizing by the stride, then a cross-correlation without padding.
export function resize_convolve(x, w, stride = 1) {
  whole("stride", stride, 1);
  const [H, W] = [x.length * stride, x[0].length * stride];
  const at = (i, j) => x[Math.floor(i / stride)][Math.floor(j / stride)];
  const size = [conv_output_size(H, w.length), conv_output_size(W, w[0].length)];
  return range(size[0], (i) =>
    range(size[1], (j) => w.reduce((sum, row, a) => row.reduce((s, weight, b) => s + weight * at(i + a, j + b), sum), 0)),
  );
}

// The weights that meet a pixel of each phase, added up: pixel y lies under taps y mod s, y mod s + s, ..
export const phases = (taps, stride) =>
  range(stride, (r) => taps.reduce((sum, value, a) => (a % stride === r ? sum + value : sum), 0));

// Standard deviation of all values over their mean.
export function deviation(map) {
  const all = map.flat();
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  return Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / all.length) / Math.abs(mean);
}

// What becomes of a flat map, away from its edge, when both axes have these phases.
export const ripple = (sums) => deviation(outer(sums, sums));

// The stamps to choose from, along one axis.
export function profile(name, k, stride) {
  if (name === "equal") return range(k, () => 1);
  if (name === "uneven") return range(k, (a) => [1, 3, 2, 5, 4, 1][a]);
  if (name === "linear") return range(k, (a) => Math.max(0, 1 - Math.abs(a - (k - 1) / 2) / stride));
  throw new Error(`weights must be one of equal, linear, uneven, got ${name}`);
}

export const outer = (one, other) => one.map((a) => other.map((b) => a * b));
