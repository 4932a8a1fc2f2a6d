/* A grid of digits to click, or to walk through with the arrow keys: one button each, cut out of one picture. */
export default function (component) {
  const { data, parentElement } = component;
  const grid = parentElement.querySelector(".grid");
  const content = JSON.stringify({ ...data, selected: null });
  grid.component = component;
  if (grid.content === content) return select(grid, data.selected); // hundreds of buttons stay as they are
  grid.content = content;
  grid.setAttribute("aria-label", data.label);
  grid.style.setProperty("--size", data.size + "px");
  const focused = parentElement.activeElement ?? document.activeElement;
  const place = [...grid.children].indexOf(focused);
  const buttons = data.captions.map((caption, index) => {
    const button = document.createElement("button");
    const digit = document.createElement("span");
    const text = document.createElement("small");
    digit.className = "digit";
    digit.style.backgroundImage = `url(${data.picture})`;
    const column = index % data.across, row = Math.floor(index / data.across);
    digit.style.backgroundPosition = `calc(${-column} * var(--size)) calc(${-row} * var(--size))`;
    digit.style.backgroundSize = `calc(${data.across} * var(--size)) calc(${data.rows} * var(--size))`;
    text.textContent = caption;
    button.type = "button";
    button.title = data.titles[index];
    button.setAttribute("aria-label", data.titles[index]);
    button.setAttribute("aria-pressed", String(index === data.selected));
    if (data.marked.includes(index)) button.classList.add("marked");
    button.tabIndex = index === Math.max(data.selected ?? 0, 0) ? 0 : -1;
    button.append(digit, text);
    button.onclick = () => {
      select(grid, index);
      grid.component.setTriggerValue("clicked", data.names[index]);
    };
    return button;
  });
  grid.replaceChildren(...buttons);
  tell(data, grid, buttons, parentElement.querySelector(".readout"));
  if (place >= 0) buttons[Math.min(place, buttons.length - 1)]?.focus({ preventScroll: true });
  grid.onkeydown = (event) => {
    const at = buttons.indexOf(parentElement.activeElement ?? document.activeElement);
    const row = buttons.filter((button) => button.offsetTop === buttons[0].offsetTop).length;
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -at, End: buttons.length - 1 - at };
    const next = buttons[at + steps[event.key]];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    buttons[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
}

/* Highlight the button at this place, or none, and let the tab key find it. */
function select(grid, place) {
  [...grid.children].forEach((button, index) => {
    button.setAttribute("aria-pressed", String(index === place));
    if (place !== null) button.tabIndex = index === place ? 0 : -1;
  });
}

/* Below the grid: the value under the mouse, if the digits came with values. */
function tell(data, grid, buttons, readout) {
  readout.hidden = data.values === null;
  grid.onpointermove = null;
  if (readout.hidden) return;
  readout.textContent = "Rest the mouse on a map to read its values.";
  const bytes = Uint8Array.from(atob(data.values), (letter) => letter.charCodeAt(0));
  const values = new Float32Array(bytes.buffer), [height, width] = data.shape;
  grid.onpointermove = (event) => {
    const index = buttons.findIndex((button) => button.contains(event.target));
    if (index < 0 || !event.target.classList.contains("digit")) return;
    const box = event.target.getBoundingClientRect();
    const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    const value = values[(index * height + row) * width + column].toFixed(4).replace("-", "−");
    readout.textContent = `${data.captions[index]} · row ${row}, column ${column}: ${value}`;
  };
}
