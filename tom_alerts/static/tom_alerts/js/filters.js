/* The form of a filter: rows of conditions are added, taken away and explained; long choices are searched. */
(function () {
  "use strict";
  const builder = document.getElementById("filter-builder");
  const KNOWN = { band: ["u", "g", "r", "i", "z", "y"], survey: ["ZTF", "LSST", "ELAsTiCC", "DECam", "WINTER"] };
  const HINTS = { between: "18, 20", in: "g, r", contains: "part of it" };

  /* --- what is chosen stays chosen while others are searched */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const select = event.detail.target;
    if (event.detail.requestConfig?.elt.hasAttribute("data-tom-searches") && select.selectedIndex >= 0) {
      const chosen = select.options[select.selectedIndex];
      select.tomChosen = chosen.disabled ? null : chosen.cloneNode(true);
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const select = event.detail.target;
    if (!event.detail.requestConfig?.elt.hasAttribute("data-tom-searches")) return;
    const chosen = select.tomChosen;
    if (chosen && ![...select.options].some((option) => option.value === chosen.value)) select.append(chosen);
    if (chosen) select.value = chosen.value;
    select.size = Math.min(8, Math.max(2, select.options.length));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches(".tom-searched select")) event.target.removeAttribute("size");
  });
  if (!builder) return;

  const place = () => builder.querySelector("#expression-rows");
  const rows = () => [...place().querySelectorAll(".tom-condition")];
  const changed = () => place().dispatchEvent(new Event("change", { bubbles: true }));

  function explain(row) {
    const [field, operator] = row.querySelectorAll("select");
    const value = row.querySelector("input");
    const kind = field.selectedOptions[0]?.dataset.kind;
    const asksNothing = operator.value === "missing" || operator.value === "present";
    value.readOnly = asksNothing; // a disabled one would not be sent, and the columns would not fit each other
    value.placeholder = asksNothing ? "" : HINTS[operator.value] || (kind === "truth" ? "true or false" : "");
    const words = kind === "truth" ? ["true", "false"] : KNOWN[field.value];
    const isOne = operator.value === "=" || operator.value === "!=";
    if (!words || !isOne) return value.removeAttribute("list");
    const id = `values-of-${kind === "truth" ? "truth" : field.value}`;
    if (!document.getElementById(id)) {
      const list = document.createElement("datalist");
      list.id = id;
      words.forEach((word) => list.append(new Option(word, word)));
      builder.append(list);
    }
    value.setAttribute("list", id);
  }

  function number() {
    rows().forEach((row, at) => {
      row.querySelectorAll("[aria-label]").forEach((one) => {
        one.setAttribute("aria-label", one.getAttribute("aria-label").replace(/\d+$/, String(at + 1)));
      });
      row.querySelector("[data-remove-condition]").hidden = false;
      explain(row);
    });
    document.getElementById("add-condition").hidden = rows().length === 0;
  }

  function add() {
    const row = rows().at(-1).cloneNode(true);
    row.querySelectorAll("select").forEach((select) => { select.selectedIndex = 0; });
    row.querySelector("input").value = "";
    place().append(row);
    number();
    return row;
  }

  builder.addEventListener("click", (event) => {
    const taken = event.target.closest("[data-remove-condition]");
    if (taken) {
      const row = taken.closest(".tom-condition");
      const next = row.nextElementSibling || row.previousElementSibling;
      if (rows().length === 1) add();
      row.remove();
      number();
      (next || rows()[0]).querySelector("select").focus();
      changed();
    } else if (event.target.closest("#add-condition")) add().querySelector("select").focus();
    const example = event.target.closest("[data-example]");
    if (example) {
      const text = document.getElementById("id_expression");
      text.value = example.dataset.example;
      text.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
      text.focus();
    }
  });
  builder.addEventListener("change", (event) => {
    const row = event.target.closest(".tom-condition");
    if (!row) return;
    if (event.target.name === "condition_field") {
      const kind = event.target.selectedOptions[0]?.dataset.kind;
      const operator = row.querySelectorAll("select")[1];
      if (kind !== "number" && operator.value === "<") operator.value = "=";
      if (event.target.value && row === rows().at(-1)) add();
    }
    explain(row);
  });
  document.addEventListener("htmx:afterSettle", number);
  document.getElementById("write-conditions").hidden = true; // the rows are written while one types
  builder.querySelectorAll("[data-example]").forEach((button) => { button.hidden = false; });
  number();
})();
