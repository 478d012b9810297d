/* Light curves: the settings of the plot in the address of the page, so that a link shows the same plot. Pure but for the last lines.
   Parameters begin with "lc-"; what is as usual is left out. */
(function () {
  "use strict";
  const PREFIX = "lc-";
  const LAWS = ["F99", "CCM89", "O94"];
  const AXES = { x: ["mjd", "utc", "days", "detection", "peak"], y: ["mag", "flux", "abs"] };
  const DISTANCES = ["z", "pc", "plx", "mu"];

  const number = (text) => (text !== null && text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined);
  const short = (value) => String(Number(value.toPrecision(10)));
  const list = (params, name) => new Set(params.getAll(PREFIX + name));

  /** What a query string says: {settings, corrections, zoom}, each with what it names only. */
  function read(query) {
    const params = new URLSearchParams(query);
    const get = (name) => params.get(PREFIX + name);
    const settings = {}, corrections = {};
    for (const axis of ["x", "y"]) if (AXES[axis].includes(get(axis))) settings[axis] = get(axis);
    for (const name of ["limits", "forced"]) if (get(name) === "0") settings[name] = false;
    if (get("superseded") === "1") settings.superseded = true;
    if (number(get("fold")) > 0) settings.period = number(get("fold"));
    if (number(get("epoch")) !== undefined) settings.epoch = number(get("epoch"));
    for (const [setting, name] of [["hiddenBands", "hide"], ["hiddenSources", "hide-source"], ["hiddenVersions", "hide-version"]]) {
      if (params.has(PREFIX + name)) settings[setting] = list(params, name);
    }
    for (const name of ["ebv", "rv", "h0", "om", "distance"]) if (number(get(name)) !== undefined) corrections[name] = number(get(name));
    if (LAWS.includes(get("law"))) corrections.law = get("law");
    if (DISTANCES.includes(get("by"))) corrections.by = get("by");
    const ends = (get("zoom") || "").split(",").map(Number);
    const zoom = ends.length === 4 && ends.every(Number.isFinite) && ends[0] < ends[1] && ends[2] < ends[3] ? { x: ends.slice(0, 2), y: ends.slice(2) } : null;
    return { settings, corrections, zoom };
  }

  /** A query string with the state of a plot in place of what it said of one before. */
  function write(query, { settings, corrections, zoom }) {
    const params = new URLSearchParams(query);
    for (const name of [...params.keys()]) if (name.startsWith(PREFIX)) params.delete(name);
    const set = (name, value, usual) => { if (value !== usual && value !== undefined && value !== null) params.append(PREFIX + name, value); };
    set("x", settings.x, "mjd");
    set("y", settings.y, "mag");
    for (const name of ["limits", "forced"]) if (!settings[name]) set(name, "0");
    if (settings.superseded) set("superseded", "1");
    if (settings.period > 0) set("fold", short(settings.period));
    if (settings.epoch) set("epoch", short(settings.epoch));
    for (const [setting, name] of [["hiddenBands", "hide"], ["hiddenSources", "hide-source"], ["hiddenVersions", "hide-version"]]) {
      [...settings[setting]].sort().forEach((value) => set(name, value));
    }
    if (corrections.ebv !== undefined) {
      set("ebv", short(corrections.ebv));
      set("law", corrections.law, "F99");
      set("rv", corrections.rv, 3.1);
    }
    if (corrections.distance !== undefined) {
      set("by", corrections.by);
      set("distance", short(corrections.distance));
      set("h0", corrections.h0, 70);
      set("om", corrections.om, 0.3);
    }
    if (zoom?.x && zoom.y) set("zoom", [...zoom.x, ...zoom.y].map(short).join(","));
    const text = params.toString().replaceAll("%2C", ",");
    return text ? `?${text}` : "";
  }

  let owner = null; // the address belongs to the first plot of a page
  let timer = 0;
  /** The state that the address gives to a plot; nothing to the second one of a page. */
  function claim(plot) {
    if (owner?.element.isConnected) return { settings: {}, corrections: {}, zoom: null };
    owner = plot;
    return read(window.location.search);
  }
  function keep(plot) {
    if (plot !== owner) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { pathname, search, hash } = window.location;
      const now = write(search, plot);
      if (now !== search) window.history.replaceState(window.history.state, "", pathname + now + hash);
    }, 150);
  }

  window.TOM = window.TOM || {};
  window.TOM.lightCurveState = { read, write, claim, keep };
})();
