/* Plotly chooses the point it last hovered over, and a finger never hovers: where it comes down, pretend it did. */
export default function () {
  const hover = (event) => {
    if (!event.target.closest?.(".st-key-matrix .js-plotly-plot")) return;
    const { clientX, clientY } = event;
    event.target.dispatchEvent(new MouseEvent("mousemove", { clientX, clientY, bubbles: true, view: window }));
  };
  document.addEventListener("pointerdown", hover, true);
  return () => document.removeEventListener("pointerdown", hover, true);
}
