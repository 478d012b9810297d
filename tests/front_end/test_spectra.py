"""Spectra in a real browser: the arithmetic against numpy, what is drawn, kept in the address and saved."""

import csv
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.front_end.conftest import THEMES, WIDTHS
from tom_common.astro.wavelengths import air_to_vacuum_a, vacuum_to_air_a

pytestmark = pytest.mark.e2e
MATH = "TOM.spectraMath"


@pytest.fixture
def spectra_page(visit):
    """Give a function that opens the page of spectra and waits until they are drawn."""

    def open_spectra(query="", **options):
        page = visit("spectra", **options)
        if query:
            page.goto(f"{page.url}?{query}")
        page.locator(".spectra.is-drawn").wait_for()
        page.evaluate("window.plot = TOM.spectra(document.querySelector('.spectra'))")
        return page

    return open_spectra


def smoothed(page, method, width, wave, flux, error=None):
    call = f"""([wave, flux, error]) => {{
        const read = (values) => values && Float64Array.from(values, (value) => value ?? NaN);
        const given = {{ wave: read(wave), flux: read(flux), error: read(error) }};
        const found = {MATH}.{method}(given, {width});
        const plain = (value) => (Number.isNaN(value) ? null : value);
        return [found.wave, found.flux, found.error].map((values) => values && [...values].map(plain));
    }}"""
    return page.evaluate(call, [wave, flux, error])


class TestArithmetic:
    def test_air_and_vacuum_are_those_of_python(self, spectra_page):
        page = spectra_page()
        wave = [1215.67, 2500.0, 5006.84, 6562.8, 22000.0]
        assert page.evaluate(f"(w) => w.map({MATH}.toVacuum)", wave) == pytest.approx(
            air_to_vacuum_a(wave), rel=1e-12
        )
        assert page.evaluate(f"(w) => w.map({MATH}.toAir)", wave) == pytest.approx(
            vacuum_to_air_a(wave), rel=1e-12
        )

    def test_flux_densities_and_velocities_by_hand(self, spectra_page):
        page = spectra_page()
        # 1 Jy at 5,000 Angstrom: 1e-23 * 2.99792458e18 / 5000^2 = 1.199170e-12 erg/s/cm2/A
        assert page.evaluate(f"{MATH}.toFlam(1e-23, 5000)") == pytest.approx(1.199169832e-12, rel=1e-9)
        assert page.evaluate(f"{MATH}.toFnu(1.199169832e-12, 5000)") == pytest.approx(1e-23, rel=1e-9)
        # a tenth of the speed of light: sqrt(0.9 / 1.1)
        assert page.evaluate(f"{MATH}.doppler(-29979.2458)") == pytest.approx((0.9 / 1.1) ** 0.5, rel=1e-12)
        assert page.evaluate(f"{MATH}.velocityOf(6355 * {MATH}.doppler(-12000), 6355)") == pytest.approx(
            -12000
        )

    def test_boxcar_and_gaussian_are_weighted_means(self, spectra_page):
        page = spectra_page()
        chance = np.random.default_rng(1)
        flux, error = chance.normal(10, 1, 60), np.full(60, 0.5)
        _, box, box_error = smoothed(page, "boxcar", 5, list(range(60)), flux.tolist(), error.tolist())
        assert box[2:-2] == pytest.approx(np.convolve(flux, np.full(5, 0.2), "valid"))
        assert box[0] == pytest.approx(flux[:3].mean())
        assert box_error[10] == pytest.approx(0.5 / 5**0.5)
        _, gauss, _ = smoothed(page, "gaussian", 4, list(range(60)), flux.tolist())
        rows = np.arange(60)
        kernel = np.exp(-0.5 * ((rows - 30) / (4 / 2.354820045)) ** 2) * (abs(rows - 30) <= 7)
        assert gauss[30] == pytest.approx((kernel * flux).sum() / kernel.sum(), rel=1e-9)

    def test_a_gaussian_in_km_per_s_has_the_width_that_it_says(self, spectra_page):
        page = spectra_page()
        wave = np.exp(np.linspace(np.log(4000), np.log(8000), 4000))
        flux = np.zeros(4000)
        flux[2000] = 1.0
        _, smooth, _ = smoothed(page, "gaussianKms", 1000, wave.tolist(), flux.tolist())
        wide = np.flatnonzero(np.array(smooth) >= max(smooth) / 2)
        velocity = 299792.458 * np.log(wave[wide[-1]] / wave[wide[0]])
        assert velocity == pytest.approx(1000, abs=2 * 52)  # a point is 52 km/s
        assert sum(smooth) == pytest.approx(1.0, rel=1e-3)

    def test_savitzky_golay_is_the_parabola_that_numpy_fits_gaps_and_ends_included(self, spectra_page):
        page = spectra_page()
        chance = np.random.default_rng(2)
        flux = chance.normal(0, 1, 40)
        flux[12] = np.nan
        given = [None if np.isnan(value) else value for value in flux]
        _, smooth, _ = smoothed(page, "savitzkyGolay", 9, list(range(40)), given)
        for row in (0, 3, 10, 20, 39):
            near = [k for k in range(max(0, row - 4), min(40, row + 5)) if k != 12]
            assert smooth[row] == pytest.approx(np.polyval(np.polyfit(near, flux[near], 2), row), abs=1e-9)
        assert smooth[12] is None

    def test_bins_are_means_weighted_by_the_errors(self, spectra_page):
        page = spectra_page()
        wave, flux, error = smoothed(
            page, "rebinned", 10, [1, 5, 11, 15, 21], [1, 3, None, 8, None], [1, 2, 1, 1, 1]
        )
        assert flux == pytest.approx([(1 + 3 / 4) / 1.25, 8, None])
        assert wave == pytest.approx([(1 + 5 / 4) / 1.25, 15, 21])
        assert error[:2] == pytest.approx([1.25**-0.5, 1])


def curve(page, number=0):
    return page.evaluate(
        """(number) => {
            const { label, wave, flux } = plot.view.curves[number];
            return { label, wave: [...wave.slice(0, 3)], flux: [...flux.slice(0, 3)] };
        }""",
        number,
    )


class TestView:
    def test_a_line_moves_with_redshift_and_velocity_and_a_sky_line_does_not(self, spectra_page):
        page = spectra_page("sp_groups=H,sky&sp_z=0.1&sp_velocity=-3000")
        lines = {line["name"]: line["x"] for line in page.evaluate("plot.lines()")}
        alpha_vacuum = (
            air_to_vacuum_a(6562.80) * 1.1 * ((1 - 3000 / 299792.458) / (1 + 3000 / 299792.458)) ** 0.5
        )
        assert lines["Hα"] == pytest.approx(float(vacuum_to_air_a(alpha_vacuum)), abs=0.005)
        assert lines["OH"] == pytest.approx(8885.85, abs=0.01)  # the last of its name
        page.evaluate("plot.change({ frame: 'rest', velocity: 0 })")
        lines = {line["name"]: line["x"] for line in page.evaluate("plot.lines()")}
        assert lines["Hα"] == pytest.approx(6562.80, abs=0.005)
        assert lines["OH"] == pytest.approx(8885.85 / 1.1, abs=0.01)

    def test_units_of_wavelength_and_flux_are_converted(self, spectra_page):
        page = spectra_page("sp_masked=1")
        before = curve(page)
        page.evaluate("plot.change({ waveUnit: 'nm', medium: 'vacuum', fluxUnit: 'mjy' })")
        after = curve(page)
        assert after["wave"] == pytest.approx(air_to_vacuum_a(before["wave"]) / 10, rel=1e-9)
        vacuum = air_to_vacuum_a(before["wave"])
        assert after["flux"] == pytest.approx(
            np.array(before["flux"]) * vacuum**2 / 2.99792458e18 / 1e-26, rel=1e-6
        )
        assert page.evaluate("plot.uplot.axes.map((axis) => axis.label)") == [
            "Wavelength (nm, vacuum, observed)",
            "fν (mJy; some relative)",
        ]

    def test_the_oldest_is_on_top_and_the_legend_names_date_and_instrument(self, spectra_page):
        page = spectra_page("sp_offset=1&sp_normalise=median")
        assert curve(page)["label"] == "2026-09-01 00:00 NTT EFOSC2"
        shifts = page.evaluate("plot.view.curves.map((curve) => curve.shift)")
        assert shifts == sorted(shifts, reverse=True)
        assert shifts[-1] == 0
        assert page.locator(".spectra-legend label").first.inner_text() == "2026-10-16 00:00 NTT EFOSC2"

    def test_bad_points_are_left_out_and_shown_when_asked(self, spectra_page):
        page = spectra_page()
        assert page.evaluate("plot.view.curves[0].flux.slice(1000, 1010).every(Number.isNaN)")
        assert page.evaluate("plot.view.curves[0].masked.length") == 10

    def test_ten_spectra_of_five_thousand_points_are_drawn_without_a_wait_and_follow_a_slider(self, visit):
        page = visit("light_curve_empty")
        session = page.context.new_cdp_session(page)
        # Processor time, and three times what a quiet machine takes: work that grows with the square is seen.
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.goto(page.url.replace("light_curve_empty", "spectra"))
        page.locator(".spectra.is-drawn").wait_for()
        page.evaluate("window.plot = TOM.spectra(document.querySelector('.spectra'))")
        metrics = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
        assert metrics["TaskDuration"] < 1.5
        page.evaluate("plot.change({ z: 0.03, groups: ['H'] })")
        after = {item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]}
        assert after["ScriptDuration"] - metrics["ScriptDuration"] < 0.6


class TestUse:
    def test_the_address_keeps_what_was_chosen_and_gives_it_again(self, spectra_page):
        page = spectra_page()
        page.get_by_label("Smooth", exact=True).select_option("gauss")
        page.get_by_label("Redshift z, as a number").fill("0.0345")
        page.get_by_label("Redshift z, as a number").press("Enter")
        page.get_by_role("button", name="Fe", exact=True).click()
        page.get_by_label("2026-09-01 00:00 NTT EFOSC2").uncheck()
        page.wait_for_url("**sp_show=*")
        address = page.url
        assert "sp_smooth=gauss" in address
        assert "sp_z=0.0345" in address
        assert "sp_groups=Fe" in address
        page.goto(address)
        page.locator(".spectra.is-drawn").wait_for()
        assert page.get_by_label("Smooth", exact=True).input_value() == "gauss"
        assert not page.get_by_label("2026-09-01 00:00 NTT EFOSC2").is_checked()
        assert page.get_by_role("button", name="Fe", exact=True).get_attribute("aria-pressed") == "true"

    @pytest.mark.parametrize(
        "query", ["sp_z=abc&sp_smooth=__proto__&sp_x=9,1&sp_width=-3", "sp_show=&sp_groups=%3Cscript%3E"]
    )
    def test_nonsense_in_the_address_does_no_harm(self, spectra_page, query):
        page = spectra_page(query)
        assert page.evaluate("plot.settings.z") == 0.02
        assert page.evaluate("plot.settings.smooth") == "none"

    def test_what_is_shown_is_saved_as_csv_and_png(self, spectra_page):
        page = spectra_page("sp_normalise=median&sp_show=s1,s2")
        texts = {}
        for kind in ("PNG", "CSV"):
            page.get_by_text("Save").click()
            with page.expect_download() as download:
                page.get_by_role("button", name=f"What is shown as {kind}").click()
            assert download.value.suggested_filename == f"SN_2026abc_spectra.{kind.lower()}"
            texts[kind] = Path(download.value.path()).read_bytes()
        rows = list(csv.reader(io.StringIO(texts["CSV"].decode())))
        assert rows[0] == ["spectrum", "Wavelength (Å, air, observed)", "fλ / median", "error (1 sigma)"]
        assert len(rows) == 1 + 2 * 4990  # without the bad points
        assert float(rows[1][1]) == 3500.0
        assert np.median([float(row[2]) for row in rows[1:4991]]) == pytest.approx(1.0, abs=1e-6)
        with Image.open(io.BytesIO(texts["PNG"])) as picture:
            assert picture.width > 800

    def test_the_keyboard_moves_along_the_wavelength_and_says_where(self, spectra_page):
        page = spectra_page("sp_groups=H")
        page.locator(".spectra-plot").focus()
        page.keyboard.press("End")
        said = page.locator(".spectra [aria-live]").inner_text()
        assert said.startswith("Observed 10000.00 Å air, 10002.74 Å vacuum; rest ")
        page.keyboard.press("+")
        low, high = page.evaluate("plot.ranges().x")
        assert high - low == pytest.approx(3250)
        page.keyboard.press("0")
        assert page.evaluate("plot.zoom.x") is None

    @pytest.mark.parametrize("width", [*WIDTHS, 320])
    @pytest.mark.parametrize("query", ["", "sp_waveUnit=um", "sp_x=6562.8,6562.9"])
    def test_labels_of_wavelengths_do_not_touch(self, spectra_page, width, query):
        page = spectra_page(query, width=width)
        labels = page.evaluate(
            """() => {
            const { uplot } = plot, context = document.createElement("canvas").getContext("2d");
            context.font = "12px system-ui, sans-serif";
            const { _splits: at, _values: texts } = uplot.axes[0]; // as drawn
            return at.map((value, i) => {
                const middle = uplot.valToPos(value, "x"), half = context.measureText(texts[i]).width / 2;
                return [middle - half, middle + half];
            });
            }"""
        )
        assert len(labels) >= 2
        gaps = [after[0] - before[1] for before, after in itertools.pairwise(labels)]
        assert min(gaps) >= 6

    @pytest.mark.parametrize("theme", THEMES)
    @pytest.mark.parametrize("width", WIDTHS)
    def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(self, spectra_page, axe, theme, width):
        page = spectra_page("sp_groups=H,sky&sp_telluric=1&sp_offset=0.5", theme=theme, width=width)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if theme == "dome":
            with Image.open(io.BytesIO(page.locator(".spectra").screenshot())) as picture:
                assert [band.getextrema()[1] for band in picture.convert("RGB").split()][1:] == [0, 0]
