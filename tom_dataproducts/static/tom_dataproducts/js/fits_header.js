/* The table of a FITS header narrows while one types; without script the form does it. */
(function () {
  "use strict";
  document.addEventListener("input", (event) => {
    const table = document.getElementById(event.target.dataset?.fitsSearch);
    if (!table) return;
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += !row.hidden;
    }
    event.target.form.querySelector("[role=status]").textContent = `${shown} of ${table.tBodies[0].rows.length} cards`;
  });
})();
