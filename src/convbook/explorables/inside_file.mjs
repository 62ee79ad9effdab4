// The file of a net for `inside`, read and checked as convbook.explorables.inside_net does.

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
