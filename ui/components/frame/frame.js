/* Streamlit keeps an opened sidebar open, from page to page and, in the browser's storage, from visit to visit. On a
   phone it then covers whatever page is opened: there it closes when a page is chosen, and nothing is kept. */
const PHONE = window.matchMedia("(max-width: 768px)"); // where Streamlit lays the sidebar over the page
const STORED = "stSidebarCollapsed-";

function forget() {
  for (const key of Object.keys(localStorage)) if (key.startsWith(STORED)) localStorage.removeItem(key);
}

function closeSidebar() {
  const sidebar = document.querySelector('[data-testid="stSidebar"][aria-expanded="true"]');
  sidebar?.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  forget();
}

export default function ({ data }) {
  const kept = () => !PHONE.matches && !data.presenting; // a sidebar opened or closed here is meant to stay so
  const page = window.location.pathname;
  if (!kept() && window.labPage !== page) closeSidebar(); // a reload or another page, not a rerun of this one
  window.labPage = page;

  const onClick = (event) => {
    if (kept()) return;
    if (event.target.closest?.('[data-testid="stSidebar"] a')) closeSidebar();
    setTimeout(forget); // after Streamlit has stored what this click did
  };
  const onEscape = (event) => {
    if (event.key === "Escape") document.activeElement?.closest(".term")?.blur();
    document.body.classList.toggle("meanings-closed", event.key === "Escape");
  };
  const onMove = (event) => {
    if (!event.target.closest?.(".term")) document.body.classList.remove("meanings-closed");
  };
  document.addEventListener("click", onClick, true);
  document.addEventListener("keydown", onEscape);
  document.addEventListener("pointerover", onMove);
  return () => {
    document.removeEventListener("click", onClick, true);
    document.removeEventListener("keydown", onEscape);
    document.removeEventListener("pointerover", onMove);
  };
}
