/* Lists: rows by keyboard, ranges of check boxes, the count in the bulk bar. Works on `table.tom-table`. */
(function () {
  "use strict";
  const TOM = window.TOM;
  const rows = () => [...document.querySelectorAll(".tom-table > tbody > tr")].filter((row) => row.querySelector("a[href]"));
  const current = () => document.querySelector(".tom-table > tbody > tr.is-current");
  const hasRows = () => rows().length > 0;

  function goTo(row) {
    if (!row) return;
    current()?.classList.remove("is-current");
    row.classList.add("is-current");
    const link = mainLink(row);
    link.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  const mainLink = (row) => row.querySelector(".tom-name a[href], a.tom-name[href]") || row.querySelector("a[href]");

  function step(by) {
    const all = rows();
    const index = all.indexOf(current());
    goTo(all[index < 0 ? 0 : Math.min(all.length - 1, Math.max(0, index + by))]);
  }

  TOM.addKey("j", "Next row", () => step(1), hasRows);
  TOM.addKey("k", "Previous row", () => step(-1), hasRows);
  TOM.addKey("x", "Select the row", () => {
    const box = current()?.querySelector("input[type=checkbox]");
    if (!box) return false;
    box.click();
  }, () => Boolean(document.querySelector(".tom-table .tom-row-select")));
  TOM.addKey("Enter", "Open the row", () => {
    if (!current() || document.activeElement !== document.body) return false;
    mainLink(current()).click();
  }, hasRows);

  /* --- check boxes: all at once, a range with Shift, the count in the bar */
  let last = null;
  const boxesOf = (form) => [...form.querySelectorAll(".tom-row-select")];

  function count(form) {
    const boxes = boxesOf(form);
    const checked = boxes.filter((box) => box.checked).length;
    form.querySelectorAll("[data-tom-selected-count]").forEach((place) => { place.textContent = checked; });
    const all = form.querySelector("[data-tom-select-all]");
    if (all) {
      all.checked = checked > 0 && checked === boxes.length;
      all.indeterminate = checked > 0 && checked < boxes.length;
    }
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.(".tom-row-select");
    const form = box?.form;
    if (!form) return;
    const boxes = boxesOf(form);
    if (event.shiftKey && last && boxes.includes(last)) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((other) => { other.checked = box.checked; });
    }
    last = box;
    count(form);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form) return;
    if (event.target.matches("[data-tom-select-all]")) boxesOf(form).forEach((box) => { box.checked = event.target.checked; });
    if (event.target.matches("[data-tom-select-all], .tom-row-select")) count(form);
  });

  function setUp(root) {
    root.querySelectorAll("[data-tom-select-all]").forEach((box) => {
      box.hidden = false;
      if (box.form) count(box.form);
    });
  }
  setUp(document);
  document.addEventListener("htmx:load", (event) => setUp(event.detail.elt));
})();
