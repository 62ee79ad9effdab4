// The words of `inside`: what a layer does, and the sum behind one value.
import { factor, h, short } from "./dom.mjs";

const KINDS = {
  input: "input",
  conv2d: "convolution",
  linear: "linear",
  relu: "ReLU",
  tanh: "tanh",
  max_pool2d: "max pool",
  avg_pool2d: "average pool",
  global_avg_pool: "global average pool",
};
const span = (name, text) => h("span", { class: name }, text);
const product = ({ x, w, inside }) =>
  h("span", { class: "cb-term" }, span("cb-k", factor(w)), "·", span(inside ? "cb-x" : "cb-x cb-pad", factor(x)));
const sumOf = (nodes) => nodes.flatMap((node, k) => (k ? [" + ", node] : [node]));
const line = (...nodes) => h("p", { class: "cb-sum" }, ...nodes);
const note = (text) => h("p", { class: "cb-note" }, text);
const strong = (value) => h("strong", {}, short(value));

export const titleOf = ({ kind }, ordinal) => (kind === "conv2d" || kind === "linear" ? `${KINDS[kind]} ${ordinal}` : KINDS[kind]);

export function details({ kind, weight, stride, padding, dilation, groups, kernel_size }) {
  const odd = (name, value, usual) => (value === usual ? [] : [`${name} ${value}`]);
  if (kind === "conv2d") {
    const size = `${weight.shape[2]} × ${weight.shape[3]} kernels`;
    return [size, ...odd("stride", stride, 1), ...odd("padding", padding, 0), ...odd("dilation", dilation, 1), ...odd("groups", groups, 1)];
  }
  if (kind === "max_pool2d" || kind === "avg_pool2d")
    return [`windows of ${kernel_size} × ${kernel_size}`, `stride ${stride}`, ...odd("padding", padding ?? 0, 0)];
  return [];
}

export const placeOf = (shape, [c, i, j]) => (shape.length > 1 ? `[${c}, ${i}, ${j}]` : `[${c}]`);

// What made a value of the input: a pixel, less the mean, by the standard deviation.
function fromPixel({ pixel, mean, std, value, where }) {
  return [
    note("the pixel from 0 to 1, less the training pictures' mean, by their standard deviation"),
    line(where, " = (", span("cb-x", short(pixel)), ` / 255 − ${short(mean)}) / ${short(std)} = `, strong(value)),
  ];
}

function fromChannels({ parts, chosen, bias, value, where }) {
  const part = parts[chosen];
  const many = parts.length > 1;
  const total = [span("cb-k cb-term", `bias ${factor(bias)}`), " = ", strong(value)];
  if (!many) return [line(where, " = ", ...part.terms.flatMap((term) => [product(term), " + "]), ...total)];
  const zeros = parts.filter(({ terms }) => terms.every(({ x }) => x === 0)).length;
  const sums = parts.filter(({ sum, c }) => sum !== 0 || c === part.c);
  const own = (each) => span(each === part ? "cb-term ci-own" : "cb-term", factor(each.sum));
  return [
    line(span("cb-where", `channel ${part.c}: `), ...sumOf(part.terms.map(product)), " = ", span("ci-own", short(part.sum))),
    note(`and over the ${parts.length} input channels` + (zeros ? `, ${zeros} of which are 0 here and left out` : "")),
    line(where, " = ", ...sums.flatMap((each) => [own(each), " + "]), ...total),
  ];
}

function fromFeatures({ parts, bias, value, where }) {
  const shown = parts.filter(({ terms }) => terms[0].x !== 0);
  return [
    note(
      `one product for each of ${parts.length} features` +
        (shown.length < parts.length ? `; ${parts.length - shown.length} of them are 0 and left out` : ""),
    ),
    line(where, " = ", ...shown.flatMap(({ terms }) => [product(terms[0]), " + "]), span("cb-k cb-term", `bias ${factor(bias)}`), " = ", strong(value)),
  ];
}

function fromWindow({ kind, window, value, where }) {
  const values = window.map(({ x }) => span("cb-term cb-x", factor(x)));
  if (kind === "max_pool2d") return [line(where, " = max(", ...values.flatMap((node, k) => (k ? [", ", node] : [node])), ") = ", strong(value))];
  if (values.length <= 16) return [line(where, " = (", ...sumOf(values), `) / ${values.length} = `, strong(value))];
  const sum = window.reduce((all, { x }) => all + x, 0);
  return [line(where, ` = (sum of ${values.length} values) / ${values.length} = ${factor(sum)} / ${values.length} = `, strong(value))];
}

function fromOne({ kind, before, value, where }) {
  const inner = span("cb-x", short(before));
  return [kind === "relu" ? line(where, " = max(0, ", inner, ") = ", strong(value)) : line(where, " = tanh(", inner, ") = ", strong(value))];
}

const SENTENCES = {
  input: fromPixel,
  conv2d: fromChannels,
  linear: fromFeatures,
  relu: fromOne,
  tanh: fromOne,
  max_pool2d: fromWindow,
  avg_pool2d: fromWindow,
  global_avg_pool: fromWindow,
};

// The paragraphs that tell where the value comes from; `facts` is what its kind needs, and where it stands.
export const told = (facts) => SENTENCES[facts.kind]({ ...facts, where: span("cb-where", `out${facts.place}`) });

// A probability as a class has it, from its score and all of them.
export function chance(names, scores, shares, k) {
  const most = Math.max(...scores);
  return [
    note(`softmax: e to the score, by the sum over all ${scores.length} classes`),
    line(
      span("cb-where", `p[${names[k]}]`),
      ` = exp(${short(scores[k])}) / Σ exp = exp(${short(scores[k] - most)}) / ${short([...scores].reduce((all, score) => all + Math.exp(score - most), 0))} = `,
      strong(shares[k]),
      span("cb-where", ` (${short(most)}, the largest, taken off above and below)`),
    ),
  ];
}

export const percent = (share) => (share > 0.9995 ? "100 %" : share < 0.0005 ? "0 %" : `${(100 * share).toFixed(1)} %`);
