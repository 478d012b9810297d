/* Spectra, third of five: curves with their error bands, bad points, lines and bands of the air on the canvas; the PNG. */
(function () {
  "use strict";
  const frame = window.TOM.lightCurveDraw;
  /* Colours that colour-blind eyes tell apart on white and on dark; from the seventh on the dashes differ too. In dome all
     are red and the dashes tell. */
  const COLOURS = [["#1f5fbf", "#6ea8fe"], ["#c2410c", "#ff9d5c"], ["#0f766e", "#4fd1c0"], ["#9d174d", "#f07fb4"], ["#5b6b00", "#b9cc45"], ["#5b3fb5", "#b39dff"]];
  const DOME = ["#eb0000", "#a00000"];
  const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];

  function style(palette, number) {
    if (palette.theme === "dome") return { colour: DOME[number % 2], dash: DASHES[Math.floor(number / 2) % DASHES.length] };
    const [light, dark] = COLOURS[number % COLOURS.length];
    return { colour: palette.theme === "dark" ? dark : light, dash: DASHES[Math.floor(number / COLOURS.length) % DASHES.length] };
  }

  /** Rows between two places on the axis, with one more on either side. */
  function rowsBetween(wave, min, max) {
    let from = 0, to = wave.length;
    while (from < to && !(wave[from + 1] >= min)) from += 1;
    while (to > from && !(wave[to - 2] <= max)) to -= 1;
    return [from, to];
  }

  /** A path through the points; where many fall on one column of pixels, its first, least, greatest and last. */
  function linePath(curve, place, from, to) {
    const { wave, flux, shift } = curve;
    const path = new Path2D();
    let column = null, isOpen = false;
    const flush = () => {
      if (!column) return;
      const { x, first, least, greatest, last } = column;
      if (isOpen) path.lineTo(x, first); else path.moveTo(x, first);
      if (greatest !== least) { path.lineTo(x, least); path.lineTo(x, greatest); }
      path.lineTo(x, last);
      isOpen = true;
      column = null;
    };
    for (let row = from; row < to; row += 1) {
      if (Number.isNaN(flux[row]) || Number.isNaN(wave[row])) {
        flush();
        isOpen = false;
        continue;
      }
      const x = Math.round(place.x(wave[row]) * 2) / 2, y = place.y(flux[row] + shift);
      if (column && column.x === x) {
        column.least = Math.min(column.least, y);
        column.greatest = Math.max(column.greatest, y);
        column.last = y;
      } else {
        flush();
        column = { x, first: y, least: y, greatest: y, last: y };
      }
    }
    flush();
    return path;
  }

  function errorBand(curve, place, from, to) {
    const { wave, flux, error, shift } = curve;
    const path = new Path2D();
    let upper = [], lower = [];
    const close = () => {
      if (upper.length > 1) {
        upper.forEach(([x, y], k) => (k ? path.lineTo(x, y) : path.moveTo(x, y)));
        lower.reverse().forEach(([x, y]) => path.lineTo(x, y));
        path.closePath();
      }
      upper = [];
      lower = [];
    };
    for (let row = from; row < to; row += 1) {
      if (Number.isNaN(flux[row]) || !(error[row] > 0)) { close(); continue; }
      const x = place.x(wave[row]), middle = flux[row] + shift;
      upper.push([x, place.y(middle + error[row])]);
      lower.push([x, place.y(middle - error[row])]);
    }
    close();
    return path;
  }

  /** Draw what lies in the ranges of the axes. `box` is the area of the plot in device pixels. */
  function paint(context, plot, place, box, ratio) {
    const { view, settings, palette } = plot;
    const { x } = plot.ranges();
    if (settings.telluric) paintBands(context, plot.bands(), place, box, palette, ratio);
    view.curves.forEach((curve, number) => {
      const { colour, dash } = style(palette, number);
      const [from, to] = rowsBetween(curve.wave, x[0], x[1]);
      if (settings.errors && curve.error) {
        context.globalAlpha = palette.theme === "dome" ? 0.35 : 0.18;
        context.fillStyle = colour;
        context.fill(errorBand(curve, place, from, to));
        context.globalAlpha = 1;
      }
      context.strokeStyle = colour;
      context.lineWidth = Math.max(1, 1.2 * ratio);
      context.lineJoin = "round";
      context.setLineDash(dash.map((length) => length * ratio));
      context.stroke(linePath(curve, place, from, to));
      context.setLineDash([]);
      if (settings.masked) paintMasked(context, curve, place, colour, ratio);
    });
    paintLines(context, plot.lines(), place, box, palette, ratio);
  }

  function paintMasked(context, curve, place, colour, ratio) {
    const arm = 3 * ratio;
    context.strokeStyle = colour;
    context.lineWidth = ratio;
    context.beginPath();
    for (const { wave, flux } of curve.masked) {
      const x = place.x(wave), y = place.y(flux + curve.shift);
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x - arm, y + arm);
      context.lineTo(x + arm, y - arm);
    }
    context.stroke();
  }

  function paintBands(context, bands, place, box, palette, ratio) {
    context.font = `${Math.round(10 * ratio)}px system-ui, sans-serif`;
    context.textAlign = "center";
    for (const { name, x } of bands) {
      const [left, right] = x.map(place.x);
      if (right < box.left || left > box.left + box.width) continue;
      context.fillStyle = palette.grid;
      context.fillRect(left, box.top, right - left, box.height);
      context.fillStyle = palette.text;
      context.fillText(name, (left + right) / 2, box.top + box.height - 5 * ratio);
    }
  }

  /** Dashed lines with their names turned upright; names that would lie over one another are left to the pointer. */
  function paintLines(context, lines, place, box, palette, ratio) {
    context.strokeStyle = context.fillStyle = palette.text;
    context.lineWidth = ratio;
    context.font = `${Math.round(11 * ratio)}px system-ui, sans-serif`;
    context.textAlign = "right";
    let last = -Infinity;
    for (const { name, x, isSky } of lines) {
      const at = place.x(x);
      if (at < box.left || at > box.left + box.width) continue;
      context.globalAlpha = 0.55;
      context.setLineDash(isSky ? [2 * ratio, 3 * ratio] : [5 * ratio, 4 * ratio]);
      context.beginPath();
      context.moveTo(at, box.top);
      context.lineTo(at, box.top + box.height);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
      if (at - last < 13 * ratio) continue;
      last = at;
      context.save();
      context.translate(at - 3 * ratio, box.top + 4 * ratio);
      context.rotate(-Math.PI / 2);
      context.fillText(isSky ? `${name} sky` : name, 0, 0);
      context.restore();
    }
  }

  /** The plot as it is, under its title and legend, as a PNG. */
  function png(plot) {
    const source = plot.uplot.ctx.canvas;
    const ratio = source.width / Math.max(1, plot.uplot.width);
    const rows = plot.view.curves.map((curve, number) => ({ ...style(plot.palette, number), label: curve.label }));
    const head = (30 + 18 * rows.length) * ratio;
    const canvas = document.createElement("canvas");
    canvas.width = source.width;
    canvas.height = source.height + head;
    const context = canvas.getContext("2d");
    context.fillStyle = plot.palette.background;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = plot.palette.text;
    context.font = `600 ${Math.round(15 * ratio)}px system-ui, sans-serif`;
    context.fillText(plot.target, 12 * ratio, 20 * ratio);
    context.font = `${Math.round(12 * ratio)}px system-ui, sans-serif`;
    rows.forEach(({ colour, dash, label }, number) => {
      const y = (38 + 18 * number) * ratio;
      context.strokeStyle = colour;
      context.lineWidth = 2 * ratio;
      context.setLineDash(dash.map((length) => length * ratio));
      context.beginPath();
      context.moveTo(12 * ratio, y - 4 * ratio);
      context.lineTo(44 * ratio, y - 4 * ratio);
      context.stroke();
      context.fillText(label, 52 * ratio, y);
    });
    context.drawImage(source, 0, head);
    return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  }

  window.TOM.spectraDraw = { style, paint, png, paletteOfPage: frame.paletteOfPage, linearTicks: frame.linearTicks, fittingTicks: frame.fittingTicks };
})();
