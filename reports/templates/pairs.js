// Browser of pairs: one pair is in the page at a time. The address holds the pair and the filters.
(() => {
  const browser = document.querySelector(".browser");
  const { pairs } = JSON.parse(document.getElementById("pairs-data").textContent);
  const all = (selector) => [...browser.querySelectorAll(selector)];
  const field = (name) => browser.querySelector(`[data-field="${name}"]`);
  const filters = all("[data-key]"), order = browser.querySelector("[data-order]");
  const slider = browser.querySelector(".slider"), shots = all(".shot"), rows = all(".facts tbody tr");
  const told = browser.querySelector(".steps output"), hold = browser.querySelector("[data-hold]");
  const names = ["a", "b", "reference"], words = ["A", "B", "The reference"];
  const signs = { A: "A > B", B: "A < B", tie: "A = B" };
  const marks = { right: "✓ right", wrong: "✗ wrong", tie: "○ tie" };
  let kept = pairs, at = 0;

  const text = (name, value) => { field(name).textContent = value; };
  const says = (pair) => {
    const origin = pair.origin === "human" ? "" : ` (${pair.origin})`;
    const votes = pair.votes ? `, ${pair.votes}` : "";
    const ssim = pair.ssim ? `; SSIM between them ${pair.ssim}` : "";
    return `Observers${origin} prefer ${pair.prefers}${votes}. The score of A minus that of B is ${pair.gap}${ssim}.`;
  };
  const lacks = (pair) => {
    const found = pair.images.flatMap((image, number) => image.file ? [] : [
      `${words[number]}${image.name && ` (${image.name})`} is not shown: ${image.reason}.`,
    ]);
    const sizes = new Set(pair.images.filter((i) => i.file).map((i) => `${i.width}×${i.height}`));
    if (sizes.size > 1) found.push(`Laid over each other at one size; they have ${[...sizes].join(", ")} pixels.`);
    return found;
  };
  const verdicts = (pair) => rows.forEach((row, number) => {
    const [a = "–", ranks, b = "–", verdict] = pair.scores[number];
    const [, first, rank, second, last] = row.cells;
    first.textContent = a;
    rank.textContent = ranks ? signs[ranks] : "–";
    second.textContent = b;
    last.textContent = verdict ? marks[verdict] : "no value";
    last.className = `verdict ${verdict ?? "tie"}`;
  });
  const pictures = (pair) => {
    const whole = pair.images.find((image) => image.file) ?? { width: 320, height: 240 };
    slider.style.setProperty("--w", whole.width);
    slider.style.setProperty("--h", whole.height);
    pair.images.forEach((image, number) => {
      const shot = shots[number], link = field(`file-${names[number]}`);
      shot.hidden = !image.file;
      if (image.file) shot.src = image.file;
      else shot.removeAttribute("src");
      shot.alt = `${words[number]}: ${image.name}`;
      link.textContent = image.name;
      if (image.file) link.href = image.file;
      else link.removeAttribute("href");
    });
    field("and").hidden = !pair.images[2].name;
    hold.disabled = !pair.images[2].file;
    hold.title = hold.disabled ? pair.images[2].reason : "";
    sliders.get(slider).fit();
  };
  const facts = (pair) => {
    for (const name of ["id", "task", "group", "source"]) text(name, pair[name]);
    text("by-a", pair.images[0].by);
    text("by-b", pair.images[1].by);
    text("says", says(pair));
    text("hard", pair.hard ? `hardest of its task: no. ${pair.hard}` : "");
    field("hard").hidden = !pair.hard;
    field("lacks").replaceChildren(...lacks(pair).map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }));
  };
  const address = () => {
    const parts = new URLSearchParams();
    if (kept.length) parts.set("pair", kept[at].id);
    for (const filter of filters) if (filter.value) parts.set(filter.dataset.key, filter.value);
    if (order.value) parts.set("order", order.value);
    history.replaceState(null, "", `#${parts}`);
  };
  const show = (note = "") => {
    const pair = kept[at];
    browser.querySelector(".pair").hidden = !pair;
    if (pair) {
      pictures(pair);
      facts(pair);
      verdicts(pair);
      const next = kept[(at + 1) % kept.length]; // is in memory when it is asked for
      for (const { file } of next.images) if (file) new Image().src = file;
    }
    const where = kept.length ? `pair ${at + 1} of ${kept.length}` : "no pair has all of this";
    told.textContent = `${note}${where}`;
    address();
  };
  const move = (step) => {
    if (!kept.length) return;
    at = (at + step + kept.length) % kept.length;
    show();
  };
  const fits = (value, wanted) => (Array.isArray(value) ? value.includes(wanted) : value === wanted);
  const sift = () => {
    const chosen = filters.filter((filter) => filter.value);
    kept = pairs.filter(({ keys }) => chosen.every((f) => fits(keys[f.dataset.key], f.value)));
    if (order.value) kept = [...kept].sort((a, b) => b.wrong - a.wrong); // equals stay in order
  };
  const refilter = () => {
    const before = kept[at];
    sift();
    at = Math.max(0, kept.indexOf(before));
    show();
  };
  const open = () => {
    const parts = new URLSearchParams(location.hash.slice(1)), id = parts.get("pair");
    const options = (select) => [...select.options].map((option) => option.value);
    for (const select of [...filters, order]) {
      const value = parts.get(select.dataset.key ?? "order") ?? "";
      select.value = options(select).includes(value) ? value : "";
    }
    sift();
    at = id === null ? 0 : kept.findIndex((pair) => pair.id === id);
    if (at >= 0) return show();
    for (const filter of filters) filter.value = ""; // the pair is what was asked for
    sift();
    at = kept.findIndex((pair) => pair.id === id);
    const known = at >= 0;
    at = Math.max(0, at);
    return show(known ? "filters cleared; " : `${id} is not among the pairs of this page; `);
  };

  for (const select of [...filters, order]) select.addEventListener("change", refilter);
  browser.querySelector("[data-clear]").addEventListener("click", () => {
    for (const filter of filters) filter.value = "";
    refilter();
  });
  for (const button of all("[data-step]")) {
    button.addEventListener("click", () => move(Number(button.dataset.step)));
  }
  browser.addEventListener("keydown", (event) => {
    const step = { n: 1, p: -1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    event.preventDefault();
    move(step);
  });
  shots.forEach((shot, number) => shot.addEventListener("error", () => {
    const item = document.createElement("li");
    item.textContent = `${words[number]} is not beside this page: ${shot.getAttribute("src")}.`;
    shot.hidden = true;
    field("lacks").append(item);
  }));
  addEventListener("hashchange", open);
  browser.hidden = false;
  const linked = location.hash.includes("pair=");
  open();
  if (linked) slider.focus({ preventScroll: true }); // as the target of a link has it
})();
