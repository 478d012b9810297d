"""What every broker owes: a sentence for each fault, no answer for none, and pages that ask nobody."""

import pytest
from django.urls import reverse

from tests.standins.alerce import OID
from tests.standins.lasair import LSST_ID, ZTF_ID
from tom_dataservices.models import QueryRun
from tom_dataservices.plugin_errors import PluginFailedError
from tom_dataservices.providers import DataServiceProvider
from tom_dataservices.runs import fetch_now, start_run
from tom_targets.tests.factories import SiderealTargetFactory

QUESTIONS = {
    "Fink ZTF": {"class_name": "SN candidate"},
    "Fink LSST": {"class_name": "in_tns"},
    "ALeRCE": {"class_name": "SNIa"},
    "ALeRCE LSST": {"objects": "170000000000000001"},
    "Lasair": {"detections_min": 2},
    "Lasair ZTF": {"objects": ZTF_ID},
}
FAULTS = {
    "busy": (429, "answered 429|no more calls"),
    "broken": (500, "answered 500"),
    "gateway": ((502, "<html><title>Bad Gateway</title></html>", {}), "answered 502"),
    "page": ("html", "did not answer with JSON"),
    "half": ("half", "broke off"),
    "no account": ((403, {"detail": "forbidden"}, {}), "403|does not accept"),
    "hang": ("hang", "did not answer within"),
    "not a list": ((200, '"words"', {}), "did not answer with"),
}


@pytest.fixture
def impatient(settings, monkeypatch, stand_ins):
    """Make waits short; the pauses between tries, too."""
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.01)
    settings.TOM_BREAKER_FAILURES = 0
    return stand_ins


def all_of(stand_ins):
    return (stand_ins.fink, stand_ins.alerce, stand_ins.lasair)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_every_fault_is_a_sentence(name, fault, users, impatient, settings):
    wrong, words = FAULTS[fault]
    settings.DATA_SERVICES[name]["timeout_s"] = 0.5 if fault == "hang" else 60
    for one in all_of(impatient):
        one.faults = {("*", "/"): wrong}
    run = start_run(DataServiceProvider(name, users["owner"]), QUESTIONS[name], in_background=False)
    with pytest.raises(PluginFailedError, match=words) as caught:
        fetch_now(run)
    for one in all_of(impatient):
        one.released.set()
    assert "Traceback" not in str(caught.value)
    assert "secret" not in str(caught.value)
    run.refresh_from_db()
    assert run.error == str(caught.value)


@pytest.mark.parametrize("name", QUESTIONS)
def test_busy_once_is_asked_again(name, users, impatient):
    for one in all_of(impatient):
        one.faults = {("GET", "/"): [(429, {"detail": "slow down"}, {"Retry-After": "0"})]}
    run = start_run(DataServiceProvider(name, users["owner"]), QUESTIONS[name], in_background=False)
    assert fetch_now(run).found > 0


@pytest.mark.parametrize(
    ("name", "empty"),
    [
        *((name, b"[]") for name in QUESTIONS if not name.startswith("ALeRCE")),
        *((name, b"{}") for name in QUESTIONS),
        *((name, b'{"items": []}') for name in QUESTIONS if name.startswith("ALeRCE")),
    ],
)
def test_nothing_found_is_no_error(name, empty, users, impatient):
    for one in all_of(impatient):
        one.faults = {("*", "/"): (200, empty, {})}
    run = start_run(DataServiceProvider(name, users["owner"]), QUESTIONS[name], in_background=False)
    assert fetch_now(run).found == 0


def test_no_page_asks_a_service(users, client, stand_ins):
    client.force_login(users["owner"])
    run = start_run(DataServiceProvider("ALeRCE", users["owner"]), {"max_results": 5}, in_background=False)
    fetch_now(run)
    target = SiderealTargetFactory(name=OID, permissions="PUBLIC")
    for one in all_of(stand_ins):
        one.requests.clear()
    addresses = [f"{reverse('dataservices:create')}?data_service={name}" for name in QUESTIONS]
    addresses += [reverse("dataservices:query_list"), run.get_absolute_url(), target.get_absolute_url()]
    for address in addresses:
        assert client.get(address).status_code == 200, address
    assert [one.requests for one in all_of(stand_ins)] == [[], [], []]


def test_the_pages_of_results_take_few_queries(users, client, stand_ins, django_assert_max_num_queries):
    client.force_login(users["owner"])
    run = start_run(DataServiceProvider("ALeRCE", users["owner"]), {"max_results": 45}, in_background=False)
    assert fetch_now(run).found == 45
    with django_assert_max_num_queries(15):
        client.get(run.get_absolute_url())


def test_numbers_of_lsst_stay_exact_from_the_form_to_the_database(users, client, stand_ins):
    client.force_login(users["owner"])
    ask = {"data_service": "Lasair", "objects": str(LSST_ID), "query_name": ""}
    client.post(reverse("dataservices:create"), ask)
    run = QueryRun.objects.get()
    result = run.results.get()
    assert (result.result_id, result.name) == (str(LSST_ID), f"LSST-P-DO-{LSST_ID}")
    client.post(reverse("dataservices:create-target"), {"run": run.pk, "all": "1"})
    result.refresh_from_db()
    assert result.target.aliases.filter(name=str(LSST_ID)).exists()
