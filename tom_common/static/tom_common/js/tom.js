/* What every page can do with script: theme, menus, copying, times, messages, the keys of the page.
   Nothing here is needed for a list or a form to work. Lists have lists.js. */
(function () {
  "use strict";
  const TOM = (window.TOM = window.TOM || {});
  const keys = [];

  /* --- keys: other scripts add theirs with TOM.addKey; `?` shows all that do something on this page. */
  TOM.addKey = function (key, help, action, isUsable) {
    keys.push({ key, help, action, isUsable: isUsable || (() => true) });
  };

  function isTyping(element) {
    return Boolean(element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"));
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return closeMenus(null);
    if (isTyping(event.target) || document.querySelector("dialog[open], .modal.show")) return;
    const found = keys.find((entry) => entry.key === event.key && entry.isUsable());
    if (found && found.action(event) !== false) event.preventDefault();
  });

  const search = () => document.getElementById("tom-search");
  TOM.addKey("/", "Search targets", () => { search().focus(); search().select(); }, () => Boolean(search()));
  TOM.addKey("?", "Show the keys of this page", showKeys);
  TOM.addKey("e", "Edit", () => { editLink().click(); }, () => Boolean(editLink()));
  const editLink = () => document.querySelector("[data-tom-edit]");

  function showKeys() {
    document.getElementById("tom-keys")?.remove();
    const dialog = make("dialog", { id: "tom-keys", class: "tom-dialog", "aria-labelledby": "tom-keys-title" });
    dialog.append(make("h2", { id: "tom-keys-title", class: "h5" }, "Keys of this page"));
    const list = make("dl", { class: "tom-keys" });
    for (const entry of keys.filter((candidate) => candidate.isUsable())) {
      list.append(make("dt", {}, make("kbd", {}, entry.key)), make("dd", {}, entry.help));
    }
    const form = make("form", { method: "dialog" });
    form.append(make("button", { class: "btn btn-outline-secondary" }, "Close"));
    dialog.append(list, form);
    const before = document.activeElement;
    dialog.addEventListener("close", () => { dialog.remove(); before?.focus?.(); });
    document.body.append(dialog);
    dialog.showModal();
  }

  /* --- small helpers that the other scripts share */
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  TOM.make = make;

  /** Show a short message at the corner of the page; it goes after six seconds unless it tells of an error. */
  TOM.toast = function (text, { isError = false } = {}) {
    const corner = document.getElementById("tom-toasts");
    if (!corner) return;
    const toast = make("div", { class: isError ? "tom-toast is-bad" : "tom-toast" }, text);
    const close = make("button", { type: "button", class: "btn-close btn-sm float-end ms-2", "aria-label": "Close this message" });
    close.addEventListener("click", () => toast.remove());
    toast.prepend(close);
    corner.append(toast);
    if (!isError) setTimeout(() => toast.remove(), 6000);
  };

  /* --- theme */
  function setUpTheme() {
    const item = document.getElementById("tom-theme");
    if (!item || !TOM.applyTheme) return;
    item.hidden = false;
    const buttons = item.querySelectorAll("[data-tom-theme-choice]");
    const mark = () => buttons.forEach((button) => {
      button.setAttribute("aria-checked", String(button.dataset.tomThemeChoice === document.documentElement.dataset.tomTheme));
    });
    buttons.forEach((button) => button.addEventListener("click", (event) => {
      event.preventDefault();
      const choice = button.dataset.tomThemeChoice;
      const secure = location.protocol === "https:" ? "; Secure" : "";
      document.cookie = `theme=${choice}; Path=/; Max-Age=${choice ? 31536000 : 0}; SameSite=Lax${secure}`;
      TOM.applyTheme(choice);
      mark();
      closeMenus(null);
      if (button.form) keepTheme(button.form, choice);
    }));
    mark();
  }

  /** Write the choice into the profile of the user, so that it holds on other devices too. */
  function keepTheme(form, choice) {
    const body = new FormData(form);
    body.delete("next"); // no page is asked for
    body.set("theme", choice);
    fetch(form.action, { method: "POST", body, redirect: "error" }).then(
      (answer) => { if (!answer.ok) throw new Error(String(answer.status)); },
    ).catch(() => TOM.toast("The theme holds in this browser only: your profile could not be changed.", { isError: true }));
  }

  /* --- menus made of <details>: one open at a time, closed by Escape or a click elsewhere */
  function closeMenus(except) {
    document.querySelectorAll("details.tom-menu[open]").forEach((menu) => {
      if (menu === except) return;
      const hadFocus = menu.contains(document.activeElement);
      menu.open = false;
      if (hadFocus) menu.querySelector("summary").focus();
    });
  }
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.tom-menu")));

  /* --- copy buttons */
  async function copyText(text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = make("textarea", { class: "visually-hidden", readonly: "" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy"); // the only way on plain http
    area.remove();
    if (!done) throw new Error("the browser refused");
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tom-copy]");
    if (!button) return;
    copyText(button.dataset.tomCopy).then(
      () => {
        button.classList.add("is-done");
        TOM.toast(`Copied: ${button.dataset.tomCopy}`);
        button.focus();
        setTimeout(() => button.classList.remove("is-done"), 2000);
      },
      () => TOM.toast(`The browser did not allow copying. Mark it and copy by hand: ${button.dataset.tomCopy}`, { isError: true }),
    );
  });

  /* --- times: UTC is shown; the title adds age and local time when it is asked for */
  function age(milliseconds) {
    const seconds = Math.abs(milliseconds) / 1000;
    const steps = [[60, "s", 1], [3600, "min", 60], [86400, "h", 3600], [Infinity, "d", 86400]];
    const [, unit, size] = steps.find(([limit]) => seconds < limit);
    const words = `${Math.round(seconds / size)} ${unit}`;
    return milliseconds >= 0 ? `${words} ago` : `in ${words}`;
  }
  function explainTime(event) {
    const element = event.target.closest?.("time[data-tom-time]");
    if (!element) return;
    const when = new Date(element.dateTime);
    if (Number.isNaN(when.getTime())) return;
    element.dataset.tomMjd = element.dataset.tomMjd || element.title;
    element.title = [element.dataset.tomMjd, age(Date.now() - when), when.toLocaleString()].filter(Boolean).join(" · ");
  }
  document.addEventListener("pointerover", explainTime);
  document.addEventListener("focusin", explainTime);

  /* --- htmx: focus follows the swap, errors are told, and the Enter key needs no evaluated filter */
  document.addEventListener("htmx:beforeProcessNode", (event) => {
    for (const element of [event.target, ...event.target.querySelectorAll("[hx-trigger*='keyCode==13']")]) {
      const trigger = element.getAttribute?.("hx-trigger");
      if (trigger?.includes("[keyCode==13]")) {
        element.setAttribute("hx-trigger", trigger.replace(/key(?:up|down|press)\[keyCode==13\]/g, "tom:enter"));
      }
    }
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === "Enter") event.target.dispatchEvent(new CustomEvent("tom:enter", { bubbles: true }));
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const fresh = event.detail.elt; // what was swapped in
    const wanted = fresh.matches?.("[autofocus], #form-errors") ? fresh : fresh.querySelector?.("[autofocus], #form-errors");
    const place = fresh.closest?.("[data-tom-focus]");
    const focused = document.activeElement;
    if (wanted) wanted.focus();
    else if (place && (focused === document.body || focused.id === "main")) { // what had the focus is gone
      place.setAttribute("tabindex", "-1");
      place.focus({ preventScroll: true });
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    const words = status === 403 ? "you may not do this" : status === 404 ? "it is not there any more" : `the server answered ${status}`;
    TOM.toast(`That did not work: ${words}.`, { isError: true });
  });
  document.addEventListener("htmx:sendError", () => {
    TOM.toast("The server cannot be reached. What you see may be old; try again in a moment.", { isError: true });
  });
  document.addEventListener("toast", (event) => { // from a HX-Trigger header: {"toast": {"text": "..."}}
    if (event.detail?.text) TOM.toast(event.detail.text, { isError: Boolean(event.detail.error) });
  });

  /* --- the sticky index of a page marks the section in view */
  function setUpIndex() {
    const links = new Map();
    document.querySelectorAll(".tom-index a[href^='#']").forEach((link) => {
      const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
      if (section) links.set(section, link);
    });
    if (!links.size) return;
    const seen = new Set();
    const observer = new IntersectionObserver((entries) => {
      entries.forEach((entry) => (entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target)));
      const first = [...links.keys()].find((section) => seen.has(section));
      links.forEach((link, section) => {
        if (section === first) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      });
    }, { rootMargin: "-110px 0px -50% 0px" });
    links.forEach((_, section) => observer.observe(section));
    const tab = new URLSearchParams(location.search).get("tab");
    const asked = tab && document.getElementById(tab);
    if (asked) asked.scrollIntoView();
  }

  setUpTheme();
  setUpIndex();
})();
