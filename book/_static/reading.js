// What the theme does on every page at once, done for the part that a reader comes near: code and tables that scroll
// sideways can be reached by keyboard. To ask for their widths lays them out, and a chapter has hundreds.
addEventListener("DOMContentLoaded", () => {
  const reach = (box) => { box.tabIndex = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight ? 0 : -1; };
  const sizes = new ResizeObserver((entries) => { for (const { target } of entries) reach(target); });
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) sizes.observe(target); else sizes.unobserve(target);
  }, { rootMargin: "400px" });
  const boxes = "pre, .cell_output > .output, .pst-scrollable-table-container, .bd-content div.math";
  for (const box of document.querySelectorAll(boxes)) near.observe(box);
});

// A page is printed in light colours, with its pictures fetched and its answers open, and says where it lives.
addEventListener("beforeprint", () => {
  const root = document.documentElement;
  const { theme } = root.dataset;
  const hidden = [...document.querySelectorAll(".bd-content .toggle-hidden")];
  root.dataset.theme = "light";
  for (const box of hidden) box.classList.remove("toggle-hidden");
  for (const picture of document.querySelectorAll("img[loading=lazy]")) picture.loading = "eager";
  const address = root.dataset.address ?? location.href.split("#")[0];
  for (const figure of document.querySelectorAll("figure.convbook-explorable")) figure.dataset.address = address;
  addEventListener("afterprint", () => {
    root.dataset.theme = theme;
    for (const box of hidden) box.classList.add("toggle-hidden");
  }, { once: true });
});
