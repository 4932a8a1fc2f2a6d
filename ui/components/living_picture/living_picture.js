/* Ten digits with what the network takes them for, and the network from left to right. Frames that have come since the
   last ones are shown one after the other until the next come, so that learning is seen as it happened. */
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".living-picture");
  if (root.dataset.id !== data.id) {
    root.dataset.id = data.id;
    root.shown = -1;
    root.frame = null;
    build(root, data);
  }
  root.data = data;
  showNumber(root, data.number);
  const frames = data.frames.filter((frame) => frame.step > root.shown);
  if (!frames.length) return;
  (root.timers ?? []).forEach(clearTimeout);
  const show = (frame) => {
    root.shown = frame.step;
    root.frame = frame;
    showAnswers(root, frame);
    showFilters(root, frame);
  };
  root.timers = frames.slice(1).map((frame, index) =>
    setTimeout(show, ((index + 1) * data.interval) / frames.length, frame));
  show(frames[0]);
  return () => root.timers.forEach(clearTimeout);
}

const element = (tag, name, text = "") => {
  const node = document.createElement(tag);
  node.className = name;
  node.textContent = text;
  return node;
};

function digit(data, index) {
  const image = element("span", "digit");
  image.style.backgroundImage = `url(${data.sheet})`;
  image.style.backgroundSize = `calc(10 * var(--size)) var(--size)`;
  image.style.backgroundPosition = `calc(${-index} * var(--size)) 0`;
  return image;
}

function build(root, data) {
  const strip = root.querySelector(".strip");
  strip.replaceChildren(...data.labels.map((label, index) => {
    const tile = element("button", "tile");
    const answer = element("span", "answer"), bar = element("span", "bar");
    answer.append(element("b", "predicted", "?"), element("i", "mark"));
    bar.append(element("i", "level"));
    tile.type = "button";
    tile.append(digit(data, index), answer, bar, element("small", "confidence"));
    tile.onclick = () => select(root, root.data, index);
    return tile;
  }));
  const network = root.querySelector(".network-place");
  network.innerHTML = data.network; // made by ui/network_diagram.py, without anything that a visitor typed
  const first = network.querySelector(`[data-layer="${data.first_layer}"] .net-tiles`);
  root.filters = [...(first?.children ?? [])].map((tile) => {
    const canvas = element("canvas", "filter");
    tile.replaceWith(canvas);
    return canvas;
  });
  select(root, data, data.selected);
}

/* Send this digit through the network in the picture. */
function select(root, data, index) {
  root.selected = index;
  [...root.querySelectorAll(".tile")].forEach((tile, other) => tile.setAttribute("aria-pressed", String(other === index)));
  root.querySelector(".net-digit")?.replaceWith(Object.assign(digit(data, index), { className: "digit net-digit" }));
  if (root.frame) showScores(root, root.frame);
}

function showNumber(root, number) {
  root.querySelector(".number strong").textContent = number.text;
  root.querySelector(".number small").textContent = number.note;
}

const isCorrect = (data, predicted, index) => predicted === data.labels[index];

function showAnswers(root, frame) {
  const data = root.data;
  [...root.querySelectorAll(".tile")].forEach((tile, index) => {
    const probabilities = frame.probabilities[index];
    const confidence = Math.max(...probabilities), predicted = probabilities.indexOf(confidence);
    const correct = isCorrect(data, predicted, index);
    tile.classList.toggle("correct", correct);
    tile.classList.toggle("incorrect", !correct);
    tile.querySelector(".predicted").textContent = predicted;
    tile.querySelector(".mark").textContent = correct ? "✓" : "✗";
    tile.querySelector(".level").style.width = `${100 * confidence}%`;
    tile.querySelector(".confidence").textContent = `${Math.round(100 * confidence)} %`;
    tile.style.setProperty("--certainty", Math.max(0, (confidence - 0.1) / 0.9));
    const verdict = `${correct ? "right" : "wrong"}, ${Math.round(100 * confidence)} % confident`;
    tile.setAttribute("aria-label", `A ${data.labels[index]}, read as ${predicted}: ${verdict}`);
    tile.title = `${tile.getAttribute("aria-label")}. Choose it to send it through the network below.`;
  });
  showScores(root, frame);
}

function showScores(root, frame) {
  const probabilities = frame.probabilities[root.selected];
  const confidence = Math.max(...probabilities), predicted = probabilities.indexOf(confidence);
  const network = root.querySelector(".network-place");
  [...network.querySelectorAll(".net-row")].forEach((row, index) => {
    row.classList.toggle("net-answer", index === predicted);
    row.querySelector(".net-bar span").style.width = `${100 * probabilities[index]}%`;
  });
  network.querySelector(".net-result").textContent = predicted;
  network.classList.toggle("incorrect", !isCorrect(root.data, predicted, root.selected));
}

/* Draw the first filters: orange where ink raises a filter's output, blue where ink lowers it. */
function showFilters(root, frame) {
  const [count, side] = root.data.filters;
  const bytes = atob(frame.filters);
  root.filters.slice(0, count).forEach((canvas, index) => {
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d"), pixels = context.createImageData(side, side);
    for (let pixel = 0; pixel < side * side; pixel++) {
      const value = bytes.charCodeAt(index * side * side + pixel) - 128; // -127..127
      const colour = root.data.palette[value + 128];
      for (let channel = 0; channel < 3; channel++) pixels.data[4 * pixel + channel] = colour[channel];
      pixels.data[4 * pixel + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  });
}
