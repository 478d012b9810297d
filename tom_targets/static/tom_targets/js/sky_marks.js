/* Sky map: geometry of Aitoff's projection as tom_common/astro/sky_projection.py has it, and what lies under a place of the map. */
(function () {
  "use strict";
  window.TOM = window.TOM || {};
  const UNITS = 1000 / 180; // units of the drawing for a degree at its centre
  const RAD = Math.PI / 180;
  const NEAR_PX = 14;
  const sinc = (angle) => (angle < 1e-9 ? 1 : Math.sin(angle) / angle);

  /** Place of a position (degrees) on the drawing. */
  function toMap(ra, dec) {
    const half = ((((ra + 180) % 360) + 360) % 360 - 180) * RAD / 2;
    const lat = dec * RAD;
    const stretch = 1 / sinc(Math.acos(Math.min(1, Math.max(-1, Math.cos(lat) * Math.cos(half)))));
    return { x: -2 * Math.cos(lat) * Math.sin(half) * stretch / RAD * UNITS, y: -Math.sin(lat) * stretch / RAD * UNITS };
  }

  /** Position of a place on the drawing, null outside the sky. */
  function toSky(x, y) {
    const across = -x / UNITS * RAD / 2, up = -y / UNITS * RAD;
    const angle = Math.hypot(across, up);
    if (angle > Math.PI / 2) return null;
    const shrink = sinc(angle);
    const ra = 2 * Math.atan2(across * shrink, Math.cos(angle)) / RAD;
    return { ra: (ra + 360) % 360, dec: Math.asin(Math.max(-1, Math.min(1, up * shrink))) / RAD };
  }

  /** Degrees between two positions. */
  function separation(a, b) {
    const h = Math.sin((a.dec - b.dec) * RAD / 2) ** 2 + Math.cos(a.dec * RAD) * Math.cos(b.dec * RAD) * Math.sin((a.ra - b.ra) * RAD / 2) ** 2;
    return 2 * Math.asin(Math.min(1, Math.sqrt(h))) / RAD;
  }

  /** Outline of a circle on the sky; it breaks where it goes over the edge of the map. */
  function circlePath(centre, radius) {
    let path = "", last = null;
    const sinD = Math.sin(centre.dec * RAD), cosD = Math.cos(centre.dec * RAD), sinR = Math.sin(radius * RAD), cosR = Math.cos(radius * RAD);
    for (let turn = 0; turn <= 360; turn += 4) {
      const dec = Math.asin(Math.max(-1, Math.min(1, sinD * cosR + cosD * sinR * Math.cos(turn * RAD))));
      const ra = centre.ra + Math.atan2(Math.sin(turn * RAD) * sinR * cosD, cosR - sinD * Math.sin(dec)) / RAD;
      const { x, y } = toMap(ra, dec / RAD);
      path += `${last === null || Math.abs(x - last) > 500 ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
      last = x;
    }
    return path;
  }

  function sexagesimal(ra, dec) {
    const minutes = Math.floor(ra * 4), arc = Math.round(Math.abs(dec) * 60);
    const two = (number) => String(number).padStart(2, "0");
    return `${two(Math.floor(minutes / 60))}h${two(minutes % 60)}m ${dec < 0 ? "−" : "+"}${two(Math.floor(arc / 60))}°${two(arc % 60)}′`;
  }

  /** The targets of a map: `find` what is at a place, `next` in a direction, with words and address for each. */
  class Marks {
    constructor(reply, element) {
      const { listUrl, query, targetUrl } = element.dataset;
      this.points = reply.points;
      this.tiles = reply.tiles;
      const { ra, dec } = this.points || this.tiles;
      this.size = ra.length;
      this.places = ra.map((value, i) => toMap(value, dec[i]));
      this.sky = ra.map((value, i) => ({ ra: value, dec: dec[i] }));
      if (this.tiles) {
        this.shapes = this.tiles.outline.map((path) => new Path2D(path));
        this.context = document.createElement("canvas").getContext("2d");
      }
      this.listAddress = (name, value) => {
        const parameters = new URLSearchParams(query);
        parameters.set(name, value);
        return `${listUrl}?${parameters}`;
      };
      this.targetAddress = (pk) => targetUrl.replace("/0/", `/${pk}/`);
    }

    /** Index of what is at a place of the drawing, -1 for nothing; `unit` is the size of a CSS pixel there. */
    find(x, y, unit) {
      if (this.tiles) {
        if (!toSky(x, y)) return -1;
        return this.shapes.findIndex((shape, i) => Math.abs(this.places[i].y - y) < 120 && this.context.isPointInPath(shape, x, y));
      }
      let best = -1, nearest = NEAR_PX * unit;
      this.places.forEach((place, i) => {
        const distance = Math.hypot(place.x - x, place.y - y);
        if (distance < nearest) { nearest = distance; best = i; }
      });
      return best;
    }

    /** The nearest one from another in the direction of an arrow key. */
    next(from, dx, dy) {
      if (from < 0) return this.middle();
      const { x, y } = this.places[from];
      let best = from, least = Infinity;
      this.places.forEach((place, i) => {
        const ahead = (place.x - x) * dx + (place.y - y) * dy;
        const aside = Math.abs((place.x - x) * dy) + Math.abs((place.y - y) * dx);
        if (ahead <= 0.5 || aside > 2 * ahead) return;
        const cost = ahead + 2 * aside;
        if (cost < least) { least = cost; best = i; }
      });
      return best;
    }

    middle() {
      let best = -1, least = Infinity;
      this.places.forEach(({ x, y }, i) => { if (Math.hypot(x, y) < least) { least = Math.hypot(x, y); best = i; } });
      return best;
    }

    describe(i) {
      const where = sexagesimal(this.sky[i].ra, this.sky[i].dec);
      if (this.points) return { text: this.points.name[i], where, action: "Open the target", url: this.targetAddress(this.points.pk[i]) };
      const count = this.tiles.count[i];
      const text = `${count.toLocaleString("en")} target${count === 1 ? "" : "s"}`;
      return { text, where, action: count === 1 ? "List it" : "List them", url: this.listAddress("sky_tile", `${this.tiles.order}/${this.tiles.pixel[i]}`) };
    }

    outline(i) {
      if (this.tiles) return this.tiles.outline[i];
      const { x, y } = this.places[i];
      return `M${x - 16} ${y}a16 16 0 1 0 32 0a16 16 0 1 0-32 0`;
    }

    inCircle(centre, radius) {
      if (!this.points) return null;
      return this.sky.reduce((sum, place) => sum + (separation(place, centre) <= radius), 0);
    }
  }

  window.TOM.sky = { toMap, toSky, separation, circlePath, sexagesimal, Marks };
})();
