"""What ANTARES, Babamul, Gaia Alerts, GraceDB, Hermes, Scout and TNS owe alike: answers, targets, faults."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from tom_alerts.registry import brokers
from tom_common.remote import RemoteError
from tom_dataservices.dataservices import (
    MissingDataException,
    NotConfiguredError,
    QueryServiceError,
    get_data_service_class,
)
from tom_dataservices.models import QueryRun
from tom_dataservices.providers import Access, provider
from tom_dataservices.runs import fetch_now, start_run
from tom_dataservices.tests.brokers.standing_in import CASES, standing_in
from tom_targets.models import Target

pytestmark = pytest.mark.django_db
NAMES = sorted(CASES)
SPOKEN = (RemoteError, QueryServiceError, NotConfiguredError, MissingDataException)


def only(*left_out):
    return pytest.mark.parametrize("broker", [name for name in NAMES if name not in left_out], indirect=True)


@pytest.fixture(params=NAMES)
def broker(request, settings, monkeypatch):
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    settings.TOM_BREAKER_FAILURES = 0
    cache.clear()
    with standing_in(request.param) as state:
        settings.DATA_SERVICES = state.settings()
        state.name = request.param
        yield state
    cache.clear()


def asked(name, **more):
    service = get_data_service_class(name)()
    form = service.get_form_class()({"data_service": name, **CASES[name].question, **more})
    assert form.is_valid(), form.errors
    return list(service.query_targets(service.build_query_parameters(form.cleaned_data)))


def test_a_query_finds_something(broker):
    found = asked(broker.name)
    assert found
    assert all(one["name"] and one["url"].startswith("https://") for one in found)


def test_the_cap_ends_the_query(broker):
    assert len(asked(broker.name, max_results=1)) == 1


@pytest.mark.parametrize(
    "fault", [500, 502, 404, "html", "half", (200, b"garbage \xff", {}), (200, b'{"error": "bad thing"}', {})]
)
def test_every_fault_is_a_sentence(broker, fault):
    broker.faults["*", CASES[broker.name].path] = fault
    with pytest.raises(SPOKEN) as caught:
        asked(broker.name)
    text = str(caught.value)
    assert broker.name in text
    assert text.endswith((".", "'")), text
    assert "<" not in text


def test_a_limit_that_is_spent_is_a_sentence_or_is_waited_for(broker, monkeypatch):
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)
    broker.retry_after = 3600
    broker.faults["*", CASES[broker.name].path] = 429
    with pytest.raises(SPOKEN) as caught:
        asked(broker.name)
    assert broker.name in str(caught.value)
    assert sum(waits) < 120


# Scout is asked by the client of catalogues, whose timeout is tried in test_catalogues.
@only("Scout")
def test_a_service_that_is_silent_is_given_up(broker, settings):
    name = broker.name
    settings.DATA_SERVICES = {name: settings.DATA_SERVICES[name] | {"timeout_s": 0.2}}
    broker.faults["*", CASES[name].path] = "hang"
    with pytest.raises(RemoteError, match="did not answer within"):
        asked(name)


def test_the_form_opens_while_the_service_is_down(broker, client, django_user_model):
    broker.faults["*", "/"] = 500
    client.force_login(django_user_model.objects.create_user("astronomer"))
    page = client.get(reverse("dataservices:create"), {"data_service": broker.name})
    assert page.status_code == 200
    assert broker.requests == []


def test_the_results_are_shown_without_asking_again(broker, client, django_user_model, at_once):
    user = django_user_model.objects.create_user("astronomer")
    client.force_login(user)
    run = fetch_now(
        start_run(provider("data_service", broker.name, user), form_values(broker.name), in_background=False)
    )
    asked_before = len(broker.requests)
    page = client.get(run.get_absolute_url())
    assert page.status_code == 200
    for result in run.results.all():
        assert result.name in page.content.decode()
    assert len(broker.requests) == asked_before
    assert QueryRun.objects.get().error == ""


def form_values(name):
    form = get_data_service_class(name).get_form_class()({"data_service": name, **CASES[name].question})
    assert form.is_valid(), form.errors
    return form.cleaned_data


# Superevents are no targets: see test_scout_gracedb.
@only("GraceDB")
def test_a_target_of_a_result_is_complete(broker):
    service = get_data_service_class(broker.name)()
    target = service.to_target(asked(broker.name)[0])
    stored = Target.objects.get(pk=target.pk)
    stored.full_clean()
    assert (stored.ra is not None) or stored.eccentricity is not None


@only("GraceDB")
def test_the_broker_of_tom_alerts_gives_the_same(broker, django_user_model):
    name = {"Gaia Alerts": "Gaia"}.get(broker.name, broker.name)
    found = brokers.get(name)()
    form = found.form({"broker": name, "query_name": "q", **CASES[broker.name].question})
    assert form.is_valid(), form.errors
    alerts = list(found.fetch_alerts(form.cleaned_data))
    assert [alert["name"] for alert in alerts] == [one["name"] for one in asked(broker.name)]
    asking = provider("broker", name)
    user = django_user_model.objects.create_user("astronomer")
    kept = asking.make_target(alerts[0], Access(user=user))
    assert kept.is_new
    if broker.name != "Scout":  # which has no measurements
        assert asking.bring_data(kept.target, alerts[0]) >= 0
    assert found.fetch_alert("no such object 12345") is None
