/* Hides the drawing component's own toolbar, which appears over the page where the mouse rests and covers the canvas
   under a finger: the page has its own buttons for what a visitor needs. And lays a hint over an empty canvas, which
   lets the pen through and goes away as soon as it touches the canvas. */
const STYLE = `
  :host { position: relative; }
  .dc-toolbar { display: none !important; }
  .dc-scroll { overflow: hidden !important; }
  .canvas-hint { position: absolute; z-index: 10; left: 0; top: 0; display: grid; place-items: center; pointer-events: none;
    color: var(--lab-light-text); opacity: 0.7; font: 1.125rem var(--st-font, sans-serif); }
  .canvas-hint[hidden] { display: none; }`;

function adapt(root) {
  const style = document.createElement("style"), hint = document.createElement("div");
  style.textContent = STYLE;
  hint.className = "canvas-hint";
  root.append(style, hint);
  root.addEventListener("pointerdown", () => { hint.hidden = true; });
  return hint;
}

export default function (component) {
  const { hint, size } = component.data;
  const update = (tries) => {
    const hosts = document.querySelectorAll(".st-key-canvas *");
    const root = [...hosts].map((host) => host.shadowRoot).find((shadow) => shadow?.querySelector(".dc-toolbar"));
    if (root) {
      const element = root.querySelector(".canvas-hint") ?? adapt(root);
      element.textContent = hint;
      element.hidden = !hint;
      element.style.width = element.style.height = `${size}px`;
    } else if (tries > 0) {
      requestAnimationFrame(() => update(tries - 1));
    }
  };
  update(600);
}
