/* A button that scrolls to the part of the page with this key, and puts the focus on what is selected there. */
export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  button.textContent = data.text;
  button.onclick = () => {
    const target = document.querySelector(`.st-key-${data.to}`);
    if (!target) return;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const roots = [target, ...[...target.querySelectorAll("*")].map((element) => element.shadowRoot)].filter(Boolean);
    const selected = roots.map((root) => root.querySelector('[aria-pressed="true"]')).find(Boolean);
    selected?.focus({ preventScroll: true });
    (selected ?? target).scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  };
}
