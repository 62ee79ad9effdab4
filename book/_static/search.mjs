// The search of the book: what the theme's dialog and the search page show for what is typed into them.
// The index and what reads it are Pagefind's (convbook.search), fetched when the search is first opened.

const STYLE = `
#pst-search-dialog form.bd-search input { padding-inline-start: 2.6rem; }
.convbook-search p:not([role])::after { content: " …"; }
.convbook-search { background: var(--pst-color-background); color: var(--pst-color-text-base); text-align: start; }
dialog .convbook-search { padding: 0 1rem 1rem; border-radius: 0 0 .25rem .25rem; overflow-y: auto; max-height: 65vh; }
.convbook-search [role=status] { margin: 0; padding: .6rem 0 0; color: var(--pst-color-text-muted); }
.convbook-search ol { list-style: none; margin: 0; padding: 0; }
.convbook-search ol ol { border-inline-start: 2px solid var(--pst-color-border); padding-inline-start: .8rem; }
.convbook-search li { margin: .6rem 0 0; overflow-wrap: anywhere; }
.convbook-search li > ol > li { font-size: .9em; }
.convbook-search a { color: var(--pst-color-link); font-weight: 600; }
.convbook-search p { margin: 0; }
.convbook-search mark { background: none; color: inherit; font-weight: 700; text-decoration: underline; padding: 0; }
.convbook-search button { margin-top: .8rem; padding: .3rem .8rem; border: 1px solid var(--pst-color-border);
  border-radius: .25rem; background: var(--pst-color-surface); color: inherit; }`;
const FIRST = 5; // pages shown at once
const SECTIONS = 3;

function element(name, content, properties = {}) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...[content].flat());
  return made;
}

/** A paragraph of Pagefind's excerpt: text, and what was searched for within <mark>. */
function excerpt(html) {
  const paragraph = document.createElement("p");
  paragraph.innerHTML = html; // escaped by Pagefind, all but <mark>
  return paragraph;
}

function shown({ url, meta, excerpt: text, sub_results }) {
  const above = ({ title }) => title === meta.title; // the first heading, and what stands before it
  const sections = sub_results.filter((section) => !above(section)).slice(0, SECTIONS);
  const item = element("li", element("a", meta.title, { href: url }));
  if (!sections.length || sub_results.some(above)) item.append(excerpt(sub_results.find(above)?.excerpt ?? text));
  const listed = sections.map((at) => element("li", [element("a", at.title, { href: at.url }), excerpt(at.excerpt)]));
  if (listed.length) item.append(element("ol", listed));
  return item;
}

/** Whether a page has a word that begins as one of `words` does: for those it has not, Pagefind finds any beginning. */
function holds({ excerpt: text, sub_results }, words) {
  const marked = [text, ...sub_results.map((section) => section.excerpt)].join(" ").matchAll(/<mark>(.*?)<\/mark>/g);
  const starts = words.toLowerCase().split(/\W+/).filter(Boolean).map((word) => word.slice(0, 3));
  return !starts.length || [...marked].some(([, word]) => starts.some((start) => word.toLowerCase().includes(start)));
}

function attach(form, pagefind) {
  const input = form.querySelector("input");
  const status = element("p", "", { role: "status" });
  const list = document.createElement("ol");
  const more = element("button", "Show all", { type: "button", hidden: true });
  const panel = element("div", [status, list, more], { className: "convbook-search", hidden: true });
  form.after(panel);
  let results = [];

  function show(from, to) {
    list.append(...results.slice(from, to).map(shown));
    more.hidden = list.children.length >= results.length;
  }

  async function search() {
    const words = input.value.trim();
    const found = words ? await pagefind.debouncedSearch(words, {}, 150) : { results: [] };
    if (!found || words !== input.value.trim()) return; // more was typed since
    const pagesFound = await Promise.all(found.results.map((result) => result.data()));
    if (words !== input.value.trim()) return;
    results = pagesFound.filter((page) => holds(page, words));
    list.replaceChildren();
    panel.hidden = !words;
    const pages = `${results.length} page${results.length === 1 ? "" : "s"}`;
    status.textContent = results.length ? `${pages} with “${words}”` : `Nothing found for “${words}”`;
    show(0, FIRST);
  }

  function move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = [input, ...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (!step || at < 0) return;
    event.preventDefault();
    links[Math.max(0, Math.min(links.length - 1, at + step))].focus();
  }

  more.addEventListener("click", () => {
    const from = list.children.length;
    show(from, results.length);
    list.children[from]?.querySelector("a").focus();
  });
  input.addEventListener("input", search);
  form.parentElement.addEventListener("keydown", move);
  panel.addEventListener("click", ({ target }) => target.closest("a") && form.closest("dialog")?.close());
  if (form.closest("dialog") === null) {
    input.value ||= new URLSearchParams(location.search).get("q") ?? "";
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  search();
}

/** Bring the search fields of this page to life; `root`: where the book lies. */
export default async function start(root) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets.push(sheet);
  const pagefind = await import(new URL("pagefind/pagefind.js", root));
  await pagefind.options({ baseUrl: root.pathname, excerptLength: 24 });
  for (const form of document.querySelectorAll("form.bd-search")) attach(form, pagefind);
}
