/* FITS images, first of two: stretches, the sky under a pixel, the words for it. Pure: no document.
   Pixels are counted from 0 here, the centre of the first being 0; FITS counts from 1. */
(function () {
  "use strict";
  const SHADES = 1024; // brightnesses between the limits that are told apart
  const STRETCHES = {
    linear: (part) => part,
    log: (part) => Math.log1p(1000 * part) / Math.log1p(1000),
    asinh: (part) => Math.asinh(part / 0.1) / Math.asinh(1 / 0.1),
  };

  /** Brightness of each of SHADES steps between the limits, 0 to 255. */
  function shadesOf(stretch, isInverted) {
    const shades = new Uint8Array(SHADES + 1);
    for (let k = 0; k <= SHADES; k += 1) {
      const shade = Math.round(255 * STRETCHES[stretch](k / SHADES));
      shades[k] = isInverted ? 255 - shade : shade;
    }
    return shades;
  }

  /** Pixels as the bytes of a canvas, last row first; those without a value are hatched. */
  function painted(pixels, width, height, { low, high, stretch, isInverted }) {
    const shades = shadesOf(stretch, isInverted);
    const bytes = new Uint8ClampedArray(width * height * 4);
    const scale = high > low ? SHADES / (high - low) : 0;
    for (let row = 0; row < height; row += 1) {
      let to = (height - 1 - row) * width * 4;
      for (let column = 0; column < width; column += 1, to += 4) {
        const value = pixels[row * width + column];
        let shade;
        if (value !== value) shade = (row + column) % 4 === 0 ? 150 : 70; // NaN
        else shade = scale ? shades[Math.max(0, Math.min(SHADES, Math.round((value - low) * scale)))] : 128;
        bytes[to] = bytes[to + 1] = bytes[to + 2] = shade;
        bytes[to + 3] = 255;
      }
    }
    return bytes;
  }

  const weights = (t) => [
    -0.5 * t + t * t - 0.5 * t ** 3, 1 - 2.5 * t * t + 1.5 * t ** 3, 0.5 * t + 2 * t * t - 1.5 * t ** 3, -0.5 * t * t + 0.5 * t ** 3,
  ];
  /** Node before a place and how far it is beyond it; kept one node away from the edge of the grid. */
  function cell(place, [first, step, count]) {
    const at = (place - first) / step;
    const node = Math.max(1, Math.min(count - 3, Math.floor(at)));
    return [node, at - node];
  }

  /** ICRS right ascension and declination in degrees of a pixel, by cubic interpolation of the grid; null off the sky. */
  function skyAt(sky, x, y) {
    if (!sky?.vectors) return null;
    const [column, s] = cell(x, sky.x), [row, t] = cell(y, sky.y);
    const across = weights(s), up = weights(t);
    const sum = [0, 0, 0];
    for (let j = 0; j < 4; j += 1) {
      for (let i = 0; i < 4; i += 1) {
        const at = ((row - 1 + j) * sky.x[2] + column - 1 + i) * 3;
        for (let k = 0; k < 3; k += 1) {
          const value = sky.vectors[at + k];
          if (value === null) return null;
          sum[k] += across[i] * up[j] * value;
        }
      }
    }
    const ra = (Math.atan2(sum[1], sum[0]) * 180) / Math.PI;
    return { ra: (ra + 360) % 360, dec: (Math.atan2(sum[2], Math.hypot(sum[0], sum[1])) * 180) / Math.PI };
  }

  /** A number of hours or degrees in sixtieths, rounded first, so that no 60 is shown. */
  function sixtieths(value, digits) {
    const unit = 10 ** digits;
    const total = Math.round(Math.abs(value) * 3600 * unit);
    const whole = Math.floor(total / (3600 * unit)), minutes = Math.floor(total / (60 * unit)) % 60, seconds = (total % (60 * unit)) / unit;
    return `${String(whole).padStart(2, "0")}:${String(minutes).padStart(2, "0")}:${seconds.toFixed(digits).padStart(digits ? digits + 3 : 2, "0")}`;
  }
  function skyText({ ra, dec }) {
    const hours = sixtieths(ra / 15, 3).replace(/^24/, "00");
    return { sexagesimal: `${hours} ${dec < 0 ? "−" : "+"}${sixtieths(dec, 2)}`, degrees: `${(Number(ra.toFixed(6)) % 360).toFixed(6)} ${dec < 0 ? "−" : "+"}${Math.abs(dec).toFixed(6)}` };
  }
  /** A pixel value with its digits; counts as they are. */
  function valueText(value, unit) {
    if (value === undefined) return "";
    if (Number.isNaN(value)) return "no value";
    const text = Number.isInteger(value) && Math.abs(value) < 1e7 ? String(value) : String(Number(value.toPrecision(6)));
    return unit ? `${text} ${unit}` : text;
  }

  window.TOM.fitsPixels = { STRETCHES, painted, skyAt, skyText, sixtieths, valueText };
})();
