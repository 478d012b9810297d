/* Light curves, second of the scripts: ticks, markers, and the two surfaces they are drawn on (canvas and SVG text). */
(function () {
  "use strict";
  const data = window.TOM.lightCurveData;
  const PX_PER_SIGN = 7; // of a label of 12 px, at most
  const DAY = 1, HOUR = 1 / 24, MINUTE = 1 / 1440, SECOND = 1 / 86400;
  const DATE_STEPS = [
    SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY,
  ];

  /* --- ticks: {at: [positions], text: [labels]} */
  function niceStep(span, count) {
    const rough = span / Math.max(1, count);
    const size = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 5, 10].find((factor) => factor * size >= rough) * size;
  }

  function linearTicks(min, max, count, offset = 0) {
    const step = niceStep(max - min, count);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const at = [], text = [];
    for (let k = Math.ceil((min - offset) / step); k * step + offset <= max; k += 1) {
      at.push(k * step + offset);
      text.push((k * step).toFixed(digits).replace(/^-(0(?:\.0+)?)$/, "$1"));
    }
    return { at, text };
  }

  /** As many of the ticks that `make` gives for a number as have room for their labels in `length` pixels. */
  function fittingTicks(min, max, length, most, make) {
    for (let count = Math.max(2, most); ; count -= 1) {
      const ticks = make(count);
      const room = Math.min(...ticks.at.slice(1).map((value, i) => ((value - ticks.at[i]) / (max - min)) * length));
      if (count === 1 || room >= PX_PER_SIGN * Math.max(...ticks.text.map((text) => text.length)) + 12) return ticks;
    }
  }

  function dateTicks(min, max, count) {
    const rough = (max - min) / Math.max(1, count);
    const step = DATE_STEPS.find((candidate) => candidate >= rough);
    return step ? shortDateTicks(min, max, step) : monthTicks(min, max, rough / 30.44);
  }

  function shortDateTicks(min, max, step) {
    const at = [], text = [];
    const shown = step >= DAY ? [0, 10] : step >= MINUTE ? [5, 16] : [11, 19];
    for (let k = Math.ceil(min / step - 1e-9); k * step <= max; k += 1) {
      at.push(k * step);
      text.push(data.utcText(k * step).slice(...shown));
    }
    return { at, text };
  }

  function monthTicks(min, max, roughMonths) {
    const step = [1, 2, 3, 6, 12, 24, 60, 120, 240].find((months) => months >= roughMonths) || 600;
    const at = [], text = [];
    const start = data.toDate(min);
    let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / step) * step;
    for (; ; month += step) {
      const mjd = Date.UTC(Math.floor(month / 12), month % 12, 1) / 86_400_000 + 40587;
      if (mjd > max) return { at, text };
      if (mjd >= min) {
        at.push(mjd);
        text.push(step >= 12 ? String(Math.floor(month / 12)) : data.utcText(mjd).slice(0, 7));
      }
    }
  }

  function xTicks(view, kind, min, max, count) {
    if (view.isFolded) return linearTicks(min, max, count);
    if (kind === "utc") return dateTicks(min, max, count);
    return linearTicks(min, max, count, kind === "mjd" ? 0 : view.first);
  }

  /* --- markers as SVG paths around the origin; a canvas takes the same text. Names are plotly's. */
  const outline = (points) => `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`;
  const ring = (corners, size, turn = 0) => Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * Math.PI * k) / corners;
    const radius = typeof size === "function" ? size(k) : size;
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });
  const star = (tips, inner, outer = 1.35) => (r) => ring(tips * 2, (k) => r * (k % 2 ? inner : outer));
  const plus = (r, a = 1.25, b = 0.42) => [[-b, -a], [b, -a], [b, -b], [a, -b], [a, b], [b, b], [b, a], [-b, a], [-b, b], [-a, b], [-a, -b], [-b, -b]]
    .map(([x, y]) => [x * r, y * r]);
  const turned = (points) => points.map(([x, y]) => [(x - y) * Math.SQRT1_2, (x + y) * Math.SQRT1_2]);
  const SHAPES = {
    square: (r) => ring(4, r * 1.25, Math.PI / 4),
    diamond: (r) => ring(4, r * 1.35),
    "triangle-up": (r) => ring(3, r * 1.35),
    limit: (r) => ring(3, r * 1.3, Math.PI),
    pentagon: (r) => ring(5, r * 1.2),
    hexagon: (r) => ring(6, r * 1.15),
    hexagon2: (r) => ring(6, r * 1.15, Math.PI / 6),
    octagon: (r) => ring(8, r * 1.15, Math.PI / 8),
    cross: (r) => plus(r),
    x: (r) => turned(plus(r)),
    star: star(5, 0.55),
    hexagram: star(6, 0.7),
    "star-square": (r) => turned(star(4, 0.6)(r)),
    "star-diamond": star(4, 0.6),
    "star-triangle-up": star(3, 0.5),
    "diamond-tall": (r) => [[0, -1.5 * r], [0.75 * r, 0], [0, 1.5 * r], [-0.75 * r, 0]],
    "diamond-wide": (r) => [[0, -0.75 * r], [1.5 * r, 0], [0, 0.75 * r], [-1.5 * r, 0]],
    hourglass: (r) => [[-r, -1.1 * r], [r, -1.1 * r], [-r, 1.1 * r], [r, 1.1 * r]],
    bowtie: (r) => [[-1.1 * r, -r], [1.1 * r, r], [1.1 * r, -r], [-1.1 * r, r]],
  };
  function markerPath(shape, radius) {
    if (SHAPES[shape]) return outline(SHAPES[shape](radius));
    return `M${radius} 0A${radius} ${radius} 0 1 1 -${radius} 0A${radius} ${radius} 0 1 1 ${radius} 0Z`;
  }

  /* --- palettes: colours of the frame and of the bands in a theme */
  const DOME_SHADES = ["#a00000", "#5a0000", "#800000", "#3c0000", "#6e0000"];
  const LIGHT = { theme: "light", background: "#ffffff", grid: "#e4e8ec", text: "#3f4852", line: "#7d8894" };

  function paletteOfPage() {
    const style = getComputedStyle(document.documentElement);
    const value = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    return {
      theme: document.documentElement.dataset.bsTheme || "light",
      background: value("--tom-plot-background", LIGHT.background), grid: value("--tom-plot-grid", LIGHT.grid),
      text: value("--tom-plot-text", LIGHT.text), line: value("--tom-control-line", LIGHT.line),
    };
  }
  /** Fill and edge of a band's markers. In dome all are red: the shape tells them apart. */
  function bandColours(palette, name, index) {
    const style = data.bandStyle(name);
    if (palette.theme === "dome") return { shape: style.shape, fill: DOME_SHADES[index % DOME_SHADES.length], edge: "#eb0000", bar: "#a00000" };
    const colour = palette.theme === "dark" ? style.dark : style.light;
    return { shape: style.shape, fill: colour, edge: colour, bar: colour };
  }

  const DENSE = 20_000; // points in view from which their shapes cannot be told apart: they become small squares
  const radiusFor = (count) => (count > 5000 ? 2.6 : count > 1000 ? 3.2 : 4.2);

  /** What a point looks like: shape, radius and how it is painted, by its kind. */
  function markerOf(curve, view, row, colours, radius) {
    const point = view.point[row];
    if (view.isLimit[row]) return { ...colours, shape: "limit", radius: radius * 1.05, isHollow: true, alpha: 0.6, key: "limit" };
    const isForced = curve.kind[point] === data.FORCED;
    const isHollow = Boolean(curve.negative[point]) && !view.isFlux;
    return { ...colours, radius: isForced ? radius * 0.72 : radius, isHollow, alpha: 1, key: `${isForced ? "forced" : "seen"}${isHollow ? "-hollow" : ""}` };
  }

  /** Rows whose x lies in a range, as [first, after the last]. */
  function rowsWithin(view, min, max) {
    const search = (value) => {
      let low = 0, high = view.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (view.x[middle] < value) low = middle + 1; else high = middle;
      }
      return low;
    };
    return [search(min), search(max + 1e-12)];
  }

  /* --- surface one: a canvas, in device pixels. A marker is drawn once and stamped from then on. */
  function canvasPainter(context, ratio) {
    const stamps = new Map();
    return {
      bars(segments, colour, alpha) {
        context.globalAlpha = alpha;
        if (segments.length > 3 * 5000) { // a path of so many lines takes ten times as long
          const width = Math.max(1, Math.round(ratio));
          context.fillStyle = colour;
          for (let k = 0; k < segments.length; k += 3) {
            const top = Math.min(segments[k + 1], segments[k + 2]);
            context.fillRect(Math.round(segments[k]), top, width, Math.abs(segments[k + 1] - segments[k + 2]));
          }
          context.globalAlpha = 1;
          return;
        }
        context.strokeStyle = colour;
        context.lineWidth = Math.max(1, Math.round(ratio));
        context.beginPath();
        for (let k = 0; k < segments.length; k += 3) {
          context.moveTo(segments[k], segments[k + 1]);
          context.lineTo(segments[k], segments[k + 2]);
        }
        context.stroke();
        context.globalAlpha = 1;
      },
      marker(x, y, marker, band) {
        const name = `${band}/${marker.key}`;
        let stamp = stamps.get(name);
        if (!stamp) stamps.set(name, (stamp = makeStamp(marker, ratio)));
        context.drawImage(stamp, Math.round(x - stamp.width / 2), Math.round(y - stamp.height / 2));
      },
      square(x, y, colour) {
        if (context.fillStyle !== colour) context.fillStyle = colour;
        const size = Math.max(2, Math.round(2.4 * ratio));
        context.fillRect(Math.round(x - size / 2), Math.round(y - size / 2), size, size);
      },
      note(x, y, colour) {
        context.strokeStyle = colour;
        context.lineWidth = 1.5 * ratio;
        context.beginPath();
        context.arc(x, y, 8 * ratio, 0, 2 * Math.PI);
        context.moveTo(x + 5.7 * ratio, y - 5.7 * ratio);
        context.lineTo(x + 11 * ratio, y - 11 * ratio);
        context.stroke();
      },
      label(x, y, text, colour) {
        context.fillStyle = colour;
        context.font = `${Math.round(10 * ratio)}px system-ui, sans-serif`;
        context.textAlign = "center";
        context.fillText(text, x, y + 13 * ratio);
      },
    };
  }

  function makeStamp(marker, ratio) {
    const size = Math.ceil((marker.radius * 1.3 + 2) * 2 * ratio);
    const stamp = document.createElement("canvas");
    stamp.width = stamp.height = size;
    const context = stamp.getContext("2d");
    context.translate(size / 2, size / 2);
    context.scale(ratio, ratio);
    context.globalAlpha = marker.alpha;
    const path = new Path2D(markerPath(marker.shape, marker.radius));
    context.strokeStyle = marker.edge;
    context.lineWidth = marker.isHollow ? 1.2 : 0.8;
    if (!marker.isHollow) {
      context.fillStyle = marker.fill;
      context.fill(path);
    }
    context.stroke(path);
    return stamp;
  }

  /* --- surface two: SVG text */
  function svgPainter() {
    const defs = new Map(), body = [];
    const f = (value) => value.toFixed(1);
    return {
      defs, body,
      bars(segments, colour, alpha) {
        const parts = [];
        for (let k = 0; k < segments.length; k += 3) parts.push(`M${f(segments[k])} ${f(segments[k + 1])}V${f(segments[k + 2])}`);
        body.push(`<path d="${parts.join("")}" stroke="${colour}" stroke-opacity="${alpha}" fill="none"/>`);
      },
      marker(x, y, marker, band) {
        const name = `${band}/${marker.key}`;
        if (!defs.has(name)) {
          defs.set(name, { id: `m${defs.size}`, text: `<path d="${markerPath(marker.shape, marker.radius)}" fill="${marker.isHollow ? "none" : marker.fill}" stroke="${marker.edge}" stroke-width="${marker.isHollow ? 1.2 : 0.8}" opacity="${marker.alpha}"` });
        }
        body.push(`<use href="#${defs.get(name).id}" x="${f(x)}" y="${f(y)}"/>`);
      },
      note(x, y, colour) { body.push(`<path d="M${f(x - 8)} ${f(y)}a8 8 0 1 0 16 0a8 8 0 1 0 -16 0M${f(x + 5.7)} ${f(y - 5.7)}l5.3 -5.3" fill="none" stroke="${colour}" stroke-width="1.5"/>`); },
      label() {},
    };
  }

  /** Draw what lies in the ranges: limits first, then error bars, forced points, detections. */
  function paint(painter, curve, view, palette, place, ranges, notes = new Map()) {
    const [from, to] = rowsWithin(view, ranges.x[0], ranges.x[1]);
    const radius = radiusFor(to - from);
    const colours = curve.bands.map((name, index) => bandColours(palette, name, index));
    const layers = [[], [], []];
    const bars = curve.bands.map(() => []);
    for (let row = from; row < to; row += 1) {
      const point = view.point[row];
      layers[view.isLimit[row] ? 0 : curve.kind[point] === data.FORCED ? 1 : 2].push(row);
      const error = view.error[row];
      if (error > 0) bars[curve.band[point]].push(place.x(view.x[row]), place.y(view.y[row] - error), place.y(view.y[row] + error));
    }
    const isDense = to - from > DENSE && painter.square;
    const drawLayer = (rows) => rows.forEach((row) => {
      const band = curve.band[view.point[row]];
      if (isDense && !view.isLimit[row]) {
        painter.square(place.x(view.x[row]), place.y(view.y[row]), colours[band].fill);
        return;
      }
      painter.marker(place.x(view.x[row]), place.y(view.y[row]), markerOf(curve, view, row, colours[band], radius), curve.bands[band]);
    });
    drawLayer(layers[0]);
    if (palette.theme === "dome" && layers[0].length <= 300) {
      layers[0].forEach((row) => painter.label(place.x(view.x[row]), place.y(view.y[row]), curve.bands[curve.band[view.point[row]]], "#eb0000"));
    }
    bars.forEach((segments, band) => { if (segments.length) painter.bars(segments, colours[band].bar, 0.5); });
    drawLayer(layers[1]);
    drawLayer(layers[2]);
    if (notes.size) {
      for (let row = from; row < to; row += 1) {
        if (notes.has(view.point[row])) painter.note(place.x(view.x[row]), place.y(view.y[row]), palette.text);
      }
    }
  }

  window.TOM.lightCurveDraw = {
    LIGHT, paletteOfPage, bandColours, markerPath, xTicks, linearTicks, dateTicks, fittingTicks, canvasPainter, svgPainter, paint, rowsWithin,
  };
})();
