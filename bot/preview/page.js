"use strict";
// What a page can do besides being read. The filters themselves are style; this counts what they leave.
const page = {
  selects: [...document.querySelectorAll("#filters select")],
  shown() {
    const chosen = this.selects.filter((select) => select.value);
    return [...document.querySelectorAll("article.post")].filter((post) =>
      chosen.every((select) => post.dataset[select.name].split(" ").includes(select.value)));
  },
  count() {
    const all = document.querySelectorAll("article.post").length;
    const left = this.shown().length;
    const output = document.getElementById("count");
    output.hidden = false;
    const says = left === all ? `${all} ${all === 1 ? "post" : "posts"}` : `${left} of ${all} posts`;
    if (output.textContent !== says) output.textContent = says;
    document.getElementById("none-fits").hidden = left > 0 || all === 0;
  },
  open() { // a link to a template opens what it leads to
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) target.open = true;
  },
};
const filters = document.querySelector("#filters form");
filters.addEventListener("change", () => page.count());
filters.addEventListener("reset", () => requestAnimationFrame(() => page.count()));
addEventListener("hashchange", () => page.open());
addEventListener("pageshow", () => page.count());
page.count();
page.open();
