/* Scroll to the container with this key when a click has opened or filled it out of sight: on a phone to its start, on
   larger screens no further than needed. It may not be there yet, and while the page is drawn again it can jump or stop
   the scrolling, so this looks until it has stayed in view for a second, or the visitor scrolls. */
function reveal(key) {
  const LOOKS_PER_SECOND = 10, LAST_LOOK = 60;
  const phone = window.matchMedia("(max-width: 640px)").matches;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let looks = 0, inView = 0, before = null, cancelled = false;
  for (const moved of ["wheel", "touchmove", "keydown", "pointerdown"])
    window.addEventListener(moved, () => (cancelled = true), { once: true, passive: true });

  function look() {
    if (cancelled || ++looks > LAST_LOOK) return;
    const target = document.querySelector(`.st-key-${key}`), box = target?.getBoundingClientRect();
    const still = box?.height > 0 && box.top === before?.top && box.height === before.height;
    const visible = box?.height > 0 && box.top >= 0 && box.top < window.innerHeight * (phone ? 0.3 : 0.75);
    before = box ?? null;
    inView = visible ? inView + 1 : 0;
    if (inView === LOOKS_PER_SECOND) return;
    if (still && !visible)
      target.scrollIntoView({ block: phone ? "start" : "nearest", behavior: calm ? "auto" : "smooth" });
    setTimeout(look, 1000 / LOOKS_PER_SECOND);
  }
  look();
}

