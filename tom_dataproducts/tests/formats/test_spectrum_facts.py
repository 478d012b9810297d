"""What a spectrum says beside its points: air or vacuum, observed or at rest, which points are bad."""

import io

import numpy as np
import pytest
from astropy.io import fits

from tom_dataproducts.formats import read_spectra, recognise
from tom_dataproducts.processing import process_upload
from tom_dataproducts.spectra_selectors import spectra_page
from tom_dataproducts.tests.factories import DataProductFactory
from tom_dataproducts.tests.formats.test_spectra import FLUX, WAVE, header_of, written
from tom_dataproducts.tests.people import shared_target

BAD = np.zeros(401, int)
BAD[10:13] = 1
IVAR = np.where(BAD, 0.0, 1e32)


def spectrum_of(content, name="spectrum.fits"):
    found = recognise(io.BytesIO(content), name)
    return read_spectra(io.BytesIO(content), name, found.mapping()).spectra[0]


def axis(**cards):
    return written(fits.PrimaryHDU(FLUX, header_of(CRVAL1=4000.0, CDELT1=10.0, CRPIX1=1.0, **cards)))


def table(primary=None, **columns):
    made = [
        fits.Column(name, "D" if values.dtype.kind == "f" else "J", array=values)
        for name, values in columns.items()
    ]
    return written(fits.PrimaryHDU(header=header_of(**(primary or {}))), fits.BinTableHDU.from_columns(made))


def beside(name, values):
    header = header_of(CRVAL1=4000.0, CDELT1=10.0)
    return written(fits.PrimaryHDU(FLUX, header), fits.ImageHDU(values, name=name))


@pytest.mark.parametrize(
    ("content", "medium"),
    [
        (axis(CTYPE1="AWAV"), "air"),
        (axis(CTYPE1="WAVE"), "vacuum"),
        (axis(CTYPE1="LINEAR"), ""),
        (axis(CTYPE1="LINEAR", AIRORVAC="air"), "air"),
        (axis(CTYPE1="LINEAR", AIRORVAC="vac"), "vacuum"),
        (axis(CTYPE1="LINEAR", VACUUM=True), "vacuum"),
        (table(wavelength=WAVE, flux=FLUX), ""),
        (table(wave_air=WAVE, flux=FLUX), "air"),
        (table(wave_vac=WAVE, flux=FLUX), "vacuum"),
        (table({"TELESCOP": "SDSS 2.5-M"}, flux=FLUX, loglam=np.log10(WAVE), ivar=IVAR), "vacuum"),
    ],
    ids=[
        "CTYPE AWAV", "CTYPE WAVE", "unsaid", "AIRORVAC air", "AIRORVAC vac", "VACUUM", "column unsaid",
        "column air", "column vacuum", "SDSS",
    ],
)  # fmt: skip
def test_a_file_says_whether_its_wavelengths_are_in_air(content, medium):
    assert spectrum_of(content).medium == medium


@pytest.mark.parametrize(
    ("content", "masked"),
    [
        (table(wavelength=WAVE, flux=FLUX, mask=BAD), [10, 11, 12]),
        (table(wavelength=WAVE, flux=FLUX, QUAL=BAD), [10, 11, 12]),
        (table(loglam=np.log10(WAVE), flux=FLUX, ivar=IVAR, and_mask=1 - BAD), [10, 11, 12]),
        (beside("MASK", BAD), [10, 11, 12]),
        (beside("IVAR", IVAR), [10, 11, 12]),
        (table(wavelength=WAVE, flux=FLUX), []),
    ],
    ids=["mask", "quality", "SDSS: no weight", "extension", "weights in an extension", "none"],
)  # fmt: skip
def test_bad_points_are_those_that_the_file_marks(content, masked):
    assert np.flatnonzero(spectrum_of(content).mask).tolist() == masked


def test_desi_is_in_vacuum_and_marks_its_points():
    hdus = [fits.PrimaryHDU(header=header_of())]
    for name, values in (
        ("WAVELENGTH", WAVE),
        ("FLUX", FLUX[None]),
        ("IVAR", IVAR[None]),
        ("MASK", 4 * BAD[None]),
    ):
        hdus.append(fits.ImageHDU(values, name=f"B_{name}"))
    spectrum = spectrum_of(written(*hdus))
    assert (spectrum.medium, np.flatnonzero(spectrum.mask).tolist()) == ("vacuum", [10, 11, 12])


@pytest.mark.parametrize(
    ("head", "columns", "medium", "frame"),
    [
        ("# medium: vacuum\n# frame: rest\n", "wavelength flux", "vacuum", "rest"),
        ("# AIRORVAC = air / as ESO writes it\n", "wave flux", "air", ""),
        ("", "wave_vac flux", "vacuum", ""),
        ("", "rest_wave flux", "", "rest"),
        ("# medium: water\n", "wave flux", "", ""),
    ],
)
def test_comments_and_names_of_columns_say_it_in_text(head, columns, medium, frame):
    rows = "".join(f"{wave:.1f} {flux:.4e}\n" for wave, flux in zip(WAVE, FLUX, strict=True))
    spectrum = spectrum_of(f"{head}{columns}\n{rows}".encode(), "a.txt")
    assert (spectrum.medium, spectrum.frame) == (medium, frame)


@pytest.mark.django_db
def test_the_viewer_gets_what_the_file_said(people):
    target = shared_target(people, "OPEN")
    content = table({"AIRORVAC": "vacuum"}, wavelength=WAVE, flux=FLUX, ivar=IVAR)
    product = DataProductFactory(
        target=target, data__filename="a.fits", data__data=content, data_product_type="spectroscopy"
    )
    process_upload(product)
    page = spectra_page(target, user=people[0]["owner"])
    assert [(one.medium, one.frame) for one in page.facts] == [("vacuum", "")]
    shown = page.shown[page.facts[0].key]
    assert np.flatnonzero(shown.is_masked).tolist() == [10, 11, 12]
    assert np.flatnonzero(np.isnan(shown.error)).tolist() == [10, 11, 12]
