"""An image for the page of the FITS viewer: 200 by 100 pixels, its preview in blocks of two."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tom_dataproducts.fits_images.reading import limits_of
from tom_dataproducts.fits_images.services import sky_columns
from tom_dataproducts.tests.fits_images.files import sky_header

WIDTH, HEIGHT = 200, 100


def pixels() -> np.ndarray:
    """Make an image that rises to the right and upwards, with a hole."""
    found = np.add.outer(np.arange(HEIGHT) * 10.0, np.arange(WIDTH)).astype(np.float32)
    found[40:44, 60:64] = np.nan
    return found


def write(folder: Path) -> None:
    """Write what the viewer asks for into a folder."""
    image = pixels()
    preview = image.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3))
    view = {
        "width": WIDTH,
        "height": HEIGHT,
        "step": 2,
        "preview": [WIDTH // 2, HEIGHT // 2],
        "limits": asdict(limits_of(preview)),
        "sky": sky_columns(sky_header(100, scale_arcsec=1.0).tostring(sep="\n"), WIDTH, HEIGHT),
        "unit": "adu",
        "tile": 256,
    }
    (folder / "fits_view.json").write_text(json.dumps(view))
    (folder / "fits_preview.f32").write_bytes(preview.astype("<f4").tobytes())
    (folder / "fits_tile.f32").write_bytes(image.astype("<f4").tobytes())
