// The checkerboard explorable: where the stamps of a transposed convolution overlap, and what that does to a map.
import { conv_transpose2d, coverage, deviation, outer, phases, profile, resize_convolve, ripple } from "./adjoints.mjs";
import { colour } from "./canvas.mjs";
import { bind, settings, span } from "./controls.mjs";
import { field, h, options, plane, range, short } from "./dom.mjs";

const NAMES = ["kernel", "stride", "weights", "picture"];
const WEIGHTS = ["equal", "linear", "uneven"];
const PICTURES = ["hill", "flat", "slope"];
const LETTERS = "abcdef";
const STAMPS = 4; // inputs in the row that is drawn stamp by stamp
const SIDE = 9; // pixels across the picture that is made larger

const pictures = {
  flat: () => 1,
  hill: (i, j) => Math.exp(-(((i - 4) / 3) ** 2) - ((j - 4) / 3) ** 2),
  slope: (i, j) => (i + 2 * j + 2) / 26,
};

function compute({ kernel, stride, weights, picture }) {
  const taps = profile(weights, kernel, stride);
  const sums = phases(taps, stride);
  const x = range(SIDE, (i) => range(SIDE, (j) => pictures[picture](i, j)));
  const count = coverage(SIDE, kernel, stride);
  const flat = taps.map((value) => value / taps.reduce((sum, each) => sum + each, 0));
  return {
    kernel,
    stride,
    taps,
    sums,
    counts: coverage(STAMPS, kernel, stride),
    ripple: ripple(sums),
    rest: deviation(resize_convolve(range(SIDE, () => range(SIDE, () => 1)), outer(flat, flat), stride)),
    maps: {
      stamps: outer(count, count),
      input: x,
      transposed: conv_transpose2d(x, outer(taps, taps), stride),
      resized: resize_convolve(x, outer(flat, flat), stride),
    },
  };
}

// ---- drawing

function paint(canvas, map) {
  const [rows, columns] = [map.length, map[0].length];
  const all = map.flat();
  const most = Math.max(...all);
  [canvas.width, canvas.height] = [columns, rows];
  const image = new ImageData(columns, rows);
  all.forEach((value, k) => image.data.set([...colour(most ? value / most : 0), 255], 4 * k));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const percent = (value) => `${short(Number((100 * value).toFixed(1)))} %`;
const list = (values) => (values.length > 1 ? `${values.slice(0, -1).join(", ")} and ${values.at(-1)}` : String(values[0]));
const distinct = (values) => [...new Set(values)].sort((one, other) => one - other);

// How many stamps lie on a pixel away from the edge, one number a phase.
const inside = ({ kernel, stride }) => range(stride, (r) => range(kernel, (a) => a).filter((a) => a % stride === r).length);

function verdict(view) {
  const { kernel, stride } = view;
  const one = distinct(inside(view));
  const two = distinct(one.flatMap((a) => one.map((b) => a * b)));
  const head = `${kernel} mod ${stride} = ${kernel % stride}: `;
  if (kernel < stride) return `${head}the kernel is smaller than the stride, and some pixels get no stamp at all.`;
  if (one.length === 1) return `${head}every pixel lies under the same number of stamps, ${two[0]} in the plane.`;
  return `${head}along a row pixels lie under ${list(one)} stamps in turn, in the plane under ${list(two)}.`;
}

function weighing({ sums, ripple: size }) {
  const many = sums.length > 1 ? `The weights that meet a pixel sum to ${list(sums.map(short))}, phase by phase: ` : `The weights that meet a pixel sum to ${short(sums[0])} everywhere: `;
  return [many, h("strong", {}, size < 1e-9 ? "no checkerboard on a flat map." : `a flat map ripples by ${percent(size)}.`)];
}

const captions = ({ maps, ripple: size, rest }) => ({
  stamps: `stamps on each pixel: ${Math.min(...maps.stamps.flat())} to ${Math.max(...maps.stamps.flat())}`,
  input: `input, ${SIDE} × ${SIDE}`,
  transposed: `transposed convolution, ${maps.transposed.length} × ${maps.transposed.length}; ripple ${percent(size)}`,
  resized: `resized, then convolved, ${maps.resized.length} × ${maps.resized.length}; ripple ${percent(rest)}`,
});

// A row of stamps: an input a line, the counts below.
function row({ kernel, stride, counts }) {
  const width = counts.length;
  const stamps = range(STAMPS, (i) =>
    range(width, (y) => {
      const tap = y - i * stride;
      const isOn = tap >= 0 && tap < kernel;
      const cell = h("div", { class: `cb-cell ${isOn ? "bp-tap" : "bp-empty"}`, role: "gridcell", "data-pixel": y }, span("", isOn ? LETTERS[tap] : ""));
      if (isOn) cell.dataset.tap = tap;
      return cell;
    }),
  );
  const totals = counts.map((count, y) =>
    h("div", { class: "cb-cell bp-count", role: "gridcell", "data-pixel": y, "aria-label": `pixel ${y}: ${count} stamp${count === 1 ? "" : "s"}` }, span("", String(count))),
  );
  const element = plane("a row of four stamps, and how many lie on each pixel", "stamps of four inputs, and how many lie on each pixel", [...stamps, totals], [totals]);
  element.querySelector(".cb-grid").style.setProperty("--cell", "34px");
  return { element, stamps, totals };
}

function pixelWords({ kernel, stride, taps, counts }, y) {
  const on = range(STAMPS, (i) => i).filter((i) => y - i * stride >= 0 && y - i * stride < kernel);
  if (!on.length) return [`Pixel ${y} lies between the stamps: it stays 0.`];
  const parts = on.map((i) => `${LETTERS[y - i * stride]} of stamp ${i}`);
  const sum = on.map((i) => short(taps[y - i * stride])).join(" + ");
  const total = on.reduce((all, i) => all + taps[y - i * stride], 0);
  return [`Pixel ${y} lies under ${counts[y]} stamp${counts[y] === 1 ? "" : "s"}: ${list(parts)}. Flat input: ${sum}${on.length > 1 ? ` = ${short(total)}` : ""}.`];
}

// ---- the widget

function render({ model, el }) {
  const limits = model.get("limits");
  const read = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  let view = null;
  let drawn = null;
  let pixel = 0;

  const fields = settings(limits, read, (wanted) => commit({ kernel: wanted.kernel, stride: wanted.stride }));
  const select = (name, names) => {
    const box = h("select", { name }, ...options(names));
    box.addEventListener("change", () => commit({ [name]: box.value }));
    fields.row.append(field(name, box));
    return box;
  };
  const chosen = { weights: select("weights", WEIGHTS), picture: select("picture", PICTURES) };
  const stamps = h("div", { class: "bp-stamps cb-output" });
  const said = h("p", { class: "cb-note", "aria-live": "polite" });
  const rule = h("p", { class: "bp-agree", "aria-live": "polite" });
  const weighed = h("p", { class: "bp-agree", "aria-live": "polite" });
  const maps = Object.fromEntries(
    ["stamps", "input", "transposed", "resized"].map((name) => {
      const canvas = h("canvas", { role: "img" });
      const caption = h("figcaption", {});
      return [name, { canvas, caption, element: h("figure", { class: "bp-map", "data-map": name }, canvas, caption) }];
    }),
  );
  const root = h(
    "div",
    { class: "convbook-widget", "data-lm-suppress-shortcuts": "true" },
    fields.row,
    fields.alert,
    rule,
    weighed,
    h("div", { class: "bp-maps" }, ...Object.values(maps).map(({ element }) => element)),
    stamps,
    said,
  );

  function draw() {
    const now = read();
    let message = "";
    try {
      fields.check(now);
      const isNew = !view || view.kernel !== now.kernel || view.stride !== now.stride;
      view = compute(now);
      const words = captions(view);
      for (const [name, { canvas, caption }] of Object.entries(maps)) {
        paint(canvas, view.maps[name]);
        caption.textContent = words[name];
        canvas.setAttribute("aria-label", words[name]);
      }
      if (isNew) {
        drawn = row(view);
        stamps.replaceChildren(drawn.element);
      }
      rule.textContent = verdict(view);
      weighed.replaceChildren(...weighing(view));
      point(pixel);
    } catch (error) {
      message = error.message;
    }
    for (const [name, box] of Object.entries(chosen)) box.value = now[name];
    fields.forget(message);
  }

  function point(wanted) {
    const y = Math.min(wanted, view.counts.length - 1);
    drawn.totals.forEach((cell, k) => cell.setAttribute("aria-selected", String(k === y)));
    for (const line of drawn.stamps) line.forEach((cell, k) => cell.classList.toggle("bp-row", k === y && "tap" in cell.dataset));
    said.replaceChildren(...pixelWords(view, y));
  }

  const { commit, release } = bind(model, NAMES, draw);
  const place = (event) => event.target.closest("[data-pixel]")?.dataset.pixel;
  const choose = (event) => {
    if (place(event) === undefined) return;
    pixel = Number(place(event));
    point(pixel);
  };
  stamps.addEventListener("pointerover", (event) => place(event) !== undefined && point(Number(place(event))));
  stamps.addEventListener("pointerleave", () => view && point(pixel));
  stamps.addEventListener("focusin", choose);
  stamps.addEventListener("click", choose);

  el.replaceChildren(root);
  draw();
  return release;
}

export default { render };
