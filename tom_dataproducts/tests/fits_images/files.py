"""FITS files for the tests."""

import io

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS


def sky_header(side, *, scale_arcsec=0.4, turn_deg=20.0, projection="TAN"):
    wcs = WCS(naxis=2)
    wcs.wcs.crpix = [side / 2, side / 2]
    wcs.wcs.crval = [150.1, 2.2]
    wcs.wcs.ctype = [f"RA---{projection}", f"DEC--{projection}"]
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    wcs.wcs.cd = np.array([[-c, s], [s, c]]) * scale_arcsec / 3600.0
    return wcs.to_header()


def image(side=100, dtype=np.float32):
    return np.arange(side * side, dtype=dtype).reshape(side, side)


def content(*units):
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(buffer)
    return buffer.getvalue()


def several():
    """A file of an empty primary unit, an image with a sky, an image without, and a table."""
    header = sky_header(100)
    header["BUNIT"] = "adu"
    header["OBJECT"] = ("M 31 / core", "what was seen")
    table = fits.BinTableHDU.from_columns([fits.Column("a", "E", array=np.arange(5.0))], name="CAT")
    return content(fits.ImageHDU(image(), header, name="SCI"), fits.ImageHDU(image(30), name="VAR"), table)
