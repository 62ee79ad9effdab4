// The detector explorable, an anywidget module: the stages of a trained detector on a picture, as recorded.
import { plane } from "./boxes.mjs";
import { bind } from "./controls.mjs";
import { detections, proposals } from "./detector_kernels.mjs";
import { chart, scenery, table } from "./detector_picture.mjs";
import { itemWords, stageWords } from "./detector_words.mjs";
import { field, h, options, short } from "./dom.mjs";
import { follow } from "./vector.mjs";

const SETTINGS = ["picture", "stage", "cursor", "rpn_threshold", "most", "least", "threshold", "shows_truth"];
const STAGES = { anchors: "1 anchors", proposals: "2 proposals", classes: "3 classes", kept: "4 what is kept" };
const SLIDERS = {
  rpn_threshold: ["2: suppress proposals above IoU", { min: 0, max: 1, step: 0.05 }],
  most: ["2: proposals at most", { min: 1, max: 200, step: 1 }],
  least: ["4: score above", { min: 0, max: 1, step: 0.05 }],
  threshold: ["4: suppress a class above IoU", { min: 0, max: 1, step: 0.05 }],
};

const clamp = (value, least, most) => Math.max(least, Math.min(value, most));

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

// ---- the widget

function render({ model, el }) {
  const [pictures, titles, names] = ["pictures", "names", "class_names"].map((name) => model.get(name));
  const picture = h("select", { name: "picture" }, ...options(titles));
  const slider = (name, attributes) => h("input", { type: "range", name, ...attributes });
  const sliders = Object.fromEntries(
    Object.entries(SLIDERS).map(([name, [, attributes]]) => [name, slider(name, attributes)]),
  );
  const values = Object.fromEntries(Object.keys(SLIDERS).map((name) => [name, h("strong")]));
  const truth = h("input", { type: "checkbox", name: "shows_truth" });
  const tabs = Object.entries(STAGES).map(([name, text]) =>
    h("button", { type: "button", "data-stage": name, "aria-pressed": "false" }, text),
  );
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
    h(
      "div",
      { class: "cb-row cb-head" },
      field("picture", picture),
      h("label", { class: "cb-check" }, truth, "true objects"),
    ),
    h("div", { class: "cb-buttons dt-tabs", role: "group", "aria-label": "stage" }, ...tabs),
    h(
      "div",
      { class: "bx-columns" },
      h(
        "div",
        { class: "bx-left" },
        place,
        h("p", { class: "cb-note" }, "point at a box and click to choose it, or step through them:"),
        h("label", { class: "cb-field dt-item" }, h("span", {}, "box ", at), item),
      ),
      h(
        "div",
        { class: "bx-right" },
        h(
          "div",
          { class: "dt-sliders" },
          ...Object.entries(SLIDERS).map(([name, [text]]) => label(text, sliders[name], values[name])),
        ),
        bars,
        list,
      ),
    ),
    h("div", { class: "cb-words", "aria-live": "polite" }, first, second),
  );
  let view = null;
  let hovered = null;
  const read = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const cursor = () => clamp(hovered ?? model.get("cursor"), 0, Math.max(view.items.length - 1, 0));

  function draw() {
    const state = read();
    const record = pictures[clamp(state.picture, 0, pictures.length - 1)];
    view = compute(record, state);
    drawing.grow(record.size);
    drawing.draw(place.clientWidth || 460);
    const chosen = view.items[cursor()];
    drawing.under.replaceChildren(...scenery(view, chosen, drawing.unit, names));
    bars.replaceChildren(...chart(view, chosen, names));
    list.replaceChildren(...table(view, chosen, names));
    [first.textContent, second.textContent] = [stageWords(view), itemWords(view, chosen, names)];
    drawing.root.setAttribute("aria-label", `the picture; ${second.textContent}`);
    picture.value = titles[clamp(state.picture, 0, pictures.length - 1)];
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.stage === state.stage));
    for (const name of Object.keys(SLIDERS))
      [sliders[name].value, values[name].textContent] = [state[name], short(state[name])];
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
    return view.items.reduce(
      (best, { box }, n) =>
        x >= box[0] &&
        x <= box[2] &&
        y >= box[1] &&
        y <= box[3] &&
        (best === null || extent(box) < extent(view.items[best].box))
          ? n
          : best,
      null,
    );
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
  for (const [name, input] of Object.entries(sliders))
    input.addEventListener("input", () => commit({ [name]: Number(input.value) }));
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
