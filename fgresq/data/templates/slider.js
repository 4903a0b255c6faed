// Any two images of a group under a slider, zoomed and moved together. Without scripts all images
// stand side by side. A page that changes the images tells it by the functions that are kept here.
const sliders = new Map();
for (const slider of document.querySelectorAll(".slider")) {
  const find = (selector) => slider.querySelector(selector);
  const view = find(".shots"), stack = find(".stack"), range = find("input[type=range]");
  const look = find("[data-look]"), hold = find("[data-hold]"), level = find("output");
  const shots = [...slider.querySelectorAll(".shot")], sides = {}, corners = {};
  for (const side of ["left", "right"]) {
    sides[side] = find(`[data-side=${side}]`);
    corners[side] = find(`.corner.${side}`);
  }
  const at = { zoom: 1, x: 0, y: 0 }; // of the stack: scale, and place of its corner in the view
  let gain = "8", drag = null;

  const cut = (share) => {
    range.value = share;
    view.style.setProperty("--cut", `${range.value}%`);
    view.style.setProperty("--local", `${(range.value - 100 * at.x) / at.zoom}%`);
  };
  const place = () => {
    for (const axis of ["x", "y"]) at[axis] = Math.min(0, Math.max(1 - at.zoom, at[axis]));
    stack.style.transform = `translate(${100 * at.x}%, ${100 * at.y}%) scale(${at.zoom})`;
    const wide = Number(slider.style.getPropertyValue("--w"));
    const scale = (view.clientWidth * at.zoom) / wide;
    stack.classList.toggle("crisp", scale * devicePixelRatio >= 1); // never skip pixels
    view.classList.toggle("zoomed", at.zoom > 1);
    level.textContent = `${Math.round(100 * scale)} %`;
    cut(range.value);
  };
  const zoom = (factor, x = 0.5, y = 0.5) => {
    const to = Math.min(16, Math.max(1, at.zoom * factor));
    at.x = x - ((x - at.x) * to) / at.zoom;
    at.y = y - ((y - at.y) * to) / at.zoom;
    at.zoom = to;
    place();
  };
  const move = (x, y) => { at.x += x; at.y += y; place(); };
  const show = () => {
    for (const side in sides) {
      shots.forEach((shot, number) => shot.classList.toggle(side, Number(sides[side].value) === number));
      corners[side].textContent = sides[side].selectedOptions[0].textContent;
    }
    const difference = look.value !== "slider";
    if (difference) gain = look.value;
    view.classList.toggle("difference", difference);
    view.style.setProperty("--gain", gain);
    place();
  };
  const set = (select, value) => { select.value = value; show(); };
  const swap = () => {
    [sides.left.value, sides.right.value] = [sides.right.value, sides.left.value];
    show();
  };
  const held = (on) => {
    if (!hold || hold.disabled) return;
    view.classList.toggle("held", on);
    hold.setAttribute("aria-pressed", on);
  };
  const keys = {
    ArrowLeft: () => cut(Number(range.value) - 2), ArrowRight: () => cut(Number(range.value) + 2),
    "shift ArrowLeft": () => move(0.1, 0), "shift ArrowRight": () => move(-0.1, 0),
    "shift ArrowUp": () => move(0, 0.1), "shift ArrowDown": () => move(0, -0.1),
    1: () => cut(100), 2: () => cut(0), x: swap,
    d: () => set(look, look.value === "slider" ? gain : "slider"),
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => zoom(0),
    r: () => held(true),
  };

  range.addEventListener("input", () => cut(range.value));
  for (const select of [look, sides.left, sides.right]) select.addEventListener("change", show);
  find("[data-swap]").addEventListener("click", swap);
  for (const button of slider.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.zoom)));
  }
  view.addEventListener("pointerdown", (event) => {
    const box = view.getBoundingClientRect(), edge = box.left + (box.width * range.value) / 100;
    const pans = at.zoom > 1 && (Math.abs(event.clientX - edge) > 24 || look.value !== "slider");
    drag = { box, pans, x: event.clientX, y: event.clientY };
    view.setPointerCapture(event.pointerId);
    slider.focus({ preventScroll: true });
    if (!pans) cut((100 * (event.clientX - box.left)) / box.width);
  });
  view.addEventListener("pointermove", (event) => {
    if (!drag || !event.buttons) return;
    const { box, pans } = drag;
    if (pans) move((event.clientX - drag.x) / box.width, (event.clientY - drag.y) / box.height);
    else cut((100 * (event.clientX - box.left)) / box.width);
    Object.assign(drag, { x: event.clientX, y: event.clientY });
  });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // without, the page scrolls
    event.preventDefault();
    const box = view.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width, y = (event.clientY - box.top) / box.height;
    zoom(event.deltaY < 0 ? 1.25 : 0.8, x, y);
  }, { passive: false });
  slider.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
    const key = event.shiftKey && event.key.startsWith("Arrow") ? `shift ${event.key}` : event.key;
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
  slider.addEventListener("keyup", (event) => { if (event.key === "r") held(false); });
  slider.addEventListener("focusout", () => held(false));
  if (hold) {
    hold.addEventListener("pointerdown", () => held(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) {
      hold.addEventListener(end, () => held(false));
    }
    hold.addEventListener("keydown", (event) => { if (" Enter".includes(event.key)) held(true); });
    hold.addEventListener("keyup", () => held(false));
  }
  addEventListener("resize", place);
  slider.tabIndex = 0;
  slider.classList.add("live");
  show();
  cut(50);
  sliders.set(slider, { show, fit: () => zoom(0) });
}
