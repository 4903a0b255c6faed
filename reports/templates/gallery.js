"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

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
})();
