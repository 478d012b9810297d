"""Points of alerts that come as magnitudes or fluxes, each as the other."""

import numpy as np
import pytest

from tom_alerts.alert_tables import BatchTable
from tom_alerts.point_photometry import fluxes_of, magnitudes_of
from tom_alerts.triage_selectors import curve_of
from tom_dataservices.tests.ingest.batches import alert, batch

# m_AB = 31.4 - 2.5 log10(flux in nJy): 21.4 is 10,000 nJy; an error of 0.1 mag is a relative flux error of
# 0.1 / 1.0857 = 0.0921; a relative error of 0.05 is 0.0543 mag.
ROWS = [
    {"mjd": 60000.0, "brightness": 21.4, "brightness_error": 0.1},
    {"mjd": 60001.0, "brightness": 21.4, "brightness_error": 0.1, "is_negative": True},
    {"mjd": 60002.0, "brightness": 10_000.0, "brightness_error": 500.0, "is_flux": True},
    {"mjd": 60003.0, "brightness": -300.0, "brightness_error": 500.0, "is_flux": True},
    {"mjd": 60004.0, "brightness": 10_000.0, "brightness_error": 0.0, "is_flux": True},
    {"mjd": 60005.0, "brightness": 100.0, "brightness_error": 500.0, "is_flux": True},
]


@pytest.fixture
def points():
    return batch([alert("ZTF26aaaaaaa", mjd=60005.0)], [dict(row) for row in ROWS])


def test_magnitudes_are_told_or_made_of_fluxes(points):
    mag, mag_err = magnitudes_of(points.points)
    np.testing.assert_allclose(mag, [21.4, 21.4, 21.4, np.nan, 21.4, 26.4], atol=1e-9)
    np.testing.assert_allclose(mag_err, [0.1, 0.1, 0.0543, np.nan, np.nan, 5.4287], atol=1e-4)


def test_fluxes_are_told_or_made_of_magnitudes_with_their_sign(points):
    flux, error = fluxes_of(points.points)
    np.testing.assert_allclose(flux, [1e4, -1e4, 1e4, -300.0, 1e4, 100.0], rtol=1e-9)
    np.testing.assert_allclose(error, [921.03, 921.03, 500.0, 500.0, 0.0, 500.0], rtol=1e-4)


def test_a_table_tells_of_the_newest_and_a_curve_of_all_without_nan(points):
    table = BatchTable(points)
    told = [table.column(name)[0] for name in ("mag", "mag_err", "flux_njy", "flux_err_njy", "snr")]
    np.testing.assert_allclose(told, [26.4, 5.4287, 100.0, 500.0, 0.2], rtol=1e-4)
    curve = curve_of(points)
    assert curve["count"] == 6 and curve["points"]["mag"][3] is None
    assert curve["points"]["flux"] == [None, None, 10_000.0, -300.0, 10_000.0, 100.0]
    assert curve["points"]["negative"] == [0, 1, 0, 0, 0, 0]
