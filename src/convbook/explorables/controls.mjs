// What the backward explorables share: number fields, entries that are edited, a button that plays.
import { field, h, parse, short } from "./dom.mjs";
import { whole } from "./kernels.mjs";

// JupyterLab keeps Enter to itself, and the browser's own change event with it.
export function onEntry(element, take) {
  element.addEventListener("change", take);
  element.addEventListener("keydown", (event) => event.key === "Enter" && take(event));
}

// Fields that may pass through what does not fit: what was asked for is kept until it can be had.
export function settings(limits, current, apply) {
  let wanted = {};
  const inputs = Object.fromEntries(
    Object.entries(limits).map(([name, [min, max]]) => [name, h("input", { type: "number", name, min, max, step: 1 })]),
  );
  const row = h("div", { class: "cb-row", role: "group", "aria-label": "settings" });
  row.append(...Object.entries(inputs).map(([name, input]) => field(name, input)));
  const alert = h("p", { role: "alert" });

  function check(all) {
    for (const [name, [least, most]] of Object.entries(limits))
      if (whole(name, all[name], least) > most)
        throw new Error(`${name} must be at most ${most} in this explorable, got ${all[name]}`);
  }
  function write(message = "") {
    const now = { ...current(), ...wanted };
    alert.textContent = message;
    for (const [name, input] of Object.entries(inputs)) {
      if (!Number.isNaN(now[name])) input.value = now[name];
      if (name in wanted) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
  function settle(name, value) {
    wanted[name] = value;
    const all = { ...current(), ...wanted };
    for (const key of Object.keys(wanted)) if (wanted[key] === current()[key]) delete wanted[key];
    try {
      check(all);
      apply(all);
      wanted = {};
      write();
    } catch (error) {
      write(error.message);
    }
  }
  for (const [name, input] of Object.entries(inputs))
    onEntry(input, () => settle(name, input.value === "" ? NaN : Number(input.value)));
  const forget = (message) => {
    wanted = {};
    write(message);
  };
  return { row, alert, inputs, check, forget };
}

// Entries with a data-at of [name, ...place]: numbers are saved, anything else is named and nothing is lost.
export function edits(root, alert, save, restore) {
  onEntry(root, ({ target }) => {
    if (!target.dataset.at) return;
    const value = parse(target.value);
    if (Number.isNaN(value)) {
      target.setAttribute("aria-invalid", "true");
      alert.textContent = `“${target.value}” is not a number: ${target.getAttribute("aria-label")} stays ${target.dataset.shown}.`;
      return;
    }
    alert.textContent = "";
    save(JSON.parse(target.dataset.at), value);
  });
  root.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.dataset.at) return;
    alert.textContent = "";
    restore();
  });
}

// Hovering must not overwrite a number that is half typed.
export const isTyping = (root) => [...root.querySelectorAll("[data-at]:focus")].some((entry) => entry.value !== entry.dataset.shown);

export function player(beat, step) {
  let timer = null;
  const button = h("button", { type: "button", class: "cb-play", "aria-pressed": "false" }, "play");
  const play = (isOn) => {
    clearInterval(timer);
    timer = isOn ? setInterval(() => step() || play(false), beat) : null;
    button.textContent = isOn ? "pause" : "play";
    button.setAttribute("aria-pressed", String(isOn));
  };
  button.addEventListener("click", () => play(!timer));
  return { button, play, isPlaying: () => timer !== null };
}

// Later values over earlier ones; what a smaller array leaves out is kept for when it grows again.
export const overlay = (old, now) =>
  Array.isArray(now) ? Object.assign([...(old ?? [])], now.map((value, k) => overlay(old?.[k], value))) : now;

// One value of nested lists changed, the rest shared.
export const replaced = (nested, [first, ...rest], value) =>
  nested.map((inner, k) => (k !== first ? inner : rest.length ? replaced(inner, rest, value) : value));

// Writes to a model, then draws once, for one change as for five; listens for what the kernel sets.
export function bind(model, names, draw) {
  let isQuiet = false;
  const hear = () => isQuiet || draw();
  for (const name of names) model.on(`change:${name}`, hear);
  return {
    commit(values) {
      isQuiet = true;
      for (const [name, value] of Object.entries(values)) model.set(name, value);
      isQuiet = false;
      draw();
      model.save_changes();
    },
    release: () => names.forEach((name) => model.off(`change:${name}`, hear)),
  };
}

export const span = (name, text) => h("span", { class: name }, text);
export const sumOf = (terms) => terms.flatMap((term, k) => (k ? [" + ", term] : [term]));
export const pretty = (values) => values.map(short).join(", ");
