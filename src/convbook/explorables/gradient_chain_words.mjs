// What the gradient chain writes out: numbers with powers of ten, products factor by factor, and how a chain ends.
import { exact } from "./gradient_chain_kernels.mjs";

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const LAST = 4; // factors that are all written

const raised = (number) => String(number).replace("-", "⁻").replace(/\d/g, (digit) => RAISED[digit]);
export const power = (exponent) => (exponent === 0 ? "1" : exponent === 1 ? "10" : `10${raised(exponent)}`);

export function text(value, precision = 4) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return value < 0 ? "−∞" : "∞";
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toLocaleString("en-US").replace("-", "−");
  const [digits, exponent] = value.toExponential(precision - 1).split("e").map(Number);
  const isPlain = exponent >= -4 && exponent < 6;
  const plain = isPlain ? String(Number(value.toPrecision(precision))) : scaled(digits, exponent);
  return plain.replace("-", "−");
}

const scaled = (digits, exponent) =>
  digits === 1 ? power(exponent) : `${digits === -1 ? "−" : `${digits} · `}${power(exponent)}`;

// The same for a number too small or too large for float64.
function fromLog({ sign, log }) {
  if (sign === 0) return "0";
  if (Math.abs(log) < 300) return text(sign * 10 ** log);
  const exponent = Math.floor(log + 1e-9);
  return scaled(sign * Number((10 ** (log - exponent)).toFixed(3)), exponent).replace("-", "−");
}

const signed = (value) => (value < 0 ? `(${text(value)})` : text(value));
const to = (base, n) => (n === 1 ? base : `${base}${raised(n)}`);

// 0.1 · 0.1 · 0.1 = 0.1³; what is one factor needs no second form.
function product(value, n) {
  const all = n <= LAST ? Array(n).fill(signed(value)) : [signed(value), signed(value), "…", signed(value)];
  return n === 1 ? text(value) : `${all.join(" · ")} = ${to(signed(value), n)}`;
}

export const formula = (span) => (span === 0 ? "wⁿ" : span === 1 ? "(1 + w)ⁿ" : `(1 + w${raised(span)}) a block`);

// Factors and result after n layers: [text before the result, the result].
export function arithmetic(view, { values, span }, n) {
  const { weight } = view;
  const result = text(values[n]);
  if (!span) return [product(weight, n), result];
  const blocks = Math.floor(n / span);
  const rest = n - blocks * span;
  const sum = span === 1 && weight < 0 ? `1 − ${text(-weight)}` : `1 + ${to(signed(weight), span)}`;
  const inside = rest ? [to(signed(weight), rest)] : [];
  const written = [...(blocks ? [to(blocks > 1 || rest ? `(${sum})` : sum, blocks)] : []), ...inside].join(" · ");
  if (!blocks) return [written, result];
  const joined = [to(signed(1 + weight ** span), blocks), ...inside].join(" · ");
  return [blocks + rest > 1 ? `${written} = ${joined}` : written, result];
}

// What the format made of it, where the true product is another one.
export function lost(view, { values, span }, n) {
  const { weight, dtype } = view;
  const truth = exact(weight, n, span);
  const value = values[n];
  if (truth.sign === 0) return value === 0 ? "exactly zero" : `without rounding it is 0`;
  const isNear = value !== 0 && Number.isFinite(value) && Math.abs(Math.log10(Math.abs(value)) - truth.log) < 0.01;
  return isNear ? "" : `without rounding it is ${fromLog(truth)}; ${dtype} makes ${text(value)} of it`;
}

export function told(fate, far = "10,000") {
  if (!fate) return `neither 0 nor ∞ in ${far} layers`;
  if (fate.end === "stays") return `stays ${text(fate.value)}`;
  return `${fate.end === "zero" ? "0" : "∞"} from n = ${fate.n}`;
}
