/* Spectra, first of five: the arithmetic. Pure: no document. Wavelengths in Angstrom, f_lambda in erg/s/cm2/A, f_nu in erg/s/cm2/Hz.
   Air and vacuum as in tom_common/astro/wavelengths.py (a test compares them). Arrays may hold NaN: no value. */
(function () {
  "use strict";
  const SHORTEST_AIR_A = 2000, LIGHT_A_PER_S = 2.99792458e18, LIGHT_KM_S = 299792.458;
  const SIGMAS_PER_FWHM = 1 / (2 * Math.sqrt(2 * Math.log(2)));

  /** Refractive index of standard air at a vacuum wavelength (Ciddor 1996). */
  function refraction(vacuum) {
    const s = (1e4 / vacuum) ** 2;
    return 1 + 1e-8 * (5792105 / (238.0185 - s) + 167917 / (57.362 - s));
  }
  const toAir = (vacuum) => (vacuum > SHORTEST_AIR_A ? vacuum / refraction(vacuum) : vacuum);
  function toVacuum(air) {
    if (!(air > SHORTEST_AIR_A)) return air;
    let vacuum = air;
    for (let k = 0; k < 3; k += 1) vacuum = air * refraction(vacuum);
    return vacuum;
  }

  /** Factor by which a velocity (km/s, away is positive) stretches wavelengths, relativistic. */
  function doppler(velocity) {
    const beta = velocity / LIGHT_KM_S;
    return Math.sqrt((1 + beta) / (1 - beta));
  }
  /** Velocity in km/s of a line at rest wavelength that is seen at another. */
  function velocityOf(seen, rest) {
    const square = (seen / rest) ** 2;
    return (LIGHT_KM_S * (square - 1)) / (square + 1);
  }

  /** f_nu of an f_lambda at a vacuum wavelength, and back. */
  const toFnu = (flam, vacuum) => (flam * vacuum * vacuum) / LIGHT_A_PER_S;
  const toFlam = (fnu, vacuum) => (fnu * LIGHT_A_PER_S) / (vacuum * vacuum);

  /** Mean over bins of a width, weighted by the errors where all have one. */
  function rebinned(spectrum, width) {
    if (!(width > 0)) return spectrum;
    const { wave, flux, error } = spectrum;
    const out = { wave: [], flux: [], error: [] };
    let start = 0;
    const close = (end) => {
      let weights = 0, sum = 0, place = 0, variance = 0;
      const isWeighted = error && rowsAll(start, end, (row) => Number.isNaN(flux[row]) || error[row] > 0);
      for (let row = start; row < end; row += 1) {
        if (Number.isNaN(flux[row])) continue;
        const weight = isWeighted ? 1 / error[row] ** 2 : 1;
        weights += weight;
        sum += weight * flux[row];
        place += weight * wave[row];
        variance += error && error[row] > 0 ? (weight * error[row]) ** 2 : NaN;
      }
      if (end > start && !weights) { out.wave.push(wave[start]); out.flux.push(NaN); out.error.push(NaN); }
      if (weights) { out.wave.push(place / weights); out.flux.push(sum / weights); out.error.push(Math.sqrt(variance) / weights); }
      start = end;
    };
    for (let row = 1; row < wave.length; row += 1) {
      if (Math.floor(wave[row] / width) !== Math.floor(wave[start] / width)) close(row);
    }
    close(wave.length);
    return { wave: Float64Array.from(out.wave), flux: Float64Array.from(out.flux), error: error && Float64Array.from(out.error) };
  }
  function rowsAll(from, to, holds) {
    for (let row = from; row < to; row += 1) if (!holds(row)) return false;
    return true;
  }

  /** Sum of the neighbours by weights that depend on the distance in rows; what has no value does not count. */
  function weighted({ wave, flux, error }, reach, weightOf) {
    const count = flux.length;
    const out = new Float64Array(count), outError = error && new Float64Array(count);
    for (let row = 0; row < count; row += 1) {
      let weights = 0, sum = 0, variance = 0;
      const [from, to] = reach(row);
      for (let other = from; other <= to; other += 1) {
        if (Number.isNaN(flux[other])) continue;
        const weight = weightOf(row, other);
        weights += weight;
        sum += weight * flux[other];
        if (error) variance += (weight * error[other]) ** 2;
      }
      const isThere = weights > 0 && !Number.isNaN(flux[row]);
      out[row] = isThere ? sum / weights : NaN;
      if (error) outError[row] = isThere ? Math.sqrt(variance) / weights : NaN;
    }
    return { wave, flux: out, error: outError };
  }
  const within = (count, half) => (row) => [Math.max(0, row - half), Math.min(count - 1, row + half)];

  /** Running mean over an odd number of points. */
  function boxcar(spectrum, width) {
    const half = Math.floor(width / 2);
    return half < 1 ? spectrum : weighted(spectrum, within(spectrum.flux.length, half), () => 1);
  }
  /** Gaussian by its full width at half maximum, in points. */
  function gaussian(spectrum, fwhm) {
    const sigma = fwhm * SIGMAS_PER_FWHM;
    if (!(sigma > 0)) return spectrum;
    return weighted(spectrum, within(spectrum.flux.length, Math.ceil(4 * sigma)), (row, other) => Math.exp(-0.5 * ((other - row) / sigma) ** 2));
  }
  /** Gaussian by its full width at half maximum in km/s: the same resolving power everywhere. */
  function gaussianKms(spectrum, fwhm) {
    const sigma = (fwhm * SIGMAS_PER_FWHM) / LIGHT_KM_S;
    if (!(sigma > 0)) return spectrum;
    const place = spectrum.wave.map(Math.log);
    const last = place.length - 1;
    let low = 0, high = 0;
    const reach = (row) => {
      while (place[low] < place[row] - 4 * sigma) low += 1;
      high = Math.max(high, row);
      while (high < last && place[high + 1] <= place[row] + 4 * sigma) high += 1;
      return [Number.isNaN(place[row]) ? row : low, high];
    };
    // Points stand for the wavelengths around them, so that an uneven step does not pull the mean.
    const step = place.map((at, row) => Math.abs((place[Math.min(last, row + 1)] - place[Math.max(0, row - 1)])) || 1);
    return weighted(spectrum, reach, (row, other) => (step[other] || 0) * Math.exp(-0.5 * ((place[other] - place[row]) / sigma) ** 2));
  }

  /** Savitzky-Golay: a parabola through an odd number of points around each; fewer at the ends and at gaps. */
  function savitzkyGolay(spectrum, width) {
    const half = Math.floor(width / 2);
    if (half < 2) return spectrum;
    const { wave, flux, error } = spectrum;
    const count = flux.length;
    const out = new Float64Array(count), outError = error && new Float64Array(count);
    const rows = [];
    for (let row = 0; row < count; row += 1) {
      rows.length = 0;
      for (let other = Math.max(0, row - half); other <= Math.min(count - 1, row + half); other += 1) {
        if (!Number.isNaN(flux[other])) rows.push(other);
      }
      const weights = Number.isNaN(flux[row]) ? null : parabolaWeights(rows, row);
      out[row] = weights ? rows.reduce((sum, other, k) => sum + weights[k] * flux[other], 0) : flux[row];
      if (error) outError[row] = weights ? Math.sqrt(rows.reduce((sum, other, k) => sum + (weights[k] * error[other]) ** 2, 0)) : error[row];
    }
    return { wave, flux: out, error: outError };
  }
  /** Weights that give the value at `row` of the parabola fitted to points at `rows`; null for fewer than three. */
  function parabolaWeights(rows, row) {
    if (rows.length < 3) return null;
    let s1 = 0, s2 = 0, s3 = 0, s4 = 0;
    for (const other of rows) {
      const x = other - row;
      s1 += x; s2 += x * x; s3 += x ** 3; s4 += x ** 4;
    }
    const s0 = rows.length;
    const a = s2 * s4 - s3 * s3, b = s2 * s3 - s1 * s4, c = s1 * s3 - s2 * s2;
    const determinant = s0 * a + s1 * b + s2 * c;
    if (!(Math.abs(determinant) > 0)) return null;
    return rows.map((other) => { const x = other - row; return (a + b * x + c * x * x) / determinant; });
  }

  const SMOOTHERS = { boxcar, savgol: savitzkyGolay, gauss: gaussian, kms: gaussianKms };

  /** The value below which a part of the values lies; NaN without any. */
  function quantile(values, part) {
    const known = Float64Array.from(values).filter((value) => !Number.isNaN(value)).sort();
    if (!known.length) return NaN;
    const place = part * (known.length - 1), low = Math.floor(place);
    return known[low] + (place - low) * ((known[low + 1] ?? known[low]) - known[low]);
  }

  window.TOM.spectraMath = {
    LIGHT_KM_S, refraction, toAir, toVacuum, doppler, velocityOf, toFnu, toFlam, rebinned, boxcar, gaussian, gaussianKms, savitzkyGolay,
    SMOOTHERS, quantile,
  };
})();
