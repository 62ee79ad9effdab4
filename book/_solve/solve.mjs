// The exercises of an assignment in its page: editors, checks, what has been earned, and the notebook to take along.

import { Cell } from "./cell.mjs";
import { Python } from "./python.mjs";
import { filled, text } from "./store.mjs";

const panel = document.querySelector(".solve-panel");
const files = new URL(panel.dataset.files, location.href).href;
const local = `${files}pyodide/`;

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// ---- Python's state

const status = h("p", { role: "status", class: "solve-status" });
const bar = h("progress", { max: "1", hidden: "", "aria-label": "Fetching Python" });
const again = h("button", { type: "button", hidden: "" }, "Try again");
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function tell({ received, file, ready, failed, stopped }) {
  bar.hidden = !received;
  again.hidden = !failed;
  if (received) {
    bar.value = Math.min(0.99, received / (Number(panel.dataset.core) + (Number(panel.dataset.numpy) || 3e6)));
    bar.textContent = megabytes(received);
    if (!status.textContent.startsWith("Fetching")) status.textContent = "Fetching Python …";
    status.dataset.detail = `${megabytes(received)}, ${file}`;
    const waiting = document.querySelector('.solve-output[data-state="running"]');
    if (waiting) waiting.dataset.fetching = status.dataset.detail;
  } else if (ready) {
    delete status.dataset.detail;
    for (const waiting of document.querySelectorAll("[data-fetching]")) delete waiting.dataset.fetching;
    status.textContent = `Python is ready, after ${(ready / 1000).toFixed(1)} s.`;
  } else if (failed) {
    delete status.dataset.detail;
    status.textContent = failed;
  } else if (stopped) {
    delete status.dataset.detail;
    status.textContent = "Stopped. What you wrote is kept; Python starts again at the next Run or Check.";
  }
}

const python = new Python(
  { files, packages: panel.dataset.packages || local, book: new URL(".", location.href).href.replace(/\/$/, "") },
  tell,
);

// ---- the assignment

const assignment = panel.dataset.assignment;
const response = await fetch(`${files}${assignment}.ipynb`);
const notebook = await response.json();
const graded = new Map(
  notebook.cells.flatMap(({ cell_type, source, metadata: { nbgrader: marks } }) =>
    marks?.grade && cell_type === "code" ? [[marks.grade_id, { source: text(source), points: marks.points }]] : [],
  ),
);

const cells = [...document.querySelectorAll(".solve-cell")].map((element) => {
  const number = Number(element.dataset.cell);
  const name = element.id.replace(/^solve-/, "");
  const starter = text(notebook.cells[number].source);
  const points = notebook.cells[number].metadata.nbgrader?.points;
  return new Cell(element, { h, python, assignment, name, number, starter, points, grade: graded.get(name), course: () => cells, changed });
});

const total = h("strong", {});
const download = h("button", { type: "button" }, "Download the notebook");

function changed() {
  const most = [...graded.values()].reduce((sum, { points }) => sum + points, 0);
  const earned = cells.reduce((sum, cell) => sum + cell.earned(), 0);
  const byHand = cells.filter(({ kind }) => kind === "written").reduce((sum, { points }) => sum + points, 0);
  total.textContent = `${Number(earned.toFixed(2))} of ${most} points`;
  total.dataset.more = byHand ? `, and ${byHand} graded by hand` : "";
}

download.addEventListener("click", () => {
  const works = Object.fromEntries(cells.filter((cell) => cell.kept()).map((cell) => [cell.number, cell.code]));
  const written = JSON.stringify(filled(notebook, works), null, 1) + "\n";
  const link = h("a", { download: `${assignment}.ipynb`, href: URL.createObjectURL(new Blob([written], { type: "application/x-ipynb+json" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});
again.addEventListener("click", () => {
  again.hidden = true;
  status.textContent = "Fetching Python …";
  python.start();
  python.ready.catch(() => {}); // told above
});

changed();
panel.append(h("div", { class: "solve-bar" }, total, download), bar, status, again);
for (const cell of cells) cell.mount();
panel.dataset.mounted = "";

