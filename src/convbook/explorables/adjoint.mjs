// The adjoint explorable: one gradient of the input, scattered and gathered side by side.
import { gather_steps, scatter_steps, scattered, spread } from "./adjoints.mjs";
import { bind, edits, overlay, player, replaced, settings, span, sumOf } from "./controls.mjs";
import { entry, factor, field, h, options, plane, range, same, short, write } from "./dom.mjs";
import { conv_output_size } from "./kernels.mjs";

const NAMES = ["dout", "w", "height", "width", "stride", "padding"];
const BEAT = 900; // milliseconds that the play button leaves to read a step

function compute(now) {
  const { dout, w, height, width, stride, padding } = now;
  const layer = [dout, w, [height, width], stride, padding];
  const scatter = scatter_steps(...layer);
  const gather = gather_steps(...layer);
  return { ...now, scatter, gather, canvas: spread(...layer), total: Math.max(scatter.length, gather.length) };
}

const sizes = ({ w, height, width, stride, padding }) => ({
  height,
  width,
  "kernel height": w.length,
  "kernel width": w[0].length,
  stride,
  padding,
});

// Values that were there before, else a pattern that is easy to add up.
function resize(kept, wanted) {
  const { height, width, stride, padding } = wanted;
  const [kh, kw] = [wanted["kernel height"], wanted["kernel width"]];
  const oh = conv_output_size(height, kh, stride, padding);
  const ow = conv_output_size(width, kw, stride, padding);
  return {
    dout: range(oh, (i) => range(ow, (j) => kept.dout[i]?.[j] ?? (3 * i + 2 * j + 1) % 10)),
    w: range(kh, (a) => range(kw, (b) => kept.w[a]?.[b] ?? ((2 * a + b) % 4) - 1)),
    height,
    width,
    stride,
    padding,
  };
}

// ---- grids

const tag = () => h("small", { "aria-hidden": "true" });
const plain = (className) => h("div", { class: `cb-cell ${className}`, role: "gridcell" }, span("", ""), tag());

function editable(name, title, values) {
  const cells = values.map((row, i) =>
    row.map((_, j) => h("div", { class: "cb-cell", role: "gridcell" }, entry([name, i, j], `${name}, row ${i}, column ${j}`), tag())),
  );
  return { cells, element: plane(title, title, cells, cells.map((row) => row.map((cell) => cell.firstChild))) };
}

function grid(title, rows, columns, className) {
  const cells = range(rows, (i) => range(columns, (j) => plain(className(i, j))));
  return { cells, element: plane(title, title, cells, [[cells[0][0]]]) };
}

function fit({ cells }, values) {
  const widest = Math.max(...values.flat().map((value) => short(value ?? 0).length));
  cells[0][0].closest(".cb-grid").style.setProperty("--cell", `${Math.max(34, Math.min(7.5 * widest + 3, 50))}px`);
}

function build({ dout, w, height, width, padding, canvas }) {
  const isPixel = (i, j) => i >= padding && i < padding + height && j >= padding && j < padding + width;
  return {
    dout: editable("dout", "dout", dout),
    w: editable("w", "kernel w", w),
    scatter: grid(padding ? "dx with the border, summed so far" : "dx, summed so far", height + 2 * padding, width + 2 * padding, (i, j) =>
      isPixel(i, j) ? "" : "cb-padding",
    ),
    canvas: grid("dout, spread and padded", canvas.length, canvas[0].length, (i, j) => (canvas[i][j] === null ? "bp-inserted" : "")),
    gather: grid("dx, filled so far", height, width, () => ""),
  };
}

// ---- words

function scatterWords({ scatter, w, padding }, count) {
  if (!count) return ["Each output value will pay the pixels that it was made of."];
  const { at, pays } = scatter[Math.min(count, scatter.length) - 1];
  if (count > scatter.length) return [`All ${scatter.length} output values have paid.`];
  const given = pays.find(({ a, b }) => w[a][b] !== 0);
  const amount = given ? given.value / w[given.a][given.b] : 0;
  const border = pays.filter(({ inside }) => !inside).length;
  const [top, left] = [pays[0].row - padding, pays[0].col - padding];
  const lost = border ? `; ${border} of ${pays.length} fall on the border` : "";
  return [
    span("cb-where", `dout[${at.join(", ")}]`),
    " pays ",
    h("span", { class: "cb-term" }, span("bp-d", given ? factor(amount) : "itself"), " · w"),
    ` from row ${short(top)}, column ${short(left)} on${lost}.`,
  ];
}

function gatherWords({ gather }, count) {
  if (!count) return ["Each pixel will collect from the outputs that used it."];
  if (count > gather.length) return [`All ${gather.length} pixels have collected.`];
  const { at, takes, value } = gather[count - 1];
  const where = span("cb-where", `dx[${at.join(", ")}]`);
  if (!takes.length) return [where, " = ", h("strong", {}, "0"), ": no output used this pixel."];
  const terms = takes.map((take) => h("span", { class: "cb-term" }, span("bp-d", factor(take.dout)), "·", span("cb-k", factor(take.w))));
  return [where, " = ", ...sumOf(terms), " = ", h("strong", {}, short(value))];
}

const products = (steps, count, of) => steps.slice(0, count).reduce((sum, step) => sum + of(step), 0);

function agreement(view, count) {
  const { scatter, gather, height, width, padding, total } = view;
  const paid = products(scatter, count, ({ pays }) => pays.filter(({ inside }) => inside).length);
  const taken = products(gather, count, ({ takes }) => takes.length);
  const so = `Scattering has used ${paid} products inside the image, gathering ${taken}. `;
  if (count < total) return [so];
  const dx = scattered(scatter, scatter.length, [height, width], padding);
  const gap = Math.max(...gather.map(({ at: [y, z], value }) => Math.abs(value - dx[y + padding][z + padding])));
  return [so, h("strong", {}, gap < 1e-9 ? "Both give the same dx." : `They differ by ${short(gap)}.`)];
}

// ---- the widget

function render({ model, el }) {
  const presets = model.get("presets");
  const limits = model.get("limits");
  const read = () => Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
  let view = null;
  let planes = null;
  let kept = read();
  let count = 0;

  const preset = h("select", { name: "preset" }, h("option", { value: "" }, "your own numbers"), ...options(Object.keys(presets)));
  const button = (text) => h("button", { type: "button" }, text);
  const [next, end, reset] = ["step", "to the end", "reset"].map(button);
  const playing = player(BEAT, () => {
    if (view && count < view.total) show(count + 1);
    return view && count < view.total;
  });
  const fields = settings(limits, () => sizes(view ?? read()), (wanted) => {
    const state = resize(kept, wanted);
    compute(state);
    commit(state);
  });
  const alert = h("p", { role: "alert" });
  const way = (name, title) => {
    const [shown, said] = [h("div", { class: "cb-planes" }), h("p", { class: "cb-sum" })];
    return { shown, said, element: h("div", { role: "group", class: "bp-way", "aria-label": name }, h("p", { class: "cb-title" }, title), said, shown) };
  };
  const scatter = way("scatter", "Scatter: output by output");
  const gather = way("gather", "Gather: pixel by pixel");
  const given = h("div", { class: "cb-planes bp-given", style: "--across:2" });
  const agree = h("p", { class: "bp-agree", "aria-live": "polite" });
  const progress = span("cb-shape", "");
  const root = h(
    "div",
    { class: "convbook-widget", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("example", preset)),
    fields.row,
    fields.alert,
    h(
      "div",
      {},
      given,
      alert,
      h("div", { class: "cb-row cb-head bp-steps" }, h("span", { class: "cb-buttons" }, next, playing.button, end, reset), progress),
      h("div", { class: "bp-ways" }, scatter.element, gather.element),
      agree,
    ),
  );

  function draw() {
    const now = read();
    let message = "";
    try {
      fields.check(sizes(now));
      const fresh = compute(now);
      const isSame = view && same([sizes(view), view.dout.length, view.dout[0].length], [sizes(fresh), fresh.dout.length, fresh.dout[0].length]);
      view = fresh;
      kept = Object.fromEntries(NAMES.map((name) => [name, overlay(kept[name], view[name])]));
      if (!isSame) {
        playing.play(false);
        planes = build(view);
        const wrap = (name, { element }) => h("div", { class: name }, element);
        given.replaceChildren(wrap("bp-dout", planes.dout), wrap("cb-kernel", planes.w));
        scatter.shown.replaceChildren(wrap("bp-dx", planes.scatter));
        gather.shown.replaceChildren(wrap("bp-dx", planes.gather), wrap("bp-dout", planes.canvas));
        count = 0;
      }
      const all = scattered(view.scatter, view.scatter.length, [view.height, view.width], view.padding);
      for (const [name, values] of [["dout", view.dout], ["w", view.w], ["canvas", view.canvas]]) {
        planes[name].cells.forEach((row, i) => row.forEach((cell, j) => write(cell, values[i][j] ?? 0)));
        fit(planes[name], values);
      }
      fit(planes.scatter, all);
      fit(planes.gather, all);
      show(count);
    } catch (error) {
      message = error.message;
    }
    fields.forget(message);
    preset.value = Object.keys(presets).find((name) => NAMES.every((key) => same(presets[name][key], model.get(key)))) ?? "";
  }

  function show(wanted) {
    count = Math.max(0, Math.min(wanted, view.total));
    const { height, width, padding } = view;
    const stamp = count && count <= view.scatter.length ? view.scatter[count - 1] : null;
    const pick = count && count <= view.gather.length ? view.gather[count - 1] : null;
    const dx = scattered(view.scatter, count, [height, width], padding);
    for (const { cells } of Object.values(planes))
      for (const cell of cells.flat()) {
        cell.classList.remove("bp-here", "bp-now", "cb-on");
        if (cell.lastChild.localName === "small") cell.lastChild.textContent = "";
      }
    planes.scatter.cells.forEach((row, i) => row.forEach((cell, j) => write(cell, dx[i][j])));
    planes.gather.cells.forEach((row, y) =>
      row.forEach((cell, z) => {
        const isDone = y * width + z < count;
        if (isDone) write(cell, view.gather[y * width + z].value);
        else cell.firstChild.textContent = "·";
        cell.classList.toggle("bp-wait", !isDone);
      }),
    );
    if (stamp) {
      planes.dout.cells[stamp.at[0]][stamp.at[1]].classList.add("bp-here");
      for (const { row, col, value } of stamp.pays) {
        planes.scatter.cells[row][col].classList.add("bp-now");
        planes.scatter.cells[row][col].lastChild.textContent = value < 0 ? short(value) : `+${short(value)}`;
      }
    }
    if (pick) {
      const [y, z] = pick.at;
      planes.gather.cells[y][z].classList.add("bp-here");
      for (let a = 0; a < view.w.length; a++)
        for (let b = 0; b < view.w[0].length; b++) {
          const cell = planes.canvas.cells[y + a][z + b];
          cell.classList.add("bp-now");
          cell.lastChild.textContent = `×${short(view.w[view.w.length - 1 - a][view.w[0].length - 1 - b])}`;
        }
    }
    scatter.said.replaceChildren(...scatterWords(view, count));
    gather.said.replaceChildren(...gatherWords(view, count));
    agree.replaceChildren(...agreement(view, count));
    agree.setAttribute("aria-live", playing.isPlaying() ? "off" : "polite");
    progress.textContent = `step ${count} of ${view.total}`;
    reset.disabled = count === 0;
    next.disabled = end.disabled = count === view.total;
  }

  const { commit, release } = bind(model, NAMES, draw);
  edits(root, alert, ([name, ...place], value) => commit({ [name]: replaced(view[name], place, value) }), draw);
  preset.addEventListener("change", () => {
    if (!preset.value) return;
    kept = { dout: [], w: [] };
    count = 0;
    playing.play(false);
    commit(structuredClone(presets[preset.value]));
  });
  const to = (place) => () => {
    playing.play(false);
    if (view) show(place());
  };
  next.addEventListener("click", to(() => count + 1));
  end.addEventListener("click", to(() => view.total));
  reset.addEventListener("click", to(() => 0));
  playing.button.addEventListener("click", () => playing.isPlaying() && view && count === view.total && show(0));

  el.replaceChildren(root);
  draw();
  return () => {
    playing.play(false);
    release();
  };
}

export default { render };
