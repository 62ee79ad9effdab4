// The explorable `ascent`, an anywidget module: recorded climbs of gradient ascent, scrubbed and compared.
import { chart } from "./ascent_picture.mjs";
import { field, h, options, same, short } from "./dom.mjs";
import { follow, nearest } from "./vector.mjs";

const STATE = ["target", "regularisers", "frame"];
const MOVES = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity };
const BEAT = 450; // milliseconds a picture

const percent = (share) => (share > 0 && share < 0.0005 ? "under 0.1\u00a0%" : `${short(Number((100 * share).toFixed(1)))}\u00a0%`);
const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function half(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  return (bits & 0x8000 ? -1 : 1) * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

function scoresOf({ scores }) {
  const bytes = Uint8Array.from(atob(scores), (letter) => letter.charCodeAt(0));
  return Array.from({ length: bytes.length / 2 }, (_, k) => half(bytes[2 * k] | (bytes[2 * k + 1] << 8)));
}

function render({ model, el }) {
  const [recording, names] = [model.get("recording"), model.get("names")];
  const { targets, runs, frames } = recording;
  const all = Object.keys(names);
  const choices = [[], ...all.map((name) => [name]), all]; // to compare with, at the same step
  const sheets = {}; // target: image, as it was decoded
  let drawn = null;
  let timer = null;

  const target = h("select", { name: "target" }, ...options(Object.keys(targets)));
  const boxes = Object.fromEntries(all.map((name) => [name, h("input", { type: "checkbox", name })]));
  const strengths = Object.fromEntries(all.map((name) => [name, h("span", { class: "cb-note" })]));
  const play = h("button", { type: "button", class: "cb-play", "aria-pressed": "false" }, "play");
  const alert = h("p", { role: "alert" });
  const slider = h("input", { type: "range", name: "frame", min: 0, max: frames.length - 1, step: 1, "aria-label": "picture on the way" });
  const big = h("canvas", { class: "as-big", role: "img" });
  const after = h("p", { class: "as-after", "aria-live": "polite" });
  const place = h("div", { class: "as-place" });
  const keys = h("div", { class: "as-keys" });
  const thumbs = choices.map((chosen) =>
    h("button", { type: "button", class: "as-thumb", "data-run": chosen.join("+") }, h("canvas", { "aria-hidden": "true" }), h("span", {}, label(chosen)), h("span", { class: "cb-note" })),
  );
  const strip = h("div", { class: "as-strip", role: "group", "aria-label": "the same step with other regularisers" }, ...thumbs);
  const root = h(
    "div",
    { class: "convbook-widget as", "data-lm-suppress-shortcuts": "true" },
    h("div", { class: "cb-row cb-head" }, field("climb towards", target), play),
    h("div", { class: "as-boxes", role: "group", "aria-label": "regularisers" }, ...all.map((name) => h("label", { class: "cb-check" }, boxes[name], h("span", {}, names[name], " ", strengths[name])))),
    alert,
    h("div", { class: "as-main" }, h("div", { class: "as-look" }, big, slider), h("div", { class: "as-side" }, keys, place, h("p", { class: "cb-note as-foot" }, "score by step"))),
    after,
    h("p", { class: "cb-note as-with" }, "the same step with"),
    strip,
  );

  function label(chosen) {
    if (!chosen.length) return "none";
    return chosen.length === all.length ? "all four" : chosen.map((name) => names[name]).join(", ");
  }
  const keyOf = (chosen) => [model.get("target"), ...all.filter((name) => chosen.includes(name))].join("+");
  const frame = () => Math.max(0, Math.min(model.get("frame"), frames.length - 1));

  // The sheet of a target, decoded once; drawn again when it is there.
  function sheet(name) {
    if (!sheets[name]) {
      const image = new Image();
      sheets[name] = { image, isReady: false };
      image.addEventListener("load", () => {
        sheets[name].isReady = true;
        paint();
      });
      image.addEventListener("error", () => (alert.textContent = `the pictures of ${name} cannot be decoded by this browser`));
      image.src = `data:image/webp;base64,${targets[name].sheet}`;
    }
    return sheets[name];
  }

  function paintInto(canvas, key) {
    const { image, isReady } = sheet(model.get("target"));
    const [height, width] = targets[model.get("target")].size;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (!isReady) return;
    const k = frame();
    const row = k ? runs[key].row : 0; // all start alike, and the start is kept once
    canvas.getContext("2d").drawImage(image, k * width, row * height, width, height, 0, 0, width, height);
    canvas.dataset.shown = `${key} ${k}`;
  }

  function paint() {
    paintInto(big, keyOf(model.get("regularisers")));
    thumbs.forEach((thumb, k) => paintInto(thumb.firstChild, keyOf(choices[k])));
  }

  function build(width = place.clientWidth || 480) {
    const own = scoresOf(runs[keyOf(model.get("regularisers"))]);
    const plain = { name: "plain", scores: scoresOf(runs[keyOf([])]) };
    const curves = model.get("regularisers").length ? [plain, { name: "own", scores: own }] : [{ name: "own", scores: own }];
    const made = chart({ curves, steps: frames, label: "picture on the curve" }, width);
    if (drawn) {
      // The same element, so that it keeps the focus.
      for (const name of ["width", "height", "viewBox"]) drawn.picture.setAttribute(name, made.picture.getAttribute(name));
      drawn.picture.replaceChildren(...made.picture.childNodes);
      drawn = { ...made, picture: drawn.picture, own };
    } else {
      drawn = { ...made, own };
      place.replaceChildren(drawn.picture);
    }
    const swatch = (name, text) => h("p", { class: `as-key as-${name}` }, h("span", { class: "as-swatch", "aria-hidden": "true" }), text);
    keys.replaceChildren(...curves.map(({ name }) => swatch(name, name === "plain" ? "no regulariser" : `with ${label(model.get("regularisers")).replace("none", "no regulariser")}`)));
    point();
  }

  function point() {
    const [k, chosen] = [frame(), model.get("regularisers")];
    const run = runs[keyOf(chosen)];
    const step = frames[k];
    drawn.show(k);
    slider.value = k;
    const text = `after ${plural(step, "step")}: score ${short(Number(drawn.own[step].toPrecision(3)))}`;
    slider.setAttribute("aria-valuetext", text);
    const aria = { "aria-valuemin": 0, "aria-valuemax": frames.length - 1, "aria-valuenow": k, "aria-valuetext": text };
    for (const [name, value] of Object.entries(aria)) drawn.picture.setAttribute(name, value);
    big.setAttribute("aria-label", `the picture ${text}`);
    after.replaceChildren(
      h("strong", {}, `After ${plural(step, "step")}`),
      ` the score is ${short(Number(drawn.own[step].toPrecision(3)))}; ${run.outside[k] ? percent(run.outside[k]) : "none"} of the numbers lie${run.outside[k] ? "" : "s"} beyond black or white${run.outside[k] ? ", where the picture clips them" : ""}.`,
    );
    thumbs.forEach((thumb, n) => {
      const { scores } = runs[keyOf(choices[n])];
      thumb.setAttribute("aria-pressed", String(same(choices[n], all.filter((name) => chosen.includes(name)))));
      thumb.lastChild.textContent = short(Number(scoresOf({ scores })[step].toPrecision(3)));
      thumb.setAttribute("aria-label", `${label(choices[n])}: score ${thumb.lastChild.textContent}`);
    });
    paint();
  }

  function draw() {
    const chosen = model.get("regularisers");
    target.value = model.get("target");
    for (const name of all) {
      boxes[name].checked = chosen.includes(name);
      const { [name]: strength } = targets[model.get("target")];
      strengths[name].textContent = name === "jitter" ? `±${strength} pixels` : name === "blur" ? `σ ${strength}, every 4th step` : String(strength);
    }
    build();
  }

  let isQuiet = false;
  function commit(values) {
    isQuiet = true;
    for (const [name, value] of Object.entries(values)) model.set(name, value);
    isQuiet = false;
    if (same(Object.keys(values), ["frame"])) point();
    else draw();
    model.save_changes();
  }
  const hear = () => isQuiet || draw();
  const moveTo = (k) => {
    const next = Math.max(0, Math.min(k, frames.length - 1));
    if (next !== frame()) commit({ frame: next });
  };

  function setPlaying(isOn) {
    clearInterval(timer);
    timer = isOn ? setInterval(() => (frame() < frames.length - 1 ? moveTo(frame() + 1) : setPlaying(false)), BEAT) : null;
    play.textContent = isOn ? "pause" : "play";
    play.setAttribute("aria-pressed", String(isOn));
  }

  target.addEventListener("change", () => commit({ target: target.value }));
  for (const name of all) boxes[name].addEventListener("change", () => commit({ regularisers: all.filter((each) => boxes[each].checked) }));
  slider.addEventListener("input", () => moveTo(Number(slider.value)));
  play.addEventListener("click", () => {
    if (!timer && frame() === frames.length - 1) moveTo(0);
    setPlaying(!timer);
  });
  strip.addEventListener("click", (event) => {
    const thumb = event.target.closest("[data-run]");
    if (thumb) commit({ regularisers: thumb.dataset.run ? thumb.dataset.run.split("+") : [] });
  });
  const at = (event) => nearest(event, drawn.picture, drawn.points);
  place.addEventListener("pointerdown", (event) => moveTo(at(event)));
  place.addEventListener("pointermove", (event) => event.buttons && moveTo(at(event)));
  place.addEventListener("keydown", (event) => {
    const step = MOVES[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    moveTo(frame() + step);
  });

  el.replaceChildren(root);
  for (const name of STATE) model.on(`change:${name}`, hear);
  draw();
  const stop = follow(place, build);
  return () => {
    stop();
    setPlaying(false);
    for (const name of STATE) model.off(`change:${name}`, hear);
  };
}

export default { render };
