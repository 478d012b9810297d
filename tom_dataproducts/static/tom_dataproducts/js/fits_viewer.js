/* FITS images, second of two: the viewer. The preview is shown at once; parts of the file itself replace it where one zooms in.
   TOM.fitsViewer(element) gives the viewer of an element. */
(function () {
  "use strict";
  if (window.TOM.fitsViewer) return;
  const pixels = window.TOM.fitsPixels;
  const make = window.TOM.make;
  const MOST_TILES = 120, MOST_ZOOM = 32;
  const viewers = new WeakMap();

  async function read(address, kind) {
    const reply = await fetch(address);
    if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
    return kind === "json" ? reply.json() : new Float32Array(await reply.arrayBuffer());
  }

  class Viewer {
    constructor(element) {
      this.element = element;
      this.look = { stretch: "asinh", range: "percentile", low: 0, high: 1, isInverted: false };
      this.tiles = new Map(); // "step/left/bottom" -> {data, width, height, canvas} or "asked"
      this.isFull = true;
      this.build();
      this.load();
    }

    async load() {
      try {
        const { view, preview } = this.element.dataset;
        [this.view, this.preview] = await Promise.all([read(view, "json"), read(preview)]);
      } catch (error) {
        this.readout.textContent = `The image could not be read: ${error.message}.`;
        return;
      }
      this.setRange("percentile");
      this.fit();
      new ResizeObserver(() => this.draw()).observe(this.canvas);
      document.addEventListener("tom:theme", () => this.draw());
      this.element.classList.add("is-drawn");
      this.say(null);
    }

    /* --- elements */
    build() {
      const button = (text, title, onClick) => {
        const made = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm", title }, text);
        made.addEventListener("click", onClick);
        return made;
      };
      const select = (label, choices, onChange) => {
        const made = make("select", { class: "form-select form-select-sm", "aria-label": label });
        choices.forEach(([value, text]) => made.append(make("option", { value }, text)));
        made.addEventListener("change", () => onChange(made.value));
        return made;
      };
      const field = (label, name) => {
        const made = make("input", { type: "number", step: "any", class: "form-control form-control-sm fits-limit" });
        made.addEventListener("change", () => { if (Number.isFinite(made.valueAsNumber)) this.change({ [name]: made.valueAsNumber, range: "own" }); });
        this[`${name}Field`] = made;
        return make("label", {}, label, made);
      };
      const stretch = select("Stretch", [["asinh", "asinh"], ["linear", "linear"], ["log", "log"]], (value) => this.change({ stretch: value }));
      this.rangeField = select("Limits", [["percentile", "99 %"], ["zscale", "zscale"], ["full", "least to greatest"], ["own", "own limits"]], (value) => this.setRange(value));
      const invert = button("Inverted", "Bright is black", () => {
        this.change({ isInverted: !this.look.isInverted });
        invert.setAttribute("aria-pressed", String(this.look.isInverted));
      });
      invert.classList.add("tom-toggle");
      invert.setAttribute("aria-pressed", "false");
      const tools = make("div", { class: "fits-tools" },
        make("label", {}, "Stretch", stretch), make("label", {}, "Limits", this.rangeField), field("from", "low"), field("to", "high"), invert,
        button("−", "Zoom out (key -)", () => this.zoomBy(0.5)), button("+", "Zoom in (key +)", () => this.zoomBy(2)), button("1:1", "One pixel of the file is one of the screen (key 1)", () => this.zoomTo(1)), button("Fit", "The whole image (key 0)", () => this.fit()));
      this.canvas = make("canvas", { class: "fits-canvas", tabindex: "0", role: "application", "aria-roledescription": "image", "aria-label": `Image ${this.element.dataset.name}. Arrow keys move, plus and minus zoom, 0 shows all; the middle is read out.` });
      this.readout = make("p", { class: "fits-readout" }, "Loading the image …");
      this.said = make("div", { class: "visually-hidden", "aria-live": "polite" });
      this.element.replaceChildren(tools, this.canvas, this.readout, this.said);
      this.canvas.addEventListener("wheel", (event) => {
        event.preventDefault();
        this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, this.placeOf(event));
      }, { passive: false });
      this.canvas.addEventListener("pointerdown", (event) => { this.canvas.setPointerCapture(event.pointerId); this.dragged = { x: event.clientX, y: event.clientY }; });
      this.canvas.addEventListener("pointerup", () => { this.dragged = null; });
      this.canvas.addEventListener("pointermove", (event) => this.onMove(event));
      this.canvas.addEventListener("pointerleave", () => this.say(null));
      this.canvas.addEventListener("keydown", (event) => this.onKey(event));
    }

    onMove(event) {
      if (!this.view) return;
      if (this.dragged) {
        this.x -= (event.clientX - this.dragged.x) / this.zoom;
        this.y += (event.clientY - this.dragged.y) / this.zoom;
        this.dragged = { x: event.clientX, y: event.clientY };
        this.draw();
      }
      this.say(this.placeOf(event));
    }
    onKey(event) {
      if (!this.view || event.ctrlKey || event.metaKey || event.altKey) return;
      const step = 40 / this.zoom;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
      const actions = { "+": () => this.zoomBy(2), "=": () => this.zoomBy(2), "-": () => this.zoomBy(0.5), 0: () => this.fit(), 1: () => this.zoomTo(1) };
      if (moves[event.key]) {
        this.x += moves[event.key][0];
        this.y += moves[event.key][1];
        this.draw();
      } else if (actions[event.key]) actions[event.key](); else return;
      event.preventDefault();
      event.stopPropagation();
      this.said.textContent = this.say({ x: this.x, y: this.y });
    }

    /* --- look */
    change(look) {
      Object.assign(this.look, look);
      this.rangeField.value = this.look.range;
      this.lowField.value = Number(this.look.low.toPrecision(6));
      this.highField.value = Number(this.look.high.toPrecision(6));
      this.previewCanvas = null;
      this.tiles.forEach((tile) => { tile.canvas = null; });
      this.draw();
    }
    setRange(range) {
      const [low, high] = this.view.limits[range] || [this.look.low, this.look.high];
      this.change({ range, low, high });
    }

    /* --- place: x, y is the pixel of the file in the middle, zoom the pixels of the screen for one of the file */
    fit() {
      const { width, height } = this.view;
      this.x = (width - 1) / 2;
      this.y = (height - 1) / 2;
      this.zoom = Math.min(this.canvas.clientWidth / width, this.canvas.clientHeight / height, MOST_ZOOM);
      this.draw();
    }
    zoomTo(zoom) { this.zoomBy(zoom / this.zoom); }
    zoomBy(factor, place = { x: this.x, y: this.y }) {
      const least = Math.min(this.canvas.clientWidth / this.view.width, this.canvas.clientHeight / this.view.height) / 2;
      const zoom = Math.max(least, Math.min(MOST_ZOOM, this.zoom * factor));
      this.x = place.x + (this.x - place.x) * (this.zoom / zoom);
      this.y = place.y + (this.y - place.y) * (this.zoom / zoom);
      this.zoom = zoom;
      this.draw();
    }
    placeOf(event) {
      const box = this.canvas.getBoundingClientRect();
      return { x: this.x + (event.clientX - box.left - box.width / 2) / this.zoom, y: this.y - (event.clientY - box.top - box.height / 2) / this.zoom };
    }

    /* --- drawing */
    draw() {
      if (!this.view || this.isWaiting) return;
      this.isWaiting = true;
      requestAnimationFrame(() => { this.isWaiting = false; this.paint(); });
    }
    paint() {
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth, clientHeight } = this.canvas;
      if (!(clientWidth > 0)) return;
      this.x = Math.max(0, Math.min(this.view.width - 1, this.x));
      this.y = Math.max(0, Math.min(this.view.height - 1, this.y));
      this.canvas.width = clientWidth * ratio;
      this.canvas.height = clientHeight * ratio;
      const context = this.canvas.getContext("2d");
      const scale = this.zoom * ratio;
      context.imageSmoothingEnabled = scale < 1;
      const put = (picture, left, bottom, step) => {
        const x = (left - 0.5 - this.x) * scale + this.canvas.width / 2;
        const top = bottom + picture.height * step;
        const y = (this.y - (top - 0.5)) * scale + this.canvas.height / 2;
        context.drawImage(picture, x, y, picture.width * step * scale, picture.height * step * scale);
      };
      if (!this.previewCanvas) this.previewCanvas = this.canvasOf(this.preview, ...this.view.preview);
      put(this.previewCanvas, 0, 0, this.view.step);
      this.neededTiles().forEach(([step, left, bottom]) => {
        const tile = this.tiles.get(`${step}/${left}/${bottom}`);
        if (!tile) this.fetchTile(step, left, bottom);
        else if (tile.data) {
          tile.canvas = tile.canvas || this.canvasOf(tile.data, tile.width, tile.height);
          put(tile.canvas, left, bottom, step);
        }
      });
    }
    canvasOf(data, width, height) {
      const canvas = document.createElement("canvas");
      canvas.width = width;
      canvas.height = height;
      canvas.getContext("2d").putImageData(new ImageData(pixels.painted(data, width, height, this.look), width, height), 0, 0);
      return canvas;
    }

    /** Blocks of the file that the window shows in more detail than the preview has. */
    neededTiles() {
      const step = 2 ** Math.max(0, Math.floor(Math.log2(1 / this.zoom)));
      if (!this.isFull || step >= this.view.step) return [];
      const side = this.view.tile * step;
      const reachX = this.canvas.clientWidth / 2 / this.zoom, reachY = this.canvas.clientHeight / 2 / this.zoom;
      const from = (place) => Math.max(0, Math.floor(place / side)) * side;
      const found = [];
      for (let bottom = from(this.y - reachY); bottom <= Math.min(this.view.height - 1, this.y + reachY); bottom += side) {
        for (let left = from(this.x - reachX); left <= Math.min(this.view.width - 1, this.x + reachX); left += side) found.push([step, left, bottom]);
      }
      return found;
    }
    async fetchTile(step, left, bottom) {
      const key = `${step}/${left}/${bottom}`;
      this.tiles.set(key, {});
      const width = Math.ceil(Math.min(this.view.tile * step, this.view.width - left) / step);
      const height = Math.ceil(Math.min(this.view.tile * step, this.view.height - bottom) / step);
      try {
        const data = await read(`${this.element.dataset.tile}?x=${left}&y=${bottom}&step=${step}`);
        this.tiles.set(key, { data, width, height });
        if (this.tiles.size > MOST_TILES) this.tiles.delete(this.tiles.keys().next().value);
      } catch {
        this.isFull = false; // the preview is all there is of this file
        this.tiles.clear();
      }
      this.draw();
    }

    /* --- what stands under the pointer */
    valueAt(x, y) {
      for (const [key, tile] of [...this.tiles].sort(([a], [b]) => parseInt(a, 10) - parseInt(b, 10))) {
        const [step, left, bottom] = key.split("/").map(Number);
        const column = Math.floor((x - left) / step), row = Math.floor((y - bottom) / step);
        if (tile.data && column >= 0 && row >= 0 && column < tile.width && row < tile.height) return { value: tile.data[row * tile.width + column], step };
      }
      const [columns] = this.view.preview;
      const { step } = this.view;
      return { value: this.preview[Math.floor(y / step) * columns + Math.floor(x / step)], step };
    }
    say(place) {
      if (!this.view) return "";
      const { width, height, sky, unit } = this.view;
      const x = place && Math.round(place.x), y = place && Math.round(place.y);
      if (!place || x < 0 || y < 0 || x >= width || y >= height) {
        const accuracy = sky.vectors ? (sky.error_arcsec > 0.1 ? `Positions to ${sky.error_arcsec}″. ` : "") : `${sky.problem[0].toUpperCase()}${sky.problem.slice(1)}. `;
        this.readout.textContent = `${width} × ${height} pixels. ${accuracy}${this.isFull ? "" : "Shown by its preview only. "}Move the pointer over the image to read positions and values.`;
        return this.readout.textContent;
      }
      const { value, step } = this.valueAt(x, y);
      const found = pixels.skyAt(sky, place.x, place.y);
      const words = found && pixels.skyText(found);
      const where = words ? ` · RA, Dec (ICRS) ${words.sexagesimal} · ${words.degrees}°` : "";
      const mean = step > 1 ? ` (mean of ${step} × ${step})` : "";
      this.readout.textContent = `x ${x + 1}, y ${y + 1} · ${pixels.valueText(value, unit)}${mean}${where}`;
      return this.readout.textContent;
    }
  }

  function setUp(root) {
    root.querySelectorAll(".fits-viewer[data-view]").forEach((element) => { if (!viewers.has(element)) viewers.set(element, new Viewer(element)); });
  }
  window.TOM.fitsViewer = (element) => viewers.get(element);
  setUp(document);
  document.addEventListener("htmx:load", (event) => setUp(event.detail.elt.parentElement || document));
})();
