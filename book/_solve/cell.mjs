// One cell of the notebook in the page: an answer to write and check, a given one to run, or a written answer.

import { digest, load, save } from "./store.mjs";

// The first example of a docstring, for a reader to play with.
function firstExample(code) {
  const lines = code.split("\n").map((line) => line.trim());
  const from = lines.findIndex((line) => line.startsWith(">>> "));
  if (from < 0) return "";
  const end = lines.slice(from).findIndex((line) => !/^(>>>|\.\.\.)/.test(line));
  return lines.slice(from, end < 0 ? undefined : from + end).map((line) => line.slice(4)).join("\n");
}

export class Cell {
  constructor(element, parts) {
    Object.assign(this, parts, { element, kind: element.dataset.kind });
    this.work = this.kind === "answer" || this.kind === "written" ? load(this.assignment, this.name) : {};
    this.starterDigest = digest(this.starter);
  }

  get code() {
    return this.work.code ?? this.starter;
  }

  kept() {
    return this.work.code !== undefined;
  }

  earned() {
    return this.work.points ?? 0;
  }

  keep(change) {
    this.work = { starter: this.starterDigest, ...this.work, ...change };
    const isKept = save(this.assignment, this.name, this.work);
    this.note.textContent = isKept ? "" : "This browser does not keep what you write. Download the notebook before you leave.";
    this.changed();
  }

  button(words, act) {
    const made = this.h("button", { type: "button" }, words);
    made.addEventListener("click", act);
    return made;
  }

  mount() {
    const { h } = this;
    this.static = this.element.firstElementChild;
    this.note = h("p", { class: "solve-note" });
    if (this.kind === "imports") return;
    if (this.kind === "written") return this.mountWritten();
    this.output = h("div", { class: "solve-output", hidden: "", role: "region", tabindex: "0", "aria-live": "polite", "aria-label": `Output of ${this.name}` });
    this.stop = this.button("Stop", () => this.python.stop());
    this.stop.hidden = true;
    this.buttons = h("div", { class: "solve-bar" });
    this.score = h("span", { class: "solve-score" });
    if (this.kind === "given") this.buttons.append(this.button("Run", () => this.run(false)), this.stop);
    else this.buttons.append(this.button("Solve it here", () => this.open(true)), this.score);
    this.element.append(this.buttons, this.note, this.output);
    this.showScore();
    if (this.kept()) this.open(false);
  }

  mountWritten() {
    const { h } = this;
    const area = h("textarea", { rows: "6", "aria-label": "Your answer, graded by hand", spellcheck: "true" });
    area.value = this.code;
    area.addEventListener("input", () => this.keep({ code: area.value }));
    this.element.append(area, h("p", { class: "solve-hint" }, `Graded by hand: ${this.points} points.`), this.note);
  }

  // The editor in the place of the starter.
  async open(focus) {
    if (this.editor) return;
    const { h } = this;
    const hint = h(
      "p", { class: "solve-hint", id: `hint-${this.name}` },
      "Ctrl-Enter checks, Shift-Enter runs. Tab indents; Escape, then Tab leaves the editor. Kept in this browser as you type.",
    );
    const { makeEditor } = await import("./editor.mjs").catch(() => ({}));
    if (!makeEditor) {
      this.note.textContent = "The editor could not be fetched. Is the book still served? Then try again.";
      return;
    }
    if (this.editor) return;
    const place = h("div", { class: "solve-editor" });
    this.editor = makeEditor(place, {
      code: this.code, label: `Your ${this.name}`, hint: hint.id,
      onchange: (code) => this.edited(code), onrun: () => this.run(false), oncheck: () => this.run(true),
    });
    this.trial = h("textarea", { rows: "2", spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
    this.trial.value = this.work.trial ?? firstExample(this.starter);
    this.trial.addEventListener("input", () => this.keep({ trial: this.trial.value }));
    this.trial.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.shiftKey || event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.run(!event.shiftKey);
    });
    this.reset = this.button("Reset to the starter", () => this.toStarter());
    const check = this.button("Check", () => this.run(true));
    check.dataset.main = "";
    this.static.hidden = true;
    this.buttons.replaceChildren(check, this.button("Run", () => this.run(false)), this.stop, this.reset, this.score);
    this.buttons.before(place, hint, h("label", { class: "solve-trial" }, "Run also runs this, which is not handed in:", this.trial));
    if (this.kept() && this.work.starter !== this.starterDigest) {
      this.note.textContent = "The starter of this exercise has changed since you began. Yours is kept; Reset shows the new one, and can be undone.";
    }
    if (focus) this.editor.focus();
  }

  edited(code) {
    this.keep({ code });
    if (this.before !== undefined && code !== this.starter) {
      this.before = undefined;
      this.reset.textContent = "Reset to the starter";
    }
    this.showScore();
  }

  toStarter() {
    const code = this.before ?? this.starter;
    const before = this.before === undefined ? this.code : undefined;
    if (code === this.code) return;
    this.before = undefined; // what edited() would take for an undo
    this.editor.replace(code);
    this.before = before;
    this.keep({ starter: this.starterDigest });
    this.reset.textContent = before === undefined ? "Reset to the starter" : "Undo the reset";
  }

  showScore() {
    if (!this.grade) return;
    const { points, checked } = this.work;
    const stale = checked !== undefined && checked !== digest(this.code);
    this.score.textContent = points === undefined ? `${this.grade.points} points` : `${points} of ${this.grade.points} points`;
    this.score.dataset.state = points === undefined ? "" : stale ? "stale" : points === this.grade.points ? "full" : "part";
    if (stale) this.score.append(" at your last check");
  }

  // The notebook from the top as far as this cell; with ``check`` the grade cell below it, too.
  async run(check) {
    if (Cell.busy) {
      this.note.textContent = `${Cell.busy} still runs. Wait for it, or stop it.`;
      return;
    }
    Cell.busy = this.name;
    this.note.textContent = "";
    const { h } = this;
    const all = this.course();
    const before = all.slice(0, all.indexOf(this)).filter(({ kind }) => kind !== "written");
    const earlier = before.map(({ name, code, kind }) => ({ name, source: code, given: kind === "given" }));
    const code = this.code;
    const cells = [{ name: this.name, source: code }];
    const trial = this.trial?.value.trim();
    if (!check && trial) cells.push({ name: "your try", source: trial });
    const shown = h("pre", {});
    this.output.hidden = false;
    this.output.replaceChildren(shown);
    this.output.dataset.state = "running";
    this.stop.hidden = false;
    let done;
    try {
      const request = { earlier, cells, grade: check ? this.grade.source : "" };
      done = await this.python.run(request, (words) => this.append(shown, words));
    } catch (error) {
      this.append(shown, error.message);
    }
    Cell.busy = "";
    this.stop.hidden = true;
    this.output.dataset.state = "done";
    if (done === null) this.append(shown, "\nStopped.");
    if (!done) return;
    if (done.error) this.append(shown, `${shown.textContent ? "\n" : ""}${done.error}`);
    if (!shown.textContent) this.append(shown, "It ran, and printed nothing.");
    if (done.troubles.length) {
      const told = done.troubles.join("\n");
      this.output.append(h("p", {}, "Of the cells before, which run first, these failed:"), h("pre", {}, told));
    }
    if (check && done.points !== null) {
      this.keep({ code, points: done.points, checked: digest(code) });
      this.showScore();
    }
  }

  // Text, its addresses as links: they open beside this page, where Python goes on.
  append(shown, words) {
    for (const [k, part] of words.split(/(https?:\/\/\S+)/).entries()) {
      if (k % 2 === 0) shown.append(part);
      else shown.append(this.h("a", { href: part, target: "_blank", rel: "noopener" }, "Read on in the book"));
    }
  }
}
