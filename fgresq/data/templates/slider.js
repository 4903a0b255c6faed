// Any two images of a group under a slider. Keys: left and right move the edge, 1 and 2 show one
// image alone, x exchanges them. Without scripts all images stand side by side.
for (const slider of document.querySelectorAll(".slider")) {
  const view = slider.querySelector(".shots"), range = slider.querySelector("input[type=range]");
  const shots = [...slider.querySelectorAll(".shot")], sides = {};
  for (const select of slider.querySelectorAll("select")) sides[select.dataset.side] = select;
  const cut = (share) => {
    range.value = share;
    view.style.setProperty("--cut", `${range.value}%`);
  };
  const show = () => {
    shots.forEach((shot, number) => {
      for (const side in sides) shot.classList.toggle(side, Number(sides[side].value) === number);
    });
  };
  const drag = (event) => {
    if (!event.buttons) return;
    const box = view.getBoundingClientRect();
    cut(100 * (event.clientX - box.left) / box.width);
  };
  const keys = {
    ArrowLeft: () => cut(Number(range.value) - 2),
    ArrowRight: () => cut(Number(range.value) + 2),
    1: () => cut(100),
    2: () => cut(0),
    x: () => {
      [sides.left.value, sides.right.value] = [sides.right.value, sides.left.value];
      show();
    },
  };
  range.addEventListener("input", () => cut(range.value));
  view.addEventListener("pointerdown", (event) => { drag(event); slider.focus({ preventScroll: true }); });
  view.addEventListener("pointermove", drag);
  for (const side in sides) sides[side].addEventListener("change", show);
  slider.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  slider.tabIndex = 0;
  slider.classList.add("live");
  show();
  cut(50);
}
