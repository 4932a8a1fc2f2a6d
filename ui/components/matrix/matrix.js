/* A matrix of buttons with a header button for every row and column; [null, 9] is a column, [4, null] a row. */
export default function (component) {
  const { data, parentElement } = component;
  const table = parentElement.querySelector("table");
  const content = JSON.stringify({ ...data, selected: null });
  table.component = component;
  if (table.content !== content) build(table, data, parentElement); // otherwise only the selection can have changed
  table.content = content;
  select(table, data.selected);
}

function build(table, data, parentElement) {
  const readout = parentElement.querySelector(".readout");
  const activeElement = parentElement.activeElement ?? document.activeElement;
  const focusedIndex = [...table.querySelectorAll("button")].indexOf(activeElement);
  parentElement.querySelector(".columns").textContent = "read as (prediction)";
  parentElement.querySelector(".rows").textContent = "written (true label)";
  table.setAttribute("aria-label", data.label);
  const digits = [...Array(10).keys()];
  const head = row(document.createElement("td"), ...digits.map((predicted) => header("col", null, predicted)));
  const body = digits.map((label) => row(header("row", label, null), ...digits.map((predicted) => cell(label, predicted))));
  table.replaceChildren(head, ...body);
  table.buttons = [...table.querySelectorAll("button")];
  if (focusedIndex >= 0) table.buttons[focusedIndex].focus({ preventScroll: true });
  readout.textContent = data.hint;
  table.onpointerleave = () => (readout.textContent = data.hint);
  table.onkeydown = (event) => walk(table, event);

  function row(...cells) {
    const element = document.createElement("tr");
    element.append(...cells);
    return element;
  }

  function header(scope, label, predicted) {
    const element = document.createElement("th"), digit = label ?? predicted;
    element.scope = scope;
    element.append(button(label, predicted, String(digit), `All digits ${label === null ? "read" : "written"} as ${digit}`));
    return element;
  }

  function cell(label, predicted) {
    const element = document.createElement("td"), colours = Object.entries(data.colours[label][predicted]);
    const content = button(label, predicted, data.texts[label][predicted], data.descriptions[label][predicted]);
    for (const [name, colour] of colours) content.style.setProperty(name, colour);
    if (colours.length === 0) content.classList.add("empty");
    element.append(content);
    return element;
  }

  function button(label, predicted, text, description) {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = text;
    element.ariaLabel = description;
    element.place = [label, predicted];
    element.onpointerenter = element.onfocus = () => (readout.textContent = description + ".");
    element.onclick = () => {
      select(table, element.place);
      table.component.setTriggerValue("clicked", element.place);
      if (text) reveal(data.reveals); // an empty cell opens nothing
    };
    return element;
  }
}

/* Draw the frame around this cell, row or column, and let the tab key reach it; [null, null] is no cell. */
function select(table, [label, predicted]) {
  const inside = (row, column) => {
    const place = table.rows[row]?.cells[column]?.firstChild?.place;
    if (place === undefined || (label === null && predicted === null)) return false;
    return (label === null || place[0] === label) && (predicted === null || place[1] === predicted);
  };
  const buttons = table.buttons;
  for (const button of buttons) {
    const [row, column] = [button.parentElement.parentElement.rowIndex, button.parentElement.cellIndex];
    const framed = inside(row, column), sides = button.parentElement.classList;
    sides.toggle("top", framed && !inside(row - 1, column));
    sides.toggle("bottom", framed && !inside(row + 1, column));
    sides.toggle("left", framed && !inside(row, column - 1));
    sides.toggle("right", framed && !inside(row, column + 1));
    button.ariaPressed = String(button.place[0] === label && button.place[1] === predicted);
    button.tabIndex = -1;
  }
  (buttons.find((button) => button.ariaPressed === "true") ?? buttons[0]).tabIndex = 0;
}

/* Move the focus to the neighbour in the direction of the arrow key, or to an end of the row. */
function walk(table, event) {
  const button = event.target.closest("button"), cell = button?.parentElement;
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -10], End: [0, 10] };
  if (!cell || !(event.key in steps)) return;
  const [down, right] = steps[event.key], row = cell.parentElement.rowIndex;
  const column = Math.min(10, Math.max(row === 0 ? 1 : 0, cell.cellIndex + right)); // the corner is empty
  const next = table.rows[row + down]?.cells[column]?.querySelector("button");
  event.preventDefault();
  if (!next) return;
  button.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
