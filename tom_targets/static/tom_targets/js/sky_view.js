/* The sky view: asks whether an image server answers, only then starts Aladin Lite, and says in words what is wrong.
   Runs in a document of its own, the only one whose policy allows other hosts and WebAssembly. */
(function () {
  "use strict";
  const PATIENCE_MS = 8000;
  const SETTLE_MS = 500;
  const TILES_MS = 20000;
  const root = document.querySelector(".sky-view");
  const place = root.querySelector(".sky-view-place");
  const said = root.querySelector(".sky-view-said");
  const select = root.querySelector("select");
  const data = JSON.parse(document.getElementById("sky-view-data").textContent);
  const layers = [];
  let aladin = null;
  let asked = 0;

  function say(text, { isBad = false, again = false } = {}) {
    said.textContent = text;
    said.classList.toggle("is-bad", isBad);
    if (!again) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-outline-secondary btn-sm ms-2";
    button.textContent = "Try again";
    button.addEventListener("click", () => show());
    said.append(button);
  }

  /** The first address of a survey that answers within a few seconds; rejects when none does. */
  function reachable(survey) {
    return Promise.any(survey.urls.map(async (url) => {
      const reply = await fetch(`${url}/properties`, { signal: AbortSignal.timeout(PATIENCE_MS), credentials: "omit", referrerPolicy: "no-referrer" });
      if (!reply.ok) throw new Error(`${new URL(url).host} answered ${reply.status}`);
      return url;
    }));
  }

  async function show() {
    const survey = data.surveys[Number(select.value) || 0];
    const turn = (asked += 1);
    const hosts = [...new Set(survey.urls.map((url) => new URL(url).host))].join(" and ");
    say(`Asking ${hosts} for ${survey.name} …`);
    let url;
    try {
      url = await reachable(survey);
    } catch (error) {
      const answered = (error.errors || []).find((one) => / answered /.test(one.message));
      select.disabled = false;
      if (turn !== asked) return;
      say(answered ? `${survey.name} is not to be had now: ${answered.message}.` : `The image servers (${hosts}) cannot be reached from this browser: no network, or a firewall in between. Everything else on this site works without them; the finder chart needs no server.`, { isBad: true, again: true });
      return;
    }
    if (turn !== asked) return;
    try {
      if (aladin) aladin.setBaseImageLayer(aladin.newImageSurvey(url));
      else await start(url);
    } catch (error) {
      say(`The sky view could not be started: ${error?.message || error}. It needs WebGL 2, which this browser does not offer now.`, { isBad: true, again: !aladin });
      return;
    }
    root.querySelectorAll("button, select").forEach((control) => { control.disabled = false; });
    const others = data.neighbours.length;
    say(`${survey.name} from ${new URL(url).host}. The cross marks ${data.name}${others ? `, circles ${others} other target${others === 1 ? "" : "s"}` : ""}.`);
    root.classList.add("is-shown");
  }

  async function start(url) {
    const { default: A } = await import(root.dataset.aladin);
    await A.init;
    aladin = A.aladin(place, {
      survey: url, target: `${data.ra} ${data.dec}`, fov: data.fov_deg, cooFrame: "ICRSd", log: false, projection: "TAN", reticleColor: "#e05050",
      showLayersControl: false, showGotoControl: false, showSimbadPointerControl: false, showShareControl: false, showSettingsControl: false, showStatusBar: false,
      showFullscreenControl: false, showProjectionControl: false, showCooGridControl: false, showContextMenu: false, showZoomControl: false, samp: false, showReticle: false,
    });
    window.skyView = aladin; // for tests, and for who is curious
    const mark = A.catalog({ name: data.name, shape: "cross", color: "#ff4040", sourceSize: 28 });
    mark.addSources([A.source(data.ra, data.dec, { name: data.name })]);
    aladin.addCatalog(mark);
    layers.push(mark);
    if (data.neighbours.length) {
      const others = A.catalog({ name: "Other targets", shape: "circle", color: "#ffb020", sourceSize: 18, displayLabel: true, labelColumn: "name", labelColor: "#ffb020" });
      others.addSources(data.neighbours.map((near) => A.source(near.ra, near.dec, { name: near.name })));
      aladin.addCatalog(others);
      layers.push(others);
    }
  }

  /** How much of a picture is empty, 0 to 1: black or transparent, as where no tile of the survey has come. */
  function emptyShare(context, side) {
    const { data: pixels } = context.getImageData(0, 0, side, side);
    let empty = 0, looked = 0;
    for (let i = 0; i < pixels.length; i += 4 * 37) {
      looked += 1;
      if (pixels[i + 3] === 0 || Math.max(pixels[i], pixels[i + 1], pixels[i + 2]) <= 2) empty += 1;
    }
    return empty / looked;
  }

  /** The survey image of the field as a square picture, north up: what a finder chart takes as its background.
      Waits for the tiles of the field; rejects where none comes, and says how much of the picture is empty. */
  window.takeSkyImage = async function () {
    if (!aladin) throw new Error("no survey is shown yet");
    const { clientWidth: width, clientHeight: height } = place;
    const side = Math.min(width, height);
    layers.forEach((layer) => layer.hide());
    aladin.gotoRaDec(data.ra, data.dec);
    aladin.setFoV(data.fov_deg * (width / side));
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 900;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const begun = performance.now();
    let empty = 1;
    try {
      while (empty > 0.01 && performance.now() - begun < TILES_MS) {
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS)); // tiles of the new field arrive meanwhile
        const picture = new Image();
        picture.src = await aladin.getViewDataURL({ format: "image/png", logo: false });
        await picture.decode();
        const part = picture.naturalWidth * (side / width);
        context.clearRect(0, 0, 900, 900);
        context.drawImage(picture, (picture.naturalWidth - part) / 2, (picture.naturalHeight - part) / 2, part, part, 0, 0, 900, 900);
        empty = emptyShare(context, 900);
      }
    } finally {
      layers.forEach((layer) => layer.show());
    }
    const name = data.surveys[Number(select.value) || 0].name;
    if (empty > 0.97) throw new Error(`${name} has no image of this field, or it has not come within ${TILES_MS / 1000} s; try again in a moment`);
    return { url: canvas.toDataURL("image/jpeg", 0.92), name, empty };
  };

  /** Browsers allow some sixteen WebGL contexts; give ours back as soon as the view is closed. */
  function release() {
    place.querySelectorAll("canvas").forEach((canvas) => canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext());
    place.replaceChildren();
    layers.length = 0;
    aladin = null;
  }

  select.addEventListener("change", show);
  root.querySelectorAll("[data-sky-zoom]").forEach((button) => button.addEventListener("click", () => {
    const fov = aladin.getFov()[0] * Number(button.dataset.skyZoom);
    aladin.setFoV(Math.min(Math.max(fov, 0.003), 90));
  }));
  root.querySelector("[data-sky-home]").addEventListener("click", () => { aladin.gotoRaDec(data.ra, data.dec); aladin.setFoV(data.fov_deg); });
  window.addEventListener("pagehide", release);
  show();
})();
