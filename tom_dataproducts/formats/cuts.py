"""Rows that a survey itself advises to leave out: its photometry there cannot be trusted.

References
----------
ATLAS: https://fallingstar-data.com/forcedphot/resultdesc/; ZTF: Masci et al. (2023), arXiv:2305.16279;
Pan-STARRS: https://outerspace.stsci.edu/display/PANSTARRS (as contracts/services.md tells them, 2026-11-21).
"""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from tom_dataproducts.formats.layouts import bare
from tom_dataproducts.formats.raw_tables import RawTable, numbers_of

CUTS: dict[str, dict[str, tuple[float, float]]] = {
    "atlas": {
        "dujy": (-inf, 10_000.0),
        "x": (100.0, 10_460.0),
        "y": (100.0, 10_460.0),
        "maj": (1.6, 5.0),
        "min": (1.6, 5.0),
        "apfit": (-1.0, -0.1),
        "mag5sig": (17.0, inf),
        "sky": (17.0, inf),
    },
    "ztf forced": {
        "infobitssci": (-inf, 33_554_432.0),
        "scisigpix": (-inf, 25.0001),
        "sciinpseeing": (-inf, 4.0001),
    },
    "panstarrs detections": {"psfqfperfect": (0.9, inf), "psfflux": (0.0, inf)},
}
"""By layout and column, in lower case, the open interval in which a value is good; in the column's unit."""


def within_cuts(table: RawTable, layout: str) -> NDArray[np.bool_]:
    """Return which rows of a table pass the cuts of its layout.

    A column that is absent, or a value that is, speaks against no row.
    """
    kept = np.ones(len(table), bool)
    cuts = CUTS.get(layout, {})
    for name in table.names:
        if (interval := cuts.get(bare(name))) is None:
            continue
        values = numbers_of(table.column(name)).values
        low, high = interval
        kept &= np.isnan(values) | ((values > low) & (values < high))
    return kept
