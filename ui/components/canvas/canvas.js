/* Hides the drawing component's own toolbar, which appears over the page where the mouse rests and covers the canvas
   under a finger. The page has its own buttons for what a visitor needs. */
export default function (component) {
  const hideToolbar = (tries) => {
    const hosts = document.querySelectorAll(".st-key-canvas *");
    const root = [...hosts].map((host) => host.shadowRoot).find((shadow) => shadow?.querySelector(".dc-toolbar"));
    if (root && !root.querySelector("style.hide-toolbar")) {
      const style = document.createElement("style");
      style.className = "hide-toolbar";
      style.textContent = ".dc-toolbar { display: none !important } .dc-scroll { overflow: hidden !important }";
      root.append(style);
    } else if (!root && tries > 0) {
      requestAnimationFrame(() => hideToolbar(tries - 1));
    }
  };
  hideToolbar(600);
}
