/* Spectra, second of five: what the endpoint sent, the settings and their place in the address, and what is drawn under them.
   Pure but for the address given to it. */
(function () {
  "use strict";
  const math = window.TOM.spectraMath;
  const JY = 1e-23;
  const WAVE_UNITS = { A: { size: 1, name: "Å" }, nm: { size: 10, name: "nm" }, um: { size: 1e4, name: "µm" } };
  const FLUX_UNITS = {
    flam: { kind: "flam", size: 1, name: "erg s⁻¹ cm⁻² Å⁻¹", symbol: "fλ" },
    flamsi: { kind: "flam", size: 0.1, name: "W m⁻² µm⁻¹", symbol: "fλ" },
    mjy: { kind: "fnu", size: 1e-3 * JY, name: "mJy", symbol: "fν" },
    ujy: { kind: "fnu", size: 1e-6 * JY, name: "µJy", symbol: "fν" },
  };
  const SMOOTHING = { none: "none", boxcar: "boxcar, px", savgol: "Savitzky-Golay, px", gauss: "Gaussian, px", kms: "Gaussian, km/s" };
  /* Setting, name in the address, what it may be. */
  const CHOICES = {
    frame: ["observed", "rest"], medium: ["air", "vacuum"], assumed: ["air", "vacuum"], waveUnit: Object.keys(WAVE_UNITS),
    fluxUnit: Object.keys(FLUX_UNITS), normalise: ["none", "median", "peak"], smooth: Object.keys(SMOOTHING),
  };
  const NUMBERS = { z: [-0.01, 12], velocity: [-60000, 60000], width: [0, 20000], bin: [0, 1000], offset: [0, 3] };
  const DEFAULTS = {
    frame: "observed", medium: "air", assumed: "air", waveUnit: "A", fluxUnit: "flam", normalise: "none", smooth: "none",
    z: null, velocity: 0, width: 5, bin: 0, offset: 0, errors: true, masked: false, telluric: false, groups: [], show: null, x: null,
  };
  const PREFIX = "sp_";

  /** Settings from the query of an address; what makes no sense is passed over. */
  function readAddress(search) {
    const query = new URLSearchParams(search);
    const settings = { ...DEFAULTS, groups: [] };
    const take = (name) => query.get(PREFIX + name);
    for (const [name, known] of Object.entries(CHOICES)) if (known.includes(take(name))) settings[name] = take(name);
    for (const [name, [least, most]] of Object.entries(NUMBERS)) {
      const value = Number(take(name) || NaN);
      if (value >= least && value <= most) settings[name] = value;
    }
    for (const name of ["errors", "masked", "telluric"]) if (take(name) !== null) settings[name] = take(name) === "1";
    if (take("groups")) settings.groups = take("groups").split(",");
    if (take("show") !== null) settings.show = take("show").split(",").filter((key) => /^[sr]\d+$/.test(key));
    const x = (take("x") || "").split(",").map(Number);
    if (x.length === 2 && x[0] > 0 && x[1] > x[0]) settings.x = x;
    return settings;
  }

  /** The query of an address with the settings in it, those that are as at first left out; the rest of it stays. */
  function writeAddress(search, settings) {
    const query = new URLSearchParams(search);
    for (const name of Object.keys(DEFAULTS)) {
      const value = settings[name];
      const text = Array.isArray(value) ? value.map((item) => (typeof item === "number" ? Number(item.toPrecision(7)) : item)).join(",") : typeof value === "boolean" ? String(Number(value)) : String(value);
      const first = DEFAULTS[name];
      const isFirst = value === first || (Array.isArray(value) && Array.isArray(first) && !value.length);
      if (isFirst || value === null) query.delete(PREFIX + name); else query.set(PREFIX + name, text);
    }
    const text = query.toString().replaceAll("%2C", ",");
    return text ? `?${text}` : "";
  }

  const numbers = (column) => Float64Array.from(column, (value) => (value === null ? NaN : value));

  /** Facts and points of one spectrum, as typed columns; `points` is null where they were not sent. */
  function readSpectrum(entry) {
    if (!entry.points) return { ...entry, points: null };
    const { kind, wave, flux, error, masked } = entry.points;
    return { ...entry, points: { kind, wave: numbers(wave), flux: numbers(flux), error: error && numbers(error), masked } };
  }

  /** Wavelength in vacuum in the observed frame of each point. */
  function observedVacuum(spectrum, settings) {
    const medium = spectrum.medium || settings.assumed;
    const stretch = spectrum.frame === "rest" ? 1 + redshift(settings) : 1;
    return spectrum.points.wave.map((wave) => (medium === "air" ? math.toVacuum(wave) : wave) * stretch);
  }
  const redshift = (settings) => settings.z || 0;

  /** A vacuum wavelength of the observed frame as it stands on the axis. */
  function onAxis(vacuum, settings) {
    const framed = settings.frame === "rest" ? vacuum / (1 + redshift(settings)) : vacuum;
    return (settings.medium === "air" ? math.toAir(framed) : framed) / WAVE_UNITS[settings.waveUnit].size;
  }
  /** The vacuum wavelength in the observed frame of a place on the axis. */
  function offAxis(place, settings) {
    const wave = place * WAVE_UNITS[settings.waveUnit].size;
    const vacuum = settings.medium === "air" ? math.toVacuum(wave) : wave;
    return settings.frame === "rest" ? vacuum * (1 + redshift(settings)) : vacuum;
  }

  /** One spectrum under the settings: {wave, flux, error, masked: {wave, flux}} in the units of the axes, or null. */
  function treated(spectrum, settings) {
    const { kind, flux, error, masked } = spectrum.points;
    const unit = FLUX_UNITS[settings.fluxUnit];
    const vacuum = observedVacuum(spectrum, settings);
    const factor = vacuum.map((wave) => {
      if (kind === "relative") return 1;
      if (kind === unit.kind) return 1 / unit.size;
      return (unit.kind === "fnu" ? math.toFnu(1, wave) : math.toFlam(1, wave)) / unit.size;
    });
    const converted = flux.map((value, row) => value * factor[row]);
    const good = converted.slice();
    masked.forEach((row) => { good[row] = NaN; });
    let made = { wave: vacuum, flux: good, error: error && error.map((value, row) => value * factor[row]) };
    made = math.rebinned(made, settings.bin);
    if (settings.smooth !== "none") made = math.SMOOTHERS[settings.smooth](made, settings.width);
    const size = settings.normalise === "median" ? math.quantile(made.flux, 0.5) : settings.normalise === "peak" ? math.quantile(made.flux, 1) : 1;
    const scale = size > 0 ? 1 / size : 1;
    return {
      key: spectrum.key, label: spectrum.label, isRelative: kind === "relative" || settings.normalise !== "none",
      wave: made.wave.map((wave) => onAxis(wave, settings)), flux: made.flux.map((value) => value * scale),
      error: made.error && made.error.map((value) => value * scale),
      masked: masked.map((row) => ({ wave: onAxis(vacuum[row], settings), flux: converted[row] * scale })),
    };
  }

  /** Everything that is drawn: curves from the oldest (on top) to the newest, each moved up by its offset. */
  function makeView(spectra, settings) {
    const curves = spectra.filter((one) => one.points && settings.show.includes(one.key))
      .sort((a, b) => a.mjd - b.mjd).map((one) => treated(one, settings));
    const heights = curves.map(({ flux }) => math.quantile(flux, 0.98) - math.quantile(flux, 0.02)).filter((height) => height > 0);
    const step = settings.offset * (heights.length ? math.quantile(heights, 0.5) : 1);
    curves.forEach((curve, row) => { curve.shift = step * (curves.length - 1 - row); });
    return { curves, step, full: fullRanges(curves, settings) };
  }

  function fullRanges(curves, settings) {
    const x = [Infinity, -Infinity], y = [Infinity, -Infinity];
    for (const { wave, flux, shift } of curves) {
      for (let row = 0; row < wave.length; row += 1) {
        if (Number.isNaN(flux[row])) continue;
        x[0] = Math.min(x[0], wave[row]);
        x[1] = Math.max(x[1], wave[row]);
      }
      // One cosmic ray is not to press everything else flat.
      const low = math.quantile(flux, 0.002), high = math.quantile(flux, 0.998);
      y[0] = Math.min(y[0], low + shift);
      y[1] = Math.max(y[1], high + shift);
    }
    if (!(x[1] > x[0])) return { x: [4000, 9000].map((wave) => wave / WAVE_UNITS[settings.waveUnit].size), y: [0, 1] };
    const margin = (y[1] - y[0] || Math.abs(y[1]) || 1) * 0.06;
    return { x, y: [y[0] - margin, y[1] + margin] };
  }

  /** Where the chosen lines stand: {name, x}, those of the sky at rest with the observatory. */
  function placedLines(lines, settings) {
    const stretch = (1 + redshift(settings)) * math.doppler(settings.velocity);
    const placed = lines.name.map((name, row) => ({ group: lines.group[row], name, rest: lines.vacuum[row], air: lines.air[row] }))
      .filter(({ group }) => settings.groups.includes(group));
    const seen = new Set();
    return placed.map((line) => ({ ...line, isSky: line.group === "sky", x: onAxis(line.rest * (line.group === "sky" ? 1 : stretch), settings) }))
      .filter(({ name, x }) => { const id = `${name} ${x.toFixed(4)}`; return !seen.has(id) && seen.add(id); })
      .sort((a, b) => a.x - b.x);
  }
  function placedBands(telluric, settings) {
    return telluric.map(([name, from, to]) => ({ name, x: [from, to].map((air) => onAxis(math.toVacuum(air), settings)) }));
  }

  function xLabel(settings) {
    const frame = settings.frame === "rest" ? `rest frame at z = ${redshift(settings)}` : "observed";
    return `Wavelength (${WAVE_UNITS[settings.waveUnit].name}, ${settings.medium}, ${frame})`;
  }
  function yLabel(curves, settings) {
    const unit = FLUX_UNITS[settings.fluxUnit];
    const plus = settings.offset > 0 ? " + offset" : "";
    if (settings.normalise !== "none") return `${unit.symbol} / ${settings.normalise}${plus}`;
    if (curves.length && curves.every(({ isRelative }) => isRelative)) return `Relative flux${plus}`;
    const mixed = curves.some(({ isRelative }) => isRelative) ? "; some relative" : "";
    return `${unit.symbol} (${unit.name}${mixed})${plus}`;
  }

  /** What is shown, as CSV: one line for each point of each curve, without the offsets. */
  function csvText(view, settings) {
    const cell = (text) => `"${String(text).replaceAll('"', '""').replace(/^[=+\-@\t\r]/, "'$&")}"`;
    const rows = [["spectrum", cell(xLabel(settings)), cell(yLabel(view.curves, { ...settings, offset: 0 })), '"error (1 sigma)"'].join(",")];
    for (const { label, wave, flux, error } of view.curves) {
      wave.forEach((place, row) => {
        if (Number.isNaN(flux[row])) return;
        rows.push([cell(label), Number(place.toPrecision(9)), Number(flux[row].toPrecision(7)), error && error[row] > 0 ? Number(error[row].toPrecision(4)) : ""].join(","));
      });
    }
    return `${rows.join("\r\n")}\r\n`;
  }

  window.TOM.spectraView = {
    DEFAULTS, WAVE_UNITS, FLUX_UNITS, SMOOTHING, NUMBERS, readAddress, writeAddress, readSpectrum, treated, makeView, placedLines, placedBands, onAxis,
    offAxis, xLabel, yLabel, csvText, redshift,
  };
})();
