/* Plotly selects the point it last hovered over, and a finger never hovers: move the mouse to where it touches. */
export default function () {
  const hover = (event) => {
    if (!event.target.closest?.(".st-key-matrix .js-plotly-plot")) return;
    const { clientX, clientY } = event;
    event.target.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY, bubbles: true, view: window }));
  };
  document.addEventListener("pointerdown", hover, true);
  return () => document.removeEventListener("pointerdown", hover, true);
}
