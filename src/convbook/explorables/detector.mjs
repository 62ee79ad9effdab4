// The detector explorable, an anywidget module: the stages of a trained detector on a picture, as recorded.
import { plane } from "./boxes.mjs";
import { bind } from "./controls.mjs";
import { detections, nearest, proposals } from "./detector_kernels.mjs";
import { field, h, options, short } from "./dom.mjs";
import { count, follow, s } from "./vector.mjs";

const SETTINGS = ["picture", "stage", "cursor", "rpn_threshold", "most", "least", "threshold", "shows_truth"];
const STAGES = { anchors: "1 anchors", proposals: "2 proposals", classes: "3 classes", kept: "4 what is kept" };
const SLIDERS = {
  rpn_threshold: ["2: suppress proposals above IoU", { min: 0, max: 1, step: 0.05 }],
  most: ["2: proposals at most", { min: 1, max: 200, step: 1 }],
  least: ["4: score above", { min: 0, max: 1, step: 0.05 }],
  threshold: ["4: suppress a class above IoU", { min: 0, max: 1, step: 0.05 }],
};

const NAMED = 0.3; // a score from which a box has its name beside it

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));
const brief = (value) => short(Number(value.toFixed(1)));
const edges = ([x1, y1, x2, y2]) => `x ${brief(x1)} to ${brief(x2)}, y ${brief(y1)} to ${brief(y2)}`;
const sure = (value) => short(Number(value.toFixed(3)));
const most = (values) => values.indexOf(Math.max(...values));

// What follows from the settings, and for the stage shown its boxes: candidate, box, and what else is known of each.
function compute(record, state) {
  const chosen = proposals(record, state.rpn_threshold, state.most);
  const found = detections(record, chosen, state.least, state.threshold);
  const all = record.index.map((_, candidate) => candidate);
  const items = {
    anchors: all.map((candidate) => ({ candidate, box: record.anchors[candidate] })),
    proposals: chosen.map((candidate) => ({ candidate, box: record.proposals[candidate] })),
    classes: chosen.map((candidate) => ({ candidate, box: record.boxes[candidate] })),
    kept: found.kept,
  }[state.stage];
  return { ...state, record, chosen, found, items };
}

// ---- words

function cellOf({ record }, candidate) {
  const [w, n] = [record.objectness[0].length, record.index[candidate]];
  return [Math.floor(n / record.k / w), Math.floor(n / record.k) % w];
}

function objectness({ record }, candidate) {
  const [y, x] = cellOf({ record }, candidate);
  return record.objectness[y][x];
}

function stageWords({ record, chosen, found, stage, least }) {
  const [rows, columns] = [record.objectness.length, record.objectness[0].length];
  const candidates = record.index.length;
  return {
    anchors: `${rows} × ${columns} cells × ${record.k} = ${count(rows * columns * record.k, "anchor")}. The brighter a cell, the surer the first head that one of its anchors meets an object. The ${candidates} best anchors go on.`,
    proposals: `The first head also moves each of the ${candidates} anchors. Many then say the same: suppression, which knows no classes yet, leaves ${count(chosen.length, "proposal")}.`,
    classes: `For each of the ${count(chosen.length, "proposal")} the features inside are aligned to 5 × 5, and the second head names a class and moves the box once more.`,
    kept: `Of ${count(found.kept.length + found.lost.length, "pair")} of box and class with a score above ${short(least)}, suppression class by class keeps ${found.kept.length}.`,
  }[stage];
}

function itemWords(view, item, names) {
  const { record, stage, items } = view;
  if (!item) return stage === "kept" ? "Nothing is kept with these settings." : "Nothing goes on with these settings.";
  const { candidate } = item;
  const [y, x] = cellOf(view, candidate);
  const rank = `Number ${items.indexOf(item) + 1} of ${items.length}`;
  const near = nearest(item.box, record.truth);
  const meets = near ? ` IoU ${sure(near.iou)} with a true ${names[record.labels[near.object]]}.` : record.truth.length ? " It meets no true object." : "";
  const row = record.classes[candidate];
  const best = most(row);
  const says = best ? `${names[best - 1]}, ${sure(row[best])}` : `background, ${sure(row[0])}`;
  return {
    anchors: `${rank}: the anchor ${edges(item.box)} of cell row ${y}, column ${x}; the best objectness there is ${sure(objectness(view, candidate))}.${meets}`,
    proposals: `${rank}: the anchor ${edges(record.anchors[candidate])} moved to ${edges(item.box)}.${meets}`,
    classes: `${rank}: ${says}. The proposal ${edges(record.proposals[candidate])} is moved to ${edges(item.box)}.${meets}`,
    kept: `${rank}: ${names[item.label]}, score ${sure(item.score ?? 0)}, ${edges(item.box)}; from candidate ${candidate + 1}.${meets}`,
  }[stage];
}

// ---- the widget

function render({ model, el }) {
  const [pictures, titles, names] = ["pictures", "names", "class_names"].map((name) => model.get(name));
  const picture = h("select", { name: "picture" }, ...options(titles));
  const slider = (name, attributes) => h("input", { type: "range", name, ...attributes });
  const sliders = Object.fromEntries(Object.entries(SLIDERS).map(([name, [, attributes]]) => [name, slider(name, attributes)]));
  const values = Object.fromEntries(Object.keys(SLIDERS).map((name) => [name, h("strong")]));
  const truth = h("input", { type: "checkbox", name: "shows_truth" });
  const tabs = Object.entries(STAGES).map(([name, text]) => h("button", { type: "button", "data-stage": name, "aria-pressed": "false" }, text));
  const item = slider("cursor", { min: 0, step: 1 });
  const at = h("strong");
  const drawing = plane({ label: "the picture and its boxes", size: pictures[0].size, boxes: [], widest: 460 });
  drawing.root.setAttribute("role", "img");
  const place = h("div", { class: "bx-place" }, drawing.root);
  const bars = h("div", { class: "dt-bars" });
  const list = h("div", { class: "cb-scroll" });
  const [first, second] = [0, 1].map(() => h("p", { class: "bx-said" }));
  const label = (name, control, value) => h("label", { class: "cb-field" }, h("span", {}, `${name} `, value), control);
  const root = h(
    "div",
    { class: "convbook-widget bx dt", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("picture", picture), h("label", { class: "cb-check" }, truth, "true objects")),
    h("div", { class: "cb-buttons dt-tabs", role: "group", "aria-label": "stage" }, ...tabs),
    h("div", { class: "bx-columns" },
      h("div", { class: "bx-left" }, place, h("p", { class: "cb-note" }, "point at a box and click to choose it, or step through them:"), h("label", { class: "cb-field dt-item" }, h("span", {}, "box ", at), item)),
      h("div", { class: "bx-right" }, h("div", { class: "dt-sliders" }, ...Object.entries(SLIDERS).map(([name, [text]]) => label(text, sliders[name], values[name]))), bars, list),
    ),
    h("div", { class: "cb-words", "aria-live": "polite" }, first, second),
  );
  let view = null;
  let hovered = null;
  const read = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const cursor = () => clamp(hovered ?? model.get("cursor"), 0, Math.max(view.items.length - 1, 0));

  function chart(chosen) {
    if (!chosen) return bars.replaceChildren();
    const row = view.record.classes[chosen.candidate];
    const lines = row.map((value, k) =>
      h("div", { class: "dt-bar", "data-class": k }, h("span", {}, k ? names[k - 1] : "background"), h("span", { class: "dt-track" }, h("span", { class: "dt-fill", style: `width:${(100 * value).toFixed(1)}%` })), h("span", {}, sure(value))),
    );
    const note = h("p", { class: "cb-note" }, "what the second head says of it");
    bars.replaceChildren(note, ...lines);
  }

  function table() {
    if (view.stage !== "kept") return list.replaceChildren();
    const rows = view.items.map(({ label: k, score, box }, n) => {
      const near = nearest(box, view.record.truth);
      const cells = [sure(score), near ? sure(near.iou) : "0", near && near.iou >= 0.5 ? names[view.record.labels[near.object]] : "none"];
      return h("tr", { "data-item": n, ...(n === cursor() ? { "aria-current": "true" } : {}) }, h("th", { scope: "row" }, names[k]), ...(view.record.truth.length ? cells : cells.slice(0, 1)).map((text) => h("td", {}, text)));
    });
    const head = ["class", "score", ...(view.record.truth.length ? ["IoU", "true object there"] : [])].map((text) => h("th", { scope: "col" }, text));
    list.replaceChildren(h("table", { class: "bx-facts dt-list" }, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
  }

  function scenery(chosen) {
    const { record, stage, found } = view;
    const unit = drawing.unit;
    const px = (value) => (value * unit).toFixed(2);
    const rect = ([x1, y1, x2, y2], name, more = {}) => s("rect", { class: name, x: px(x1), y: px(y1), width: px(x2 - x1), height: px(y2 - y1), ...more });
    const [W, H] = record.size;
    const parts = [s("image", { class: "dt-image", href: `data:image/png;base64,${record.image}`, width: px(W), height: px(H) })];
    const [rows, columns] = [record.objectness.length, record.objectness[0].length];
    const [side, tall] = [W / columns, H / rows];
    if (stage === "anchors") {
      parts.push(rect([0, 0, W, H], "dt-veil"));
      record.objectness.forEach((row, y) =>
        row.forEach((value, x) => parts.push(rect([x * side, y * tall, (x + 1) * side, (y + 1) * tall], "dt-cell", { "fill-opacity": (0.85 * value).toFixed(3) }))),
      );
      parts.push(...view.items.map(({ box }) => rect(box, "dt-faint")));
    } else if (stage === "proposals") {
      const kept = new Set(view.chosen);
      parts.push(...record.proposals.flatMap((box, k) => (kept.has(k) ? [] : [rect(box, "dt-lost")])), ...view.items.map(({ box }) => rect(box, "dt-box")));
    } else if (stage === "classes") {
      const isEmpty = ({ candidate }) => most(record.classes[candidate]) === 0;
      parts.push(...view.items.filter(isEmpty).map(({ box }) => rect(box, "dt-lost")), ...view.items.filter((each) => !isEmpty(each)).map(({ box }) => rect(box, "dt-box")));
    } else parts.push(...found.lost.map(({ box }) => rect(box, "dt-lost")), ...view.items.map(({ box }) => rect(box, "dt-found")));
    if (view.shows_truth) parts.push(...record.truth.map((box) => rect(box, "dt-truth")));
    if (chosen) {
      if (stage === "proposals") parts.push(rect(record.anchors[chosen.candidate], "dt-from"));
      if (stage === "classes") parts.push(rect(record.proposals[chosen.candidate], "dt-from"));
      parts.push(rect(chosen.box, "dt-here"));
    }
    if (stage === "kept")
      for (const { label: k, score, box } of view.items.filter((each) => each === chosen || each.score >= NAMED)) {
        const y = box[1] * unit > 16 ? box[1] * unit - 4 : box[3] * unit + 13;
        parts.push(s("text", { class: "dt-name", x: px(Math.min(box[0], W - 12)), y: y.toFixed(1) }, `${names[k]} ${score.toFixed(2)}`));
      }
    drawing.under.replaceChildren(...parts);
  }

  function draw() {
    const state = read();
    const record = pictures[clamp(state.picture, 0, pictures.length - 1)];
    view = compute(record, state);
    drawing.grow(record.size);
    drawing.draw(place.clientWidth || 460);
    const chosen = view.items[cursor()];
    scenery(chosen);
    chart(chosen);
    table();
    [first.textContent, second.textContent] = [stageWords(view), itemWords(view, chosen, names)];
    drawing.root.setAttribute("aria-label", `the picture; ${second.textContent}`);
    picture.value = titles[clamp(state.picture, 0, pictures.length - 1)];
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.stage === state.stage));
    for (const name of Object.keys(SLIDERS)) [sliders[name].value, values[name].textContent] = [state[name], short(state[name])];
    item.max = Math.max(view.items.length - 1, 0);
    item.disabled = !view.items.length;
    [item.value, at.textContent] = [cursor(), view.items.length ? `${cursor() + 1} of ${view.items.length}` : "none"];
    item.setAttribute("aria-valuetext", second.textContent);
    truth.checked = state.shows_truth;
  }

  const { commit, release } = bind(model, SETTINGS, draw);
  // The smallest box around the point: those inside of others can be had.
  function pointed(event) {
    const [x, y] = drawing.at(event);
    const extent = ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1);
    return view.items.reduce((best, { box }, n) => (x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3] && (best === null || extent(box) < extent(view.items[best].box)) ? n : best), null);
  }
  const hover = (n) => {
    if (n === hovered) return;
    hovered = n;
    draw();
  };
  drawing.root.addEventListener("pointermove", (event) => event.pointerType === "mouse" && hover(pointed(event)));
  drawing.root.addEventListener("pointerleave", () => hover(null));
  drawing.root.addEventListener("click", (event) => {
    const n = pointed(event);
    if (n !== null) commit({ cursor: n });
  });
  item.addEventListener("input", () => {
    hovered = null;
    commit({ cursor: Number(item.value) });
  });
  for (const tab of tabs) tab.addEventListener("click", () => commit({ stage: tab.dataset.stage, cursor: 0 }));
  for (const [name, input] of Object.entries(sliders)) input.addEventListener("input", () => commit({ [name]: Number(input.value) }));
  picture.addEventListener("change", () => commit({ picture: titles.indexOf(picture.value), cursor: 0 }));
  truth.addEventListener("change", () => commit({ shows_truth: truth.checked }));
  el.replaceChildren(root);
  draw();
  const stop = follow(place, draw);
  return () => {
    stop();
    release();
  };
}

export default { render };
