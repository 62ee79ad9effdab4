// The net of `inside`: its file read and checked as convbook.explorables.inside_net does, run, and one value explained.
// Maps are flat: value (c, i, j) of C × H × W stands at (c·H + i)·W + j. A vector counts as C × 1 × 1.

const FORMAT = "convbook-net 1";
const BYTES = { float16: 2, float32: 4 };
const KINDS = {
  conv2d: ["stride", "padding", "dilation", "groups"],
  linear: [],
  relu: [],
  tanh: [],
  max_pool2d: ["kernel_size", "stride", "padding"],
  avg_pool2d: ["kernel_size", "stride"],
  global_avg_pool: [],
  flatten: [],
};
const AXES = { conv2d: "(F, C/groups, kh, kw)", linear: "(classes, features)" };
const LIMITS = { sides: 64, parameters: 300_000, multiplications: 40_000_000 };

const product = (numbers) => numbers.reduce((all, number) => all * number, 1);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
const refuse = (message) => {
  throw new Error(message);
};

function said(value = null) {
  if (Array.isArray(value)) return `[${value.map(said).join(", ")}]`;
  return value && typeof value === "object" ? "an object" : JSON.stringify(value);
}

const maps = (shape) => (shape.length > 1 ? `maps of ${shape.join(" × ")}` : `a vector of ${shape[0]}`);
export const cube = (shape) => (shape.length > 1 ? shape : [shape[0], 1, 1]);

// ---- the file

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

export function floats(text, dtype) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = BYTES[dtype];
  if (bytes.length % size) refuse("a part of a number");
  const read = size === 2 ? (k) => half(view.getUint16(2 * k, true)) : (k) => view.getFloat32(4 * k, true);
  return Float64Array.from({ length: bytes.length / size }, (_, k) => read(k));
}

function array(layer, key, name, dtype) {
  const packed = layer[key];
  if (!Array.isArray(packed?.shape)) refuse(`${name}: ${key} is missing`);
  let values = null;
  try {
    values = floats(packed.data, dtype);
  } catch {
    refuse(`${name}: ${key} is not ${dtype} in base64`);
  }
  const wanted = product(packed.shape);
  if (values.length !== wanted)
    refuse(`${name}: ${key} of shape ${said(packed.shape)} needs ${wanted} numbers, got ${values.length}`);
  if (!values.every(Number.isFinite)) refuse(`${name}: ${key} must hold finite numbers`);
  return Object.assign(values, { shape: packed.shape });
}

function checkInput({ input, mean, std }) {
  const isShape = Array.isArray(input) && input.length === 3 && input.every(Number.isInteger);
  if (!isShape || ![1, 3].includes(input[0]) || input.slice(1).some((side) => side < 5 || side > LIMITS.sides))
    refuse(`input must be [1 or 3, height, width], sides from 5 to ${LIMITS.sides}, got ${said(input)}`);
  for (const [key, values] of Object.entries({ mean, std }))
    if (!Array.isArray(values) || values.length !== input[0] || !values.every(isNumber))
      refuse(`${key} must hold ${input[0]} numbers, got ${said(values)}`);
  if (std.includes(0)) refuse("std must not hold 0");
}

// Shape of a layer's output for the shape of its input.
function shapeAfter(layer, shape) {
  const { kind, weight, bias } = layer;
  for (const key of KINDS[kind]) {
    const least = key === "padding" ? 0 : 1;
    if (!Number.isInteger(layer[key]) || layer[key] < least)
      refuse(`${key} must be an integer of at least ${least}, got ${said(layer[key])}`);
  }
  if (weight) {
    const [ndim, filters] = [kind === "conv2d" ? 4 : 2, weight.shape[0]];
    if (weight.shape.length !== ndim) refuse(`weight must have shape ${AXES[kind]}, got ${said(weight.shape)}`);
    if (bias.shape.length !== 1 || bias.shape[0] !== filters)
      refuse(`bias must hold ${filters} numbers, one an output channel, got shape ${said(bias.shape)}`);
  }
  if (kind === "linear") {
    const features = weight.shape[1];
    if (shape.length !== 1) refuse(`needs a vector, and what comes before gives ${maps(shape)}: a flatten is missing`);
    if (features !== shape[0])
      refuse(`weight of shape ${said(weight.shape)} takes ${features} features, and ${shape[0]} come`);
    return [weight.shape[0]];
  }
  if (kind === "flatten") return [product(shape)];
  if (kind === "relu" || kind === "tanh") return shape;
  if (shape.length !== 3) refuse(`needs maps, and what comes before gives a vector of ${shape[0]}`);
  if (kind === "global_avg_pool") return [shape[0], 1, 1];
  let [channels, ...sides] = shape;
  let window = [layer.kernel_size, layer.kernel_size];
  if (kind === "conv2d") {
    const [F, depth, ...kernel] = weight.shape;
    const { groups } = layer;
    if (channels % groups || F % groups) refuse(`groups=${groups} must divide the ${channels} channels and the ${F} filters`);
    if (depth !== channels / groups)
      refuse(`weight of shape ${said(weight.shape)} takes ${depth * groups} channels, and ${maps(shape)} come`);
    [channels, window] = [F, kernel];
  } else if ((layer.padding ?? 0) > Math.floor(layer.kernel_size / 2))
    refuse(`padding must be at most half of kernel_size, got ${layer.padding}`);
  const extents = window.map((k) => (layer.dilation ?? 1) * (k - 1) + 1);
  const padded = sides.map((side) => side + 2 * (layer.padding ?? 0));
  if (extents.some((extent, axis) => extent > padded[axis]))
    refuse(`a window of ${extents.join(" × ")} is larger than the padded ${padded.join(" × ")}`);
  return [channels, ...padded.map((side, axis) => Math.floor((side - extents[axis]) / layer.stride) + 1)];
}

// The net that the file's text, or what JSON makes of it, holds; an Error that names the layer where something is wrong.
export function read(file) {
  let net = file;
  if (typeof file === "string") {
    try {
      net = JSON.parse(file);
    } catch {
      refuse("not a net for this page: the file is not JSON");
    }
  }
  const isObject = net && typeof net === "object" && !Array.isArray(net);
  if (!isObject || net.format !== FORMAT)
    refuse(`not a net for this page: format must be ${said(FORMAT)}, got ${said(isObject ? net.format : net)}`);
  checkInput(net);
  if (!(net.dtype in BYTES)) refuse(`dtype must be one of ${Object.keys(BYTES).join(", ")}, got ${said(net.dtype)}`);
  if (!Array.isArray(net.layers) || !net.layers.length) refuse("a net needs a list of layers");
  const cost = { parameters: 0, multiplications: 0 };
  let shape = net.input;
  const layers = net.layers.map((packed, index) => {
    if (!Object.hasOwn(KINDS, packed?.kind)) {
      const found = packed && typeof packed === "object" && !Array.isArray(packed) ? packed.kind : packed;
      refuse(`layer ${index}: kind must be one of ${Object.keys(KINDS).join(", ")}, got ${said(found)}`);
    }
    const name = `layer ${index} (${packed.kind} ${said(packed.name ?? "")})`;
    const layer = { ...packed };
    for (const key of packed.kind in AXES ? ["weight", "bias"] : []) layer[key] = array(packed, key, name, net.dtype);
    const before = shape;
    try {
      shape = shapeAfter(layer, before);
    } catch (error) {
      refuse(`${name}: ${error.message}`);
    }
    if (layer.weight) {
      cost.parameters += layer.weight.length + layer.bias.length;
      cost.multiplications += layer.weight.length * product(shape.slice(1));
    }
    return { ...layer, from: cube(before), shape };
  });
  const { classes } = net;
  if (!Array.isArray(classes) || !classes.every((each) => typeof each === "string")) refuse("classes must be a list of names");
  if (shape.length !== 1 || shape[0] !== classes.length)
    refuse(`the last layer must give ${classes.length} scores, one a class, and gives ${maps(shape)}`);
  for (const [key, value] of Object.entries(cost))
    if (value > LIMITS[key]) refuse(`a page runs at most ${grouped(LIMITS[key])} ${key}, this net has ${grouped(value)}`);
  return { ...net, layers, ...cost };
}

// ---- the arithmetic

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

// Values of the window that a pool lays at (c, i, j), with their places.
function windowOf({ kind, from: [, H, W], kernel_size, stride, padding = 0 }, x, [c, i, j]) {
  const isGlobal = kind === "global_avg_pool";
  const [kh, kw] = isGlobal ? [H, W] : [kernel_size, kernel_size];
  const found = [];
  for (let a = 0; a < kh; a++)
    for (let b = 0; b < kw; b++) {
      const [row, col] = isGlobal ? [a, b] : [i * stride + a - padding, j * stride + b - padding];
      if (row >= 0 && row < H && col >= 0 && col < W) found.push({ row, col, x: x[(c * H + row) * W + col] });
    }
  return found;
}

const each = (shape, make) => {
  const [C, H, W] = cube(shape);
  return Float64Array.from({ length: C * H * W }, (_, k) => make([Math.floor(k / (H * W)), Math.floor(k / W) % H, k % W], k));
};
const largest = (window) => window.reduce((most, { x }) => Math.max(most, x), -Infinity);
const mean = (window) => window.reduce((sum, { x }) => sum + x, 0) / window.length;
const pooled = (reduce) => (layer, x) => each(layer.shape, (place) => reduce(windowOf(layer, x, place)));

const OPERATIONS = {
  conv2d,
  linear: ({ weight, bias }, x) =>
    Float64Array.from(bias, (start, f) => x.reduce((sum, value, k) => sum + value * weight[f * x.length + k], start)),
  relu: (_, x) => x.map((value) => Math.max(0, value)),
  tanh: (_, x) => x.map(Math.tanh),
  max_pool2d: pooled(largest),
  avg_pool2d: pooled(mean),
  global_avg_pool: pooled(mean),
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
