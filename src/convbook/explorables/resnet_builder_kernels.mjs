// The layers of a ResNet from its settings, all in whole numbers: sizes, parameters, multiply-adds, receptive fields.
import { conv_output_size } from "./kernels.mjs";

export const NAMED = {
  "ResNet-18": { block: "basic", blocks: [2, 2, 2, 2] },
  "ResNet-34": { block: "basic", blocks: [3, 4, 6, 3] },
  "ResNet-50": { block: "bottleneck", blocks: [3, 4, 6, 3] },
  "ResNet-101": { block: "bottleneck", blocks: [3, 4, 23, 3] },
  "ResNet-152": { block: "bottleneck", blocks: [3, 8, 36, 3] },
};
const EXPANSION = { basic: 1, bottleneck: 4 };
const sum = (values) => values.reduce((total, value) => total + value, 0);

// A convolution without bias and the norm behind it (two parameters a channel; its multiplications are not counted).
function convolution(what, c_in, c_out, kernel, stride, size) {
  const side = conv_output_size(size, kernel, stride, (kernel - 1) / 2);
  const weights = c_in * c_out * kernel * kernel;
  return { what, c_in, c_out, kernel, stride, side, parameters: weights + 2 * c_out, macs: weights * side * side };
}

function bottleneck(c_in, width, stride, size, stride_in_3x3) {
  const [first, second] = stride_in_3x3 ? [1, stride] : [stride, 1];
  const a = convolution("conv", c_in, width, 1, first, size);
  const b = convolution("conv", width, width, 3, second, a.side);
  return [a, b, convolution("conv", width, 4 * width, 1, 1, b.side)];
}

function basic(c_in, width, stride, size) {
  const a = convolution("conv", c_in, width, 3, stride, size);
  return [a, convolution("conv", width, width, 3, 1, a.side)];
}

function block({ block: kind, stride_in_3x3 }, c_in, width, stride, size) {
  const layers = kind === "basic" ? basic(c_in, width, stride, size) : bottleneck(c_in, width, stride, size, stride_in_3x3);
  const c_out = EXPANSION[kind] * width;
  const isProjected = stride !== 1 || c_in !== c_out;
  return isProjected ? [...layers, convolution("shortcut", c_in, c_out, 1, stride, size)] : layers;
}

// Receptive field and jump after layers of [kernel, stride].
const seen = (start, layers) =>
  layers.reduce(({ field, jump }, [kernel, stride]) => ({ field: field + (kernel - 1) * jump, jump: jump * stride }), start);

const total = (layers) => ({ parameters: sum(layers.map((each) => each.parameters)), macs: sum(layers.map((each) => each.macs)) });

// One row for the stem, the pooling, each stage and the head. A stage's `parts` are its first block and one of the others.
export function rows(net) {
  const { width, size, classes, blocks } = net;
  const stem = convolution("conv", 3, width, 7, 2, size);
  let side = conv_output_size(stem.side, 3, 2, 1);
  let sight = seen({ field: 1, jump: 1 }, [[7, 2]]);
  const table = [{ name: "stem", side: stem.side, channels: width, blocks: 0, parts: [[stem]], ...total([stem]), ...sight }];
  sight = seen(sight, [[3, 2]]);
  table.push({ name: "pool", side, channels: width, blocks: 0, parts: [], parameters: 0, macs: 0, ...sight });
  let c_in = width;
  blocks.forEach((count, stage) => {
    const inner = width * 2 ** stage;
    const c_out = EXPANSION[net.block] * inner;
    const stride = stage ? 2 : 1;
    const first = block(net, c_in, inner, stride, side);
    side = first.at(-1).side;
    const other = block(net, c_out, inner, 1, side);
    const way = (layers) => layers.filter(({ what }) => what === "conv").map((each) => [each.kernel, each.stride]);
    for (let k = 0; k < count; k++) sight = seen(sight, way(k ? other : first));
    const [one, more] = [total(first), total(other)];
    table.push({
      name: `stage ${stage + 1}`,
      side,
      channels: c_out,
      blocks: count,
      parts: count > 1 ? [first, other] : [first],
      parameters: one.parameters + (count - 1) * more.parameters,
      macs: one.macs + (count - 1) * more.macs,
      ...sight,
    });
    c_in = c_out;
  });
  const head = { parameters: c_in * classes + classes, macs: c_in * classes };
  table.push({ name: "head", side: 1, channels: classes, blocks: 0, parts: [], ...head, field: null, jump: null });
  return table;
}

export const totals = (table) => total(table);
export const perBlock = (kind) => (kind === "basic" ? 2 : 3);

// Layers with weights by the counting rule: all convolutions but the shortcuts', and the head.
export const depth = ({ block: kind, blocks }) => perBlock(kind) * sum(blocks) + 2;

// The named ResNet whose parameters and multiply-adds are nearest in ratio, at the same input, classes and stride.
export function nearest(net) {
  const mine = total(rows(net));
  const far = (one, other) => Math.abs(Math.log(one / other));
  const all = Object.entries(NAMED).map(([name, named]) => {
    const theirs = total(rows({ ...net, ...named, width: 64 }));
    const isSame = net.width === 64 && net.block === named.block && String(net.blocks) === String(named.blocks);
    const distance = isSame ? -1 : far(mine.parameters, theirs.parameters) + far(mine.macs, theirs.macs);
    return { name, isSame, distance, parameters: mine.parameters / theirs.parameters, macs: mine.macs / theirs.macs };
  });
  return all.reduce((best, each) => (each.distance < best.distance ? each : best));
}
