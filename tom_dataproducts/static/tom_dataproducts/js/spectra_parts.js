/* Spectra, fourth of five: the elements around the plot: tools, sliders, line lists, legend, what stands under the pointer. */
(function () {
  "use strict";
  const views = window.TOM.spectraView;
  const draw = window.TOM.spectraDraw;
  const make = window.TOM.make;
  const SVG = "http://www.w3.org/2000/svg";
  const FRAMES = [["observed", "Observed"], ["rest", "Rest frame"]];
  let lastId = 0;

  const options = (names) => names.map((name) => [name, name]);
  const group = (label, ...children) => make("div", { class: "spectra-group", role: "group", "aria-label": label }, ...children);

  class Parts {
    constructor(plot) {
      this.plot = plot;
      const id = `spectra-${(lastId += 1)}`;
      this.id = id;
      this.tools = make("div", { class: "spectra-tools" });
      this.sliders = make("div", { class: "spectra-tools" });
      this.lineTools = make("div", { class: "spectra-tools" });
      this.plotPlace = make("div", {
        class: "spectra-plot", tabindex: "0", role: "application", "aria-roledescription": "plot", "aria-describedby": `${id}-summary`,
        "aria-label": "Spectra. Left and right arrow keys move along the wavelength, plus and minus zoom, 0 shows all.",
      });
      this.legend = make("ul", { class: "spectra-legend", "aria-label": "Spectra" });
      this.summary = make("p", { class: "spectra-summary", id: `${id}-summary` }, "Loading the spectra …");
      this.said = make("div", { class: "visually-hidden", "aria-live": "polite" });
      plot.element.replaceChildren(this.tools, this.sliders, this.lineTools, this.plotPlace, this.summary, this.legend, this.said);
      this.plotPlace.addEventListener("keydown", (event) => this.onKey(event));
      new ResizeObserver(() => plot.uplot?.setSize(this.size())).observe(this.plotPlace);
    }

    size() { return { width: Math.max(200, this.plotPlace.clientWidth), height: this.plotPlace.clientHeight }; }

    showError(reason) {
      if (this.plot.uplot) {
        window.TOM.toast(`The spectra could not be read: ${reason}. What you see is what was there before.`, { isError: true });
        return;
      }
      const button = make("button", { type: "button", class: "btn btn-outline-secondary" }, "Try again");
      button.addEventListener("click", () => this.plot.load(this.plot.settings.show));
      this.plotPlace.replaceChildren(make("div", { class: "tom-empty" }, make("h3", {}, "The spectra could not be read"), make("p", {}, `Reason: ${reason}.`), button));
      this.summary.textContent = "";
    }

    showSpectra() {
      if (!this.plot.uplot) this.plotPlace.replaceChildren();
      if (!this.plot.spectra.length) {
        this.plotPlace.replaceChildren(make("div", { class: "tom-empty" }, make("h3", {}, "No spectra yet"), make("p", {}, "They appear here as soon as a file or a service brings one.")));
        this.summary.textContent = "";
        return;
      }
      if (!this.controls) this.fillTools();
      this.fillLegend();
    }

    /* --- tools: each control knows the setting that it shows */
    fillTools() {
      this.controls = new Map();
      const units = (known) => Object.entries(known).map(([key, { name }]) => [key, name]);
      this.tools.replaceChildren(
        group("Wavelength axis", this.select("frame", "Frame", FRAMES), this.select("medium", "Wavelengths in", options(["air", "vacuum"])), this.select("waveUnit", "Unit of wavelength", units(views.WAVE_UNITS))),
        group("Flux axis", this.select("fluxUnit", "Unit of flux", units(views.FLUX_UNITS)), this.select("normalise", "Normalise", [["none", "as measured"], ["median", "by median"], ["peak", "by peak"]])),
        group("Smooth and rebin", this.select("smooth", "Smooth", Object.entries(views.SMOOTHING).map(([key, name]) => [key, key === "none" ? "not smoothed" : name])), this.number("width", "Width", "width of the smoothing, in points or km/s (full width at half maximum for a Gaussian)", 1), this.number("bin", "Bin, Å", "width of bins in Å, 0 for none", 1)),
        group("What is drawn", this.toggle("errors", "Errors"), this.toggle("masked", "Bad points"), this.toggle("telluric", "Telluric")),
        this.actions(),
      );
      this.sliders.replaceChildren(
        this.slider("z", "Redshift z", { min: -0.01, max: Math.max(0.5, (this.plot.settings.z || 0) * 2), step: 0.0001 }),
        this.slider("velocity", "Line velocity, km/s", { min: -30000, max: 5000, step: 50 }),
        this.slider("offset", "Offset", { min: 0, max: 3, step: 0.05 }),
      );
      this.lineTools.replaceChildren(make("span", { class: "text-body-secondary" }, "Lines"), group("Line lists", ...this.plot.lineList.groups.map((name) => this.lineToggle(name))), this.assumed());
    }

    select(setting, label, choices) {
      const element = make("select", { class: "form-select", "aria-label": label, title: label });
      for (const [value, text] of choices) element.append(make("option", { value }, text));
      element.addEventListener("change", () => this.plot.change({ [setting]: element.value }));
      this.controls.set(setting, (value) => { element.value = value; });
      return element;
    }
    number(setting, label, help, step) {
      const [min, max] = views.NUMBERS[setting];
      const element = make("input", { class: "form-control spectra-number", type: "number", min, max, step: "any", "data-step": step, title: help, "aria-label": `${label}: ${help}` });
      element.addEventListener("change", () => {
        const value = element.valueAsNumber;
        if (value >= min && value <= max) this.plot.change({ [setting]: value }); else element.value = this.plot.settings[setting];
      });
      this.controls.set(setting, (value) => { if (document.activeElement !== element) element.value = value; });
      return make("label", { class: "spectra-field" }, label, element);
    }
    slider(setting, label, { min, max, step }) {
      const range = make("input", { class: "form-range", type: "range", min, max, step, "aria-label": label });
      const [least, most] = views.NUMBERS[setting];
      const field = make("input", { class: "form-control spectra-number", type: "number", min: least, max: most, step: "any", "aria-label": `${label}, as a number` });
      const take = (value) => { if (value >= least && value <= most) this.plot.change({ [setting]: value }); };
      range.addEventListener("input", () => take(range.valueAsNumber));
      field.addEventListener("change", () => take(field.valueAsNumber));
      this.controls.set(setting, (value) => {
        if (value > Number(range.max)) range.max = value * 1.5;
        if (value < Number(range.min)) range.min = value * 1.5;
        range.value = value;
        if (document.activeElement !== field) field.value = value;
      });
      return make("div", { class: "spectra-slider" }, make("span", {}, label), range, field);
    }
    toggle(setting, label) {
      const button = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm tom-toggle" }, label);
      button.addEventListener("click", () => this.plot.change({ [setting]: !this.plot.settings[setting] }));
      this.controls.set(setting, (value) => button.setAttribute("aria-pressed", String(value)));
      return button;
    }
    lineToggle(name) {
      const button = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm tom-toggle" }, name);
      button.addEventListener("click", () => {
        const { groups } = this.plot.settings;
        this.plot.change({ groups: groups.includes(name) ? groups.filter((one) => one !== name) : [...groups, name] });
      });
      this.controls.set(`lines ${name}`, () => button.setAttribute("aria-pressed", String(this.plot.settings.groups.includes(name))));
      return button;
    }
    /** Where nobody has said whether the stored wavelengths are in air or vacuum, the user says it. */
    assumed() {
      if (this.plot.spectra.every((one) => one.medium)) return "";
      return make("label", { class: "spectra-field" }, "Unmarked spectra are in", this.select("assumed", "Spectra that do not say it are in", options(["air", "vacuum"])));
    }

    actions() {
      this.resetButton = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm", title: "Show all (double click, key 0)" }, "Show all");
      this.resetButton.addEventListener("click", () => this.plot.resetZoom());
      const panel = make("div", { class: "tom-menu-panel" });
      const menu = make("details", { class: "tom-menu" }, make("summary", { class: "btn btn-outline-secondary btn-sm" }, "Save"), panel);
      const item = (text, onClick) => {
        const button = make("button", { type: "button", class: "dropdown-item" }, text);
        button.addEventListener("click", () => { menu.open = false; onClick(); });
        return button;
      };
      panel.append(
        item("What is shown as PNG", async () => this.offer(await draw.png(this.plot), "png")),
        item("What is shown as CSV", () => this.offer(new Blob([views.csvText(this.plot.view, this.plot.settings)], { type: "text/csv" }), "csv")),
        make("a", { class: "dropdown-item", href: this.plot.element.dataset.url, download: "" }, "Data as JSON"),
      );
      return make("div", { class: "spectra-actions" }, this.resetButton, menu);
    }
    offer(blob, extension) {
      const link = make("a", { href: URL.createObjectURL(blob), download: `${this.plot.target.replace(/[^\w.+-]+/g, "_")}_spectra.${extension}` });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    }

    /* --- legend: every spectrum with its date and instrument, shown or not */
    fillLegend() {
      this.rows = this.plot.spectra.map((one) => {
        const box = make("input", { type: "checkbox", class: "form-check-input", id: `${this.id}-${one.key}` });
        box.addEventListener("change", () => this.plot.toggle(one.key));
        const facts = [
          one.setup, one.exposure_s ? `${one.exposure_s} s` : "", one.source, one.flux_unit ? `stored in ${one.flux_unit}` : "flux without a unit",
          one.medium || "air or vacuum not said", one.frame === "rest" ? "rest frame" : "", one.superseded ? "superseded by a later reduction" : "",
        ].filter(Boolean).join(" · ");
        const swatch = document.createElementNS(SVG, "svg");
        swatch.setAttribute("class", "spectra-swatch");
        swatch.setAttribute("viewBox", "0 0 28 6");
        swatch.setAttribute("aria-hidden", "true");
        const line = document.createElementNS(SVG, "path");
        line.setAttribute("d", "M0 3H28");
        swatch.append(line);
        const value = make("span", { class: "spectra-value" });
        const item = make("li", {}, box, swatch, make("label", { for: box.id }, one.label), make("span", { class: "spectra-facts" }, one.problem ? `cannot be drawn: ${one.problem}` : facts), value);
        if (one.file) item.append(make("a", { href: one.file, "aria-label": `File of the spectrum of ${one.label}` }, "File"));
        if (one.problem) box.disabled = true;
        return { one, box, line, swatch, value, item };
      });
      this.legend.replaceChildren(...this.rows.map(({ item }) => item));
    }

    showState() {
      const { settings, view, palette, zoom } = this.plot;
      this.controls.forEach((show, setting) => show(settings[setting]));
      this.resetButton.disabled = !zoom.x && !zoom.y;
      for (const { one, box, line, swatch } of this.rows) {
        const number = view.curves.findIndex(({ key }) => key === one.key);
        box.checked = number >= 0;
        swatch.classList.toggle("is-hidden", number < 0);
        if (number < 0) continue;
        const { colour, dash } = draw.style(palette, number);
        line.setAttribute("stroke", colour);
        line.setAttribute("stroke-dasharray", dash.join(" "));
      }
      this.summary.textContent = this.summaryText();
    }
    summaryText() {
      const { spectra, view, settings } = this.plot;
      const { x } = this.plot.ranges();
      const unit = views.WAVE_UNITS[settings.waveUnit].name;
      const parts = [`${view.curves.length} of ${spectra.length} spectra, ${x[0].toFixed(0)} to ${x[1].toFixed(0)} ${unit} (${settings.medium}, ${settings.frame}).`];
      if (settings.frame === "rest") parts.push("The flux stays as observed.");
      const unsaid = spectra.filter((one) => !one.medium && settings.show.includes(one.key)).length;
      if (unsaid) parts.push(`${unsaid} taken as in ${settings.assumed}.`);
      const relative = view.curves.filter((curve) => curve.isRelative).length;
      if (relative && settings.normalise === "none") parts.push(`${relative} without a unit of flux: their height means nothing.`);
      return parts.join(" ");
    }

    /** What stands at a place of the axis. */
    showPlace({ observed, rest, line, fluxes }, say) {
      const parts = [`Observed ${observed}; rest ${rest}.`];
      if (line) parts.push(`${line.velocity.toFixed(0)} km/s from ${line.name}.`);
      this.summary.textContent = parts.join(" ");
      const number = (value) => Number(value.toPrecision(4)).toString();
      for (const { one, value } of this.rows) {
        const found = fluxes.find(({ label, number: row }) => this.plot.view.curves[row].key === one.key && label === one.label);
        value.textContent = found && !Number.isNaN(found.value) ? `${number(found.value)}${found.error > 0 ? ` ± ${found.error.toPrecision(2)}` : ""}` : "";
      }
      if (say) this.said.textContent = parts.join(" ");
    }

    onKey(event) {
      const { plot } = this;
      if (!plot.view || event.ctrlKey || event.metaKey || event.altKey) return;
      const actions = {
        ArrowRight: () => plot.step(0.01), ArrowLeft: () => plot.step(-0.01), Home: () => plot.step(-1), End: () => plot.step(1),
        "+": () => plot.zoomBy(0.5), "=": () => plot.zoomBy(0.5), "-": () => plot.zoomBy(2), 0: () => plot.resetZoom(),
      };
      if (!actions[event.key]) return;
      actions[event.key]();
      event.preventDefault();
      event.stopPropagation();
    }
  }

  window.TOM.spectraParts = (plot) => new Parts(plot);
})();
