/* The button that opens the sky view on a page: a link to the view's own page, which with script opens in a frame below it.
   Nothing is asked of any server before the click; closing takes the frame away, and with it its WebGL context. */
(function () {
  "use strict";
  window.TOM = window.TOM || {};
  if (window.TOM.toggleSkyFrame) return;

  window.TOM.toggleSkyFrame = function (link) {
    const open = document.getElementById(link.getAttribute("aria-controls"));
    if (open) {
      open.contentWindow?.dispatchEvent(new Event("pagehide"));
      open.remove();
    } else {
      const frame = document.createElement("iframe");
      frame.className = "sky-frame";
      frame.id = link.getAttribute("aria-controls");
      frame.title = link.dataset.skyTitle;
      frame.src = `${link.href}${link.href.includes("?") ? "&" : "?"}embedded=1`;
      link.closest("[data-sky-place]").append(frame);
    }
    link.setAttribute("aria-expanded", String(!open));
    link.querySelector("[data-sky-label]").textContent = open ? link.dataset.skyOpen : link.dataset.skyClose;
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-sky-open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    window.TOM.toggleSkyFrame(link);
  });
})();
