/* The drawing pad's own toolbar appears over the page where the mouse rests, and hides over the pad under a finger.
   The page has buttons of its own for what a visitor needs, so the toolbar is put away. */
export default function (component) {
  const tidy = (tries) => {
    const hosts = document.querySelectorAll(".st-key-pad *");
    const root = [...hosts].map((host) => host.shadowRoot).find((shadow) => shadow?.querySelector(".dc-toolbar"));
    if (root && !root.querySelector("style.tidy")) {
      const style = document.createElement("style");
      style.className = "tidy";
      style.textContent = ".dc-toolbar { display: none !important } .dc-scroll { overflow: hidden !important }";
      root.append(style);
    } else if (!root && tries > 0) {
      requestAnimationFrame(() => tidy(tries - 1));
    }
  };
  tidy(600);
}
