/* Sky map: pointer, arrow keys and circles on the map that the server drew. Needs tom.js and sky_marks.js; without script the map
   stays a picture with a table of regions. TOM.skyMap(element) gives the map of a `<figure class="sky-figure">`. */
(function () {
  "use strict";
  if (window.TOM.skyMap) return;
  const { toSky, separation, circlePath, sexagesimal, Marks } = window.TOM.sky;
  const make = window.TOM.make;
  const SVG = "http://www.w3.org/2000/svg";
  const DRAG_PX = 8;
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const HELP = "Point at the map to see what is there, click to open it; draw a circle with the mouse to list what lies in it. Keys: arrows, Enter, Escape.";
  const maps = new WeakMap();

  class SkyMap {
    constructor(element) {
      this.element = element;
      this.svg = element.querySelector(".sky-map");
      this.overlay = this.svg.querySelector(".sky-overlay");
      this.chosen = -1;
      this.said = make("p", { class: "sky-said", role: "status" }, HELP);
      element.querySelector(".sky-place").after(this.said);
      this.load();
    }

    async load() {
      try {
        const reply = await fetch(this.element.dataset.url);
        if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
        this.marks = new Marks(await reply.json(), this.element);
      } catch (error) {
        const reason = error instanceof TypeError ? "the server cannot be reached" : error.message;
        const again = make("button", { type: "button", class: "btn btn-outline-secondary btn-sm" }, "Try again");
        again.addEventListener("click", () => this.load());
        this.said.replaceChildren(`What is where could not be read: ${reason}. The table of regions still works. `, again);
        return;
      }
      this.said.textContent = HELP;
      this.listen();
      this.element.classList.add("is-ready");
    }

    listen() {
      if (this.isLive) return;
      this.isLive = true;
      const { svg } = this;
      svg.classList.add("is-live");
      svg.setAttribute("tabindex", "0");
      svg.setAttribute("role", "application");
      svg.setAttribute("aria-roledescription", "sky map");
      svg.addEventListener("pointermove", (event) => this.onMove(event));
      svg.addEventListener("pointerdown", (event) => this.onDown(event));
      svg.addEventListener("pointerup", (event) => this.onUp(event));
      svg.addEventListener("pointercancel", () => this.endCircle());
      svg.addEventListener("pointerleave", () => { if (!this.start) this.choose(-1); });
      svg.addEventListener("keydown", (event) => this.onKey(event));
    }

    /** Where an event is on the drawing, and how long a CSS pixel is there. */
    place(event) {
      const matrix = this.svg.getScreenCTM().inverse();
      const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
      return { x, y, unit: matrix.a };
    }

    /* --- choosing */
    choose(i, hint) {
      if (i === this.chosen && i >= 0) return;
      this.chosen = i;
      if (i < 0) {
        this.outline("");
        this.said.textContent = hint || HELP;
        return;
      }
      this.outline(this.marks.outline(i));
      const { text, where, action, url } = this.marks.describe(i);
      this.said.replaceChildren(make("strong", {}, text), ` ${this.marks.tiles ? "around" : "at"} ${where}. `, make("a", { href: url }, action));
    }

    outline(path) {
      this.overlay.replaceChildren(...(path ? ["is-halo", "is-line"] : []).map((css) => {
        const line = document.createElementNS(SVG, "path");
        line.setAttribute("class", css);
        line.setAttribute("d", path);
        return line;
      }));
    }

    onMove(event) {
      const { x, y, unit } = this.place(event);
      if (this.start) return this.drawCircle(event, x, y);
      if (event.pointerType === "touch") return;
      const sky = toSky(x, y);
      this.choose(this.marks.find(x, y, unit), sky ? `${sexagesimal(sky.ra, sky.dec)}. ${HELP}` : HELP);
    }

    /* --- a circle drawn from its centre */
    onDown(event) {
      if (event.button !== 0 || event.pointerType === "touch") return;
      const { x, y } = this.place(event);
      const centre = toSky(x, y);
      if (!centre) return;
      this.start = { centre, x: event.clientX, y: event.clientY };
      this.svg.setPointerCapture(event.pointerId);
    }

    drawCircle(event, x, y) {
      const { start } = this;
      const edge = toSky(x, y);
      if (!edge || Math.hypot(event.clientX - start.x, event.clientY - start.y) < DRAG_PX) return;
      start.radius = separation(start.centre, edge);
      this.chosen = -1;
      this.outline(circlePath(start.centre, start.radius));
      const count = this.marks.inCircle(start.centre, start.radius);
      this.said.textContent = `Circle of ${start.radius.toFixed(1)}° around ${sexagesimal(start.centre.ra, start.centre.dec)}${count === null ? "" : `, ${count} target${count === 1 ? "" : "s"}`}. Let go to list them, Escape to leave it.`;
    }

    onUp(event) {
      const { start } = this;
      this.start = null;
      if (start?.radius) {
        const { ra, dec } = start.centre;
        location.assign(this.marks.listAddress("cone_search", `${ra.toFixed(4)},${dec.toFixed(4)},${start.radius.toFixed(4)}`));
        return;
      }
      const { x, y, unit } = this.place(event);
      const found = this.marks.find(x, y, event.pointerType === "touch" ? 2 * unit : unit);
      this.choose(found);
      if (found >= 0 && event.pointerType !== "touch") this.open(event); // a finger hides what it chooses: the link below opens it
    }

    endCircle() {
      this.start = null;
      this.choose(-1);
      this.outline("");
    }

    open(event) {
      const { url } = this.marks.describe(this.chosen);
      if (event.ctrlKey || event.metaKey) window.open(url, "_blank");
      else location.assign(url);
    }

    onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (ARROWS[event.key]) this.choose(this.marks.next(this.chosen, ...ARROWS[event.key]));
      else if (event.key === "Enter" && this.chosen >= 0) this.open(event);
      else if (event.key === "Escape") this.endCircle();
      else return;
      event.preventDefault();
      event.stopPropagation();
    }
  }

  window.TOM.skyMap = (element) => maps.get(element);
  function start(root) {
    root.querySelectorAll(".sky-figure[data-url]").forEach((element) => { if (!maps.has(element)) maps.set(element, new SkyMap(element)); });
  }
  document.addEventListener("DOMContentLoaded", () => start(document));
  document.addEventListener("htmx:afterSettle", () => start(document));
  if (document.readyState !== "loading") start(document);
})();
