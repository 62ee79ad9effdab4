// Fields of settings: whole numbers, numbers and lists, which may pass through what does not fit.
import { onEntry } from "./controls.mjs";
import { field, h, parse, short } from "./dom.mjs";
import { whole } from "./kernels.mjs";

// "16, 32" as numbers; what is no number is named.
export function numbers(text, name) {
  const words = text
    .split(/[\s;]+|,\s+|,$/)
    .filter(Boolean)
    .flatMap((word) => (/^[\d.]+(,[\d.]+)+$/.test(word) ? word.split(",") : [word]));
  if (!words.length) throw new Error(`${name} must name at least one number, such as 0.5, 1, 2`);
  return words.map((word) => {
    const value = parse(word);
    if (Number.isNaN(value)) throw new Error(`“${word}” is not a number: ${name} are written as 0.5, 1, 2`);
    return value;
  });
}

const READ = {
  whole: (text, { name, least }) => whole(name, text.trim() === "" ? NaN : Number(text), least),
  number: (text, { name }) => {
    const value = parse(text);
    if (Number.isNaN(value)) throw new Error(`“${text}” is not a number: ${name} must be one`);
    return value;
  },
  list: (text, { name }) => numbers(text, name),
};
const asText = (value) => (Array.isArray(value) ? value.map(short).join(", ") : short(value));

// `specs`: { key: { name, kind, least, most, step } }. `check(all)` throws, `apply(all)` takes what can be had.
export function fields(specs, { current, check, apply, alert }) {
  let wanted = {}; // what was typed and does not fit yet
  const inputs = Object.fromEntries(
    Object.entries(specs).map(([key, { kind, least, most, step }]) => {
      const type = kind === "list" ? { type: "text" } : { type: "number", min: least, max: most, step: step ?? 1 };
      return [key, h("input", { ...type, name: key, autocomplete: "off" })];
    }),
  );

  function write() {
    for (const [key, input] of Object.entries(inputs)) {
      const text = wanted[key] ?? asText(current()[key]);
      if (!(key in wanted)) input.value = text;
      if (key in wanted) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }
  function settle(key, text) {
    wanted[key] = text;
    try {
      const read = Object.entries(wanted).map(([name, typed]) => [name, READ[specs[name].kind](typed, specs[name])]);
      const all = { ...current(), ...Object.fromEntries(read) };
      check(all);
      wanted = {};
      alert.textContent = "";
      apply(all);
    } catch (error) {
      alert.textContent = error.message;
    }
    write();
  }
  for (const [key, input] of Object.entries(inputs)) onEntry(input, () => settle(key, input.value));
  const forget = () => {
    wanted = {};
    write();
  };
  const labels = Object.fromEntries(Object.entries(inputs).map(([key, input]) => [key, field(specs[key].name, input)]));
  return { labels, forget };
}
