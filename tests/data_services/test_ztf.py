"""ZTF: the forced-photometry service, which gives no numbers, and the light curves of IRSA."""

import pytest
from django.utils import timezone

from tests.data_services.conftest import FOLDER, QUICK
from tests.standins.irsa_mast import IRSA
from tests.standins.serving import running
from tests.standins.ztf import EMAIL, SITE, USERPASS, ZTF, light_curve, point
from tom_dataproducts.models import PhotometryReducedDatum, ServiceQuery
from tom_dataproducts.single_target_data_service.queries import cancel_query, retry_query, start_query
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    SingleTargetDataServiceException,
    get_service_class,
)

State = ServiceQuery.State
SAME = {"ra": "65.0016500", "dec": "-20.2500000", "startJD": "2460000.5", "endJD": "2460010.5"}


@pytest.fixture
def ztf(settings):
    with running(ZTF()) as found:
        config = {"class": f"{FOLDER}.ztf_forced.ZTFForcedPhotometryService", "url": found.url, **QUICK}
        config |= {"username": SITE[0], "password": SITE[1], "email": EMAIL, "userpass": USERPASS}
        settings.SINGLE_TARGET_DATA_SERVICES = {"ZTF": config}
        yield found


@pytest.fixture
def irsa(settings):
    with running(IRSA()) as found:
        config = {"class": f"{FOLDER}.ztf_light_curves.ZTFLightCurveService", "url": found.url, **QUICK}
        settings.SINGLE_TARGET_DATA_SERVICES = {"ZTF_LIGHT_CURVES": config}
        yield found


@pytest.fixture
def ask(target, people):
    def start(service="ZTF forced photometry", **asked):
        cleaned = {"target_id": target.pk, "min_date": 60000.0, "max_date": 60010.0, **asked}
        return start_query(get_service_class(service)(), cleaned, user=people["owner"])[0]

    return start


def test_forced_photometry_comes_as_points_and_limits(ztf, ask, work, the_query):
    ask()
    work()
    query = the_query()
    assert (query.state, query.error) == (State.DONE, "")
    assert [{**job, "reqId": None} for job in ztf.jobs] == [{**SAME, "reqId": None}]
    detection, negative = PhotometryReducedDatum.objects.order_by("timestamp")
    njy = 10 ** (0.4 * (31.4 - 26.3))
    assert (detection.brightness, negative.brightness) == pytest.approx((500 * njy, -3 * njy), rel=1e-3)
    assert (detection.bandpass, detection.unit, detection.instrument) == ("r", "nJy", "ZTF")


def test_a_request_waits_without_a_number(ztf, ask, work, the_query):
    ztf.exit_code, ztf.is_listed = None, False
    ask()
    work(2)
    unlisted = the_query().message
    ztf.is_listed = True
    work(1)
    waiting = the_query()
    ztf.exit_code = 0
    work()
    assert unlisted == "ZTF has taken the request and does not list it yet."
    assert (waiting.state, waiting.message) == (
        State.SUBMITTED,
        "Waiting in the queue of ZTF, which tells no position.",
    )
    assert (the_query().state, len(ztf.jobs)) == (State.DONE, 1)


@pytest.mark.parametrize(
    ("code", "state"), [(57, State.DONE), (63, State.EMPTY), (64, State.FAILED), (255, State.FAILED)]
)
def test_exit_codes(ztf, ask, work, the_query, code, state):
    ztf.exit_code = code
    ask()
    work()
    assert (the_query().state, len(ztf.jobs)) == (state, 1)


def test_a_busy_database_is_waited_for(ztf, ask, work, the_query):
    busy = (200, b"Error: database is busy; try again a minute later.", {})
    ztf.faults[("GET", "/cgi-bin/")] = [busy, None, None, busy]
    ztf.faults[("POST", "/cgi-bin/")] = [busy, None]
    ask()
    work()
    assert (the_query().state, len(ztf.jobs)) == (State.DONE, 1)


def test_an_earlier_request_alike_is_not_taken_for_ours(ztf, ask, work, the_query):
    ztf.exit_code = None
    row = {
        "reqId": 12,
        "ra": "65.0016500",
        "dec": "-20.2500000",
        "startJD": "2460000.5",
        "endJD": "2460010.5",
    }
    ztf.others.append({**row, "exitcode": 63})
    ask()
    work(3)
    waiting = the_query().state
    ztf.exit_code = 0
    work()
    assert (waiting, the_query().state, the_query().known_before) == (State.SUBMITTED, State.DONE, ["12"])


def test_a_lost_answer_whose_request_is_listed_is_not_sent_again(ztf, ask, work, the_query):
    ztf.faults[("POST", "/cgi-bin/")] = ["drop"]
    ask()
    work()
    assert (the_query().state, len(ztf.jobs), the_query().remote_id) == (State.DONE, 1, "20")


@pytest.mark.parametrize("answer", ["send again", "look again", "cancel"])
def test_where_nobody_can_tell_the_user_is_asked(ztf, ask, work, the_query, answer):
    ztf.faults[("POST", "/cgi-bin/")] = [500]
    ask()
    work(1)
    ServiceQuery.objects.update(sent_at=timezone.now() - timezone.timedelta(hours=1))
    work()
    asked = the_query()
    assert (asked.state, asked.needs_answer, asked.job.state) == (State.SUBMITTED, True, "failed")
    assert "say on the page of the query" in asked.message
    assert ask().pk == asked.pk, "it stays the one open query"
    if answer == "cancel":
        assert cancel_query(asked)
        work()
        return
    if answer == "look again":
        ztf.jobs.append(
            {"reqId": 33, "ra": "65.00165", "dec": "-20.25", "startJD": "2460000.5", "endJD": "2460010.5"}
        )
    assert retry_query(asked, send_anew=answer == "send again")
    work()
    assert (the_query().state, len(ztf.jobs)) == (State.DONE, 1)


def test_a_wrong_password_is_told(ztf, ask, work, the_query, settings, caplog):
    settings.SINGLE_TARGET_DATA_SERVICES["ZTF"]["userpass"] = "wrong-userpass"
    ask()
    work()
    assert the_query().state == State.FAILED
    assert "does not know this e-mail address with this password" in the_query().error
    assert "wrong-userpass" not in caplog.text + the_query().error


def test_the_password_is_in_no_error_although_it_is_in_the_address(ztf, ask, work, the_query, caplog):
    ztf.faults[("GET", "/cgi-bin/")] = [(400, f"bad request userpass={USERPASS}".encode(), {})]
    ask()
    work()
    assert "ZTF answered 400" in the_query().error
    assert USERPASS not in caplog.text + the_query().error


def test_bad_rows_are_left_out(ztf, ask, work, the_query):
    ztf.file = light_curve(
        point(2460000.5, 500.0),
        point(2460001.5, "null", "null"),
        point(2460002.5, 500.0, procstatus="63"),
        point(2460003.5, 500.0, sciinpseeing=4.5),
        point(2460004.5, 500.0, infobitssci=33554432),
    )
    ask()
    work()
    assert (the_query().state, PhotometryReducedDatum.objects.count()) == (State.DONE, 1)
    assert the_query().report["left_out"] == 4


def test_what_zwicky_does_not_see_is_not_asked(ztf, ask, target):
    type(target).objects.filter(pk=target.pk).update(dec=-60.0)
    with pytest.raises(SingleTargetDataServiceException, match="declination -60.0°: its limit is -31°"):
        ask()


def test_a_body_on_an_orbit_is_asked_where_it_was_for_a_short_time(ztf, ask, work, target):
    elements = {"epoch_of_elements": 60000.0, "inclination": 10.6, "lng_asc_node": 80.3, "mean_anomaly": 60.0}
    elements |= {"arg_of_perihelion": 73.6, "eccentricity": 0.0785, "semimajor_axis": 2.767}
    type(target).objects.filter(pk=target.pk).update(
        type="NON_SIDEREAL", scheme="MPC_MINOR_PLANET", ra=None, dec=None, **elements
    )
    with pytest.raises(SingleTargetDataServiceException, match=r"ask for at most \d+\.\d minutes"):
        ask()
    ask(min_date=60000.0, max_date=60000.0005)
    work(1)
    assert ztf.jobs[0]["ra"] != "65.0016500"


# --- light curves


def test_light_curves_are_asked_for_once(irsa, ask, work, the_query):
    ask("ZTF light curves", radius_arcsec=1.5, bands=["g", "r"])
    work()
    assert (the_query().state, the_query().error) == (State.DONE, "")
    assert irsa.asked == {
        "POS": "CIRCLE 65.001650 -20.250000 0.000417",
        "BANDNAME": "g,r",
        "TIME": "60000.00000 60010.00000",
        "BAD_CATFLAGS_MASK": "32768",
        "FORMAT": "csv",
    }
    points = PhotometryReducedDatum.objects.order_by("timestamp")
    assert [(found.bandpass, found.brightness) for found in points] == [("r", 18.2), ("g", 18.4)]


def test_no_light_curve_is_a_result(irsa, ask, work, the_query):
    irsa.content = IRSA.table()
    ask("ZTF light curves")
    work()
    assert the_query().state == State.EMPTY


@pytest.mark.parametrize(
    ("content", "state", "words"),
    [
        (
            b'<?xml version="1.0"?><VOTABLE><INFO name="QUERY_STATUS" value="ERROR">Bad POS</INFO></VOTABLE>',
            State.FAILED,
            "IRSA refuses this: Bad POS",
        ),
        (b"<html><title>Down for maintenance</title></html>", State.RUNNING, "Down for maintenance"),
        (IRSA.table((58300.1, 18.2, "zr", 0))[:-60], State.RUNNING, "breaks off in a row"),
    ],
)
def test_what_is_no_light_curve(irsa, ask, work, the_query, content, state, words):
    irsa.content = content
    ask("ZTF light curves")
    work(2)
    assert the_query().state == state
    assert words in the_query().error + the_query().message
