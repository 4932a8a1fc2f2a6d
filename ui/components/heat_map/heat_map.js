/* A table of numbers, with a button for every row and cell that can be pressed; [3, null] is a row, [3, 1] a cell. */
export default function (component) {
  const { data, parentElement } = component;
  const table = parentElement.querySelector("table");
  const content = JSON.stringify({ ...data, selected: null });
  table.component = component;
  if (table.content !== content) build(table, data, parentElement.querySelector(".readout"));
  table.content = content;
  select(table, data.selected);
}

function build(table, data, readout) {
  table.setAttribute("aria-label", data.label);
  const head = document.createElement("tr");
  head.append(document.createElement("td"), ...data.columns.map(columnHeader));
  table.tHead.replaceChildren(head);
  table.tBodies[0].replaceChildren(...data.rows.map(row));
  readout.textContent = data.hint;
  table.onpointerleave = () => (readout.textContent = data.hint);
  table.onkeydown = (event) => walk(table, event);

  function columnHeader(text) {
    const header = document.createElement("th"), words = document.createElement("span");
    header.scope = "col";
    header.title = words.textContent = text;
    header.append(words);
    return header;
  }

  function row({ title, description, cells, picture, pressable }, index) {
    const element = document.createElement("tr"), header = document.createElement("th");
    element.classList.toggle("summary", !pressable);
    header.scope = "row";
    header.append(content(title, description, pressable ? [index, null] : null, picture));
    element.append(header, ...cells.map((cell, column) => {
      const data = document.createElement("td");
      const inside = content(cell.text, cell.description, pressable ? [index, column] : null);
      for (const [name, colour] of Object.entries(cell.colours)) inside.style.setProperty(name, colour);
      inside.classList.toggle("coloured", "--light" in cell.colours);
      data.append(inside);
      return data;
    }));
    return element;
  }

  function content(text, description, place, picture) {
    const element = document.createElement(place ? "button" : "span");
    element.append(text);
    element.onpointerenter = element.onfocus = () => (readout.textContent = description);
    if (picture) {
      const image = document.createElement("img");
      image.src = picture;
      image.alt = "";
      element.prepend(image);
    }
    if (place) {
      element.type = "button";
      element.ariaLabel = description;
      element.place = place;
      element.onclick = () => {
        select(table, place[1] === null ? [place[0], table.component.data.selected[1]] : place);
        table.component.setTriggerValue("clicked", place);
        reveal(data.reveals);
      };
    }
    return element;
  }
}

/* Draw the frame around this cell, and let the tab key reach it. */
function select(table, [row, column]) {
  const buttons = [...table.querySelectorAll("button")];
  for (const button of buttons) {
    const chosen = button.place[0] === row && (button.place[1] === column || button.place[1] === null);
    button.classList.toggle("selected", chosen && button.place[1] !== null);
    button.ariaPressed = String(chosen);
    button.tabIndex = -1;
  }
  (buttons.find((button) => button.classList.contains("selected")) ?? buttons[0] ?? {}).tabIndex = 0;
}

/* Move the focus to the neighbour in the direction of the arrow key, or to an end of the row. */
function walk(table, event) {
  const cell = event.target.closest("button")?.parentElement;
  const steps = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, -99], End: [0, 99] };
  if (!cell || !(event.key in steps)) return;
  event.preventDefault();
  const [down, right] = steps[event.key], row = table.rows[cell.parentElement.rowIndex + down];
  const column = Math.min(cell.parentElement.cells.length - 1, Math.max(0, cell.cellIndex + right));
  const next = row?.cells[column]?.querySelector("button");
  if (!next) return;
  event.target.closest("button").tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}
