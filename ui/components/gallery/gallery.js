/* A grid of digits to click, or to walk through with the arrow keys: one button each, cut out of one sprite sheet. */
export default function (component) {
  const { data, parentElement } = component;
  const grid = parentElement.querySelector(".grid");
  const content = JSON.stringify({ ...data, selected: null });
  grid.component = component;
  if (grid.content === content) return select(grid, data.selected); // keep hundreds of buttons that did not change
  grid.content = content;
  grid.setAttribute("aria-label", data.label);
  grid.style.setProperty("--size", `calc(${data.size}px * var(--lab-scale, 1))`); // larger while presenting
  const activeElement = parentElement.activeElement ?? document.activeElement;
  const focusedIndex = [...grid.children].indexOf(activeElement);
  const buttons = data.captions.map((caption, index) => {
    const button = document.createElement("button");
    const digit = document.createElement("span");
    const text = document.createElement("small");
    digit.className = "digit";
    digit.style.backgroundImage = `url(${data.sheet})`;
    const column = index % data.columns, row = Math.floor(index / data.columns);
    digit.style.backgroundPosition = `calc(${-column} * var(--size)) calc(${-row} * var(--size))`;
    digit.style.backgroundSize = `calc(${data.columns} * var(--size)) calc(${data.rows} * var(--size))`;
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
      grid.component.setTriggerValue("clicked", data.ids[index]);
      if (data.reveals) reveal(data.reveals);
    };
    return button;
  });
  grid.replaceChildren(...buttons);
  showValues(data, grid, buttons, parentElement.querySelector(".readout"));
  if (focusedIndex >= 0) buttons[Math.min(focusedIndex, buttons.length - 1)]?.focus({ preventScroll: true });
  grid.onkeydown = (event) => {
    const current = buttons.indexOf(parentElement.activeElement ?? document.activeElement);
    const columns = buttons.filter((button) => button.offsetTop === buttons[0].offsetTop).length;
    const steps = {
      ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns,
      Home: -current, End: buttons.length - 1 - current,
    };
    const next = buttons[current + steps[event.key]];
    if (current < 0 || next === undefined) return;
    event.preventDefault();
    buttons[current].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  };
}

/* Highlight the button of this index, or none if it is null, and let the tab key reach it. */
function select(grid, selected) {
  [...grid.children].forEach((button, index) => {
    button.setAttribute("aria-pressed", String(index === selected));
    if (selected !== null) button.tabIndex = index === selected ? 0 : -1;
  });
}

/* Print the value under the mouse or the finger below the grid, if the images came with values. */
function showValues(data, grid, buttons, readout) {
  readout.hidden = data.values === null;
  grid.onpointermove = grid.onpointerdown = null;
  if (readout.hidden) return;
  readout.textContent = "Rest the mouse or a finger on a map to read its values.";
  const bytes = Uint8Array.from(atob(data.values), (character) => character.charCodeAt(0));
  const values = new Float32Array(bytes.buffer), [height, width] = data.shape;
  grid.onpointermove = grid.onpointerdown = (event) => {
    const index = buttons.findIndex((button) => button.contains(event.target));
    if (index < 0 || !event.target.classList.contains("digit")) return;
    const box = event.target.getBoundingClientRect();
    const row = Math.min(height - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * height)));
    const column = Math.min(width - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * width)));
    const value = values[(index * height + row) * width + column].toFixed(4).replace("-", "−");
    readout.textContent = `${data.captions[index]} · row ${row}, column ${column}: ${value}`;
  };
}
