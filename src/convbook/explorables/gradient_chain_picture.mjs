// The drawing of the gradient chain: sizes of a gradient by layer on a logarithmic axis, zero and infinity on lanes.
import { power } from "./gradient_chain_words.mjs";
import { range } from "./dom.mjs";
import { s } from "./vector.mjs";

const [LEFT, RIGHT, TOP, HEIGHT, LANE] = [46, 12, 10, 250, 24];
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200];

const at = (value) => value.toFixed(1);
const isSize = (value) => value !== 0 && Number.isFinite(value);

// Ends of the axis as exponents of ten: what is drawn, 1, and the ends of the format where a chain leaves it.
function extent(series, { least, largest }) {
  const all = series.flatMap(({ values }) => values);
  const logs = all.filter(isSize).map((value) => Math.log10(Math.abs(value)));
  const isZero = all.some((value) => value === 0);
  const isOver = all.some((value) => !Number.isFinite(value));
  if (isZero && logs.some((log) => log < 0)) logs.push(Math.log10(least));
  if (isOver) logs.push(Math.log10(largest));
  let [low, high] = [Math.min(0, ...logs), Math.max(0, ...logs)];
  if (high - low < 2) [low, high] = [low - 1, high + 1];
  const room = 0.04 * (high - low);
  return { low: low - room, high: high + room, isZero, isOver };
}

export function chart({ depth, series, format, dtype }, width) {
  const { low, high, isZero, isOver } = extent(series, format);
  const top = TOP + (isOver ? LANE : 0);
  const bottom = top + HEIGHT;
  const end = bottom + (isZero ? LANE : 0);
  const pitch = (width - LEFT - RIGHT) / depth;
  const radius = Math.max(1.8, Math.min(4.5, 0.36 * pitch));
  const x = (n) => LEFT + n * pitch;
  const height = (log) => bottom - ((log - low) / (high - low)) * HEIGHT;
  const y = (value, name) => {
    const aside = name === "skipped" ? 4 : -4;
    if (value === 0) return bottom + LANE / 2 + aside;
    if (!Number.isFinite(value)) return top - LANE / 2 + aside;
    return height(Math.log10(Math.abs(value)));
  };
  const right = width - RIGHT;
  const tick = STEPS.find((each) => (high - low) / each <= 7);
  const first = Math.ceil(low / tick);
  const exponents = range(Math.floor(high / tick) - first + 1, (k) => (first + k) * tick).filter(
    (log) => !isOver || height(log) - top > 6,
  );
  const label = (text, place, attributes = {}) => s("text", { x: LEFT - 6, y: at(place + 4), ...attributes }, text);

  const ground = s(
    "g",
    { class: "gc-ground" },
    ...exponents.map((log) => s("path", { class: log ? "gc-grid" : "gc-one", d: `M${LEFT} ${at(height(log))}H${right}` })),
    ...exponents.map((log) => label(power(log), height(log))),
  );
  const limits = s("g", { class: "gc-limits" });
  const note = (text, place, isLeft) => {
    const across = isLeft ? { x: LEFT + 4, "text-anchor": "start" } : { x: right - 2, "text-anchor": "end" };
    return s("text", { ...across, y: at(place) }, text);
  };
  const [floor, edge, roof] = [format.least, format.normal, format.largest].map(Math.log10);
  if (low < floor && series.some(({ values }) => values.includes(0))) {
    const isLate = series.every(({ values }) => !values.includes(0) || values.indexOf(0) > depth / 2);
    const band = { x: LEFT, y: at(height(edge)), width: at(right - LEFT), height: at(height(floor) - height(edge)) };
    limits.append(s("rect", band), note(`subnormal: ${dtype} loses digits`, height(edge) + 14, isLate));
  }
  if (high > roof) {
    const line = s("path", { d: `M${LEFT} ${at(height(roof))}H${right}` });
    limits.append(line, note(`largest ${dtype}`, height(roof) + 14));
  }
  const lane = (name, place) => {
    const box = { class: "gc-lane", x: LEFT, y: place - LANE / 2 + 2, width: at(right - LEFT), height: LANE - 4, rx: 4 };
    ground.append(s("rect", box), label(name, place));
  };
  if (isOver) lane("∞", top - LANE / 2);
  if (isZero) lane("0", bottom + LANE / 2);

  const every = [1, 2, 5, 10].find((each) => each * pitch >= 26) ?? 20;
  const numbers = range(Math.floor(depth / every) + 1, (k) => k * every);
  const axis = s(
    "g",
    { class: "gc-axis" },
    ...numbers.map((n) => s("text", { x: at(x(n)), y: end + 16 }, String(n))),
    s("text", { x: at((LEFT + right) / 2), y: end + 33 }, "layers back from the loss"),
  );

  function draw({ name, values }) {
    const marks = { dot: "", hollow: "", cross: "" };
    let line = "";
    values.forEach((value, n) => {
      const [cx, cy, r] = [x(n), y(value, name), name === "skipped" ? 0.88 * radius : radius];
      const before = n > 0 && isSize(values[n - 1]);
      if (isSize(value) || before) line += `${before ? "L" : "M"}${at(cx)} ${at(cy)}`;
      const circle = `M${at(cx - r)} ${at(cy)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
      const square = `M${at(cx - r)} ${at(cy - r)}h${2 * r}v${2 * r}h${-2 * r}z`;
      const c = Math.max(r, 3);
      if (value === 0) marks.cross += `M${at(cx - c)} ${at(cy - c)}l${2 * c} ${2 * c}m0 ${-2 * c}l${-2 * c} ${2 * c}`;
      else marks[value < 0 ? "hollow" : "dot"] += name === "skipped" ? square : circle;
    });
    const first = values.findIndex((value) => !isSize(value));
    const end = first < 0 ? [] : [endLabel(name, values, first)];
    return s(
      "g",
      { class: `gc-series gc-${name}`, "data-first": first },
      s("path", { class: "gc-line", d: line }),
      ...Object.entries(marks).map(([kind, d]) => s("path", { class: `gc-${kind}`, d })),
      ...end,
    );
  }

  // Before the first mark on its lane, where there is room; a chain that comes later to the same lane is told beside it.
  const firstOn = (values, isZero) => values.findIndex((value) => !isSize(value) && (value === 0) === isZero);
  function endLabel(name, values, first) {
    const isZero = values[first] === 0;
    const other = series.find((each) => each.name !== name);
    const theirs = other ? firstOn(other.values, isZero) : -1;
    const isLater = theirs >= 0 && (theirs < first || (theirs === first && name === "skipped"));
    const isLeft = x(first) - LEFT > 60;
    const beside = isLater || !isLeft ? (isZero ? -LANE / 2 - 5 : LANE / 2 + 12) : 4;
    const middle = isZero ? bottom + LANE / 2 : top - LANE / 2;
    const place = { x: at(x(first) + (isLeft ? -8 : 0)), y: at(middle + beside) };
    return s("text", { ...place, "text-anchor": isLeft ? "end" : "start" }, `n = ${first}`);
  }

  const cursor = s("path", { class: "gc-cursor" });
  const rings = series.map(({ name }) => s("circle", { class: `gc-ring gc-${name}`, r: radius + 3.5 }));
  const picture = s(
    "svg",
    { class: "gc-chart", width, height: end + 40, tabindex: 0, role: "slider" },
    ground,
    limits,
    axis,
    cursor,
    ...series.map(draw),
    ...rings,
  );

  function show(n) {
    cursor.setAttribute("d", `M${at(x(n))} ${top - (isOver ? LANE : 0)}V${end}`);
    rings.forEach((ring, k) => {
      ring.setAttribute("cx", at(x(n)));
      ring.setAttribute("cy", at(y(series[k].values[n], series[k].name)));
    });
  }
  return { picture, show, points: range(depth, (k) => x(k + 1)) };
}
