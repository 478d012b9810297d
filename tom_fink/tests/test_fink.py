"""Fink by the names of the published module, against a stand-in with recorded alerts."""

import pytest

from tests.shared_data import shared_data_dir
from tests.standins.fink import fink
from tom_alerts.alerts import get_service_class
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.exceptions import QueryServiceError
from tom_dataservices.registry import get_data_service_class
from tom_fink.questions import query_of
from tom_targets.models import Target


@pytest.fixture
def stand_in(settings):
    settings.TOM_ALERT_CLASSES = ["tom_fink.fink.FinkBroker"]
    with fink(shared_data_dir() / "data") as running:
        settings.DATA_SERVICES = running.settings()
        yield running


@pytest.mark.parametrize(
    ("asked", "endpoint", "sent"),
    [
        ({"objectId": "ZTF26aamcbly"}, "objects", {"objectId": "ZTF26aamcbly"}),
        ({"conesearch": "10.5, -5, 60"}, "conesearch", {"ra": "10.5", "dec": "-5.0", "radius": "60.0"}),
        ({"conesearch": "12h00m00s, +02d30m00s, 5"}, "conesearch", {"ra": "180.0", "dec": "2.5"}),
        ({"classsearch": "SN candidate, 3"}, "latests", {"class": "SN candidate", "n": "3"}),
        ({"classsearchdate": "SN candidate, 2"}, "latests", {"class": "SN candidate", "n": "1000"}),
        ({"ssosearch": "8467"}, "sso", {"n_or_d": "8467"}),
    ],
    ids=["object", "cone", "cone-sexagesimal", "class", "class-date", "solar-system"],
)
@pytest.mark.django_db
def test_each_question_is_asked_as_fink_reads_it(stand_in, asked, endpoint, sent):
    broker = get_service_class("Fink")()
    form = broker.form({"query_name": "q", "broker": "Fink", **asked})
    assert form.is_valid(), form.errors
    list(broker.fetch_alerts(form.cleaned_data))
    service = get_data_service_class("Fink")()
    list(service.query_targets(service.build_query_parameters(asked)))
    answers = [arguments for _, name, arguments in stand_in.asked if name == endpoint]
    assert len(answers) == 2
    for arguments in answers:
        assert {key: value for key, value in sent.items() if key != "n"}.items() <= arguments.items()
    assert sent.get("n") in (None, answers[0].get("n"))
    if "classsearchdate" in asked:
        assert {"startdate", "stopdate"} <= set(answers[0])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "Fill in one field"),
        ({"objectId": "a", "ssosearch": "b"}, "Fill in one field"),
        ({"conesearch": "10, 5"}, "cannot be read"),
        ({"conesearch": "10, 5, 20000"}, "up to 18,000"),
        ({"classsearch": "SN candidate"}, "expected a class, a comma and a number"),
        ({"classsearchdate": "SN candidate, many"}, "expected a class, a comma and a number"),
    ],
)
def test_a_question_that_cannot_be_asked_is_told(asked, words):
    with pytest.raises(QueryServiceError, match=words):
        query_of(asked)


@pytest.mark.django_db
def test_an_alert_becomes_a_target_with_its_light_curve(stand_in):
    broker = get_service_class("Fink")()
    (row,) = broker.fetch_alerts({"classsearch": "SN candidate, 1"})
    shown = broker.to_generic_alert(row)
    assert (shown.name, shown.id, shown.mag) == (row["i:objectId"], row["i:candid"], row["i:magpsf"])
    assert shown.url.endswith(shown.name)
    target = broker.to_target(row)
    assert broker.to_target(row) == target
    assert Target.objects.get().name == shown.name
    broker.process_reduced_data(target)
    points = PhotometryReducedDatum.objects.filter(target=target)
    assert points.filter(brightness_error__gt=0).exists()
    assert points.filter(limit__isnull=False).exists()
    assert broker.fetch_alert(shown.name)["i:objectId"] == shown.name
    assert broker.fetch_alert("ZTF00nothing") is None
