import pytest
from astropy.utils import iers


@pytest.fixture(scope="module")
def packed_earth_rotation():
    """Let astropy use the table of the Earth's rotation that came with it, however old that is by now."""
    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
        iers.conf.set_temp("iers_degraded_accuracy", "ignore"),
    ):
        yield
