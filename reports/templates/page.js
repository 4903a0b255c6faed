"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Sorting: the first body of a table is sorted, a second one (unranked rows) stays below.
  const compare = (a, b) => {
    const x = Number(a), y = Number(b);
    return Number.isNaN(x) || Number.isNaN(y) ? a.localeCompare(b) : x - y;
  };
  for (const header of all("th[aria-sort]")) {
    header.querySelector("button").addEventListener("click", () => {
      const table = header.closest("table"), body = table.tBodies[0];
      if (!body) return;
      const numeric = header.classList.contains("number");
      const old = header.getAttribute("aria-sort");
      const first = numeric ? "descending" : "ascending";
      const second = numeric ? "ascending" : "descending";
      const order = old === first ? second : first;
      for (const other of all("th[aria-sort]", table)) other.setAttribute("aria-sort", "none");
      header.setAttribute("aria-sort", order);
      const key = (row) => row.cells[header.cellIndex].dataset.sort;
      const sign = order === "ascending" ? 1 : -1;
      [...body.rows].sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === "" || y === "") return (x === "") - (y === ""); // no value: always last
        return sign * compare(x, y);
      }).forEach((row) => body.append(row));
    });
  }

  // Filters of long tables.
  for (const box of all(".filters[data-table]")) {
    const selects = all("select", box), rows = all("tbody tr", box.closest("figure"));
    const apply = () => {
      for (const row of rows) {
        row.hidden = selects.some((s) => s.value && row.dataset[s.dataset.key] !== s.value);
      }
      const shown = rows.filter((row) => !row.hidden).length;
      box.querySelector("output").textContent = `${shown} of ${rows.length} rows`;
    };
    box.addEventListener("change", apply);
    apply();
  }

  // Pair gallery: one pair at a time, slider, filters, arrow keys.
  for (const gallery of all(".gallery")) {
    const pairs = all(".pair", gallery);
    const chosen = (name) => gallery.querySelector(`[data-gallery="${name}"]`).value;
    let at = 0;
    const kept = () => pairs.filter((pair) =>
      (!chosen("task") || pair.dataset.task === chosen("task")) &&
      (!chosen("wrong") || pair.dataset.wrong.split(" ").includes(chosen("wrong"))));
    const show = () => {
      const list = kept();
      at = list.length ? (at + list.length) % list.length : 0;
      for (const pair of pairs) pair.hidden = pair !== list[at];
      gallery.querySelector("output").textContent =
        list.length ? `pair ${at + 1} of ${list.length}` : "no such pair in the gallery";
    };
    const move = (step) => { at += step; show(); };
    for (const button of all("[data-step]", gallery)) {
      button.addEventListener("click", () => move(Number(button.dataset.step)));
    }
    for (const select of all("select[data-gallery]", gallery)) {
      select.addEventListener("change", () => { at = 0; show(); });
    }
    gallery.querySelector('[data-gallery="difference"]').addEventListener("change", (event) => {
      gallery.classList.toggle("difference", event.target.checked);
    });
    for (const pair of pairs) {
      const range = pair.querySelector("input[type=range]");
      const view = pair.querySelector(".compare");
      const cut = () => view.style.setProperty("--cut", `${range.value}%`);
      const drag = (event) => {
        if (!event.buttons) return;
        const box = view.getBoundingClientRect();
        range.value = 100 * (event.clientX - box.left) / box.width;
        cut();
      };
      range.addEventListener("input", cut);
      view.addEventListener("pointerdown", drag);
      view.addEventListener("pointermove", drag);
      cut();
    }
    gallery.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (!step || event.target.matches("input, select")) return;
      event.preventDefault();
      move(step);
    });
    for (const view of all(".compare", gallery)) {
      view.addEventListener("click", () => gallery.focus({ preventScroll: true }));
    }
    gallery.classList.add("live");
    show();
    addEventListener("beforeprint", () => pairs.forEach((pair) => { pair.hidden = false; }));
    addEventListener("afterprint", show);
  }

  // On paper, folded parts are open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
})();
