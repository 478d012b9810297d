/* Light curves: the plot as a file. Files are made for paper: in light colours, whatever theme the page has. */
(function () {
  "use strict";
  const data = window.TOM.lightCurveData;
  const draw = window.TOM.lightCurveDraw;
  const WIDTH = 1200, HEIGHT = 560, LEFT = 72, RIGHT = 20, TOP = 48, BOTTOM = 60;

  const escaped = (text) => text.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter]);

  /** The plot with the ranges and settings of the page, as the text of an SVG file. */
  function svgText(plot) {
    const { curve, view } = plot;
    const ranges = plot.ranges();
    const right = WIDTH - RIGHT, bottom = HEIGHT - BOTTOM;
    const part = (value, [min, max]) => (value - min) / (max - min);
    const place = {
      x: (value) => LEFT + part(value, ranges.x) * (right - LEFT),
      y: (value) => (view.isFlux ? bottom - part(value, ranges.y) * (bottom - TOP) : TOP + part(value, ranges.y) * (bottom - TOP)),
    };
    const painter = draw.svgPainter();
    draw.paint(painter, curve, view, draw.LIGHT, place, ranges, plot.notes);
    const xTicks = plot.ticks("x", ...ranges.x, right - LEFT), yTicks = plot.ticks("y", ...ranges.y, bottom - TOP);
    const f = (value) => value.toFixed(1);
    const grid = [
      ...xTicks.at.map((value) => `M${f(place.x(value))} ${TOP}V${bottom}`),
      ...yTicks.at.map((value) => `M${LEFT} ${f(place.y(value))}H${right}`),
    ].join("");
    const texts = [
      ...xTicks.at.map((value, k) => `<text x="${f(place.x(value))}" y="${bottom + 18}" text-anchor="middle">${escaped(xTicks.text[k])}</text>`),
      ...yTicks.at.map((value, k) => `<text x="${LEFT - 8}" y="${f(place.y(value) + 4)}" text-anchor="end">${escaped(yTicks.text[k])}</text>`),
      `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">${escaped(plot.xLabel())}</text>`,
      `<text transform="translate(20 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(plot.yLabel())}</text>`,
    ].join("");
    const symbols = [...painter.defs.values()].map(({ id, text }) => `${text} id="${id}"/>`).join("");
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13" fill="${draw.LIGHT.text}">` +
      `<title>Light curve of ${escaped(curve.target)}</title><defs>${symbols}<clipPath id="area"><rect x="${LEFT}" y="${TOP}" width="${right - LEFT}" height="${bottom - TOP}"/></clipPath></defs>` +
      `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/><path d="${grid}" stroke="${draw.LIGHT.grid}" fill="none"/>${head(plot)}` +
      `<g clip-path="url(#area)">${painter.body.join("")}</g><rect x="${LEFT}" y="${TOP}" width="${right - LEFT}" height="${bottom - TOP}" fill="none" stroke="${draw.LIGHT.line}"/>${texts}</svg>`;
  }

  /** Name of the target and the bands that are shown. */
  function head(plot) {
    const { curve, settings } = plot;
    const shown = data.sortedBands(curve.bands).filter((name) => !settings.hiddenBands.has(name));
    let x = WIDTH - RIGHT;
    const legend = shown.reverse().map((name) => {
      x -= 16 + name.length * 8;
      const at = x;
      x -= 18;
      const { shape, fill } = draw.bandColours(draw.LIGHT, name, 0);
      return `<path transform="translate(${at} 26)" d="${draw.markerPath(shape, 5)}" fill="${fill}"/><text x="${at + 10}" y="31">${escaped(name)}</text>`;
    });
    return `<text x="${LEFT}" y="31" font-size="16" font-weight="bold">${escaped(curve.target)}</text>${legend.join("")}`;
  }

  function offer(blob, plot, extension) {
    const link = window.TOM.make("a", { href: URL.createObjectURL(blob), download: `${plot.curve.target.replace(/[^\w.+-]+/g, "_")}_light_curve.${extension}` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  const svgBlob = (plot) => new Blob([svgText(plot)], { type: "image/svg+xml" });

  /* --- the points that are shown, as they are shown */
  const KINDS = ["detection", "limit", "forced"];
  /** One cell of CSV; no text is taken for a formula by a spreadsheet. */
  function cell(value) {
    if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
    const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
  function csvText(plot) {
    const { curve, view, settings, applied } = plot;
    const unit = view.isFlux ? view.unit.name : "mag";
    const name = view.isFlux ? "flux" : settings.y === "abs" ? "abs_mag" : "mag";
    const since = { days: "first_point", detection: "first_detection", peak: "peak" }[settings.x];
    const header = ["mjd_utc [d]", "time_utc [ISO 8601]", ...(view.isFolded ? ["phase"] : since ? [`days_since_${since} [d]`] : []),
      "band", "kind", `${name} [${unit}]`, `${name}_err [${unit}]`, `limit [${unit}]`, "extinction [mag]", ...(settings.y === "abs" ? ["distance_modulus [mag]"] : []), "source", "reduction_version"];
    const lines = [header];
    const last = view.isFolded ? view.count / 2 : view.count; // a folded curve shows each point twice
    const { x, y } = plot.ranges();
    const inside = (value, [low, high]) => value >= low && value <= high;
    for (let row = 0; row < last; row += 1) {
      const isSeen = inside(view.x[row], x) || (view.isFolded && inside(view.x[row] + 1, x));
      if (!isSeen || !inside(view.y[row], y)) continue;
      const i = view.point[row];
      const band = curve.bands[curve.band[i]];
      lines.push([Number(curve.mjd[i].toFixed(7)), data.isoText(curve.mjd[i]), ...(view.isFolded ? [view.x[row]] : since ? [Number((curve.mjd[i] - view.first).toFixed(7))] : []),
        band, KINDS[curve.kind[i]], view.isLimit[row] ? NaN : Number(view.y[row].toPrecision(9)), view.error[row], view.isLimit[row] ? Number(view.y[row].toPrecision(9)) : NaN,
        applied.extinction ? applied.extinction.a[band] ?? NaN : 0, ...(settings.y === "abs" ? [applied.distance.modulus] : []), curve.sources[curve.source[i]], curve.versions[curve.version[i]]]);
    }
    return lines.map((line) => `${line.map(cell).join(",")}\r\n`).join("");
  }
  const csv = (plot) => offer(new Blob([csvText(plot)], { type: "text/csv" }), plot, "csv");

  async function png(plot) {
    const address = URL.createObjectURL(svgBlob(plot));
    const picture = new Image(WIDTH * 2, HEIGHT * 2);
    try {
      picture.src = address;
      await picture.decode();
      const canvas = document.createElement("canvas");
      canvas.width = WIDTH * 2;
      canvas.height = HEIGHT * 2;
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
      offer(blob, plot, "png");
    } catch (error) {
      window.TOM.toast(`The browser could not make the picture (${error.message}). The SVG holds the same plot.`, { isError: true });
    } finally {
      URL.revokeObjectURL(address);
    }
  }

  window.TOM.lightCurveSave = { svgText, csvText, csv, svg: (plot) => offer(svgBlob(plot), plot, "svg"), png };
})();
