/* Light curves: what people said about points. Marks in the plot, and a dialog that shows a point and takes a note. */
(function () {
  "use strict";
  const make = window.TOM.make;
  const SAME_TIME_D = 2e-6;

  /** Which notes belong to which points: a Map from the number of a point to its notes. */
  function notesByPoint(curve, notes) {
    const found = new Map();
    for (const note of notes) {
      let low = 0, high = curve.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (curve.mjd[middle] < note.mjd - SAME_TIME_D) low = middle + 1; else high = middle;
      }
      for (let i = low; i < curve.count && curve.mjd[i] <= note.mjd + SAME_TIME_D; i += 1) {
        if (note.band && curve.bands[curve.band[i]] !== note.band) continue;
        if (note.source && curve.sources[curve.source[i]] !== note.source) continue;
        if (!found.has(i)) found.set(i, []);
        found.get(i).push(note);
      }
    }
    return found;
  }

  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

  /** Post a form and give the JSON of the answer; throws with words for people. */
  async function post(url, fields = {}) {
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token() });
    let reply;
    try {
      reply = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } });
    } catch {
      throw new Error("The server cannot be reached.");
    }
    const isJson = (reply.headers.get("Content-Type") || "").includes("json");
    const said = isJson ? await reply.json() : {};
    if (!reply.ok) throw new Error(said.error || `The server answered ${reply.status}.`);
    if (!isJson) throw new Error("You are no longer logged in. Log in on another page, then try again.");
    return said;
  }

  const noteLine = (note) => make("li", {}, note.text, make("span", { class: "light-curve-note-who" }, ` ${note.who}, ${note.when} UTC`));

  /** Open the dialog of a point; `row` is its place in the view. */
  function open(plot, row) {
    const { curve, view } = plot;
    const point = view.point[row];
    const { band, value, when, what } = plot.describe(row);
    const notes = plot.notes.get(point) || [];
    const list = make("ul", { class: "light-curve-note-list" }, ...notes.map(noteLine));
    const dialog = make("dialog", { class: "light-curve-dialog", "aria-labelledby": "light-curve-dialog-title" },
      make("h3", { id: "light-curve-dialog-title" }, `${band} ${value}`), make("p", {}, when), make("p", {}, what), list);
    const close = make("button", { type: "button", class: "btn btn-outline-secondary" }, "Close");
    close.addEventListener("click", () => dialog.close());
    const actions = make("div", { class: "light-curve-dialog-actions" }, close);
    const { notesUrl } = plot.element.dataset;
    if (plot.about.may_change && notesUrl) {
      const field = make("textarea", { class: "form-control", id: "light-curve-note", rows: "3", maxlength: "1000", required: "" });
      const error = make("p", { class: "text-danger", role: "alert" });
      const form = make("form", { method: "dialog" }, make("label", { class: "form-label", for: "light-curve-note" }, "Note on this point"), field, error,
        make("div", { class: "light-curve-dialog-actions" }, make("button", { type: "submit", class: "btn btn-primary" }, "Keep the note"), close));
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        error.textContent = "";
        try {
          const fields = { time: curve.mjd[point].toFixed(7), band, source: curve.sources[curve.source[point]], text: field.value };
          plot.about.notes.push(await post(notesUrl, fields));
          plot.takeNotes();
          dialog.close();
          window.TOM.toast("Note kept.");
        } catch (problem) {
          error.textContent = problem.message;
        }
      });
      dialog.append(form);
    } else {
      dialog.append(actions);
    }
    if (notesUrl) dialog.append(make("p", {}, make("a", { href: notesUrl }, "All notes on this light curve")));
    dialog.addEventListener("close", () => { dialog.remove(); plot.parts.plotPlace.focus(); });
    plot.element.append(dialog);
    dialog.showModal();
  }

  window.TOM.lightCurveNotes = { notesByPoint, open, post };
})();
