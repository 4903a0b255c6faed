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
      reachable(table.closest("figure"));
    });
  }

  // Of the numbers of a table one takes the focus; from there arrow keys lead on.
  const reachable = (figure) => {
    for (const cell of all("td.number[tabindex]", figure)) cell.removeAttribute("tabindex");
    const first = figure.querySelector("tbody tr:not([hidden]) td.number");
    if (first) first.tabIndex = 0;
  };

  // Filters of long tables: drop-downs, and words that a row has.
  for (const box of all(".filters[data-table]")) {
    const selects = all("select", box), rows = all("tbody tr", box.closest("figure"));
    const words = box.querySelector("input[type=search]");
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const apply = () => {
      const wanted = words.value.trim().toLowerCase();
      let shown = 0;
      rows.forEach((row, at) => {
        row.hidden = (wanted && !texts[at].includes(wanted)) ||
          selects.some((s) => s.value && row.dataset[s.dataset.key] !== s.value);
        shown += !row.hidden;
      });
      box.querySelector("output").textContent = `${shown} of ${rows.length} rows`;
      reachable(box.closest("figure"));
    };
    box.addEventListener("input", apply);
    apply();
  }

  // From a number to its source: a click, or arrow keys inside the table and Enter.
  const dialog = document.getElementById("source");
  const tell = (cell) => {
    const figure = cell.closest("figure"), made = figure.dataset, row = cell.parentElement;
    const head = cell.closest("table").tHead.rows[0].cells[cell.cellIndex];
    const heading = (of) => of.querySelector("span").textContent;
    const facts = [
      ["Number", `${heading(cell)} (${heading(row.cells[0])}, ${heading(head)})`],
      ["File", made.file || `tables/${figure.id.slice(6)}.csv beside this page`],
      ["Line", cell.dataset.row ? `${cell.dataset.row} (the head is line 1)` : ""],
      ["Made by", made.command || ""],
      ["Commit", made.commit || dialog.dataset.commit],
    ];
    const list = dialog.querySelector("dl");
    list.replaceChildren();
    for (const [name, words] of facts) {
      if (!words) continue;
      const term = document.createElement("dt"), value = document.createElement("dd");
      term.textContent = name;
      value.textContent = words;
      list.append(term, value);
    }
    if (made.where) {
      const term = document.createElement("dt"), value = document.createElement("dd");
      const link = document.createElement("a");
      term.textContent = "Behind it";
      link.href = made.where;
      link.textContent = "the pairs that are kept";
      value.append(link);
      list.append(term, value);
    }
    dialog.showModal();
  };
  for (const figure of dialog ? all("figure.table") : []) {
    reachable(figure);
    figure.addEventListener("click", (event) => {
      const cell = event.target.closest("td.number");
      if (cell) tell(cell);
    });
    figure.addEventListener("keydown", (event) => {
      const cell = event.target.closest("td.number");
      if (!cell) return;
      const row = cell.parentElement;
      const beside = (step) => {
        const own = [...row.cells].filter((other) => other.matches("td.number"));
        return own[own.indexOf(cell) + step];
      };
      const above = (step) => {
        const rows = all("tbody tr", figure).filter((other) => !other.hidden);
        const other = rows[rows.indexOf(row) + step];
        return other && other.cells[cell.cellIndex];
      };
      const move = { ArrowRight: () => beside(1), ArrowLeft: () => beside(-1),
        ArrowDown: () => above(1), ArrowUp: () => above(-1) }[event.key];
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        tell(cell);
      } else if (move) {
        event.preventDefault();
        const other = move();
        if (!other || !other.matches("td.number")) return;
        cell.removeAttribute("tabindex");
        other.tabIndex = 0;
        other.focus();
      }
    });
  }

  // On paper, folded parts are open.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((part) => { part.open = false; }));
})();
