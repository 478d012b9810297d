/* Light curves: the plot on the page; the last of the scripts, which need uPlot and tom.js. Every `<div class="light-curve" data-url="...">` becomes one;
   docs/reference/front-end.md lists its attributes. TOM.lightCurve(element) gives the plot of an element. */
(function () {
  "use strict";
  if (window.TOM.lightCurve) return; // a part of the page that brings the scripts was swapped in a second time
  const data = window.TOM.lightCurveData;
  const draw = window.TOM.lightCurveDraw;
  const state = window.TOM.lightCurveState;
  const tools = window.TOM.lightCurveTools;
  const notes = window.TOM.lightCurveNotes;
  const KEPT = "tom.light-curve"; // axes are remembered from one target to the next
  const NEAR_PX = 28;
  const plots = new WeakMap();

  class LightCurve {
    constructor(element) {
      this.element = element;
      const asked = state.claim(this); // what the address says goes before what the browser remembers
      this.settings = {
        y: "mag", x: "mjd", limits: true, forced: true, superseded: false, period: 0, epoch: 0, hiddenBands: new Set(), hiddenSources: new Set(), hiddenVersions: new Set(),
        ...keptAxes(), ...asked.settings,
      };
      this.corrections = asked.corrections; // as typed: ebv, law, rv, by, distance, h0, om
      this.applied = { extinction: null, distance: null }; // as the server computed them
      this.about = { excesses: [], distances: [], periods: [], notes: [], may_change: false, dust: {} };
      this.notes = new Map();
      this.zoom = asked.zoom; // {x: [min, max], y: [min, max]} in MJD (or phase) and the unit of the y axis
      this.chosen = -1; // row of the view that the pointer or the arrow keys chose
      this.palette = draw.paletteOfPage();
      this.parts = window.TOM.lightCurveParts(this);
      this.load().then(() => this.loadAbout());
      this.listen("tom:theme", () => { this.palette = draw.paletteOfPage(); this.repaint(); });
      this.listen("tom:data-changed", () => this.load().then(() => this.loadAbout()));
    }

    /** Hear an event of the page for as long as the plot is on it. */
    listen(name, action) {
      const heard = () => (this.element.isConnected ? action() : document.removeEventListener(name, heard));
      document.addEventListener(name, heard);
    }

    /** Read the points, at first and again when they changed; zoom and settings stay. */
    async load() {
      try {
        const reply = await fetch(this.element.dataset.url + (this.settings.superseded ? "?superseded=1" : ""));
        if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
        this.curve = data.readCurve(await reply.json());
        this.isAb = undefined;
        this.notes = notes.notesByPoint(this.curve, this.about.notes);
      } catch (error) {
        this.parts.showError(error instanceof TypeError ? "the server cannot be reached" : error.message);
        return;
      }
      this.parts.showCurve();
      if (!this.curve.count) return;
      await this.applyCorrections();
      this.update();
      performance.mark("light-curve:drawn");
      this.element.classList.add("is-drawn");
      this.element.dispatchEvent(new CustomEvent("tom:light-curve-drawn", { bubbles: true }));
    }

    /** Read what is known of the target and what people said: after the points, which need none of it. */
    async loadAbout() {
      const { aboutUrl } = this.element.dataset;
      if (!aboutUrl) return;
      try {
        const reply = await fetch(aboutUrl);
        if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
        this.about = await reply.json();
      } catch (error) {
        this.parts.showAboutError(error instanceof TypeError ? "the server cannot be reached" : error.message);
        return;
      }
      this.parts.showAbout();
      if (this.curve) this.takeNotes();
    }
    takeNotes() {
      this.notes = notes.notesByPoint(this.curve, this.about.notes);
      this.repaint();
    }

    /** Have extinction and distance computed for what was typed; what cannot be is told and left out. */
    async applyCorrections() {
      const { correctionsUrl } = this.element.dataset;
      this.parts.showCorrectionError("");
      try {
        if (correctionsUrl) this.applied = await tools.fetchCorrections(correctionsUrl, this.curve.bands, this.corrections);
      } catch (error) {
        this.applied = { extinction: null, distance: null };
        this.parts.showCorrectionError(error instanceof TypeError ? "The server cannot be reached." : error.message);
      }
      this.settings.extinction = this.applied.extinction?.a || null;
      this.settings.modulus = this.applied.distance?.modulus;
      if (this.settings.y === "abs" && this.settings.modulus === undefined) this.settings.y = "mag";
    }
    async correct(corrections) {
      this.corrections = corrections;
      const modulus = this.settings.modulus;
      await this.applyCorrections();
      if (modulus === undefined && this.settings.modulus !== undefined) this.settings.y = "abs"; // whoever gives a distance wants to see it
      if (this.zoom) this.zoom = { x: this.zoom.x, y: null };
      this.parts.fillTools();
      this.update();
    }

    /** Make the view anew from the settings and draw it. */
    update() {
      this.chosen = -1;
      this.view = data.makeView(this.curve, this.settings);
      this.full = data.fullRanges(this.view);
      if (!this.uplot) this.uplot = new window.uPlot(this.options(), this.columns(), this.parts.plotPlace);
      else {
        this.uplot.scales.y.dir = this.view.isFlux ? 1 : -1;
        this.uplot.axes[0].label = this.xLabel();
        this.uplot.axes[1].label = this.yLabel();
        this.uplot.setData(this.columns(), true);
      }
      this.parts.showState();
      state.keep(this);
    }

    columns() { return [this.view.x, this.view.y]; }
    ranges() { return { x: this.zoom?.x || this.full.x, y: this.zoom?.y || this.full.y }; }
    repaint() { this.uplot?.redraw(false, true); this.parts.showState(); }

    xLabel() {
      if (this.view.isFolded) return `Phase (period ${this.settings.period} d, zero at MJD ${this.view.first.toFixed(5)})`;
      const { x } = this.settings;
      if (x === "utc") return "Time (UTC)";
      if (x === "mjd") return "MJD (UTC)";
      const { origins, first } = this.view;
      const what = { days: "the first point", detection: "the first detection", peak: "the peak" }[Number.isFinite(origins[x]) ? x : "days"];
      const band = x === "peak" && origins.peakPoint >= 0 ? ` in ${this.curve.bands[this.curve.band[origins.peakPoint]]}` : "";
      return `Days since ${what}${band}, MJD ${first.toFixed(5)} (UTC)`;
    }
    yLabel() {
      const dust = this.settings.extinction ? ", dust corrected" : "";
      if (this.view.isFlux) return `Flux density (${this.view.unit.name}${dust})`;
      const { mag, flux } = this.curve;
      if (this.isAb === undefined) this.isAb = !mag.some((value, i) => !Number.isNaN(value) && Number.isNaN(flux[i]));
      const inside = [...(this.isAb ? ["AB"] : []), ...(dust ? ["dust corrected"] : [])].join(", ");
      return `${this.settings.y === "abs" ? "Absolute magnitude" : "Magnitude"}${inside ? ` (${inside})` : ""}`;
    }
    ticks(axis, min, max, length) {
      const most = Math.floor(length / (this.settings.x === "utc" && !this.view.isFolded ? 110 : 80));
      if (axis === "x") return draw.fittingTicks(min, max, length, most, (count) => draw.xTicks(this.view, this.settings.x, min, max, count));
      return draw.linearTicks(min, max, Math.max(3, Math.floor(length / 50)));
    }

    options() {
      const axis = (scale, size, label, lengthOf) => ({
        scale, size, label, labelSize: 22, gap: 4, font: "12px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif",
        stroke: () => this.palette.text,
        grid: { stroke: () => this.palette.grid, width: 1 },
        ticks: { stroke: () => this.palette.grid, width: 1, size: 5 },
        splits: (u, _, min, max) => this.ticks(scale, min, max, lengthOf(u)).at,
        values: (u) => this.ticks(scale, u.scales[scale].min, u.scales[scale].max, lengthOf(u)).text,
      });
      const size = this.parts.size();
      return {
        ...size, legend: { show: false }, padding: [8, 32, 0, 0],
        scales: {
          x: { time: false, range: () => this.ranges().x },
          y: { dir: this.view.isFlux ? 1 : -1, range: () => this.ranges().y },
        },
        series: [{}, { scale: "y", paths: () => null, points: { show: false } }],
        axes: [axis("x", 32, this.xLabel(), (u) => u.over.clientWidth || size.width), axis("y", 52, this.yLabel(), (u) => u.over.clientHeight || size.height)],
        cursor: {
          x: false, y: false, points: { show: false },
          drag: { x: true, y: true, setScale: false, dist: 6, uni: 30 },
          bind: { dblclick: () => () => { this.resetZoom(); return null; } },
        },
        hooks: {
          ready: [(u) => u.over.addEventListener("click", () => this.onClick(u))], // uPlot keeps the click after a drag
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
      const ranges = { x: [u.scales.x.min, u.scales.x.max] };
      draw.paint(draw.canvasPainter(context, window.devicePixelRatio || 1), this.curve, this.view, this.palette, place, ranges, this.notes);
      context.restore();
      this.parts.placeRing();
    }

    /* --- zoom */
    zoomTo(x, y) {
      this.zoom = { x, y };
      this.applyRanges();
    }
    resetZoom() {
      this.zoom = null;
      this.applyRanges();
    }
    applyRanges() {
      const { x, y } = this.ranges();
      this.uplot.batch(() => {
        this.uplot.setScale("x", { min: x[0], max: x[1] });
        this.uplot.setScale("y", { min: y[0], max: y[1] });
      });
      this.parts.showState();
      state.keep(this);
    }
    zoomBy(factor) {
      const { x, y } = this.ranges();
      const middle = this.chosen >= 0 ? this.view.x[this.chosen] : (x[0] + x[1]) / 2;
      const reach = ((x[1] - x[0]) * factor) / 2;
      this.zoomTo([middle - reach, middle + reach], y);
    }
    zoomToSelection(u) {
      const { left, top, width, height } = u.select;
      if (width < 2 && height < 2) return;
      const now = this.ranges();
      const between = (from, length, scale) => [u.posToVal(from, scale), u.posToVal(from + length, scale)].sort((a, b) => a - b);
      const x = width >= 2 && width < u.over.clientWidth - 1 ? between(left, width, "x") : now.x;
      const y = height >= 2 && height < u.over.clientHeight - 1 ? between(top, height, "y") : now.y;
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      if (x[1] - x[0] > 1e-7 && y[1] > y[0]) this.zoomTo(x, y);
    }

    /* --- settings: each toggle keeps the zoom as far as it still means the same */
    change(settings) {
      const before = this.view;
      const wasFlux = this.settings.y === "flux", wasFolded = this.settings.period > 0, wasY = this.settings.y;
      Object.assign(this.settings, settings);
      keepAxes(this.settings);
      if (this.zoom && wasFolded !== this.settings.period > 0) this.zoom = null;
      const isPlain = !this.settings.extinction && wasY !== "abs" && this.settings.y !== "abs";
      if (this.zoom && wasY !== this.settings.y && !isPlain) this.zoom = { x: this.zoom.x, y: null };
      else if (this.zoom?.y && wasFlux !== (this.settings.y === "flux")) {
        const y = data.convertRange(this.zoom.y, !wasFlux, before.unit.size);
        this.zoom = y ? { x: this.zoom.x, y } : { x: this.zoom.x, y: null };
      }
      this.update();
    }
    toggleBand(name) {
      const hidden = this.settings.hiddenBands;
      if (!hidden.delete(name)) hidden.add(name);
      this.change({});
    }

    /* --- the chosen point: nearest to the pointer, or stepped to by the arrow keys */
    followPointer(u) {
      const { left, top } = u.cursor;
      if (left === undefined || left < 0) {
        if (!this.chosenByKey) this.choose(-1);
        return;
      }
      this.choose(this.nearest(u, left, top), false);
    }
    nearest(u, left, top) {
      const [from, to] = draw.rowsWithin(this.view, u.posToVal(left - NEAR_PX, "x"), u.posToVal(left + NEAR_PX, "x"));
      let best = -1, least = NEAR_PX ** 2;
      for (let row = from; row < to; row += 1) {
        const distance = (u.valToPos(this.view.x[row], "x") - left) ** 2 + (u.valToPos(this.view.y[row], "y") - top) ** 2;
        if (distance < least) { least = distance; best = row; }
      }
      return best;
    }
    /** A click without a drag, near a point: what is known of it, and a note. */
    onClick(u) {
      const { left, top } = u.cursor;
      if (u.select.width > 2 || u.select.height > 2 || left < 0) return;
      const row = this.nearest(u, left, top);
      if (row >= 0) notes.open(this, row);
    }
    choose(row, byKey = false) {
      this.chosenByKey = byKey && row >= 0;
      if (row === this.chosen) return;
      this.chosen = row;
      this.parts.showPoint(row, byKey);
    }
    /** Step through the points in view: by one, or to an end with `Infinity`. */
    step(by) {
      const { x, y } = this.ranges();
      const [from, to] = draw.rowsWithin(this.view, x[0], x[1]);
      const isSeen = (row) => this.view.y[row] >= y[0] && this.view.y[row] <= y[1];
      const way = Math.sign(by);
      let row = Number.isFinite(by) && this.chosen >= from && this.chosen < to ? this.chosen + way : way > 0 === Number.isFinite(by) ? from : to - 1;
      const inward = Number.isFinite(by) ? way : -way;
      while (row >= from && row < to && !isSeen(row)) row += inward;
      if (row >= from && row < to) this.choose(row, true);
    }
    /** What a point says: value with error, kind, band, source, times. */
    describe(row) {
      const { curve, view } = this;
      const point = view.point[row];
      const band = curve.bands[curve.band[point]];
      const unit = view.isFlux ? view.unit.name : "mag";
      const value = view.isLimit[row]
        ? `${view.isFlux ? "<" : ">"} ${view.isFlux ? data.withError(view.y[row], NaN) : view.y[row].toFixed(2)} ${unit} (limit)`
        : `${data.withError(view.y[row], view.error[row])} ${unit}`;
      const kind = [curve.kind[point] === data.FORCED ? "forced photometry" : "", curve.negative[point] && !view.isLimit[row] ? "fainter than the reference" : ""];
      const phase = view.isFolded ? `phase ${data.phase(curve.mjd[point], view.first, this.settings.period).toFixed(4)}` : "";
      return {
        band, value,
        notes: (this.notes.get(point) || []).map((note) => `${note.who}: ${note.text}`),
        when: `${data.utcText(curve.mjd[point])} UTC · MJD ${curve.mjd[point].toFixed(5)}`,
        what: [curve.sources[curve.source[point]], ...kind, phase].filter(Boolean).join(" · "),
      };
    }
  }

  function keptAxes() {
    try {
      const { x, y } = JSON.parse(localStorage.getItem(KEPT) || "{}");
      return { ...(["mjd", "utc", "days", "detection", "peak"].includes(x) && { x }), ...(["mag", "flux"].includes(y) && { y }) };
    } catch {
      return {}; // storage is switched off or holds something else: the defaults do
    }
  }
  function keepAxes({ x, y }) {
    try {
      localStorage.setItem(KEPT, JSON.stringify({ x, y: y === "abs" ? "mag" : y }));
    } catch {
      return; // storage is switched off: nothing is remembered
    }
  }

  function setUp(root) {
    const found = root.matches?.(".light-curve[data-url]") ? [root] : root.querySelectorAll(".light-curve[data-url]");
    found.forEach((element) => { if (!plots.has(element)) plots.set(element, new LightCurve(element)); });
  }
  window.TOM.lightCurve = (element) => plots.get(element);
  setUp(document);
  document.addEventListener("htmx:load", (event) => setUp(event.detail.elt));
})();
