/* Finder chart: printing, and the survey image of the opened sky view as background of the chart. */
(function () {
  "use strict";
  const print = document.querySelector("[data-finder-print]");
  print.hidden = false;
  print.addEventListener("click", () => window.print());

  const survey = document.querySelector("[data-finder-survey]");
  if (!survey) return;
  const take = survey.querySelector("[data-finder-take]");
  const said = survey.querySelector("[data-finder-said]");
  const chart = document.querySelector(".finder-chart");
  const frame = () => survey.querySelector("iframe");

  new MutationObserver(() => { take.hidden = !frame(); }).observe(survey, { childList: true });

  take.addEventListener("click", async () => {
    const taken = frame()?.contentWindow?.takeSkyImage;
    if (!taken) {
      said.textContent = "There is no image to take: wait until the survey is shown, or read below the view why it is not.";
      return;
    }
    take.disabled = true;
    said.textContent = "Taking the image …";
    try {
      const { url, name, empty } = await taken();
      let image = chart.querySelector(".finder-image");
      if (!image) {
        image = document.createElementNS("http://www.w3.org/2000/svg", "image");
        image.setAttribute("class", "finder-image");
        image.setAttribute("width", "600");
        image.setAttribute("height", "600");
        chart.querySelector(".finder-field").after(image);
      }
      image.setAttribute("href", url);
      const notice = document.querySelector("[data-finder-notice]");
      notice?.classList.remove("finder-screen"); // printed too
      notice?.replaceChildren(`Background: ${name}.`);
      document.querySelector("[data-finder-source]")?.replaceChildren(name);
      const part = Math.round(100 * empty);
      said.textContent = `The chart has ${name} as its background.${part ? ` ${part}% of it is empty: outside the survey, or not come yet.` : ""} It prints with the page; drawing the chart anew takes it away.`;
      chart.scrollIntoView({ block: "nearest" });
    } catch (error) {
      said.textContent = `The image could not be taken: ${error?.message || error}.`;
    }
    take.disabled = false;
  });
})();
