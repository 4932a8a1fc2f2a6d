/* Streamlit keeps an opened sidebar open, from page to page and, in the browser's storage, from visit to visit. On a
   phone it then covers whatever page is opened: there it closes when a page is chosen, and nothing is kept. */
const PHONE = window.matchMedia("(max-width: 768px)"); // where Streamlit lays the sidebar over the page
const STORED = "stSidebarCollapsed-";

function forget() {
  for (const key of Object.keys(localStorage)) if (key.startsWith(STORED)) localStorage.removeItem(key);
}

function closeSidebar() {
  document
    .querySelector('[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')
    ?.click();
  forget();
}

/* The last part of a path; Streamlit's link to Train is empty but for its parameters. */
function pageOf(path) {
  return path.split("?")[0].split("/").pop();
}

/* Tell screen readers which link leads to this page, and bring it into view where the links are wider than a phone. */
function markCurrent() {
  const links = ".st-key-navigation a, .st-key-group_pages a, .st-key-presentation_bar a, .st-key-group_bar a";
  for (const link of document.querySelectorAll(links)) {
    const isPage = pageOf(link.getAttribute("href")) === pageOf(window.location.pathname);
    if (isPage) link.setAttribute("aria-current", "page");
    else if (link.closest(".st-key-group_current")) link.setAttribute("aria-current", "true"); // its group
    else link.removeAttribute("aria-current");
    if (isPage && link.checkVisibility()) link.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}

/* A slider takes the value under a finger at once, also when the finger only begins to scroll there. So the track waits
   for a tap, which the browser reports as a mouse after it; a thumb follows the finger as before. */
function onSliderTouch(event) {
  if (event.pointerType === "mouse" || !event.target.closest?.('.stSlider [role="group"]')) return;
  if (!event.target.closest(':has(> div > input[type="range"])')) event.stopPropagation();
}

/* A year from the last visit on, this browser's visitor is known by a random token: in a cookie that no other site gets
   and no address contains. Another tab may have kept one first: then that is the visitor's. */
function keepToken({ cookie, token }, setStateValue) {
  const kept = document.cookie.split("; ").find((pair) => pair.startsWith(`${cookie}=`))?.slice(cookie.length + 1);
  if (kept === token && window.labTokenKept) return;
  const valid = /^[\w-]{43}$/.test(kept ?? "");
  if (valid && kept !== token) setStateValue("token", kept);
  const secure = window.location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${cookie}=${valid ? kept : token}; Path=/; Max-Age=31536000; SameSite=Strict${secure}`;
  window.labTokenKept = true;
}

export default function ({ data, setStateValue }) {
  keepToken(data, setStateValue);
  const kept = () => !PHONE.matches && !data.presenting; // a sidebar opened or closed here is meant to stay so
  if (!kept() && window.labPage !== data.page) closeSidebar(); // a reload or another page, not a rerun of this one
  window.labPage = data.page;
  markCurrent();
  const later = setTimeout(markCurrent, 500); // the links may still be those of the page before

  const onClick = (event) => {
    if (kept()) return;
    if (event.target.closest?.('[data-testid="stSidebar"] a')) closeSidebar();
    setTimeout(forget); // after Streamlit has stored what this click did
  };
  const onKey = (event) => {
    document.body.classList.toggle("meanings-closed", event.key === "Escape");
  };
  const onPointer = (event) => {
    if (!event.target.closest?.(".term")) document.body.classList.remove("meanings-closed");
  };
  document.addEventListener("click", onClick, true);
  document.addEventListener("pointerdown", onSliderTouch, true);
  document.addEventListener("touchstart", onSliderTouch, true);
  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerover", onPointer);
  return () => {
    clearTimeout(later);
    document.removeEventListener("click", onClick, true);
    document.removeEventListener("pointerdown", onSliderTouch, true);
    document.removeEventListener("touchstart", onSliderTouch, true);
    document.removeEventListener("keydown", onKey);
    document.removeEventListener("pointerover", onPointer);
  };
}
