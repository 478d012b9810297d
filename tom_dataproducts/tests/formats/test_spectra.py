"""Spectra of every kind: the wavelengths and fluxes that come out, and when they were taken."""

import io

import numpy as np
import pytest
from astropy.io import fits

from tests.shared_data import shared_data_dir
from tom_dataproducts.formats import FormatError, Mapping, read_spectra, recognise
from tom_dataproducts.formats.times import iso_to_us

WAVE = np.linspace(4000.0, 8000.0, 401)
FLUX = 1e-15 * (1.0 + 0.1 * np.sin(WAVE / 300.0))
NIGHT = "2026-03-01T04:05:06"


def both(content, name="spectrum.fits", kind=None):
    """What a file is recognised as, and its spectra by the proposal."""
    found = recognise(io.BytesIO(content), name, kind)
    return found, read_spectra(io.BytesIO(content), name, found.mapping())


def written(*hdus):
    file = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(file)
    return file.getvalue()


def header_of(**cards):
    header = fits.Header()
    header["DATE-OBS"], header["TELESCOP"], header["INSTRUME"], header["EXPTIME"] = (
        NIGHT,
        "NTT",
        "EFOSC",
        900.0,
    )
    for key, value in cards.items():
        header[key] = value
    return header


def check(spectrum, *, wave=WAVE, flux=FLUX, rtol=1e-9):
    assert spectrum.wavelength == pytest.approx(wave, rel=rtol)
    assert spectrum.flux == pytest.approx(flux, rel=1e-6)
    assert spectrum.time_us == iso_to_us(NIGHT)
    assert (spectrum.telescope, spectrum.instrument, spectrum.exposure_s) == ("NTT", "EFOSC", 900.0)


def test_linear_axis():
    header = header_of(
        CTYPE1="WAVE", CRVAL1=4000.0, CDELT1=10.0, CRPIX1=1.0, CUNIT1="Angstrom", BUNIT="erg/s/cm2/A"
    )
    found, read = both(written(fits.PrimaryHDU(FLUX, header)))
    assert (found.kind, found.layout, found.row_count, found.problems) == (
        "spectroscopy",
        "fits spectrum",
        401,
        [],
    )
    check(read.spectra[0])
    assert read.spectra[0].flux_unit == "erg/s/cm2/A"


def test_axis_in_nanometres_and_metres():
    header = header_of(CTYPE1="WAVE", CRVAL1=400.0, CDELT1=1.0, CUNIT1="nm")
    spectrum = both(written(fits.PrimaryHDU(FLUX, header)))[1].spectra[0]
    assert (spectrum.wavelength_unit, spectrum.wavelength[-1]) == ("nm", pytest.approx(800.0))
    header = header_of(CTYPE1="WAVE", CRVAL1=4e-7, CDELT1=1e-9, CUNIT1="m")
    spectrum = both(written(fits.PrimaryHDU(FLUX, header)))[1].spectra[0]
    assert spectrum.wavelength_unit == "Angstrom"
    assert spectrum.wavelength == pytest.approx(WAVE)


@pytest.mark.parametrize("words", [{"DC-FLAG": 1}, {"CTYPE1": "LOG-LINEAR"}, {"CTYPE1": "LINEAR"}])
def test_decimal_logarithm(words):
    log = np.log10(4000.0) + np.arange(401) * 1e-4
    header = header_of(CRVAL1=np.log10(4000.0), CD1_1=1e-4, CRPIX1=1.0)
    for key, value in words.items():
        header[key] = value
    check(both(written(fits.PrimaryHDU(FLUX, header)))[1].spectra[0], wave=10**log)


def test_natural_logarithm_of_the_standard():
    # Greisen et al. (2006), eq. 5: lambda = lambda_r exp(w / lambda_r)
    header = header_of(CTYPE1="WAVE-LOG", CRVAL1=4000.0, CDELT1=2.0, CRPIX1=1.0, CUNIT1="Angstrom")
    spectrum = both(written(fits.PrimaryHDU(FLUX, header)))[1].spectra[0]
    check(spectrum, wave=4000.0 * np.exp(np.arange(401) * 2.0 / 4000.0))


def test_errors_of_an_extension_and_of_a_band():
    header = header_of(CTYPE1="WAVE", CRVAL1=4000.0, CDELT1=10.0, CUNIT1="Angstrom")
    errors = fits.ImageHDU(FLUX / 10, name="ERR")
    assert both(written(fits.PrimaryHDU(FLUX, header), errors))[1].spectra[0].error == pytest.approx(
        FLUX / 10
    )
    cube = np.stack([FLUX, FLUX * 2, FLUX * 3, FLUX / 20])[:, None, :]
    header = header_of(
        CTYPE1="LINEAR", CRVAL1=4000.0, CD1_1=10.0, BANDID1="spectrum", BANDID4="sigma - clean"
    )
    header["WAT1_001"] = "wtype=linear label=Wavelength units=angstroms"
    spectrum = both(written(fits.PrimaryHDU(cube, header)))[1].spectra[0]
    check(spectrum)
    assert spectrum.error == pytest.approx(FLUX / 20)


def multispec(*specs):
    header = header_of(CTYPE1="MULTISPE", WAT0_001="system=multispec")
    header["WAT1_001"] = "wtype=multispec label=Wavelength units=angstroms"
    text = "wtype=multispec " + " ".join(f'spec{number} = "{spec}"' for number, spec in enumerate(specs, 1))
    for number, start in enumerate(range(0, len(text), 68), 1):
        header[f"WAT2_{number:03}"] = text[start : start + 68]
    return header


def test_multispec_linear_and_log_with_a_redshift():
    header = multispec("1 1 0 4000. 10. 401 0. 1. 2.", "2 2 1 3.6 0.0001 401 0.1 1. 2.")
    found, read = both(written(fits.PrimaryHDU(np.stack([FLUX, FLUX * 2]), header)))
    assert found.layout == "iraf multispec"
    check(read.spectra[0])
    check(read.spectra[1], wave=10 ** (3.6 + np.arange(401) * 1e-4) / 1.1, flux=FLUX * 2)
    assert read.spectra[1].name == "aperture 2"


def test_multispec_polynomials():
    # lambda = 6000 + 2000 T1(x) for pixels 1 to 401: x = (2 p - 402) / 400; in Legendre's the same.
    chebyshev = "1 1 2 4000. 10. 401 0. 1. 2. 1. 0. 1 2 1. 401. 6000. 2000."
    legendre = "2 2 2 4000. 10. 401 0. 1. 2. 1. 0. 2 2 1. 401. 6000. 2000."
    read = both(written(fits.PrimaryHDU(np.stack([FLUX, FLUX]), multispec(chebyshev, legendre))))[1]
    check(read.spectra[0])
    check(read.spectra[1])


def test_multispec_splines_of_a_straight_line():
    # A linear spline of one piece from 4000 to 8000; a cubic one whose coefficients are those of the line.
    linear = "1 1 2 4000. 10. 401 0. 1. 2. 1. 0. 4 1 1. 401. 4000. 8000."
    knots = " ".join(str((4000.0 + 4000.0 * (number - 1)) / 6.0) for number in range(4))
    cubic = f"2 2 2 4000. 10. 401 0. 1. 2. 1. 0. 3 1 1. 401. {knots}"
    read = both(written(fits.PrimaryHDU(np.stack([FLUX, FLUX]), multispec(linear, cubic))))[1]
    for spectrum in read.spectra:
        assert spectrum.wavelength[[0, -1]] == pytest.approx([4000.0, 8000.0])
        assert np.ptp(np.diff(spectrum.wavelength)) < 1e-6


def test_multispec_without_dispersion_is_refused():
    with pytest.raises(FormatError, match="dispersion of aperture 2"):
        both(written(fits.PrimaryHDU(np.stack([FLUX, FLUX]), multispec("1 1 0 4000. 10. 401 0. 1. 2."))))


def test_sdss_table_has_logarithms_and_inverse_variances():
    columns = [
        fits.Column("flux", "D", unit="1E-17 erg/cm^2/s/Ang", array=FLUX),
        fits.Column("loglam", "D", array=np.log10(WAVE)),
        fits.Column("ivar", "D", array=np.where(WAVE > 4100, 4e32, 0.0)),
    ]
    primary = fits.PrimaryHDU(header=header_of())
    found, read = both(written(primary, fits.BinTableHDU.from_columns(columns, name="COADD")))
    assert found.layout == "fits spectrum table"
    check(read.spectra[0])
    assert read.spectra[0].error[-1] == pytest.approx(5e-17)
    assert np.isnan(read.spectra[0].error[0])
    assert read.spectra[0].flux_unit == "1E-17 erg/cm^2/s/Ang"


def test_eso_table_with_the_spectrum_in_one_row():
    columns = [
        fits.Column("WAVE", f"{len(WAVE)}D", unit="nm", array=[WAVE / 10]),
        fits.Column("FLUX", f"{len(WAVE)}D", unit="erg/cm2/s/A", array=[FLUX]),
        fits.Column("ERR", f"{len(WAVE)}D", array=[FLUX / 10]),
    ]
    primary = fits.PrimaryHDU(header=header_of())
    _, read = both(written(primary, fits.BinTableHDU.from_columns(columns)))
    check(read.spectra[0], wave=WAVE / 10)
    assert read.spectra[0].wavelength_unit == "nm"
    assert len(read.spectra[0].error) == 401


def test_desi_cameras():
    hdus = [fits.PrimaryHDU(header=header_of())]
    for camera, part in (("B", slice(0, 200)), ("R", slice(180, 401))):
        hdus.append(fits.ImageHDU(WAVE[part], name=f"{camera}_WAVELENGTH"))
        hdus.append(fits.ImageHDU(FLUX[None, part], name=f"{camera}_FLUX"))
        hdus.append(fits.ImageHDU(np.full((1, len(WAVE[part])), 4e32), name=f"{camera}_IVAR"))
    found, read = both(written(*hdus))
    assert found.layout == "fits cameras"
    assert [spectrum.name for spectrum in read.spectra] == ["b", "r"]
    check(read.spectra[0], wave=WAVE[:200], flux=FLUX[:200])
    hdus[2].data = np.stack([FLUX[:200]] * 3)
    with pytest.raises(FormatError, match="3 objects"):
        both(written(*hdus))


TEXT = "\n".join(f"{wave:.1f} {flux:.6e}" for wave, flux in zip(WAVE, FLUX, strict=True))
COMMENTS = f"# DATE-OBS: {NIGHT}\n# FACILITY: NTT\n# INSTRUMENT: EFOSC\n# EXPTIME: 900.0 s\n"


@pytest.mark.parametrize(
    ("head", "change"),
    [
        (COMMENTS, None),
        (COMMENTS + "wavelength flux\n", None),
        (COMMENTS.replace("# ", "#"), None),
        (COMMENTS.replace("# ", "% "), None),
        (COMMENTS + "wavelength,flux\n", (" ", ",")),
        (COMMENTS.replace(": ", " = "), (" ", "\t")),
        (COMMENTS.replace(NIGHT, "61100.17020833333"), None),
    ],
    ids="comments header tight percent csv equals-tabs mjd".split(),
)
def test_text_with_comments(head, change):
    text = head + (TEXT.replace(*change) if change else TEXT)
    found, read = both(text.encode(), "spectrum.txt")
    assert found.kind == "spectroscopy"
    check(read.spectra[0])
    assert read.spectra[0].flux_unit == "erg/cm2/s/A"
    assert "Angstrom is assumed" in found.problems[0]


def test_text_with_units_and_errors():
    rows = "\n".join(
        f"{wave / 10:.2f},{flux:.6e},{flux / 10:.6e}" for wave, flux in zip(WAVE, FLUX, strict=True)
    )
    text = f"{COMMENTS}wavelength [nm],flux [W/m2/um],flux_err\n{rows}"
    spectrum = both(text.encode(), "spectrum.csv")[1].spectra[0]
    check(spectrum, wave=WAVE / 10)
    assert (spectrum.wavelength_unit, spectrum.flux_unit) == ("nm", "W/m2/um")
    assert spectrum.error == pytest.approx(FLUX / 10, rel=1e-5)


def test_text_without_a_date_says_so_and_takes_that_of_the_user():
    found = recognise(io.BytesIO(TEXT.encode()), "spectrum.txt")
    assert any("DATE-OBS" in problem for problem in found.problems)
    mapping = found.mapping()
    assert read_spectra(io.BytesIO(TEXT.encode()), "s", mapping).spectra[0].time_us is None
    told = Mapping(mapping.kind, mapping.layout, mapping.meanings, {**mapping.options, "observed_at": NIGHT})
    assert read_spectra(io.BytesIO(TEXT.encode()), "s", told).spectra[0].time_us == iso_to_us(NIGHT)


def test_wrong_rows_of_text_are_named():
    text = f"{COMMENTS}wavelength flux\n{TEXT}\n8010.0 bright\n8020.0 inf\n8030.0 nan\n8040.0\n"
    found = read_spectra(io.BytesIO(text.encode()), "s")
    assert [(error.line, error.value, error.reason) for error in found.errors] == [
        (407, "bright", "is no number"),
        (408, "inf", "is infinite"),
        (410, "8040.0", "has 1 value where 2 are expected"),
    ]
    assert len(found.spectra[0].flux) == 401


def test_files_of_light_curves_and_images_are_no_spectra():
    picture = written(
        fits.PrimaryHDU(np.zeros((64, 64)), header_of(CTYPE1="RA---TAN", CRVAL1=1.0, CDELT1=1e-4))
    )
    found = recognise(io.BytesIO(picture), "image.fits")
    assert (found.kind, found.facts["TELESCOP"]) == ("image", "NTT")
    assert "64x64" in found.facts["extensions"]
    times = "\n".join(f"{60000 + number},{18 + number / 100}" for number in range(50))
    assert recognise(io.BytesIO(f"mjd,mag\n{times}".encode()), "c.csv").kind == "photometry"


def test_compressed_image_with_several_extensions():
    hdus = [fits.PrimaryHDU(header=header_of())]
    hdus += [fits.CompImageHDU(np.zeros((32, 48), np.int16), name=f"SCI{number}") for number in range(3)]
    found = recognise(io.BytesIO(written(*hdus)), "image.fits.fz")
    assert (found.kind, found.problems) == ("image", [])
    assert found.facts["extensions"].count("48x32") == 3


def test_file_of_floyds():
    content = (shared_data_dir() / "data/services/spectra/test_spectrum.fits").read_bytes()
    found, read = both(content)
    assert (found.kind, found.row_count, found.problems) == ("spectroscopy", 3913, [])
    spectrum = read.spectra[0]
    # CRVAL1 + (1 - CRPIX1) CD1_1 of the header: 3155.2533 + 26 * 1.738257
    assert spectrum.wavelength[0] == pytest.approx(3200.44800)
    assert (spectrum.wavelength_unit, spectrum.flux_unit) == ("Angstrom", "erg/cm2/s/A")
    assert len(spectrum.error) == 3913


def test_file_that_ends_too_early_is_refused():
    content = (shared_data_dir() / "data/services/spectra/test_spectrum.fits").read_bytes()[:40_000]
    with pytest.raises(FormatError):
        read_spectra(io.BytesIO(content), "spectrum.fits")
