/* Light curves: the elements around the plot (tools, summary, tip of a point, states) and what a user does with them. */
(function () {
  "use strict";
  const data = window.TOM.lightCurveData;
  const draw = window.TOM.lightCurveDraw;
  const tools = window.TOM.lightCurveTools;
  const make = window.TOM.make;
  const SVG = "http://www.w3.org/2000/svg";
  let lastId = 0;

  function bandPicture(name) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "light-curve-shape");
    svg.setAttribute("viewBox", "-8 -8 16 16");
    svg.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", draw.markerPath(data.bandStyle(name).shape, 5));
    svg.append(path);
    return svg;
  }

  function select(label, options, chosen, onChange) {
    const element = make("select", { class: "form-select", "aria-label": label });
    for (const [value, text] of options) element.append(make("option", { value, ...(value === chosen && { selected: "" }) }, text));
    element.addEventListener("change", () => onChange(element.value));
    return element;
  }

  class Parts {
    constructor(plot) {
      this.plot = plot;
      this.root = plot.element;
      const id = `light-curve-${(lastId += 1)}`;
      this.tools = make("div", { class: "light-curve-tools" });
      this.actions = make("div", { class: "light-curve-actions" });
      this.plotPlace = make("div", {
        class: "light-curve-plot", tabindex: "0", role: "application", "aria-roledescription": "plot",
        "aria-label": "Light curve. Left and right arrow keys step through the points, plus and minus zoom, 0 shows all, Enter tells of a point and takes a note.",
        "aria-describedby": `${id}-summary`,
      });
      this.tip = make("div", { class: "light-curve-tip", hidden: "" });
      this.ring = make("div", { class: "light-curve-ring", hidden: "" });
      this.summary = make("p", { class: "light-curve-summary", id: `${id}-summary` }, "Loading the light curve …");
      this.said = make("div", { class: "visually-hidden", "aria-live": "polite" });
      this.corrections = new tools.Corrections(plot);
      this.periodsPlace = make("div", { class: "light-curve-place" });
      this.originsPlace = make("div", { class: "light-curve-place" });
      const bar = make("div", { class: "light-curve-bar" }, this.tools, this.actions);
      this.root.replaceChildren(bar, this.plotPlace, this.summary, this.said);
      this.root.classList.add("is-loading");
      this.plotPlace.addEventListener("keydown", (event) => this.onKey(event));
      this.plotPlace.addEventListener("focusout", () => plot.choose(-1));
      new ResizeObserver(() => plot.uplot?.setSize(this.size())).observe(this.plotPlace);
    }

    size() { return { width: Math.max(200, this.plotPlace.clientWidth), height: this.plotPlace.clientHeight }; }

    /* --- states */
    showError(reason) {
      this.root.classList.remove("is-loading");
      if (this.plot.uplot) {
        window.TOM.toast(`The light curve could not be read again: ${reason}. What you see is the last one.`, { isError: true });
        return;
      }
      const button = make("button", { type: "button", class: "btn btn-outline-secondary" }, "Try again");
      button.addEventListener("click", () => this.plot.load());
      this.plotPlace.replaceChildren(make("div", { class: "tom-empty" }, make("h3", {}, "The light curve could not be read"), make("p", {}, `Reason: ${reason}.`), button));
      this.summary.textContent = "";
    }

    showCurve() {
      const { curve } = this.plot;
      this.root.classList.remove("is-loading");
      if (!curve.count) return this.showEmpty();
      if (!this.plot.uplot) this.plotPlace.replaceChildren();
      this.fillTools();
      this.fillActions();
      this.summary.replaceChildren(this.summaryText(), ...this.links());
      this.corrections.fill();
    }

    showEmpty() {
      const { emptyUrl, emptyLabel } = this.root.dataset;
      const empty = make("div", { class: "tom-empty" }, make("h3", {}, "No photometry yet"), make("p", {}, "Points appear here as soon as an alert, a file or a service brings them."));
      if (emptyUrl) empty.append(make("a", { class: "btn btn-outline-secondary", href: emptyUrl }, emptyLabel || "Add photometry"));
      this.plotPlace.replaceChildren(empty);
      this.plotPlace.removeAttribute("tabindex");
      this.plotPlace.removeAttribute("role");
      this.plotPlace.removeAttribute("aria-roledescription");
      this.plotPlace.removeAttribute("aria-label");
      this.summary.textContent = "";
    }

    /* --- tools */
    fillTools() {
      const { plot } = this;
      const { curve, settings } = plot;
      const perBand = new Array(curve.bands.length).fill(0);
      curve.band.forEach((band) => { perBand[band] += 1; });
      this.bandButtons = new Map(data.sortedBands(curve.bands).map((name) => {
        const count = perBand[curve.bands.indexOf(name)];
        const button = this.toggle(name, count, `Band ${name}, ${count} points`, () => plot.toggleBand(name));
        button.prepend(bandPicture(name));
        return [name, button];
      }));
      const kindCount = (kind) => curve.kind.reduce((sum, value) => sum + (value === kind), 0);
      this.kindButtons = new Map();
      for (const [setting, label, kind] of [["limits", "Limits", data.LIMIT], ["forced", "Forced", data.FORCED]]) {
        const count = kindCount(kind);
        if (count) this.kindButtons.set(setting, this.toggle(label, count, `${label}, ${count} points`, () => plot.change({ [setting]: !settings[setting] })));
      }
      const group = (label, ...children) => make("div", { class: "light-curve-group", role: "group", "aria-label": label }, ...children);
      this.tools.replaceChildren(
        group("Bands", ...this.bandButtons.values()),
        ...(this.kindButtons.size ? [group("Kinds of points", ...this.kindButtons.values())] : []),
        group("Axes",
          select("Brightness axis", [["mag", "Magnitude"], ["flux", "Flux"], ...(settings.modulus === undefined ? [] : [["abs", "Absolute magnitude"]])], settings.y, (y) => plot.change({ y })),
          select("Time axis", [["mjd", "MJD"], ["utc", "UTC"], ["days", "Days since first point"], ["detection", "Days since first detection"], ["peak", "Days since peak"]], settings.x, (x) => plot.change({ x })),
          this.foldField()),
      );
    }

    toggle(label, count, title, onClick) {
      const button = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm tom-toggle", title }, label);
      button.append(make("span", { class: "light-curve-count", "aria-hidden": "true" }, String(count)));
      button.addEventListener("click", onClick);
      return button;
    }

    foldField() {
      const { plot } = this;
      const field = make("input", { class: "form-control light-curve-period", type: "number", min: "0", step: "any", placeholder: "period, d", "aria-label": "Fold by a period in days" });
      if (plot.settings.period) field.value = plot.settings.period;
      field.addEventListener("change", () => plot.change({ period: field.valueAsNumber > 0 ? field.valueAsNumber : 0 }));
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); field.dispatchEvent(new Event("change")); } });
      return make("label", { class: "light-curve-fold" }, "Fold", field);
    }

    fillActions() {
      const { plot } = this;
      this.resetButton = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm", title: "Show all points (double click, key 0)" }, "Show all");
      this.resetButton.addEventListener("click", () => plot.resetZoom());
      const panel = make("div", { class: "tom-menu-panel" });
      const menu = make("details", { class: "tom-menu" }, make("summary", { class: "btn btn-outline-secondary btn-sm" }, "Save"), panel);
      const item = (text, onClick) => {
        const button = make("button", { type: "button", class: "dropdown-item" }, text);
        button.addEventListener("click", () => { menu.open = false; onClick(); });
        return button;
      };
      const link = (text, href) => make("a", { class: "dropdown-item", href, download: "" }, text);
      panel.append(item("Plot as PNG", () => window.TOM.lightCurveSave.png(plot)), item("Plot as SVG", () => window.TOM.lightCurveSave.svg(plot)));
      panel.append(item("Shown points as CSV", () => window.TOM.lightCurveSave.csv(plot)));
      const { csvUrl, url, exportUrl } = this.root.dataset;
      if (csvUrl) panel.append(link("Data as CSV", csvUrl));
      panel.append(link("Data as JSON", url));
      if (exportUrl) panel.append(make("a", { class: "dropdown-item", href: exportUrl }, "More formats"));
      const { correctionsUrl } = this.root.dataset;
      const menus = [...(correctionsUrl ? [this.corrections.menu] : []), this.periodsPlace, this.originsPlace];
      this.fillMenus();
      this.actions.replaceChildren(...menus, this.resetButton, menu);
    }
    /** The menus whose entries depend on what came: a menu that is open stays so. */
    fillMenus() {
      for (const [place, made] of [[this.periodsPlace, tools.periodsMenu(this.plot)], [this.originsPlace, tools.originsMenu(this.plot)]]) {
        const wasOpen = place.querySelector("details")?.open;
        if (made && wasOpen) made.open = true;
        place.replaceChildren(...(made ? [made] : []));
      }
    }

    /* --- what is known of the target, which comes after the points */
    showAbout() {
      this.corrections.showKnown();
      this.fillMenus();
      this.showState();
    }
    showAboutError(reason) {
      window.TOM.toast(`Notes and what is known of this target could not be read: ${reason}.`, { isError: true });
    }
    showCorrectionError(text) { this.corrections.error.textContent = text; }

    /** Make buttons and their colours say what the settings are. */
    showState() {
      if (!this.bandButtons) return;
      const { settings, curve, palette, zoom } = this.plot;
      this.bandButtons.forEach((button, name) => {
        const colours = draw.bandColours(palette, name, curve.bands.indexOf(name));
        button.setAttribute("aria-pressed", String(!settings.hiddenBands.has(name)));
        const path = button.querySelector("path");
        path.setAttribute("fill", colours.fill);
        path.setAttribute("stroke", colours.edge);
      });
      this.kindButtons.forEach((button, setting) => button.setAttribute("aria-pressed", String(settings[setting])));
      this.resetButton.disabled = !zoom;
      if (this.plot.view) this.summary.replaceChildren(this.summaryText(), " ", make("strong", {}, tools.correctionWords(this.plot)), ...this.links());
      this.showPoint(this.plot.chosen, false);
    }

    /* --- words instead of the picture */
    summaryText() {
      const { curve } = this.plot;
      const count = (kind) => curve.kind.reduce((sum, value) => sum + (value === kind), 0);
      const some = (number, one, many) => (number ? [`${number} ${number === 1 ? one : many}`] : []);
      const kinds = [
        ...some(count(data.DETECTION), "detection", "detections"),
        ...some(count(data.LIMIT), "limit", "limits"),
        ...some(count(data.FORCED), "forced point", "forced points"),
      ].join(", ");
      const day = (index) => data.utcText(curve.mjd[index]).slice(0, 10);
      const bands = data.sortedBands(curve.bands).join(" ");
      const parts = [`${kinds} in ${bands}, ${day(0)} to ${day(curve.count - 1)}.`];
      let brightest = -1, newest = -1;
      for (let i = 0; i < curve.count; i += 1) {
        if (Number.isNaN(curve.mag[i])) continue;
        if (!curve.negative[i] && (brightest < 0 || curve.mag[i] < curve.mag[brightest])) brightest = i;
        newest = i;
      }
      const sign = (i) => (curve.negative[i] ? ", fainter than the reference" : "");
      const measured = (i) => `${curve.bands[curve.band[i]]} ${data.withError(curve.mag[i], curve.magErr[i])} mag (${data.utcText(curve.mjd[i])} UTC${sign(i)})`;
      if (brightest >= 0) parts.push(`Brightest: ${measured(brightest)}.`);
      if (newest >= 0) parts.push(`Newest: ${measured(newest)}.`);
      return parts.join(" ");
    }
    links() {
      const { table, notesUrl } = this.root.dataset;
      const count = this.plot.about.notes.length;
      const notes = notesUrl && count ? [", ", make("a", { href: notesUrl }, `${count} ${count === 1 ? "note" : "notes"} on points`)] : [];
      return table ? [" ", make("a", { href: table }, "All points as a table"), ...notes] : notes;
    }

    /* --- the chosen point */
    showPoint(row, say) {
      const { plot } = this;
      const isShown = row >= 0 && plot.uplot;
      this.tip.hidden = this.ring.hidden = !isShown;
      if (!isShown) return;
      const { band, value, when, what, notes } = plot.describe(row);
      this.tip.replaceChildren(make("strong", {}, `${band} ${value}`), make("span", {}, when), make("span", {}, what), ...notes.map((text) => make("em", {}, text)));
      this.placeRing();
      if (say) this.said.textContent = [`${band} ${value}`, when, what, ...notes].join(", ");
    }
    placeRing() {
      const { uplot, view, chosen } = this.plot;
      if (!uplot || chosen < 0 || this.ring.hidden) return;
      if (!this.ring.isConnected) uplot.over.append(this.ring, this.tip);
      const x = uplot.valToPos(view.x[chosen], "x"), y = uplot.valToPos(view.y[chosen], "y");
      this.ring.style.transform = `translate(${x}px, ${y}px)`;
      const width = uplot.over.clientWidth, height = uplot.over.clientHeight;
      const left = x + 14 + this.tip.offsetWidth > width ? Math.max(0, Math.min(x - 14 - this.tip.offsetWidth, width - this.tip.offsetWidth)) : x + 14;
      const top = Math.max(0, y + 14 + this.tip.offsetHeight > height ? y - 14 - this.tip.offsetHeight : y + 14);
      this.tip.style.transform = `translate(${left}px, ${top}px)`;
    }

    onKey(event) {
      const { plot } = this;
      if (!plot.view?.count || event.ctrlKey || event.metaKey || event.altKey) return;
      const actions = {
        ArrowRight: () => plot.step(1), ArrowLeft: () => plot.step(-1), Home: () => plot.step(-Infinity), End: () => plot.step(Infinity),
        "+": () => plot.zoomBy(0.5), "=": () => plot.zoomBy(0.5), "-": () => plot.zoomBy(2), 0: () => plot.resetZoom(), Escape: () => plot.choose(-1),
        ...(plot.chosen >= 0 && { Enter: () => window.TOM.lightCurveNotes.open(plot, plot.chosen), n: () => window.TOM.lightCurveNotes.open(plot, plot.chosen) }),
      };
      if (!actions[event.key]) return;
      actions[event.key]();
      event.preventDefault();
      event.stopPropagation();
    }
  }

  window.TOM.lightCurveParts = (plot) => new Parts(plot);
})();
