/* Suggestions below the search box of the bar: htmx fetches them, the arrow keys choose among them.
   Without script the box leads to the search page. */
(function () {
  "use strict";
  const box = document.getElementById("tom-search");
  const list = document.getElementById("tom-suggestions");
  if (!box || !list) return;
  let chosen = -1;
  const options = () => Array.from(list.querySelectorAll("[role=option]"));

  function choose(place) {
    const all = options();
    chosen = all.length ? (place + all.length + 1) % (all.length + 1) : -1;
    if (chosen === all.length) chosen = -1; // back in the box
    all.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    if (chosen < 0) return box.removeAttribute("aria-activedescendant");
    box.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  }

  function show(isShown) {
    const isOpen = isShown && options().length > 0;
    list.hidden = !isOpen;
    box.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(-1);
  }

  list.addEventListener("htmx:afterSwap", () => { choose(-1); show(document.activeElement === box); });
  box.addEventListener("input", () => { if (!box.value.trim()) { list.replaceChildren(); show(false); } });
  box.addEventListener("focus", () => show(true));
  box.addEventListener("blur", () => setTimeout(() => show(false), 150)); // after a click on a suggestion
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-tom-href]");
    if (!option || event.button) return;
    event.preventDefault();
    location.assign(option.dataset.tomHref);
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (list.hidden) box.blur(); else { show(false); event.preventDefault(); }
    } else if (list.hidden) {
      if (event.key === "ArrowDown") show(true);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const count = options().length;
      if (event.key === "ArrowDown") choose(chosen + 1); else choose(chosen < 0 ? count - 1 : chosen - 1);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      location.assign(options()[chosen].dataset.tomHref);
    }
  });
})();
