/* Spectra: the plot on the page; the last of five scripts, which need uPlot, tom.js and light_curve_draw.js. Every
   `<div class="spectra" data-url="...">` becomes one. TOM.spectra(element) gives the plot of an element. */
(function () {
  "use strict";
  if (window.TOM.spectra) return; // a part of the page that brings the scripts was swapped in a second time
  const math = window.TOM.spectraMath;
  const views = window.TOM.spectraView;
  const draw = window.TOM.spectraDraw;
  const plots = new WeakMap();

  class Spectra {
    constructor(element) {
      this.element = element;
      this.settings = views.readAddress(window.location.search);
      this.zoom = { x: this.settings.x, y: null };
      this.palette = draw.paletteOfPage();
      this.spectra = [];
      this.pointer = null; // place on the axis that the pointer or the arrow keys chose
      this.parts = window.TOM.spectraParts(this);
      this.load(this.settings.show);
      this.listen("tom:theme", () => { this.palette = draw.paletteOfPage(); this.update(); });
    }

    listen(name, action) {
      const heard = () => (this.element.isConnected ? action() : document.removeEventListener(name, heard));
      document.addEventListener(name, heard);
    }

    /** Read facts of all spectra and the points of some: those in `keys`, else those that the server chooses. */
    async load(keys) {
      const address = new URL(this.element.dataset.url, window.location.href);
      if (keys) address.searchParams.set("show", keys.join(","));
      try {
        const reply = await fetch(address);
        if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
        this.take(await reply.json());
      } catch (error) {
        this.parts.showError(error instanceof TypeError ? "the server cannot be reached" : error.message);
        return;
      }
      if (!this.spectra.length) return;
      this.update();
      this.element.classList.add("is-drawn");
      this.element.dispatchEvent(new CustomEvent("tom:spectra-drawn", { bubbles: true }));
    }
    take(json) {
      const known = new Map(this.spectra.filter((one) => one.points).map((one) => [one.key, one.points]));
      this.target = json.target;
      this.lineList = json.lines;
      this.telluric = json.telluric;
      this.redshift = json.redshift;
      this.spectra = json.spectra.map((entry) => {
        const one = views.readSpectrum(entry);
        return one.points ? one : { ...one, points: known.get(one.key) || null };
      });
      if (this.settings.z === null) this.settings.z = json.redshift ?? 0;
      if (!this.settings.show) this.settings.show = this.spectra.filter((one) => one.points).map((one) => one.key);
      this.firstShown = this.firstShown || [...this.settings.show];
      this.parts.showSpectra();
    }

    /** Change settings and draw; the address follows. A zoom along the wavelength stays where it is in the light. */
    change(settings) {
      const before = { ...this.settings };
      Object.assign(this.settings, settings);
      if (this.zoom.x) this.zoom.x = this.zoom.x.map((place) => views.onAxis(views.offAxis(place, before), this.settings));
      const isOtherHeight = ["fluxUnit", "normalise", "offset"].some((name) => name in settings);
      if (isOtherHeight) this.zoom.y = null;
      this.update();
      this.keep();
    }
    keep() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        const { show, z } = this.settings;
        const isFirst = String(show) === String(this.firstShown);
        const kept = { ...this.settings, x: this.zoom.x, show: isFirst ? null : show, z: z === (this.redshift ?? 0) ? null : z };
        const { pathname, search, hash } = window.location;
        window.history.replaceState(window.history.state, "", `${pathname}${views.writeAddress(search, kept)}${hash}`);
      }, 150);
    }
    async toggle(key) {
      const shown = this.settings.show;
      const next = shown.includes(key) ? shown.filter((one) => one !== key) : [...shown, key];
      const isMissing = !this.spectra.find((one) => one.key === key)?.points;
      if (next.includes(key) && isMissing) {
        this.settings.show = next;
        await this.load([key]);
        this.keep();
        return;
      }
      this.change({ show: next });
    }

    update() {
      this.view = views.makeView(this.spectra, this.settings);
      const labels = [views.xLabel(this.settings), views.yLabel(this.view.curves, this.settings)];
      if (!this.uplot) this.uplot = new window.uPlot(this.options(labels), this.columns(), this.parts.plotPlace);
      else {
        this.uplot.axes.forEach((axis, number) => { axis.label = labels[number]; });
        this.uplot.setData(this.columns(), true);
      }
      this.parts.showState();
    }
    columns() { return [this.view.full.x, this.view.full.y]; }
    ranges() { return { x: this.zoom.x || this.view.full.x, y: this.zoom.y || this.view.full.y }; }
    lines() { return views.placedLines(this.lineList, this.settings); }
    bands() { return views.placedBands(this.telluric, this.settings); }

    options(labels) {
      const ticks = (scale, u) => {
        const { min, max } = u.scales[scale];
        if (scale === "y") return draw.linearTicks(min, max, Math.max(2, Math.floor((u.over.clientHeight || 300) / 50)));
        const width = u.over.clientWidth || this.parts.size().width - 100; // none before it is on the page
        return draw.fittingTicks(min, max, width, Math.floor(width / 60), (count) => draw.linearTicks(min, max, count));
      };
      // Fluxes may be as small as 1e-20: their labels have an exponent.
      const text = (u) => {
        const { at } = ticks("y", u);
        const most = Math.max(...at.map(Math.abs));
        return most > 0 && (most < 1e-2 || most >= 1e5) ? at.map((value) => (value === 0 ? "0" : value.toExponential(1).replace("e+", "e"))) : ticks("y", u).text;
      };
      const axis = (scale, size, label) => ({
        scale, size, label, labelSize: 22, gap: 4, font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif",
        stroke: () => this.palette.text, grid: { stroke: () => this.palette.grid, width: 1 }, ticks: { stroke: () => this.palette.grid, width: 1, size: 5 },
        splits: (u) => ticks(scale, u).at, values: (u) => (scale === "x" ? ticks("x", u).text : text(u)),
      });
      return {
        ...this.parts.size(), legend: { show: false }, padding: [8, 32, 0, 0],
        scales: { x: { time: false, range: () => this.ranges().x }, y: { range: () => this.ranges().y } },
        series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
        axes: [axis("x", 32, labels[0]), axis("y", 62, labels[1])],
        cursor: {
          y: false, points: { show: false }, drag: { x: true, y: true, setScale: false, dist: 6, uni: 30 },
          bind: { dblclick: () => () => { this.resetZoom(); return null; } },
        },
        hooks: {
          draw: [(u) => this.paintCanvas(u)],
          setCursor: [(u) => this.followPointer(u)],
          setSelect: [(u) => this.zoomToSelection(u)],
        },
      };
    }
    paintCanvas(u) {
      const { left, top, width, height } = u.bbox;
      const context = u.ctx;
      context.save();
      context.beginPath();
      context.rect(left, top, width, height);
      context.clip();
      const place = { x: (value) => u.valToPos(value, "x", true), y: (value) => u.valToPos(value, "y", true) };
      draw.paint(context, this, place, u.bbox, window.devicePixelRatio || 1);
      context.restore();
    }

    /* --- zoom */
    zoomTo(x, y) {
      this.zoom = { x, y };
      this.uplot.setData(this.columns(), true);
      this.parts.showState();
      this.keep();
    }
    resetZoom() { this.zoomTo(null, null); }
    zoomBy(factor) {
      const { x, y } = this.ranges();
      const middle = this.pointer ?? (x[0] + x[1]) / 2;
      this.zoomTo([middle - (middle - x[0]) * factor, middle + (x[1] - middle) * factor], y === this.view.full.y ? null : y);
    }
    zoomToSelection(u) {
      const { left, top, width, height } = u.select;
      if (width < 2 && height < 2) return;
      const between = (from, length, scale) => [u.posToVal(from, scale), u.posToVal(from + length, scale)].sort((a, b) => a - b);
      const x = width >= 2 && width < u.over.clientWidth - 1 ? between(left, width, "x") : this.zoom.x;
      const y = height >= 2 && height < u.over.clientHeight - 1 ? between(top, height, "y") : this.zoom.y;
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.zoomTo(x, y);
    }

    /* --- what stands under the pointer */
    followPointer(u) {
      const { left } = u.cursor;
      if (left === undefined || left < 0) return;
      this.pointTo(u.posToVal(left, "x"), false);
    }
    pointTo(place, say) {
      this.pointer = place;
      this.parts.showPlace(this.describe(place), say);
    }
    step(by) {
      const { x } = this.ranges();
      const place = Math.min(x[1], Math.max(x[0], (this.pointer ?? x[0]) + by * (x[1] - x[0])));
      this.uplot.setCursor({ left: this.uplot.valToPos(place, "x"), top: 10 });
      this.pointTo(place, true);
    }
    /** Wavelengths in both frames, the nearest line that is shown and its velocity, and the flux of each curve. */
    describe(place) {
      const { settings } = this;
      const vacuum = views.offAxis(place, settings);
      const words = (wave) => `${math.toAir(wave).toFixed(2)} Å air, ${wave.toFixed(2)} Å vacuum`;
      const rest = vacuum / (1 + views.redshift(settings));
      const near = this.lines().reduce((best, line) => (!best || Math.abs(line.x - place) < Math.abs(best.x - place) ? line : best), null);
      const line = near && { name: `${near.name} ${near.air.toFixed(2)} Å`, velocity: math.velocityOf(near.isSky ? vacuum : rest, near.rest) };
      const fluxes = this.view.curves.map(({ wave, flux, error, label }, number) => {
        let best = -1;
        for (let row = 0; row < wave.length; row += 1) if (best < 0 || Math.abs(wave[row] - place) < Math.abs(wave[best] - place)) best = row;
        const isInside = best >= 0 && place >= wave[0] && place <= wave.at(-1) && !Number.isNaN(flux[best]);
        return { number, label, value: isInside ? flux[best] : NaN, error: isInside && error ? error[best] : NaN };
      });
      return { observed: words(vacuum), rest: words(rest), line, fluxes };
    }
  }

  function setUp(root) {
    const found = root.matches?.(".spectra[data-url]") ? [root] : root.querySelectorAll(".spectra[data-url]");
    found.forEach((element) => { if (!plots.has(element)) plots.set(element, new Spectra(element)); });
  }
  window.TOM.spectra = (element) => plots.get(element);
  setUp(document);
  document.addEventListener("htmx:load", (event) => setUp(event.detail.elt));
})();
