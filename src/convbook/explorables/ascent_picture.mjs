// The curves of the ascent explorable: the score by step, of the climb that is shown and of those to compare with.
import { s } from "./vector.mjs";

const EDGE = { left: 46, right: 12, top: 12, bottom: 30 };
const HEIGHT = 210;

// Round numbers between two, about four of them.
function ticks(least, most) {
  const rough = (most - least) / 4 || 1;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((times) => times * unit >= rough);
  const first = Math.ceil(least / step - 1e-9) * step;
  return Array.from({ length: Math.floor((most - first) / step + 1e-9) + 1 }, (_, k) => Number((first + k * step).toPrecision(6)));
}

const text = (value) => String(value).replace("-", "−");

// `curves`: [{ name, scores }], the last on top; `steps`: where pictures were taken.
export function chart({ curves, steps, label }, width) {
  const all = curves.flatMap(({ scores }) => scores);
  const [least, most] = [Math.min(0, ...all), Math.max(...all)];
  const last = curves.at(-1).scores.length - 1;
  const x = (step) => EDGE.left + (step / last) * (width - EDGE.left - EDGE.right);
  const y = (score) => HEIGHT - EDGE.bottom - ((score - least) / (most - least || 1)) * (HEIGHT - EDGE.top - EDGE.bottom);
  const line = (at, className, ...points) => s("path", { class: className, d: `M${points.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}`, ...at });
  const name = (at, content, anchor) => s("text", { ...at, "text-anchor": anchor }, content);
  const grid = ticks(least, most).map((score) =>
    s("g", {}, line({}, "as-grid", [x(0), y(score)], [x(last), y(score)]), name({ x: EDGE.left - 7, y: y(score) + 4 }, text(score), "end")),
  );
  const feet = [0, 30, 60, 90, 120].filter((step) => step <= last).map((step) => name({ x: x(step), y: HEIGHT - 10 }, text(step), step === last ? "end" : "middle"));
  const paths = curves.map(({ name: curve, scores }) => line({ "data-curve": curve }, `as-curve as-${curve}`, ...scores.map((score, step) => [x(step), y(score)])));
  const own = curves.at(-1).scores;
  const dots = steps.map((step) => s("circle", { class: "as-dot", cx: x(step), cy: y(own[step]), r: 3.2 }));
  const mark = s("circle", { class: "as-mark", r: 6.5 });
  const picture = s(
    "svg",
    { class: "as-chart", width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, tabindex: 0, role: "slider", "aria-label": label },
    s("g", {}, ...grid),
    s("g", {}, ...feet),
    s("g", {}, ...paths),
    s("g", {}, ...dots),
    mark,
  );
  const show = (frame) => {
    mark.setAttribute("cx", x(steps[frame]));
    mark.setAttribute("cy", y(own[steps[frame]]));
  };
  return { picture, show, points: steps.map(x) };
}
