// What goes back through a ReLU by three rules, and through a whole net of `inside`, as convbook.visualize has it.

import { covered } from "./inside_kernels.mjs";

const PASSES = {
  backprop: (dout, x) => x > 0,
  deconv: (dout) => dout > 0,
  guided: (dout, x) => x > 0 && dout > 0,
};
export const RULES = Object.keys(PASSES);

export const passes = (dout, x, rule) => PASSES[rule](dout, x);
export const reluBackward = (dout, x, rule) => dout.map((value, k) => (PASSES[rule](value, x[k]) ? value : 0));

// ---- gradients with respect to a layer's input x

function conv2d({ weight, from, shape, stride, padding, dilation, groups }, dout) {
  const [C, H, W] = from;
  const [F, oh, ow] = shape;
  const [, depth, kh, kw] = weight.shape;
  const dx = new Float64Array(C * H * W);
  for (let f = 0; f < F; f++) {
    const first = Math.floor(f / (F / groups)) * depth;
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++) {
        const value = dout[(f * oh + i) * ow + j];
        if (value === 0) continue; // behind a pooling and a ReLU most are
        for (let c = 0; c < depth; c++)
          for (let a = 0; a < kh; a++) {
            const row = i * stride + a * dilation - padding;
            if (row < 0 || row >= H) continue;
            for (let b = 0; b < kw; b++) {
              const col = j * stride + b * dilation - padding;
              if (col >= 0 && col < W) dx[((first + c) * H + row) * W + col] += value * weight[((f * depth + c) * kh + a) * kw + b];
            }
          }
      }
  }
  return dx;
}

function linear({ weight }, dout) {
  const [classes, features] = weight.shape;
  const dx = new Float64Array(features);
  for (let f = 0; f < classes; f++) for (let k = 0; k < features; k++) dx[k] += weight[f * features + k] * dout[f];
  return dx;
}

// `give(dx, places, value)` hands the value of a window to its places.
function pool(layer, dout, give) {
  const [C, H, W] = layer.from;
  const [oh, ow] = layer.shape.slice(1);
  const dx = new Float64Array(C * H * W);
  for (let c = 0; c < C; c++)
    for (let i = 0; i < oh; i++)
      for (let j = 0; j < ow; j++) {
        const [top, bottom, left, right] = covered(layer, [i, j]);
        const places = [];
        for (let row = top; row < bottom; row++)
          for (let col = left; col < right; col++) places.push((c * H + row) * W + col);
        give(dx, places, dout[(c * oh + i) * ow + j]);
      }
  return dx;
}

const average = (layer, dout) =>
  pool(layer, dout, (dx, places, value) => places.forEach((place) => (dx[place] += value / places.length)));

// The first of equal largest values takes all, as in PyTorch.
const largest = (layer, dout, x) =>
  pool(layer, dout, (dx, places, value) => (dx[places.reduce((best, place) => (x[place] > x[best] ? place : best))] += value));

const BACKWARDS = {
  conv2d,
  linear,
  flatten: (_, dout) => dout,
  tanh: (_, dout, x) => dout.map((value, k) => value * (1 - Math.tanh(x[k]) ** 2)),
  max_pool2d: largest,
  avg_pool2d: average,
  global_avg_pool: average,
};

// The gradient of a class's score with respect to what the net is given, and how much of it each ReLU let through.
export function gradient(net, outputs, which, rule) {
  let signal = Float64Array.from(outputs.at(-1), (_, k) => (k === which ? 1 : 0));
  const gates = [];
  for (let k = net.layers.length - 1; k >= 0; k--) {
    const layer = net.layers[k];
    if (layer.kind === "relu") {
      const came = signal.reduce((count, value) => count + (value !== 0), 0);
      signal = reluBackward(signal, outputs[k], rule);
      gates.unshift({ layer: k, came, passed: signal.reduce((count, value) => count + (value !== 0), 0), all: signal.length });
    } else signal = BACKWARDS[layer.kind](layer, signal, outputs[k]);
  }
  return { signal, gates };
}
