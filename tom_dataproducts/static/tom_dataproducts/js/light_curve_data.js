/* Light curves, first of the scripts: what the endpoint sent, as columns, and what of it is shown under the present settings.
   Pure: no document, no canvas. Units: MJD and days in UTC, AB magnitudes, flux densities in nJy. */
(function () {
  "use strict";
  const DETECTION = 0, LIMIT = 1, FORCED = 2;
  const AB_ZERO_NJY = 31.4; // m_AB = 31.4 - 2.5 log10(flux / nJy)
  const MJD_OF_UNIX_EPOCH = 40587;

  /* The look of the bands is that of tom_common/astro/bands.py (a test compares them), from blue to red:
     name, colour, colour on dark, shape. No band has the triangle that points down: that is a limit. */
  const BANDS = [
    ["u", "#7b4fc9", "#7b4fc9", "diamond"], ["B", "#3366cc", "#3366cc", "hexagon"], ["g", "#2a9d5b", "#2a9d5b", "circle"],
    ["c", "#17a2b8", "#17a2b8", "pentagon"], ["V", "#5a9e1f", "#5a9e1f", "hexagon2"], ["G", "#33658a", "#33658a", "octagon"],
    ["r", "#d1495b", "#d1495b", "square"], ["o", "#f28e2b", "#f28e2b", "star-square"], ["i", "#b07d00", "#b07d00", "triangle-up"],
    ["z", "#8c564b", "#8c564b", "cross"], ["y", "#4d4d4d", "#b5b5b5", "x"], ["W1", "#9c27b0", "#9c27b0", "star"],
    ["W2", "#e377c2", "#e377c2", "hexagram"],
  ];
  const SPARE_COLOURS = [
    ["#1f77b4", "#5fa8dd"], ["#a05d00", "#d99a3d"], ["#00796b", "#3fb8a8"], ["#9e3d6e", "#d77fad"],
    ["#5c6b00", "#a5b43d"], ["#6a4c93", "#a98bd1"], ["#7a5230", "#b98f6b"], ["#37618e", "#7ba5d1"],
  ];
  const SPARE_SHAPES = ["star-triangle-up", "star-diamond", "diamond-tall", "diamond-wide", "hourglass", "bowtie"];

  function crc32(text) {
    let sum = 0xffffffff;
    for (const byte of new TextEncoder().encode(text)) {
      sum ^= byte;
      for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return (sum ^ 0xffffffff) >>> 0;
  }

  /** Colours, shape and place in the order of a band: the same for the same name, whatever else is in the plot. */
  function bandStyle(name) {
    const order = BANDS.findIndex(([known]) => known === name);
    if (order >= 0) return { light: BANDS[order][1], dark: BANDS[order][2], shape: BANDS[order][3], order };
    const number = crc32(name);
    const [light, dark] = SPARE_COLOURS[number % SPARE_COLOURS.length];
    const shape = SPARE_SHAPES[Math.floor(number / SPARE_COLOURS.length) % SPARE_SHAPES.length];
    return { light, dark, shape, order: BANDS.length };
  }

  /** Band names from blue to red, unknown ones last and by name. */
  function sortedBands(names) {
    return [...names].sort((a, b) => bandStyle(a).order - bandStyle(b).order || (a < b ? -1 : 1));
  }

  const numbers = (column, count) => {
    const out = new Float64Array(count).fill(NaN);
    column.forEach((value, index) => { if (value !== null) out[index] = value; });
    return out;
  };

  /** Take the endpoint's JSON apart into typed columns, NaN where there is nothing. */
  function readCurve(json) {
    const points = json.points;
    const count = points.mjd.length;
    return {
      target: json.target, bands: json.bands, sources: json.sources, versions: json.versions || [""], count,
      mjd: Float64Array.from(points.mjd), band: Uint16Array.from(points.band), source: Uint16Array.from(points.source),
      version: points.version ? Uint16Array.from(points.version) : new Uint16Array(count),
      kind: Uint8Array.from(points.kind), negative: Uint8Array.from(points.negative),
      mag: numbers(points.mag, count), magErr: numbers(points.mag_err, count), limit: numbers(points.limit, count),
      flux: numbers(points.flux, count), fluxErr: numbers(points.flux_err, count),
    };
  }

  const limitFlux = (limit) => 10 ** ((AB_ZERO_NJY - limit) / 2.5);

  /** How one point is drawn: {y, error, isLimit} in the unit of the axis, or null where it has no place there.
      `brighter` (mag) is by how much it is corrected: its extinction, and the distance modulus in magnitudes. */
  function placeOf(curve, i, isFlux, fluxUnit, brighter = 0) {
    if (isFlux) {
      const size = fluxUnit / 10 ** (0.4 * brighter);
      if (curve.kind[i] !== LIMIT && !Number.isNaN(curve.flux[i])) {
        return { y: curve.flux[i] / size, error: curve.fluxErr[i] / size, isLimit: false };
      }
      return Number.isNaN(curve.limit[i]) ? null : { y: limitFlux(curve.limit[i]) / size, error: NaN, isLimit: true };
    }
    if (curve.kind[i] !== LIMIT && !Number.isNaN(curve.mag[i])) return { y: curve.mag[i] - brighter, error: curve.magErr[i], isLimit: false };
    return Number.isNaN(curve.limit[i]) ? null : { y: curve.limit[i] - brighter, error: NaN, isLimit: true };
  }

  /** Unit of the flux axis: uJy where nJy would have six digits. */
  function fluxUnitOf(curve) {
    if (curve.fluxUnit) return curve.fluxUnit;
    const sizes = curve.flux.filter((value) => !Number.isNaN(value)).map(Math.abs).sort();
    curve.fluxUnit = sizes.length && sizes[Math.floor(sizes.length * 0.9)] >= 50_000 ? { size: 1000, name: "µJy" } : { size: 1, name: "nJy" };
    return curve.fluxUnit;
  }

  /** Times that days are counted from: of the first point, the first detection, the peak (the brightest detection), of what is shown. */
  function originsOf(curve, rows) {
    const found = { days: rows.length ? curve.mjd[rows[0]] : 0, detection: NaN, peak: NaN, peakPoint: -1 };
    for (const i of rows) {
      if (curve.kind[i] !== DETECTION || curve.negative[i] || Number.isNaN(curve.mag[i])) continue;
      if (Number.isNaN(found.detection)) found.detection = curve.mjd[i];
      if (found.peakPoint < 0 || curve.mag[i] < curve.mag[found.peakPoint]) found.peakPoint = i;
    }
    if (found.peakPoint >= 0) found.peak = curve.mjd[found.peakPoint];
    return found;
  }

  /** By how many magnitudes each band is made brighter; NaN for one whose extinction is not known. */
  function brighterBy(curve, settings) {
    const modulus = settings.y === "abs" ? settings.modulus || 0 : 0;
    return curve.bands.map((name) => modulus + (settings.extinction ? settings.extinction[name] ?? 0 : 0));
  }

  /** The points that the settings let through, sorted along the x axis, ready to draw. */
  function makeView(curve, settings) {
    const isFlux = settings.y === "flux";
    const unit = fluxUnitOf(curve);
    const isFolded = settings.period > 0;
    const off = (names, hidden) => names.map((name) => Boolean(hidden?.has(name)));
    const isHidden = off(curve.bands, settings.hiddenBands), noSource = off(curve.sources, settings.hiddenSources), noVersion = off(curve.versions, settings.hiddenVersions);
    const brighter = brighterBy(curve, settings);
    const y = new Float64Array(curve.count), error = new Float64Array(curve.count), isLimit = new Uint8Array(curve.count);
    const shown = [];
    for (let i = 0; i < curve.count; i += 1) {
      if (isHidden[curve.band[i]] || noSource[curve.source[i]] || noVersion[curve.version[i]]) continue;
      if (curve.kind[i] === FORCED && !settings.forced) continue;
      const place = placeOf(curve, i, isFlux, unit.size, brighter[curve.band[i]]);
      if (!place || (place.isLimit && !settings.limits)) continue;
      y[i] = place.y;
      error[i] = place.error;
      isLimit[i] = place.isLimit ? 1 : 0;
      shown.push(i);
    }
    const origins = originsOf(curve, shown);
    const first = isFolded ? settings.epoch || (curve.count ? curve.mjd[0] : 0) : Number.isFinite(origins[settings.x]) ? origins[settings.x] : origins.days;
    let x = curve.mjd;
    let order = shown;
    let turn = () => 0;
    if (isFolded) { // every point twice, so that the seam lies in the middle of a whole cycle
      x = curve.mjd.map((mjd) => phase(mjd, first, settings.period));
      const once = shown.sort((a, b) => x[a] - x[b]);
      order = once.concat(once);
      turn = (row) => (row < once.length ? 0 : 1);
    }
    return {
      count: order.length, isFlux, isFolded, first, unit, origins,
      x: Float64Array.from(order, (i, row) => x[i] + turn(row)), y: Float64Array.from(order, (i) => y[i]),
      error: Float64Array.from(order, (i) => error[i]), isLimit: Uint8Array.from(order, (i) => isLimit[i]),
      point: Int32Array.from(order),
    };
  }

  function phase(mjd, epoch, period) {
    const turns = (mjd - epoch) / period;
    return turns - Math.floor(turns);
  }

  const padded = (low, high, least) => {
    const room = Math.max((high - low) * 0.04, least);
    return [low - room, high + room];
  };

  /** Ranges that show every point; an error bar counts up to five times the median one. */
  function fullRanges(view) {
    if (!view.count) return { x: [0, 1], y: [0, 1] };
    const x = view.isFolded ? [0, 2] : padded(view.x[0], view.x[view.count - 1], 0.02);
    const errors = view.error.filter((value) => !Number.isNaN(value)).sort();
    const most = errors.length ? errors[Math.floor(errors.length / 2)] * 5 : 0;
    let low = Infinity, high = -Infinity;
    for (let i = 0; i < view.count; i += 1) {
      const reach = Number.isNaN(view.error[i]) ? 0 : Math.min(view.error[i], most);
      low = Math.min(low, view.y[i] - reach);
      high = Math.max(high, view.y[i] + reach);
    }
    return { x, y: padded(low, high, view.isFlux ? 1e-6 : 0.05) };
  }

  /** The y range of one axis in the unit of the other, or null where it has none. */
  function convertRange(range, toFlux, unitSize) {
    if (toFlux) return range.map((mag) => limitFlux(mag) / unitSize).sort((a, b) => a - b);
    if (range[0] <= 0) return null;
    return range.map((flux) => AB_ZERO_NJY - 2.5 * Math.log10(flux * unitSize)).sort((a, b) => a - b);
  }

  const toDate = (mjd) => new Date(Math.round((mjd - MJD_OF_UNIX_EPOCH) * 86_400_000));
  const utcText = (mjd) => toDate(mjd).toISOString().slice(0, 19).replace("T", " ");

  const isoText = (mjd) => new Date(Math.round((mjd - MJD_OF_UNIX_EPOCH) * 86_400_000)).toISOString();

  /** A value and its error with digits that match: two of the error. */
  function withError(value, error, { atLeast = 2, atMost = 4 } = {}) {
    if (!(error > 0)) return value.toFixed(Math.min(atMost, atLeast + 1));
    const digits = Math.min(atMost, Math.max(0, 1 - Math.floor(Math.log10(error))));
    return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
  }

  window.TOM = window.TOM || {};
  window.TOM.lightCurveData = {
    DETECTION, LIMIT, FORCED, bandStyle, sortedBands, readCurve, makeView, fullRanges, convertRange, placeOf, originsOf, phase, toDate, utcText, isoText, withError,
  };
})();
