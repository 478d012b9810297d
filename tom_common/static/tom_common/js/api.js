/* The browsable pages of the REST API come from Django REST framework; this says to screen readers what they leave out. */
(function () {
  "use strict";
  document.documentElement.lang = "en";
  document.querySelectorAll("button").forEach((button) => {
    if (!button.textContent.trim() && !button.hasAttribute("aria-label")) {
      button.setAttribute("aria-label", button.title || button.dataset.originalTitle || "More");
    }
  });
})();
