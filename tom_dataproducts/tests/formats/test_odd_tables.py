"""Tables as people write them: units in comments, a column for each band, signs apart from their numbers."""

import io

import numpy as np
import pytest
from astropy.io import fits

from tom_dataproducts.formats import read_photometry, read_spectra, recognise

WAVE = np.linspace(4000.0, 9000.0, 100)
FLUX = 1e-16 * (1.0 + WAVE / 1e4)


def points(text, name="a.dat"):
    content = text if isinstance(text, bytes) else text.encode()
    found = recognise(io.BytesIO(content), name, "photometry")
    table = read_photometry(io.BytesIO(content), name, found.mapping())
    values = [
        (band, None if np.isnan(value) else float(value), None if np.isnan(limit) else float(limit))
        for band, value, limit in zip(table.band, table.brightness, table.limit, strict=True)
    ]
    return values, found.problems, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# JD[d]  flux [mJy]  flux_err [mJy]  filter\n2460000.5 0.18 0.01 g\n2460001.5 0.19 0.01 r\n",
         [("g", 180_000.0, None), ("r", 190_000.0, None)]),
        ("MJD (d) mag (AB) err (mag) band\n60000.5 18.1 0.01 g\n60001.5 18.2 0.01 r\n",
         [("g", 18.1, None), ("r", 18.2, None)]),
        ("MJD mag err filter\n60000.1 18.2 0.05 g\n60001.1 > 19.6 - r\n60002.1 >19.7 - r\n",
         [("g", 18.2, None), ("r", None, 19.6), ("r", None, 19.7)]),
        ("MJD,g,g_err,r,r_err\n60000,18.0,0.1,17.5,0.2\n60001,18.1,0.1,,\n",
         [("g", 18.0, None), ("g", 18.1, None), ("r", 17.5, None)]),
        ("JD,Vmag,e_Vmag\n2460000.5,15.1,0.1\n2460001.5,15.2,0.1\n",
         [("V", 15.1, None), ("V", 15.2, None)]),
        ("MJD,mag,z\n60000,18.0,0.03\n60001,18.1,0.03\n",
         [("unknown", 18.0, None), ("unknown", 18.1, None)]),
        ("\ufeffMJD,mag,filter\r\n60000,18.0,r\r\n".encode("utf-16-le"), [("r", 18.0, None)]),
        ("MJD;mag;filter\n60000,5;18,25;r\n60001,5;18,35;r\n", [("r", 18.25, None), ("r", 18.35, None)]),
        ("mjd,,mag,err,,filter,\n60000,,18.0,0.1,,r,\n60001,,18.1,0.1,,r,\n",
         [("r", 18.0, None), ("r", 18.1, None)]),
        ("MJD,mag,band\nday,mag,-\n60000,18.0,g\n", [("g", 18.0, None)]),
        ("mjd,mag,filter,alert\n60000,18.0,r,99999999999999999999\n", [("r", 18.0, None)]),
    ],
    ids=[
        "units after blanks in a comment", "units after blanks", "a sign apart", "bands aside",
        "one band aside", "z is a redshift", "UTF-16", "decimal commas", "empty columns", "a row of units",
        "a huge number",
    ],
)  # fmt: skip
def test_what_is_meant_is_read(text, expected):
    values, _, table = points(text)
    assert [(band, value and pytest.approx(value), limit) for band, value, limit in expected] == values
    assert table.bad_rows == 0


def test_errors_of_bands_aside_stay_with_their_band_and_it_is_said():
    _, problems, table = points("MJD,g,g_err,r,r_err,telescope\n60000,18.0,0.1,17.5,0.2,NTT\n")
    assert list(zip(table.band, table.error, table.telescope, strict=True)) == [
        ("g", 0.1, "NTT"),
        ("r", 0.2, "NTT"),
    ]
    assert "Each band has a column of its own (g, r); a point for each of them is read." in problems


def spectrum(content, name):
    found = recognise(io.BytesIO(content), name, "spectroscopy")
    return read_spectra(io.BytesIO(content), name, found.mapping()).spectra[0], found.problems


@pytest.mark.parametrize(
    ("name", "scale", "unit", "said"),
    [
        ("wavelength_um", 1e-4, "um", None),
        ("wave_nm", 0.1, "nm", None),
        ("wavelength", 1e-4, "um", "µm is taken, by the size of the numbers"),
        ("wavelength", 0.1, "nm", "nm is taken, by the size of the numbers"),
        ("wavelength", 1.0, "Angstrom", "Angstrom is assumed"),
    ],
)
def test_the_unit_of_a_wavelength_is_told_by_its_name_or_its_size(name, scale, unit, said):
    rows = "".join(f"{wave * scale:.6f},{flux:.4e}\n" for wave, flux in zip(WAVE, FLUX, strict=True))
    found, problems = spectrum(f"{name},flux\n{rows}".encode(), "a.csv")
    assert found.wavelength_unit == unit
    assert found.wavelength[0] == pytest.approx(4000 * scale)
    about_unit = [text for text in problems if "unit of the wavelength" in text]
    assert len(about_unit) == (1 if said else 0)
    assert said is None or said in about_unit[0]


def test_natural_logarithms_without_a_unit():
    header = fits.Header({"CRVAL1": np.log(4000.0), "CDELT1": 1e-3, "CRPIX1": 1.0, "CTYPE1": "LAMBDA"})
    buffer = io.BytesIO()
    fits.PrimaryHDU(FLUX, header).writeto(buffer)
    found, problems = spectrum(buffer.getvalue(), "a.fits")
    assert found.wavelength[[0, -1]] == pytest.approx([4000.0, 4000.0 * np.exp(0.099)])
    assert (found.wavelength_unit, "natural logarithms" in problems[0]) == ("Angstrom", True)
