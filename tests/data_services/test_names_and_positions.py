"""Designations as the Minor Planet Center packs them, and where a target is asked for."""

from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from django.db import connection

from tom_dataproducts.models import ServiceQuery
from tom_dataproducts.single_target_data_service.epochs import MJDField
from tom_dataproducts.single_target_data_service.mpc_names import first_mpc_name, mpc_name
from tom_dataproducts.single_target_data_service.positions import asked_position
from tom_dataproducts.single_target_data_service.queries import start_query
from tom_dataproducts.single_target_data_service.remote_data_service import remote_service


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("12267", "(12267)"),
        ("(12267) Donarumma", "(12267)"),
        ("700000 (1994 UX10)", "(700000)"),
        ("2022 WO1", "K22W01O"),
        ("2024 AA", "K24A00A"),
        ("1995 XA", "J95X00A"),
        ("2007 TA418", "K07Tf8A"),
        ("C/2021 Y1 (ATLAS)", "CK21Y010"),
        ("P/1996 R2", "PJ96R020"),
        ("C/2019 Y4-B", "CK19Y04b"),
        ("K22W01O", "K22W01O"),
        ("SN 2024abc", None),
        ("AT2024abc", None),
        ("ZTF24aaabbb", None),
        ("M 31", None),
        ("", None),
    ],
)
def test_designations_are_packed(name, packed):
    assert mpc_name(name) == packed


def test_the_first_designation_of_several_names():
    assert first_mpc_name(["my comet", "C/2021 Y1", "12267"]) == "CK21Y010"
    assert first_mpc_name(["my comet"]) == ""


def test_barnards_star_is_asked_for_where_it_was(target):
    """Gaia DR3: 269.4485025, 4.7394200 at 2016.0, (-801.551, 10362.394) mas/yr: 103.6 arcsec in 10 years."""
    values = {"ra": 269.4485025, "dec": 4.73942, "epoch": 2016.0, "pm_ra": -801.551, "pm_dec": 10362.394}
    type(target).objects.filter(pk=target.pk).update(**values)
    target.refresh_from_db()
    mjd = 57388.5 + 3652.5  # 2026.0
    place = asked_position(target, mjd_from=mjd - 100, mjd_to=mjd + 100)
    assert (place.dec_deg - 4.73942) * 3600 == pytest.approx(103.62, abs=0.05)
    assert place.moved_arcsec == pytest.approx(103.93, abs=0.05)
    assert place.drift_arcsec == pytest.approx(10.393 * 200 / 365.25, rel=0.01)
    assert "1.73′ from the stored position; it moves 5.7″" in place.words


def test_times_are_read_in_utc_whatever_the_time_zone(settings):
    settings.TIME_ZONE = "America/Santiago"
    wanted = (datetime(2026, 11, 21, 3, 30, tzinfo=UTC) - datetime(1858, 11, 17, tzinfo=UTC)).total_seconds()
    for text in ("2026-11-21 03:30", "2026-11-21T00:30:00-03:00", str(wanted / 86400)):
        assert MJDField().clean(text) == pytest.approx(wanted / 86400, abs=1e-7)


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("postgresql")
def test_of_two_requests_at_one_moment_one_is_new(atlas, target, people):
    together, found = Barrier(2), []

    def ask():
        together.wait()
        try:
            found.append(start_query(remote_service("Atlas"), {"target_id": target.pk}, user=people["owner"]))
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(was_open for _, was_open in found) == [False, True]
    assert ServiceQuery.objects.count() == 1
