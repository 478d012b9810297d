/* Bootstrap 4 markup of older plugins under Bootstrap 5: the data attributes get their new names. */
(function () {
  "use strict";
  const names = ["toggle", "target", "dismiss", "parent", "ride", "slide", "slide-to", "placement", "content", "trigger", "offset", "spy"];
  const selector = ["toggle", "dismiss", "ride", "spy", "slide"].map((name) => `[data-${name}]`).join(",");

  function rename(element) {
    for (const name of names) {
      const value = element.getAttribute(`data-${name}`);
      if (value !== null && !element.hasAttribute(`data-bs-${name}`)) element.setAttribute(`data-bs-${name}`, value);
    }
  }
  function renameIn(root) {
    if (root.matches?.(selector)) rename(root);
    root.querySelectorAll?.(selector).forEach(rename);
  }
  renameIn(document);
  new MutationObserver((changes) => {
    changes.forEach((change) => change.addedNodes.forEach((node) => { if (node.nodeType === 1) renameIn(node); }));
  }).observe(document.body, { childList: true, subtree: true });
})();
