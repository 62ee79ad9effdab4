// Answers to the questions of a page: judged here, kept in this browser, sent nowhere.
(() => {
  const KEY = "convbook-answers";
  let memory = "{}"; // where the browser keeps nothing, as long as the page is open
  let kept = true;
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY) ?? "{}");
    } catch {
      kept = false;
      return JSON.parse(memory);
    }
  };
  const write = (answers) => {
    memory = JSON.stringify(answers);
    try {
      localStorage.setItem(KEY, memory);
    } catch {
      kept = false;
    }
  };
  const make = (name, traits = {}, ...children) => {
    const { className, textContent, onclick, ...rest } = traits;
    const element = Object.assign(document.createElement(name), { className: className ?? "" });
    if (!className) element.removeAttribute("class");
    if (textContent !== undefined) element.textContent = textContent;
    if (onclick) element.addEventListener("click", onclick);
    for (const [key, value] of Object.entries(rest)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const button = (textContent, onclick, more = {}) => make("button", { type: "button", textContent, onclick, ...more });

  // "1,000", "1 000", "0.5", "0,5", "1/3", "2e9", "75 %"; null for anything else
  const parse = (text) => {
    let plain = text.replace(/[\s\u00a0\u202f_]/g, "").replace(/−/g, "-").replace(/%$/, "");
    if (/^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$/.test(plain)) plain = plain.replaceAll(",", "");
    else if (/^[+-]?\d*,\d+$/.test(plain)) plain = plain.replace(",", ".");
    const parts = plain.split("/");
    const form = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
    if (parts.length > 2 || !parts.every((part) => form.test(part))) return null;
    const value = parts.length === 2 ? Number(parts[0]) / Number(parts[1]) : Number(parts[0]);
    return Number.isFinite(value) ? value : null;
  };
  const close = (one, other, tolerance) => Math.abs(one - other) <= Math.max(tolerance, 1e-9 * Math.abs(other));

  const mount = (box) => {
    const id = box.dataset.question;
    const details = box.querySelector(".q-answer");
    const title = box.querySelector(".q-title");
    const feedback = make("div", { className: "q-feedback", role: "status" });
    details.before(feedback);
    const say = (right, lead, key) => {
      const why = key === undefined ? null : details.querySelector(`[data-say="${key}"]`)?.cloneNode(true);
      why?.removeAttribute("data-say");
      const verdict = make("p", { className: "q-verdict", textContent: `${right ? "✓" : "✗"} ${lead}` });
      feedback.dataset.right = right;
      feedback.replaceChildren(verdict, ...(why ? [why] : []));
    };
    const mark = () => {
      const done = Boolean(read()[id]?.right);
      box.classList.toggle("q-done", done);
      title.querySelector(".q-tick")?.remove();
      if (done) title.append(make("span", { className: "q-tick", textContent: " ✓ answered" }));
    };
    const record = (right, given) => {
      const answers = read();
      const before = answers[id] ?? { right: false, tries: 0 };
      if (before.right) return;
      answers[id] = { right, tries: before.tries + 1, given };
      write(answers);
      mark();
      document.dispatchEvent(new Event("convbook-answered"));
    };
    const restore = { choice, number, order, match }[box.dataset.kind]();
    const saved = () => {
      const answer = read()[id];
      mark();
      if (!answer?.right && feedback.childElementCount) {
        feedback.replaceChildren();
        restore(null);
      }
      if (answer) {
        try {
          restore(answer.given);
        } catch { } // an answer to an older form of the question
      }
    };
    saved();
    return saved;

    function choice() {
      const options = [...box.querySelectorAll("[data-option]")];
      const pick = (item, asked) => {
        const right = "right" in item.dataset;
        item.dataset.picked = right ? "right" : "wrong";
        item.querySelector(".q-mark").textContent = right ? " ✓ right" : " ✗ wrong";
        say(right, right ? "Right." : "No.", right ? "right" : item.dataset.option);
        if (asked) record(right, Number(item.dataset.option));
      };
      for (const item of options) {
        const inside = item.firstElementChild;
        const press = button("", () => pick(item, true), { className: "q-option" });
        item.append(press);
        press.append(inside, make("span", { className: "q-mark" }));
      }
      return (given) => {
        for (const item of options) {
          delete item.dataset.picked;
          item.querySelector(".q-mark").textContent = "";
        }
        if (given !== null) pick(options[given], false);
      };
    }

    function number() {
      const { answer, tolerance, wrong, unit } = box.dataset;
      const wrongs = JSON.parse(wrong);
      const input = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", id: `q-${id}-value` });
      const label = make("label", { for: `q-${id}-value`, textContent: "Your answer" });
      const check = button("Check", null, { type: "submit", className: "q-check" });
      const form = make("form", { className: "q-form" }, label, input);
      if (unit) form.append(make("span", { textContent: unit }));
      form.append(check);
      feedback.before(form);
      const judge = (asked) => {
        const value = parse(input.value);
        if (value === null) return say(false, `Type a number, such as 12, 0.5 or 1/3; here is “${input.value}”.`);
        const right = close(value, Number(answer), Number(tolerance));
        const known = wrongs.findIndex((each) => close(value, each, Math.min(Number(tolerance), Math.abs(each) / 1e3)));
        if (right) say(true, "Right.", "right");
        else if (known >= 0) say(false, "No.", known);
        else say(false, `No, it is ${value < Number(answer) ? "more" : "less"} than that.`);
        if (asked) record(right, input.value);
      };
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        judge(true);
      });
      return (given) => {
        input.value = given ?? "";
        if (given !== null) judge(false);
      };
    }

    function order() {
      const list = box.querySelector(".q-steps");
      const start = [...list.children];
      const steps = () => [...list.children];
      const note = make("span", { className: "q-note", role: "status" });
      const move = (item, by, pressed) => {
        const all = steps();
        const from = all.indexOf(item);
        const to = from + by;
        if (to < 0 || to >= all.length) return;
        if (by < 0) all[to].before(item);
        else all[to].after(item);
        pressed?.focus(); // moving an element takes the focus from it
        note.textContent = `Now ${to + 1} of ${all.length}`;
        clear();
      };
      const clear = () => steps().forEach((item) => delete item.dataset.picked);
      for (const item of start) {
        const name = item.textContent.trim().slice(0, 40);
        const up = button("↑", () => move(item, -1, up), { "aria-label": `Move up: ${name}`, className: "q-move" });
        const down = button("↓", () => move(item, 1, down), { "aria-label": `Move down: ${name}`, className: "q-move" });
        const grip = make("span", { className: "q-grip", "aria-hidden": "true", textContent: "⠿" });
        item.prepend(grip);
        item.append(make("span", { className: "q-moves" }, up, down));
        item.addEventListener("pointerdown", (event) => {
          if (event.target.closest("button, a") || event.button) return;
          if (event.pointerType !== "mouse" && !event.target.closest(".q-grip")) return; // a finger scrolls elsewhere
          event.preventDefault();
          item.setPointerCapture(event.pointerId);
          item.classList.add("q-dragged");
        });
        item.addEventListener("pointermove", (event) => {
          if (!item.classList.contains("q-dragged")) return;
          const before = item.previousElementSibling?.getBoundingClientRect();
          const after = item.nextElementSibling?.getBoundingClientRect();
          if (before && event.clientY < before.top + before.height / 2) move(item, -1);
          else if (after && event.clientY > after.top + after.height / 2) move(item, 1);
        });
        for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
          item.addEventListener(end, () => item.classList.remove("q-dragged"));
        }
      }
      const judge = (asked) => {
        const all = steps();
        const places = all.map((item) => Number(item.dataset.place));
        const first = places.findIndex((place, at) => place !== at);
        all.forEach((item, at) => { item.dataset.picked = places[at] === at ? "right" : "wrong"; });
        if (first < 0) say(true, "Right.", "right");
        else say(false, `Not yet: step ${first + 1} belongs elsewhere. A hint to it:`, places[first]);
        if (asked) record(first < 0, places);
      };
      feedback.before(make("p", { className: "q-form" }, button("Check", () => judge(true), { className: "q-check" }), note));
      return (given) => {
        list.append(...(given?.map((place) => start.find((item) => Number(item.dataset.place) === place)) ?? start));
        clear();
        note.textContent = "";
        if (given !== null) judge(false);
      };
    }

    function match() {
      const rows = [...box.querySelectorAll("[data-side]")];
      const sides = [...new Set(rows.map((row) => row.dataset.side))].sort();
      box.querySelector(".q-sides").hidden = true;
      rows.forEach((row, at) => {
        row.firstElementChild.id = `q-${id}-${at}`;
        const options = ["", ...sides].map((side) => make("option", { value: side, textContent: side || "choose …" }));
        row.append(make("select", { "aria-labelledby": `q-${id}-${at}` }, ...options), make("span", { className: "q-mark" }));
      });
      const selects = rows.map((row) => row.querySelector("select"));
      const clear = () => rows.forEach((row) => {
        delete row.dataset.picked;
        row.querySelector(".q-mark").textContent = "";
      });
      selects.forEach((select) => select.addEventListener("change", clear));
      const judge = (asked) => {
        const empty = selects.findIndex((select) => !select.value);
        if (empty >= 0) return say(false, `Choose for all ${rows.length} first.`);
        const right = rows.map((row, at) => row.dataset.side === selects[at].value);
        rows.forEach((row, at) => {
          row.dataset.picked = right[at] ? "right" : "wrong";
          row.querySelector(".q-mark").textContent = right[at] ? " ✓" : " ✗";
        });
        const first = right.indexOf(false);
        if (first < 0) say(true, "Right.", "right");
        else say(false, `${right.filter(Boolean).length} of ${rows.length} are right. To the first that is not:`, first);
        if (asked) record(first < 0, selects.map((select) => select.value));
      };
      feedback.before(make("p", { className: "q-form" }, button("Check", () => judge(true), { className: "q-check" })));
      return (given) => {
        selects.forEach((select, at) => { select.value = given?.[at] ?? ""; });
        clear();
        if (given !== null) judge(false);
      };
    }
  };

  const restores = []; // of the questions that a reader has come near: to change one far away would lay out its section
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      restores.push(mount(target));
    }
  }, { rootMargin: "800px" });
  for (const box of document.querySelectorAll(".convbook-question")) near.observe(box);
  for (const line of document.querySelectorAll(".q-progress")) {
    const ids = JSON.parse(line.dataset.questions);
    let forgotten = null;
    const forget = button("Forget my answers", () => {
      if (forgotten) write(forgotten);
      const old = forgotten ? null : read();
      if (old) write({});
      forgotten = old;
      restores.forEach((restore) => restore());
      show();
    }, { className: "q-forget" });
    const kind = make("span", { className: "q-kept" });
    line.append(make("p", {}, forget, kind));
    const show = () => {
      const answers = read();
      const right = ids.filter((id) => answers[id]?.right);
      const first = right.filter((id) => answers[id].tries === 1).length;
      const more = right.length ? `, ${first} at the first try` : "";
      line.querySelector(".q-count").textContent = `${right.length} of ${ids.length} answered${more}.`;
      [...line.querySelectorAll(".q-links a")].forEach((link, at) => {
        const done = right.includes(ids[at]);
        link.classList.toggle("q-done", done);
        link.setAttribute("aria-label", `question ${at + 1}, ${done ? "answered" : "open"}`);
      });
      forget.textContent = forgotten ? "Undo" : "Forget my answers";
      forget.hidden = !forgotten && !Object.keys(answers).length;
      kind.textContent = kept
        ? " Your answers, those of all chapters, stay in this browser and are sent nowhere."
        : " This browser keeps nothing: your answers go when you leave the page.";
    };
    document.addEventListener("convbook-answered", () => {
      forgotten = null;
      show();
    });
    show();
  }
})();
