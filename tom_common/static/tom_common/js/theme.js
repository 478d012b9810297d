/* Runs before anything is painted: without a chosen theme the page follows the system. */
(function () {
  "use strict";
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function apply(choice) {
    root.dataset.tomTheme = choice;
    root.dataset.bsTheme = choice || (system.matches ? "dark" : "light");
    root.dispatchEvent(new CustomEvent("tom:theme", { bubbles: true, detail: { theme: root.dataset.bsTheme } }));
  }

  const cookie = document.cookie.match(/(?:^|; )theme=(light|dark|dome)(?:;|$)/);
  apply(root.dataset.tomTheme || (cookie ? cookie[1] : ""));
  system.addEventListener("change", () => { if (!root.dataset.tomTheme) apply(""); });
  window.TOM = { applyTheme: apply };
})();
