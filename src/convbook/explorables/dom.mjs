// What the explorables share: elements, numbers as text, and grids that a keyboard can walk.

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export const range = (length, make) => Array.from({ length }, (_, k) => make(k));
export const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function field(name, control) {
  return h("label", { class: "cb-field" }, h("span", {}, name), control);
}

export const options = (names) => names.map((name) => h("option", { value: name }, name));

// ---- numbers as text

export function short(value) {
  const plain = Math.abs(value) < 1e9 ? String(Number(value.toFixed(4))) : value.toPrecision(4);
  return (plain === "-0" ? "0" : plain).replace("-", "−");
}

export const factor = (value) => (value < 0 ? `(${short(value)})` : short(value));

export function parse(text) {
  const plain = text.trim().replace("−", "-").replace(",", ".");
  const value = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain) ? Number(plain) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

// ---- grids

// One tab stop a grid; arrow keys go from cell to cell, and through a number only when they reach its end.
export function rove(box, stops) {
  const all = stops.flat();
  const stop = (element) => all.forEach((other) => (other.tabIndex = other === element ? 0 : -1));
  stop(all[0]);
  box.addEventListener("focusin", (event) => all.includes(event.target) && stop(event.target));
  box.addEventListener("keydown", (event) => {
    const [down, right] = ARROWS[event.key] ?? [0, 0];
    const i = stops.findIndex((row) => row.includes(event.target));
    if (i < 0 || !(down || right) || event.altKey || event.ctrlKey || event.metaKey) return;
    const { selectionStart: from, selectionEnd: to, value } = event.target;
    if ((right < 0 && from > 0) || (right > 0 && to < value?.length)) return;
    event.preventDefault();
    const next = stops[i + down]?.[stops[i].indexOf(event.target) + right];
    next?.focus();
    next?.select?.();
  });
}

export function plane(title, label, cells, stops) {
  const rows = cells.map((row) => h("div", { role: "row" }, ...row));
  const box = h("div", { class: "cb-grid", role: "grid", "aria-label": label, style: `--cols:${cells[0].length}` }, ...rows);
  rove(box, stops);
  return h("div", { class: "cb-plane" }, h("p", { class: "cb-label" }, title), h("div", { class: "cb-scroll" }, box));
}

export const entry = (at, label) =>
  h("input", { type: "text", inputmode: "decimal", autocomplete: "off", "data-at": JSON.stringify(at), "aria-label": label });

export function write(cell, value) {
  const text = short(value);
  cell.style.setProperty("--chars", text.length);
  if (cell.firstChild.localName === "span") cell.firstChild.textContent = text;
  else writeEntry(cell.firstChild, text);
}

export function writeEntry(input, text) {
  if (input.value !== text) input.value = text;
  input.dataset.shown = text;
  input.removeAttribute("aria-invalid");
}
