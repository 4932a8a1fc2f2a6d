/* A scatter plot of digits on a canvas; the digit nearest to the mouse shows its image, a click reports its index. A
   finger cannot rest: its first tap shows the image, the second one on the same digit reports it. */
const MARGIN = 18, MAX_DISTANCE = 18, RING_RADIUS = 11; // pixels
const RING_ADVANTAGE = 60; // subtracted from the squared distance to the ring, which is larger than a numeral

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const scatter = parentElement.querySelector(".scatter");
  const canvas = parentElement.querySelector("canvas");
  const preview = parentElement.querySelector(".preview");
  const bytes = Uint8Array.from(atob(data.points), (character) => character.charCodeAt(0));
  const points = new Float32Array(bytes.buffer);
  const ring = data.labels.length; // the index of the last point, which has no label
  const xs = points.filter((_, index) => index % 2 === 0), ys = points.filter((_, index) => index % 2 === 1);
  const [xMin, xMax] = [Math.min(...xs), Math.max(...xs)], [yMin, yMax] = [Math.min(...ys), Math.max(...ys)];
  const scale = Number(getComputedStyle(scatter).getPropertyValue("--lab-scale")) || 1; // larger while presenting
  const previewSize = 84 * scale; // pixels
  let positions = []; // of the points on the canvas
  let tapped = -1; // the index of the digit that a finger tapped last
  scatter.setAttribute("aria-label", data.label);
  preview.style.backgroundImage = `url(${data.sheet})`;
  preview.style.backgroundSize = `${data.columns * previewSize}px auto`;

  function draw() {
    const { clientWidth: width, clientHeight: height } = scatter, ratio = window.devicePixelRatio || 1;
    if (width === 0) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = `600 ${11 * scale}px sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    positions = Array.from(xs, (x, index) => [
      MARGIN + ((x - xMin) / (xMax - xMin || 1)) * (width - 2 * MARGIN),
      height - MARGIN - ((ys[index] - yMin) / (yMax - yMin || 1)) * (height - 2 * MARGIN),
    ]);
    data.labels.forEach((label, index) => {
      context.fillStyle = data.colours[label];
      context.fillText(label, ...positions[index]);
    });
    const style = getComputedStyle(scatter);
    const outline = [style.getPropertyValue("--st-background-color"), 7];
    for (const [colour, lineWidth] of [outline, [style.getPropertyValue("--lab-highlight"), 3]]) {
      context.beginPath();
      context.arc(...positions[ring], RING_RADIUS, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = lineWidth;
      context.stroke();
    }
  }

  /* Return the index of the point nearest to the mouse, or -1 if none is close. */
  function nearest(event) {
    const box = canvas.getBoundingClientRect(), mouseX = event.clientX - box.left, mouseY = event.clientY - box.top;
    let nearestIndex = -1, smallest = MAX_DISTANCE ** 2;
    positions.forEach(([x, y], index) => {
      const distance = (x - mouseX) ** 2 + (y - mouseY) ** 2 - (index === ring ? RING_ADVANTAGE : 0);
      if (distance < smallest) [nearestIndex, smallest] = [index, distance];
    });
    return nearestIndex;
  }

  /* Show the image of this point beside it; hide the preview for -1. */
  function showPreview(index) {
    preview.style.display = index < 0 ? "none" : "block";
    if (index < 0) return;
    const [x, y] = positions[index], column = index % data.columns, row = Math.floor(index / data.columns);
    const left = Math.max(x - previewSize - 12, 0) || x + 12; // on the right where there is no room on the left
    const top = Math.max(y - previewSize / 2, 0);
    preview.style.backgroundPosition = `${-column * previewSize}px ${-row * previewSize}px`;
    preview.style.left = `${Math.min(left, scatter.clientWidth - previewSize - 4)}px`;
    preview.style.top = `${Math.min(top, scatter.clientHeight - previewSize - 4)}px`;
    preview.dataset.index = index;
  }

  scatter.onpointermove = (event) => showPreview(nearest(event));
  scatter.onpointerleave = () => showPreview(-1);
  scatter.onclick = (event) => {
    const index = nearest(event);
    showPreview(index);
    const chosen = event.pointerType !== "touch" || index === tapped;
    tapped = index;
    if (index >= 0 && index !== ring && chosen) setTriggerValue("clicked", index);
  };
  const observer = new ResizeObserver(draw);
  observer.observe(scatter);
  draw();
  return () => observer.disconnect();
}
