/* Triage by keyboard: decisions are sent in the background, and the next card is there already. Without script the forms of the page do the same. */
(function () {
  "use strict";
  const TOM = window.TOM;
  const place = document.getElementById("triage-card");
  const queue = document.getElementById("triage-queue");
  const undoForm = document.getElementById("triage-undo");
  document.getElementById("triage-choice")?.addEventListener("change", (event) => event.currentTarget.submit());
  if (!place || !queue) {
    TOM.addKey("u", "Undo the last decision", () => undoForm.requestSubmit(), () => Boolean(undoForm) && !undoForm.querySelector("button").disabled);
    return;
  }
  const cards = new Map(); // key of a candidate: promise of its card as text
  const curves = new Set();
  let isBusy = false;

  let chosenList = null; // by hand, for the candidates to come

  /** Say what was done, in the place of what was said before: quick decisions pile up no notes. */
  function tell(text) {
    document.querySelectorAll("#tom-toasts .tom-toast:not(.is-bad)").forEach((toast) => toast.remove());
    TOM.toast(text);
  }
  function keepList() {
    const list = document.getElementById("candidate-list");
    if (!list || chosenList === null) return;
    if (![...list.options].some((option) => option.value === chosenList.value)) list.append(new Option(chosenList.text, chosenList.value));
    list.value = chosenList.value;
  }

  const rows = () => [...queue.querySelectorAll("li")];
  const current = () => queue.querySelector("li.is-current");
  const isOpen = (row) => !row.classList.contains("is-decided");

  function cardOf(row) {
    const key = row.dataset.candidate;
    if (!cards.has(key)) {
      const found = fetch(row.dataset.card, { headers: { "X-Requested-With": "fetch" } }).then((reply) => {
        if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
        return reply.text();
      });
      found.catch(() => cards.delete(key));
      cards.set(key, found);
    }
    return cards.get(key);
  }

  /** Fetch the card behind the one that is shown, with its images and its points. */
  function preload() {
    const all = rows();
    const next = all.slice(all.indexOf(current()) + 1).find(isOpen);
    if (!next) return;
    cardOf(next).then((text) => {
      const card = new DOMParser().parseFromString(text, "text/html");
      card.querySelectorAll("img").forEach((image) => { new Image().src = image.getAttribute("src"); });
      const url = card.querySelector(".light-curve")?.dataset.url;
      if (url && !curves.has(url)) { curves.add(url); fetch(url).catch(() => curves.delete(url)); }
    }, () => undefined);
  }

  async function show(row) {
    if (!row) return;
    current()?.classList.remove("is-current");
    queue.querySelector("[aria-current]")?.removeAttribute("aria-current");
    row.classList.add("is-current");
    row.querySelector("a").setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
    try {
      const text = await cardOf(row);
      if (current() !== row) return; // somebody was quicker
      place.innerHTML = text;
      keepList();
      window.htmx.process(place);
      place.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: place } }));
      document.getElementById("candidate-name").focus({ preventScroll: true });
      preload();
    } catch (error) {
      TOM.toast(`The candidate cannot be shown: ${error.message}.`, { isError: true });
    }
  }

  function step(by) {
    const all = rows();
    show(all[all.indexOf(current()) + by]);
  }
  function nextOpen() {
    const all = rows();
    const at = all.indexOf(current());
    return all.slice(at + 1).find(isOpen) || all.slice(0, at).find(isOpen);
  }

  async function send(url, data) {
    const reply = await fetch(url, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" } });
    const isJson = reply.headers.get("Content-Type")?.startsWith("application/json");
    if (!isJson) throw new Error(`the server answered ${reply.status}`);
    const told = await reply.json();
    if (!reply.ok) throw Object.assign(new Error(told.text), { isForestalled: reply.status === 409 });
    return told;
  }

  async function decide(form, button) {
    if (isBusy) return;
    const data = new FormData(form);
    if (button.name === "rejected_as") {
      data.set("state", "rejected");
      data.set("reason", button.value);
    } else data.set("state", button.value);
    if (data.get("state") === "rejected" && !data.get("reason").trim()) {
      document.getElementById("candidate-reason").focus();
      TOM.toast("Say why it is rejected: choose a reason or write one.", { isError: true });
      return;
    }
    isBusy = true;
    const row = current();
    try {
      const told = await send(form.action, data);
      tell(told.text);
      if (row) { row.classList.add("is-decided"); cards.delete(row.dataset.candidate); }
      undoForm.querySelector("button").disabled = false;
      const next = nextOpen();
      if (next) await show(next);
      else window.location.reload(); // the next of the queue, or that there is none
    } catch (error) {
      TOM.toast(`Not done: ${error.message}`, { isError: true });
      if (error.isForestalled && row) { // the card says what a colleague has decided meanwhile
        cards.delete(row.dataset.candidate);
        await show(row);
        if (!place.querySelector(".tom-candidate-actions")) row.classList.add("is-decided");
      }
    } finally {
      isBusy = false;
    }
  }

  async function undo() {
    if (isBusy) return;
    isBusy = true;
    try {
      const told = await send(undoForm.action, new FormData(undoForm));
      tell(told.text);
      const row = rows().find((one) => one.dataset.candidate === String(told.candidate));
      if (!row) return window.location.reload();
      row.classList.remove("is-decided");
      cards.clear();
      await show(row);
    } catch (error) {
      TOM.toast(`Not undone: ${error.message}`, { isError: true });
    } finally {
      isBusy = false;
    }
  }

  document.addEventListener("submit", (event) => {
    if (event.target === undoForm) { event.preventDefault(); undo(); }
    if (event.target.matches(".tom-candidate-actions")) { event.preventDefault(); decide(event.target, event.submitter); }
  });
  place.addEventListener("change", (event) => {
    if (event.target.id !== "candidate-list") return;
    const { value, text } = event.target.selectedOptions[0];
    chosenList = { value, text };
    document.getElementById("candidate-name").focus({ preventScroll: true }); // the keys are for decisions again
  });
  queue.addEventListener("click", (event) => {
    const row = event.target.closest("a") && event.target.closest("li");
    if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(row);
  });

  const button = (key) => place.querySelector(`[data-key="${key}"]:not(:disabled)`);
  const press = (key) => button(key).form.requestSubmit(button(key));
  TOM.addKey("s", "Save: a target, on the chosen list", () => press("s"), () => Boolean(button("s")));
  TOM.addKey("d", "Defer", () => press("d"), () => Boolean(button("d")));
  for (let number = 1; number < 10; number += 1) {
    const key = String(number);
    if (button(key)) TOM.addKey(key, `Reject: ${button(key).value}`, () => press(key), () => Boolean(button(key)));
  }
  TOM.addKey("r", "Reject for another reason", () => document.getElementById("candidate-reason").focus(), () => Boolean(document.getElementById("candidate-reason")));
  TOM.addKey("u", "Undo the last decision", () => { undo(); }, () => !undoForm.querySelector("button").disabled);
  TOM.addKey("j", "Next candidate", () => step(1));
  TOM.addKey("k", "Previous candidate", () => step(-1));
  preload();
})();
