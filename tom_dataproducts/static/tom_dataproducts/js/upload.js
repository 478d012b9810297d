/* Files dropped on an upload form, what was chosen, and how much of it is sent. Without this script the form
   is a plain one. Forms may come later with a section of the page, so that everything listens on the document. */
(function () {
  "use strict";
  const TOM = (window.TOM = window.TOM || {});
  if (TOM.hasUploads) return; // the script stands on the page twice
  TOM.hasUploads = true;
  const MAX_FILES = 100;
  const running = new WeakMap();

  const formOf = (element) => element?.closest?.("[data-tom-upload]");
  /** The form that takes what is dropped on an element: anywhere in its section, or its page if it is the only one. */
  const placeOf = (element) => formOf(element) || element?.closest?.(".tom-section, .tom-form-page")?.querySelector("[data-tom-upload]");
  const part = (form, name) => form.querySelector(`[data-tom-upload-${name}]`);
  const input = (form) => form.querySelector("input[type=file]");

  function sizeText(bytes) {
    if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
    if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
    return bytes >= 1e3 ? `${(bytes / 1e3).toFixed(1)} kB` : `${bytes} bytes`;
  }

  /* --- what was chosen */
  function showChosen(form) {
    const files = [...input(form).files];
    part(form, "list").replaceChildren(...files.map((file, index) => {
      const away = TOM.make("button", { type: "button", class: "btn btn-link btn-sm p-0", "data-tom-upload-away": index }, "Remove");
      away.append(TOM.make("span", { class: "visually-hidden" }, ` ${file.name}`));
      const size = TOM.make("span", { class: file.size ? "num text-body-secondary" : "num text-danger" }, sizeText(file.size));
      return TOM.make("li", {}, TOM.make("span", { class: "text-break" }, file.name), " ", size, " ", away);
    }));
  }

  function setFiles(form, files) {
    const transfer = new DataTransfer();
    files.slice(0, MAX_FILES).forEach((file) => transfer.items.add(file));
    input(form).files = transfer.files;
    showChosen(form);
    const left = files.length - MAX_FILES;
    showErrors(form, left > 0 ? [`${MAX_FILES} files go at once; ${left} more were left out.`] : []);
  }

  document.addEventListener("change", (event) => {
    const form = formOf(event.target);
    if (form && event.target.type === "file") setFiles(form, [...event.target.files]);
  });
  document.addEventListener("click", (event) => {
    const away = event.target.closest("[data-tom-upload-away]");
    if (away) {
      const form = formOf(away);
      setFiles(form, [...input(form).files].filter((_, index) => index !== Number(away.dataset.tomUploadAway)));
      (form.querySelector("[data-tom-upload-away]") || input(form)).focus();
    }
    const stop = event.target.closest("[data-tom-upload-stop]");
    if (stop) running.get(formOf(stop))?.abort();
  });

  /* --- drag and drop */
  const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  const marked = () => document.querySelectorAll(".tom-upload-drop.is-over");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    const form = placeOf(event.target);
    event.preventDefault(); // else the browser leaves the page and shows a file that fell beside the form
    event.dataTransfer.dropEffect = form ? "copy" : "none";
    marked().forEach((place) => { if (formOf(place) !== form) place.classList.remove("is-over"); });
    if (!form) return;
    const box = form.closest("details");
    if (box) box.open = true;
    part(form, "drop").classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) marked().forEach((place) => place.classList.remove("is-over"));
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    marked().forEach((place) => place.classList.remove("is-over"));
    const form = placeOf(event.target);
    if (!form || running.has(form)) return;
    const dropped = [...event.dataTransfer.files].filter((file) => file.size || file.type || file.name.includes("."));
    setFiles(form, [...input(form).files, ...dropped]); // a folder has neither size nor type
  });

  /* --- sending */
  function showErrors(form, texts) {
    const box = part(form, "errors");
    box.hidden = !texts.length;
    box.replaceChildren(...texts.map((text) => TOM.make("div", {}, text)));
    if (texts.length) box.focus();
  }

  function showProgress(form, sent, total) {
    const place = part(form, "progress");
    place.hidden = !total;
    if (!total) return;
    place.querySelector("progress").value = sent / total;
    const words = sent < total ? `${sizeText(sent)} of ${sizeText(total)} are sent` : "sent; the server looks at it";
    place.querySelector("span").textContent = words;
  }

  function setBusy(form, request) {
    if (request) running.set(form, request);
    else running.delete(form);
    form.querySelector("button[type=submit]").disabled = Boolean(request);
    part(form, "stop").hidden = !request;
    if (!request) showProgress(form, 0, 0);
  }

  function answered(form, request) {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      answer = { errors: [request.status === 413
        ? "The web server in front of this TOM takes no file as large as this."
        : `The server answered ${request.status}, and nothing more. Reload the page and try again.`] };
    }
    if (answer.redirect) {
      const next = new URL(answer.redirect, location);
      const isHere = next.pathname === location.pathname && next.search === location.search;
      location.assign(next);
      if (isHere && next.hash) location.reload(); // a hash alone only scrolls
      return;
    }
    setBusy(form, null);
    showErrors(form, answer.errors || [answer.detail || `The server answered ${request.status}.`]);
  }

  document.addEventListener("submit", (event) => {
    const form = formOf(event.target);
    if (!form || event.target !== form || event.defaultPrevented) return;
    event.preventDefault();
    if (running.has(form)) return;
    if (!input(form).files.length) return showErrors(form, ["Choose a file first, or drop one here."]);
    showErrors(form, []);
    const request = new XMLHttpRequest(); // fetch does not tell how much is sent
    request.upload.addEventListener("progress", (sent) => showProgress(form, sent.loaded, sent.total));
    request.addEventListener("load", () => answered(form, request));
    request.addEventListener("error", () => {
      setBusy(form, null);
      showErrors(form, ["The connection broke; nothing of this upload was stored. Try again."]);
    });
    request.addEventListener("abort", () => { setBusy(form, null); showErrors(form, ["Stopped; nothing was stored."]); });
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    setBusy(form, request);
    request.send(new FormData(form));
  });

  /* --- words that only make sense with script */
  function setUp(root) {
    root.querySelectorAll("[data-tom-upload-hint]").forEach((hint) => { hint.hidden = false; });
  }
  document.addEventListener("htmx:afterSettle", (event) => setUp(event.target.parentElement || document));
  setUp(document);
})();
