/* Scroll to the container with this key when a click has opened or filled it out of sight: on a phone to its start, on
   larger screens no further than needed. It may not be there yet, and it is not in place before it stops moving. */
function reveal(key) {
  const end = performance.now() + 3000, phone = window.matchMedia("(max-width: 640px)").matches;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let before = null;
  function look() {
    const target = document.querySelector(`.st-key-${key}`), box = target?.getBoundingClientRect();
    const settled = box?.height > 0 && before !== null && box.top === before.top && box.height === before.height;
    before = box ?? null;
    if (!settled) return performance.now() < end && setTimeout(look, 100);
    if (box.top >= 0 && box.top < window.innerHeight * (phone ? 0.3 : 0.75)) return;
    target.scrollIntoView({ block: phone ? "start" : "nearest", behavior: calm ? "auto" : "smooth" });
  }
  look();
}

