/* Digits written at their places on a canvas; the nearest one to the mouse shows its picture, a click names it. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const plane = parentElement.querySelector(".plane");
  const canvas = parentElement.querySelector("canvas");
  const close = parentElement.querySelector(".close");
  const bytes = Uint8Array.from(atob(data.points), (letter) => letter.charCodeAt(0));
  const points = new Float32Array(bytes.buffer), count = data.labels.length, size = 84, margin = 18;
  const xs = points.filter((_, at) => at % 2 === 0), ys = points.filter((_, at) => at % 2 === 1);
  const [left, right] = [Math.min(...xs), Math.max(...xs)], [low, high] = [Math.min(...ys), Math.max(...ys)];
  let places = [];
  plane.setAttribute("aria-label", data.label);
  close.style.backgroundImage = `url(${data.picture})`;
  close.style.backgroundSize = `${data.across * size}px auto`;

  function draw() {
    const { clientWidth: width, clientHeight: height } = plane, ratio = window.devicePixelRatio || 1;
    if (width === 0) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.font = "600 11px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    places = Array.from(xs, (x, at) => [
      margin + ((x - left) / (right - left || 1)) * (width - 2 * margin),
      height - margin - ((ys[at] - low) / (high - low || 1)) * (height - 2 * margin),
    ]);
    for (let at = 0; at < count; at++) {
      pen.fillStyle = data.colours[data.labels[at]];
      pen.fillText(data.labels[at], ...places[at]);
    }
    const [x, y] = places[count];
    const style = getComputedStyle(plane);
    for (const [colour, line] of [[style.getPropertyValue("--st-background-color"), 7], [style.getPropertyValue("--lab-highlight"), 3]]) {
      pen.beginPath();
      pen.arc(x, y, 11, 0, 2 * Math.PI);
      pen.strokeStyle = colour;
      pen.lineWidth = line;
      pen.stroke();
    }
  }

  function nearest(event) {
    const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = -1, least = 18 ** 2;
    places.forEach(([px, py], at) => {
      const distance = (px - x) ** 2 + (py - y) ** 2 - (at === count ? 60 : 0);
      if (distance < least) [best, least] = [at, distance];
    });
    return best;
  }

  function show(at) {
    close.style.display = at < 0 ? "none" : "block";
    if (at < 0) return;
    const [x, y] = places[at], across = data.across;
    close.style.backgroundPosition = `${-(at % across) * size}px ${-Math.floor(at / across) * size}px`;
    close.style.left = `${Math.min(Math.max(x - size - 12, 0) || x + 12, plane.clientWidth - size - 4)}px`;
    close.style.top = `${Math.min(Math.max(y - size / 2, 0), plane.clientHeight - size - 4)}px`;
    close.dataset.place = at;
  }

  plane.onpointermove = (event) => show(nearest(event));
  plane.onpointerleave = () => show(-1);
  plane.onclick = (event) => {
    const at = nearest(event);
    show(at);
    if (at >= 0 && at < count && event.pointerType !== "touch") setTriggerValue("clicked", at);
  };
  const watcher = new ResizeObserver(draw);
  watcher.observe(plane);
  draw();
  return () => watcher.disconnect();
}
