// The NMS explorable, an anywidget module: non-maximum suppression step by step, over boxes that can be dragged.
import { plane } from "./boxes.mjs";
import { bind, player } from "./controls.mjs";
import { iou, nms_rounds, order } from "./detection_kernels.mjs";
import { field, h, options, same, short } from "./dom.mjs";
import { follow } from "./vector.mjs";

const STATE = ["boxes", "scores", "classes", "threshold", "by_class"];
const letter = (k) => String.fromCharCode(65 + k);

// What is known after so many steps: each round takes two, one to pick the best and one to remove what it overlaps.
function after(rounds, step, number) {
  const states = Array.from({ length: number }, () => ({ state: "waiting" }));
  rounds.slice(0, Math.ceil(step / 2)).forEach(({ best, overlaps, removed }, r) => {
    states[best] = { state: "kept", round: r + 1 };
    if (step < 2 * r + 2) return;
    for (const { box, iou } of overlaps) if (removed.includes(box)) states[box] = { state: "removed", by: best, iou };
  });
  return states;
}

function told({ rounds, states, scores, boxes, classes, by_class, threshold, step }) {
  const left = states.filter(({ state }) => state === "waiting").length;
  if (step === 0) return `${boxes.length} ${boxes.length === 1 ? "box" : "boxes"}, none looked at yet.`;
  const { best, overlaps, removed } = rounds[Math.ceil(step / 2) - 1];
  if (step % 2)
    return `Of the ${left + 1} left, ${letter(best)} has the best score, ${short(scores[best])}: it is kept.`;
  const each = overlaps.map(({ box, iou }) => {
    const isOther = by_class && classes[box] !== classes[best];
    const why = isOther
      ? "another class, stays"
      : removed.includes(box)
        ? `above ${short(threshold)}, removed`
        : "stays";
    return `${letter(box)} ${short(iou)}, ${why}`;
  });
  const done =
    step === 2 * rounds.length
      ? ` Done: ${rounds.map(({ best }) => letter(best)).join(", ")} ${rounds.length === 1 ? "is" : "are"} kept.`
      : "";
  return (
    (each.length
      ? `IoU with ${letter(best)}: ${each.join("; ")}.`
      : `Nothing is left to compare ${letter(best)} with.`) + done
  );
}

function render({ model, el }) {
  const [presets, size, names] = [model.get("presets"), model.get("size"), model.get("class_names")];
  const preset = h(
    "select",
    { name: "preset" },
    h("option", { value: "" }, "your own"),
    ...options(Object.keys(presets)),
  );
  const threshold = h("input", { type: "range", name: "threshold", min: 0, max: 1, step: 0.05 });
  const shown = h("strong", { class: "nm-shown" });
  const byClass = h("input", { type: "checkbox", name: "by_class" });
  const button = (name, action) => {
    const made = h("button", { type: "button" }, name);
    made.addEventListener("click", action);
    return made;
  };
  const play = player(1100, () => {
    go(step() + 1);
    return step() < last();
  });
  const buttons = [
    button("start", () => go(0)),
    button("back", () => go(step() - 1)),
    button("next", () => go(step() + 1)),
    button("end", () => go(last())),
  ];
  const place = h("div", { class: "bx-place" });
  const table = h("div", { class: "cb-scroll" });
  const said = h("p", { class: "bx-said" });
  const at = h("p", { class: "cb-note nm-at" });
  const root = h(
    "div",
    { class: "convbook-widget bx nm", "data-lm-suppress-shortcuts": "true" },
    h(
      "div",
      { class: "cb-row cb-head" },
      field("example", preset),
      h("label", { class: "cb-field" }, h("span", {}, "remove above IoU ", shown), threshold),
      h("label", { class: "cb-check" }, byClass, "each class by itself"),
    ),
    h("div", { class: "cb-buttons nm-buttons", role: "group", "aria-label": "steps" }, ...buttons, play.button),
    at,
    h(
      "div",
      { class: "bx-columns" },
      h(
        "div",
        { class: "bx-left" },
        place,
        h("p", { class: "cb-note" }, "drag a box, or tab to it and press arrows; the steps follow"),
      ),
      h("div", { class: "bx-right" }, table),
    ),
    h("div", { class: "cb-words", "aria-live": "polite" }, said),
  );
  const read = () => Object.fromEntries(STATE.map((name) => [name, model.get(name)]));
  let drawing = null;
  let drawn = 0; // for how many boxes
  let view = null;

  const last = () => 2 * view.rounds.length;
  const step = () => Math.min(model.get("step"), last());
  const go = (next) => {
    if (next >= last()) play.play(false);
    commit({ step: Math.max(0, Math.min(next, last())) });
  };
  const replace = (k) => (box) => commit({ boxes: model.get("boxes").map((old, n) => (n === k ? box : old)) });

  function build(boxes) {
    drawn = boxes.length;
    drawing = plane({
      label: "boxes and their scores",
      size,
      sizable: false,
      boxes: boxes.map((_, k) => ({
        name: letter(k),
        title: `box ${letter(k)}`,
        get: () => model.get("boxes")[k],
        set: replace(k),
        words: (box) =>
          `score ${short(model.get("scores")[k])}, ${view.states[k].state}, from ${short(box[0])}, ${short(box[1])}`,
      })),
    });
    place.replaceChildren(drawing.root);
  }

  function row(k) {
    const { states, scores, classes, rounds } = view;
    const { state, by, iou: overlap, round } = states[k];
    const now = rounds[Math.ceil(step() / 2) - 1]?.best;
    const words = {
      waiting: "waits",
      kept: `kept, round ${round}`,
      removed: `removed by ${letter(by)}, IoU ${short(overlap ?? 0)}`,
    }[state];
    const cells = [
      names[classes[k]] ?? String(classes[k]),
      short(scores[k]),
      now === undefined || now === k ? "" : short(iou(view.boxes[now], view.boxes[k])),
      words,
    ];
    return h(
      "tr",
      { "data-state": state, "data-of": letter(k), ...(now === k ? { "aria-current": "step" } : {}) },
      h("th", { scope: "row" }, letter(k)),
      ...cells.map((text) => h("td", {}, text)),
    );
  }

  function draw() {
    const state = read();
    if (drawn !== state.boxes.length) build(state.boxes);
    const rounds = nms_rounds(state.boxes, state.scores, state.threshold, state.by_class ? state.classes : null);
    view = { ...state, rounds };
    view.step = step();
    view.states = after(rounds, view.step, state.boxes.length);
    drawing.draw(place.clientWidth || 480);
    const now = rounds[Math.ceil(view.step / 2) - 1]?.best;
    for (const box of drawing.root.querySelectorAll(".bx-box")) {
      const k = box.dataset.box.charCodeAt(0) - 65;
      Object.assign(box.dataset, {
        state: view.states[k].state,
        now: String(k === now),
        class: String(state.classes[k]),
      });
    }
    const head = ["box", "class", "score", now === undefined ? "IoU" : `IoU with ${letter(now)}`, "so far"].map((text) =>
      h("th", { scope: "col" }, text),
    );
    table.replaceChildren(
      h(
        "table",
        { class: "bx-facts nm-list" },
        h("thead", {}, h("tr", {}, ...head)),
        h("tbody", {}, ...order(state.scores).map(row)),
      ),
    );
    said.textContent = told(view);
    at.textContent = `step ${view.step} of ${last()}`;
    [threshold.value, shown.textContent, byClass.checked] = [state.threshold, short(state.threshold), state.by_class];
    for (const each of buttons.slice(0, 2)) each.disabled = view.step === 0;
    for (const each of buttons.slice(2)) each.disabled = view.step === last();
    preset.value =
      Object.keys(presets).find((name) => STATE.every((key) => same(presets[name][key], state[key]))) ?? "";
  }

  const { commit, release } = bind(model, [...STATE, "step"], draw);
  threshold.addEventListener("input", () => commit({ threshold: Number(threshold.value) }));
  byClass.addEventListener("change", () => commit({ by_class: byClass.checked }));
  play.button.addEventListener("click", () => play.isPlaying() && step() === last() && go(0));
  preset.addEventListener(
    "change",
    () => preset.value && commit({ ...structuredClone(presets[preset.value]), step: 0 }),
  );
  el.replaceChildren(root);
  draw();
  const stop = follow(place, draw);
  return () => {
    play.play(false);
    stop();
    release();
  };
}

export default { render };
