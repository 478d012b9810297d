"""Fink by the names of the published module, against a stand-in with recorded alerts."""

import importlib

import pytest

from tests.shared_data import shared_data_dir
from tests.standins.fink import fink
from tom_alerts.alerts import get_service_class
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.exceptions import QueryServiceError
from tom_dataservices.registry import get_data_service_class
from tom_fink.questions import query_of
from tom_targets.models import Target

PUBLIC = {
    "tom_fink": "__version__",
    "tom_fink.apps": "TomFinkConfig",
    "tom_fink.alertstream": "FinkAlertStream alert_logger logger",
    "tom_fink.fink": "FINK_URL FINK_API_URL FINK_REPO_URL COLUMNS SSO_COLUMNS FinkQueryForm FinkBroker"
    " FinkServiceForm FinkDataService",
    "tom_alertstreams.apps": "TomAlertstreamsConfig",
    "tom_alertstreams.alertstreams.alertstream": "AlertStream get_default_alert_streams"
    " get_alert_streams logger",
    "tom_alertstreams.alertstreams.antares": "AntaresAlertStream logger",
    "tom_alertstreams.alertstreams.gcn": "GCNClassicAlertStream alert_logger logger",
    "tom_alertstreams.alertstreams.hopskotch": "HopskotchAlertStream heartbeat_handler alert_logger logger",
    "tom_alertstreams.management.commands.readstreams": "Command",
    "tom_alertstreams.management.commands.hoptestpub": "Command",
}
METHODS = {
    "tom_fink.fink.FinkBroker": "name form fetch_alerts fetch_alert process_reduced_data to_target"
    " to_generic_alert",
    "tom_fink.fink.FinkDataService": "name app_version app_link info_url base_url get_form_class"
    " build_query_parameters query_service query_targets create_target_from_query"
    " build_query_parameters_from_target query_photometry create_reduced_datums_from_query",
    "tom_fink.fink.FinkServiceForm": "get_layout simple_fields",
    "tom_fink.apps.TomFinkConfig": "data_services",
    "tom_fink.alertstream.FinkAlertStream": "required_keys allowed_keys listen",
    "tom_alertstreams.alertstreams.hopskotch.HopskotchAlertStream": "required_keys allowed_keys listen"
    " get_stream PUBLIC_TOPIC_CHECK_INTERVAL get_all_public_topics get_stream_url",
    "tom_alertstreams.alertstreams.gcn.GCNClassicAlertStream": "required_keys allowed_keys listen",
    "tom_alertstreams.alertstreams.antares.AntaresAlertStream": "required_keys allowed_keys listen",
}


@pytest.mark.parametrize("path", PUBLIC)
def test_every_public_name_of_the_published_packages_is_here(path):
    module = importlib.import_module(path)
    assert [name for name in PUBLIC[path].split() if not hasattr(module, name)] == []


@pytest.mark.parametrize("path", METHODS)
def test_every_public_part_of_their_classes_is_here(path):
    module, _, name = path.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    assert [part for part in METHODS[path].split() if not hasattr(cls, part)] == []


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
