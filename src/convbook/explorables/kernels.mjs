// The arithmetic of conv2d: argument for argument and message for message that of convbook.kernels.
// Letters: n image, f filter, c input channel, i j output row and column, a b kernel row and column.

const PADDING_MODES = ["circular", "mean", "reflect", "replicate", "zeros"];

const range = (length, make) => Array.from({ length }, (_, k) => make(k));
const tuple = (values) => `(${values.join(", ")}${values.length === 1 ? "," : ""})`;

// The messages quote values as Python writes them.
function repr(value) {
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (typeof value === "string") return `'${value}'`;
  return { null: "None", true: "True", false: "False", NaN: "nan" }[value] ?? String(value);
}

function shapeOf(nested) {
  const shape = [];
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

function checkAxes(nested, name, ndim, axes) {
  const shape = shapeOf(nested);
  if (shape.length !== ndim)
    throw new Error(`${name} must have shape ${axes}, ${ndim} axes, got shape ${tuple(shape)}`);
  return shape;
}

export function whole(name, value, least) {
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${name} must be an integer of at least ${least}, got ${repr(value)}`);
  return value;
}

function pair(name, value, least) {
  if (!Array.isArray(value)) return [whole(name, value, least), value];
  if (value.length !== 2) throw new Error(`${name} must be an integer or a pair of integers, got ${repr(value)}`);
  return [whole(name, value[0], least), whole(name, value[1], least)];
}

export function conv_output_size(size, kernel_size, stride = 1, padding = 0, dilation = 1) {
  whole("size", size, 1);
  whole("kernel_size", kernel_size, 1);
  whole("stride", stride, 1);
  whole("padding", padding, 0);
  whole("dilation", dilation, 1);
  const extent = dilation * (kernel_size - 1) + 1;
  const padded = size + 2 * padding;
  if (extent > padded)
    throw new Error(
      `kernel of size ${kernel_size} with dilation ${dilation} covers ${extent} pixels, ` +
        `more than the padded input's ${padded} (${size} + 2*${padding})`,
    );
  return Math.floor((padded - extent) / stride) + 1;
}

export function same_padding(kernel_size, dilation = 1) {
  const total = whole("dilation", dilation, 1) * (whole("kernel_size", kernel_size, 1) - 1);
  if (total % 2)
    throw new Error(
      `kernel_size ${kernel_size} with dilation ${dilation} needs ${total} padding pixels in all, ` +
        "which no symmetric padding gives",
    );
  return total / 2;
}

function check_groups(C, F, groups) {
  whole("groups", groups, 1);
  if (C % groups) throw new Error(`groups=${groups} does not divide the ${C} input channels`);
  if (F % groups) throw new Error(`groups=${groups} does not divide the ${F} filters`);
}

// Which pixel of an axis of `size` stands at `k`, where k may lie outside; undefined: none, take the fill.
const inside = (k, size) => (k >= 0 && k < size ? k : undefined);
const SOURCES = {
  zeros: inside,
  mean: inside,
  replicate: (k, size) => Math.min(Math.max(k, 0), size - 1),
  reflect: (k, size) => (k < 0 ? -k : k < size ? k : 2 * (size - 1) - k),
  circular: (k, size) => (k + size) % size,
};

function mean(channel) {
  const pixels = channel.flat();
  return pixels.reduce((sum, pixel) => sum + pixel, 0) / pixels.length;
}

export function pad(x, padding, mode = "zeros") {
  const [, , H, W] = checkAxes(x, "x", 4, "(N, C, H, W)");
  const [ph, pw] = pair("padding", padding, 0);
  if (!PADDING_MODES.includes(mode))
    throw new Error(`padding mode must be one of ${repr(PADDING_MODES)}, got ${repr(mode)}`);
  const limit = { reflect: [H - 1, W - 1], circular: [H, W] }[mode] ?? [ph, pw];
  if (ph > limit[0] || pw > limit[1])
    throw new Error(
      `${mode} padding of (${ph}, ${pw}) is more than a ${H}x${W} image allows: at most ${tuple(limit)}`,
    );
  const source = SOURCES[mode];
  return x.map((image) =>
    image.map((channel) => {
      const fill = mode === "mean" ? mean(channel) : 0;
      return range(H + 2 * ph, (row) =>
        range(W + 2 * pw, (col) => channel[source(row - ph, H)]?.[source(col - pw, W)] ?? fill),
      );
    }),
  );
}

function prepare(x, w, b, { stride = 1, padding = 0, dilation = 1, groups = 1, padding_mode = "zeros" }) {
  const [N, C, H, W] = checkAxes(x, "x", 4, "(N, C, H, W)");
  const [F, depth, kh, kw] = checkAxes(w, "w", 4, "(F, C/groups, kh, kw)");
  check_groups(C, F, groups);
  if (depth !== Math.floor(C / groups))
    throw new Error(
      `w of shape ${tuple([F, depth, kh, kw])} has filters of depth ${depth}, but x of shape ${tuple([N, C, H, W])} ` +
        `with groups=${groups} needs depth ${C}/${groups} = ${Math.floor(C / groups)}`,
    );
  const bias = b ?? range(F, () => 0);
  const shape = checkAxes(bias, "b", 1, "(F,)");
  if (shape[0] !== F) throw new Error(`b must have shape (${F},), one value a filter, got shape ${tuple(shape)}`);
  const [sh, sw] = pair("stride", stride, 1);
  const [dh, dw] = pair("dilation", dilation, 1);
  if (padding === "valid") padding = 0;
  else if (padding === "same") {
    if (sh !== 1 || sw !== 1) throw new Error(`padding='same' needs stride 1, got stride (${sh}, ${sw})`);
    padding = [same_padding(kh, dh), same_padding(kw, dw)];
  } else if (typeof padding === "string")
    throw new Error(`padding must be an integer, a pair, 'same' or 'valid', got ${repr(padding)}`);
  const [ph, pw] = pair("padding", padding, 0);
  const oh = conv_output_size(H, kh, sh, ph, dh);
  const ow = conv_output_size(W, kw, sw, pw, dw);
  const padded = pad(x, [ph, pw], padding_mode);
  return { padded, w, bias, F, H, W, depth, kh, kw, sh, sw, dh, dw, ph, pw, oh, ow, perGroup: F / groups };
}

// What out[n, f, i, j] is the sum of, bias aside; row and col count on the padded input.
function terms(p, [n, f, i, j]) {
  const first = Math.floor(f / p.perGroup) * p.depth;
  const list = [];
  for (let c = 0; c < p.depth; c++)
    for (let a = 0; a < p.kh; a++)
      for (let b = 0; b < p.kw; b++) {
        const [row, col] = [i * p.sh + a * p.dh, j * p.sw + b * p.dw];
        const inside = row >= p.ph && row < p.ph + p.H && col >= p.pw && col < p.pw + p.W;
        list.push({ c: first + c, row, col, inside, x: p.padded[n][first + c][row][col], w: p.w[f][c][a][b], a, b });
      }
  return list;
}

export function contributions(x, w, b, cell, options = {}) {
  return terms(prepare(x, w, b, options), cell);
}

export function conv2d(x, w, b = null, options = {}) {
  const p = prepare(x, w, b, options);
  const value = (n, f, i, j) => terms(p, [n, f, i, j]).reduce((sum, term) => sum + term.x * term.w, p.bias[f]);
  return x.map((_, n) => range(p.F, (f) => range(p.oh, (i) => range(p.ow, (j) => value(n, f, i, j)))));
}
