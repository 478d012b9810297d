/* Light curves: the menus for corrections (dust, distance), periods, and where points are from. */
(function () {
  "use strict";
  const make = window.TOM.make;
  const LAWS = [["F99", "Fitzpatrick 1999"], ["CCM89", "Cardelli et al. 1989"], ["O94", "O'Donnell 1994"]];
  const DISTANCES = [["z", "Redshift z"], ["pc", "Distance (pc)"], ["plx", "Parallax (mas)"], ["mu", "m − M (mag)"]];
  let lastId = 0;

  function menu(label, ...children) {
    const panel = make("div", { class: "tom-menu-panel light-curve-panel" }, ...children);
    return make("details", { class: "tom-menu" }, make("summary", { class: "btn btn-outline-secondary btn-sm" }, label), panel);
  }
  function input(label, attributes = {}) {
    const id = `light-curve-field-${(lastId += 1)}`;
    const field = make("input", { class: "form-control", id, type: "number", step: "any", ...attributes });
    return { field, row: make("div", { class: "light-curve-field" }, make("label", { for: id }, label), field) };
  }
  function choice(label, options, chosen) {
    const id = `light-curve-field-${(lastId += 1)}`;
    const field = make("select", { class: "form-select", id });
    for (const [value, text] of options) field.append(make("option", { value, ...(value === chosen && { selected: "" }) }, text));
    return { field, row: make("div", { class: "light-curve-field" }, make("label", { for: id }, label), field) };
  }
  const show = (field, value) => { field.value = value === undefined || value === null ? "" : value; };
  const valueOf = (field) => (field.value === "" || !Number.isFinite(field.valueAsNumber) ? undefined : field.valueAsNumber);

  /* --- corrections: asked of the server, which knows laws and cosmology */
  class Corrections {
    constructor(plot) {
      this.plot = plot;
      this.error = make("p", { class: "light-curve-panel-error", role: "alert" });
      this.known = make("div", { class: "light-curve-known" });
      this.ebv = input("E(B−V) (mag)", { min: "0", placeholder: "not corrected" });
      this.law = choice("Law", LAWS, plot.corrections.law);
      this.rv = input("R_V", { min: "2", max: "6", placeholder: "3.1" });
      this.by = choice("Distance by", DISTANCES, plot.corrections.by || "z");
      this.distance = input("Its value", { placeholder: "not known" });
      this.h0 = input("H0 (km/s/Mpc)", { placeholder: "70" });
      this.om = input("Omega matter (flat)", { placeholder: "0.3" });
      const fieldset = (legend, ...rows) => make("fieldset", {}, make("legend", {}, legend), ...rows);
      this.dust = make("div");
      this.menu = menu("Correct",
        fieldset("Dust of the Milky Way", this.ebv.row, this.law.row, this.rv.row, this.dust),
        fieldset("Distance, for absolute magnitudes", this.by.row, this.distance.row, this.h0.row, this.om.row), this.known, this.error);
      for (const { field } of [this.ebv, this.law, this.rv, this.by, this.distance, this.h0, this.om]) {
        field.addEventListener("change", () => this.take());
      }
      this.fill();
    }

    fill() {
      const { corrections } = this.plot;
      show(this.ebv.field, corrections.ebv);
      this.law.field.value = corrections.law || "F99";
      show(this.rv.field, corrections.rv);
      this.by.field.value = corrections.by || "z";
      show(this.distance.field, corrections.distance);
      show(this.h0.field, corrections.h0);
      show(this.om.field, corrections.om);
      this.h0.row.hidden = this.om.row.hidden = this.by.field.value !== "z";
    }

    take() {
      const corrections = { ebv: valueOf(this.ebv.field), law: this.law.field.value, rv: valueOf(this.rv.field), by: this.by.field.value, distance: valueOf(this.distance.field), h0: valueOf(this.h0.field), om: valueOf(this.om.field) };
      this.h0.row.hidden = this.om.row.hidden = corrections.by !== "z";
      this.plot.correct(corrections);
    }

    /** What is known of the target, as buttons that fill the fields in. */
    showKnown() {
      const { about, element } = this.plot;
      const rows = [];
      const offer = (text, words, values) => {
        const button = make("button", { type: "button", class: "btn btn-link btn-sm p-0" }, text);
        button.addEventListener("click", () => { this.plot.correct({ ...this.plot.corrections, ...values }); this.fill(); });
        rows.push(make("li", {}, button, ` ${words}`));
      };
      for (const one of about.excesses) offer(`E(B−V) ${one.value}`, one.words, { ebv: one.value });
      for (const one of about.distances) {
        const words = DISTANCES.find(([kind]) => kind === one.kind)[1];
        offer(`${words} ${one.value}`, one.words, { by: one.kind, distance: one.value });
      }
      this.known.replaceChildren(...(rows.length ? [make("p", {}, "Known of this target:"), make("ul", {}, ...rows)] : []));
      this.dust.replaceChildren();
      const { dustUrl } = element.dataset;
      if (about.may_fetch_dust && dustUrl) {
        const button = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm" }, about.dust.is_running ? "Asking IRSA …" : "Ask IRSA");
        button.disabled = about.dust.is_running;
        button.addEventListener("click", () => this.askForDust(dustUrl, button));
        this.dust.append(button);
        if (about.dust.error) this.dust.append(make("p", { class: "light-curve-panel-error" }, about.dust.error));
        if (about.dust.job_url) this.dust.append(" ", make("a", { href: about.dust.job_url }, "the job"));
      }
    }

    async askForDust(url, button) {
      button.disabled = true;
      button.textContent = "Asking IRSA …";
      try {
        await window.TOM.lightCurveNotes.post(url);
        for (let tries = 0; tries < 45; tries += 1) {
          await this.plot.loadAbout();
          if (!this.plot.about.dust.is_running) return;
          await new Promise((resolve) => { setTimeout(resolve, 2000); });
        }
      } catch (problem) {
        this.error.textContent = problem.message;
        this.showKnown();
      }
    }
  }

  /** Ask for extinction per band and distance modulus; gives {extinction, distance}, or throws with words. */
  async function fetchCorrections(url, bands, corrections) {
    const query = new URLSearchParams();
    if (corrections.ebv !== undefined) {
      query.set("ebv", corrections.ebv);
      query.set("law", corrections.law || "F99");
      if (corrections.rv !== undefined) query.set("rv", corrections.rv);
      bands.forEach((band) => query.append("band", band));
    }
    if (corrections.distance !== undefined) {
      query.set(corrections.by || "z", corrections.distance);
      if (corrections.h0 !== undefined) query.set("h0", corrections.h0);
      if (corrections.om !== undefined) query.set("om", corrections.om);
    }
    if (!query.size) return { extinction: null, distance: null };
    const reply = await fetch(`${url}?${query}`);
    const said = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new Error(said.error || `The server answered ${reply.status}.`);
    return { extinction: corrections.ebv === undefined ? null : said.extinction, distance: corrections.distance === undefined ? null : said.distance };
  }

  /** What the plot is corrected by, in words that stand under it. */
  function correctionWords(plot) {
    const { applied, settings, curve, view } = plot;
    const words = [];
    if (applied.extinction) {
      const { ebv, law_words: law, rv, a } = applied.extinction;
      const shown = new Set(Array.from(view.point, (i) => curve.band[i]));
      const names = window.TOM.lightCurveData.sortedBands(curve.bands.filter((_, index) => shown.has(index)));
      const done = names.filter((name) => a[name] !== null && a[name] !== undefined);
      const not = names.filter((name) => !done.includes(name));
      words.push(`Corrected for dust of the Milky Way: E(B−V) = ${ebv} mag, law of ${law}, R_V = ${rv}` +
        `${done.length ? ` (${done.slice(0, 8).map((name) => `A_${name} ${a[name].toFixed(2)}`).join(", ")} mag)` : ""}.${not.length ? ` Not corrected, since their wavelength is not known: ${not.join(", ")}.` : ""}`);
    }
    if (settings.y === "abs" && applied.distance) {
      const { modulus, error, how } = applied.distance;
      words.push(`Absolute magnitudes: m − M = ${modulus.toFixed(2)}${error ? ` ± ${error.toFixed(2)}` : ""} mag from ${how.replace("Omega_m", "Ω_m")}; no K-correction.`);
    }
    return words.join(" ");
  }

  /* --- where points are from: a box for each source and each version of the reduction */
  function originsMenu(plot) {
    const { curve, settings } = plot;
    const groups = [];
    const add = (legend, names, column, hidden) => {
      if (names.length < 2) return;
      const counts = new Array(names.length).fill(0);
      column.forEach((code) => { counts[code] += 1; });
      const boxes = names.map((name, index) => {
        const box = make("input", { type: "checkbox", class: "form-check-input" });
        box.checked = !hidden.has(name);
        box.addEventListener("change", () => { if (box.checked) hidden.delete(name); else hidden.add(name); plot.change({}); });
        return make("label", { class: "light-curve-box" }, box, ` ${name || "no name"} `, make("span", { class: "light-curve-count" }, String(counts[index])));
      });
      groups.push(make("fieldset", {}, make("legend", {}, legend), ...boxes));
    };
    add("Sources", curve.sources, curve.source, settings.hiddenSources);
    add("Versions of the reduction", curve.versions, curve.version, settings.hiddenVersions);
    if (plot.about.has_versions || settings.superseded) {
      const box = make("input", { type: "checkbox", class: "form-check-input" });
      box.checked = settings.superseded;
      box.addEventListener("change", () => { settings.superseded = box.checked; plot.load(); });
      groups.push(make("label", { class: "light-curve-box" }, box, " Points that a newer reduction supersedes"));
    }
    return groups.length ? menu("Sources", ...groups) : null;
  }

  /* --- periods */
  function periodsMenu(plot) {
    const { about, element } = plot;
    const rows = about.periods.map((one) => {
      const button = make("button", { type: "button", class: "dropdown-item" }, `${Number(one.period_d.toPrecision(8))} d `, make("span", { class: "light-curve-count" }, one.words));
      button.addEventListener("click", () => { panel.open = false; plot.change({ period: one.period_d, epoch: one.epoch_mjd || 0 }); plot.parts.fillTools(); plot.parts.showState(); });
      return button;
    });
    const { periodsUrl } = element.dataset;
    if (periodsUrl) rows.push(make("a", { class: "dropdown-item", href: periodsUrl }, about.periods.length ? "All searches, and another" : "Look for a period"));
    const panel = menu("Periods", ...rows);
    return rows.length ? panel : null;
  }

  window.TOM.lightCurveTools = { Corrections, fetchCorrections, correctionWords, originsMenu, periodsMenu };
})();
