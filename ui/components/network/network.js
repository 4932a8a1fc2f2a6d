/* Shows the drawing of a network; a click on a layer reports its name and shows what it opens. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const host = parentElement.querySelector(".host");
  host.onclick = (event) => {
    const layer = event.target.closest("button[data-layer]");
    if (!layer) return;
    setTriggerValue("clicked", layer.dataset.layer);
    reveal(data.reveals);
  };
  if (host.diagram === data.diagram) return;
  const scrolled = host.querySelector(".network")?.scrollLeft ?? 0;
  const focused = (parentElement.activeElement ?? document.activeElement)?.dataset?.layer;
  host.diagram = data.diagram;
  host.innerHTML = data.diagram;
  host.querySelector(".network").scrollLeft = scrolled;
  if (focused) host.querySelector(`[data-layer="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
