"""Every public name of the published packages of Fink and of the streams, and what their callers rely on."""

import importlib
import inspect
import logging

import pytest
from django.core.management import CommandError, call_command

from tests.shared_data import shared_data_dir
from tests.standins.fink import fink
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.exceptions import QueryServiceError
from tom_fink.fink import FinkBroker, FinkDataService, FinkQueryForm
from tom_fink.parameters import words_of
from tom_targets.models import Target

PUBLIC = {
    "tom_fink": "__version__",
    "tom_fink.apps": "TomFinkConfig",
    "tom_fink.alertstream": "FinkAlertStream alert_logger logger",
    "tom_fink.fink": "logger FINK_URL FINK_API_URL FINK_REPO_URL COLUMNS SSO_COLUMNS FinkQueryForm FinkBroker"
    " FinkServiceForm FinkDataService",
    "tom_alertstreams": "__version__",
    "tom_alertstreams.apps": "TomAlertstreamsConfig",
    "tom_alertstreams.alertstreams.alertstream": "AlertStream get_default_alert_streams"
    " get_alert_streams alert_logger logger",
    "tom_alertstreams.alertstreams.antares": "AntaresAlertStream logger",
    "tom_alertstreams.alertstreams.gcn": "GCNClassicAlertStream alert_logger logger",
    "tom_alertstreams.alertstreams.hopskotch": "HopskotchAlertStream heartbeat_handler alert_logger logger",
    "tom_alertstreams.management.commands.readstreams": "Command logger",
    "tom_alertstreams.management.commands.read_streams": "Command logger",
    "tom_alertstreams.management.commands.hoptestpub": "Command logger",
}
METHODS = {
    "tom_fink.fink.FinkBroker": "name form fetch_alerts fetch_alert process_reduced_data to_target"
    " to_generic_alert",
    "tom_fink.fink.FinkDataService": "name app_version app_link info_url base_url get_form_class"
    " build_query_parameters query_service query_targets create_target_from_query"
    " build_query_parameters_from_target query_photometry create_reduced_datums_from_query",
    "tom_fink.fink.FinkServiceForm": "get_layout simple_fields help_objectid help_conesearch help_classsearch"
    " help_classsearchdate help_ssosearch",
    "tom_fink.fink.FinkQueryForm": "help_objectid help_conesearch help_datesearch help_classsearch"
    " help_classsearchdate help_ssosearch",
    "tom_fink.apps.TomFinkConfig": "data_services",
    "tom_fink.alertstream.FinkAlertStream": "required_keys allowed_keys listen",
    "tom_alertstreams.alertstreams.hopskotch.HopskotchAlertStream": "required_keys allowed_keys listen"
    " get_stream PUBLIC_TOPIC_CHECK_INTERVAL get_all_public_topics get_stream_url public_topics stream_url"
    " stream",
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


FIELDS = "objectId conesearch classsearch classsearchdate ssosearch"
ASKED = dict.fromkeys(FIELDS.split(), "")
SIGNATURES = {
    "tom_fink.alertstream.alert_logger": "alert topic",
    "tom_fink.fink.FinkBroker.fetch_alerts": "parameters",
    "tom_fink.fink.FinkBroker.fetch_alert": "id",
    "tom_fink.fink.FinkBroker.to_target": "alert",
    "tom_fink.fink.FinkBroker.to_generic_alert": "alert",
    "tom_fink.fink.FinkBroker.process_reduced_data": "target alert=None",
    "tom_fink.fink.FinkDataService.build_query_parameters": "form_output **",
    "tom_fink.fink.FinkDataService.build_query_parameters_from_target": "target **",
    "tom_fink.fink.FinkDataService.query_service": "parameters **",
    "tom_fink.fink.FinkDataService.query_targets": "query_parameters **",
    "tom_fink.fink.FinkDataService.query_photometry": "query_parameters **",
    "tom_fink.fink.FinkDataService.create_target_from_query": "target_result **",
    "tom_fink.fink.FinkDataService.create_reduced_datums_from_query": "target data=None"
    " data_type='photometry' **",
    "tom_alertstreams.alertstreams.alertstream.AlertStream.__init__": "* **",
    "tom_alertstreams.alertstreams.alertstream.get_alert_streams": "alert_stream_configs",
}


def _object_at(path):
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        return getattr(_object_at(module), name)


def _as_text(one):
    if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
        return "*" if one.kind == one.VAR_POSITIONAL else "**"
    return one.name if one.default is one.empty else f"{one.name}={one.default!r}"


@pytest.mark.parametrize("path", SIGNATURES)
def test_they_are_called_as_the_published_ones(path):
    given = inspect.signature(_object_at(path)).parameters.values()
    assert " ".join(_as_text(one) for one in given if one.name != "self") == SIGNATURES[path]


def test_the_field_of_a_question_that_fink_ended_is_there_for_kept_queries():
    assert set(FinkQueryForm.base_fields) == {"query_name", "broker", "datesearch", *FIELDS.split()}
    assert "datesearch" not in FinkQueryForm().fields
    asked = {"query_name": "old", "broker": "Fink", "datesearch": "2019-11-03 02:40:00, 5"}
    form = FinkQueryForm(asked)
    assert not form.is_valid()
    assert "Fink ended its search by date alone" in form.errors["__all__"][0]


@pytest.mark.parametrize(
    ("asked", "parameters", "words"),
    [
        (
            {"objectId": " ZTF19acmdpyr "},
            {"objectId": "ZTF19acmdpyr"},
            {"ids": ["ZTF19acmdpyr"], "max_results": 1000},
        ),
        (
            {"conesearch": "12, 12, 5"},
            {"objectId": "", "ra": "12", "dec": " 12", "radius": " 5"},
            {"ids": [], "ra_deg": 12.0, "dec_deg": 12.0, "radius_arcsec": 5.0},
        ),
        (
            {"classsearch": "AGN, 15"},
            {"objectId": "", "class": "AGN", "n": " 15"},
            {"ids": [], "class_name": "AGN", "max_results": 15},
        ),
        (
            {"ssosearch": "8467"},
            {"objectId": "", "n_or_d": "8467"},
            {"ids": [], "solar_system": "8467"},
        ),
    ],
    ids=["object", "cone", "class", "solar-system"],
)
def test_parameters_have_the_published_names(asked, parameters, words):
    service = FinkDataService()
    assert service.build_query_parameters({**ASKED, **asked}) == parameters == service.query_parameters
    assert words_of(parameters) == words


def test_a_class_by_date_is_asked_with_its_window():
    parameters = FinkDataService().build_query_parameters({**ASKED, "classsearchdate": "AGN, 2"})
    assert (parameters["objectId"], parameters["class"]) == ("", "AGN")
    words = words_of(parameters)
    assert words["mjd_max"] - words["mjd_min"] == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("kind", [QueryServiceError, NotImplementedError, ValueError])
def test_a_question_that_cannot_be_asked_is_of_every_kind_that_is_caught(kind):
    with pytest.raises(kind, match="Fill in one field"):
        FinkBroker().fetch_alerts(ASKED)
    with pytest.raises(kind, match="cannot be read"):
        FinkDataService().build_query_parameters({**ASKED, "conesearch": "12, 12, 5, 12"})


@pytest.fixture
def stand_in(settings):
    with fink(shared_data_dir() / "data") as running:
        settings.DATA_SERVICES = running.settings()
        yield running


@pytest.mark.django_db
def test_rows_of_fink_become_photometry(stand_in):
    service = FinkDataService()
    found = next(
        iter(
            service.query_targets(service.build_query_parameters({**ASKED, "classsearch": "SN candidate, 5"}))
        )
    )
    target = service.to_target(found)
    parameters = service.build_query_parameters_from_target(target)
    assert parameters == {"objectId": target.name}
    rows = service.query_photometry(parameters)
    assert rows == service.query_results
    assert {row["i:objectId"] for row in rows} == {target.name}
    stored = service.create_reduced_datums_from_query(target, rows)
    assert PhotometryReducedDatum.objects.filter(target=target).count() == len(stored) > 0
    newest = max(rows, key=lambda row: row["i:jd"] if row["i:magpsf"] else 0.0)
    assert any(one.brightness == pytest.approx(newest["i:magpsf"]) for one in stored)
    assert service.create_reduced_datums_from_query(target) == []
    with pytest.raises(QueryServiceError, match="alerts of 0 objects; expected one"):
        service.query_photometry({"objectId": "ZTF00nothing"})


@pytest.mark.django_db
def test_a_target_without_a_name_of_ztf_is_asked_by_its_place(stand_in):
    target = Target.objects.create(name="SN 2026a", type="SIDEREAL", ra=10.5, dec=-5.25)
    parameters = FinkDataService().build_query_parameters_from_target(target)
    assert parameters == {"objectId": "", "ra": "10.5", "dec": "-5.25", "radius": "2.0"}


@pytest.mark.django_db
def test_the_broker_makes_a_target_of_what_it_shows(stand_in):
    broker = FinkBroker()
    (row,) = broker.fetch_alerts({"classsearch": "SN candidate, 1"})
    shown = broker.to_generic_alert(row)
    assert broker.to_target(shown) == broker.to_target(row)
    del row["d:rf_snia_vs_nonia"]
    assert broker.to_generic_alert(row).score == 0


def test_the_older_name_of_the_command_works(settings):
    settings.ALERT_STREAMS = []
    with pytest.raises(CommandError, match="no active stream"):
        call_command("read_streams")


def test_any_stream_can_log(caplog):
    from tom_alertstreams.alertstreams.alertstream import alert_logger

    with caplog.at_level(logging.INFO, "tom_alertstreams"):
        alert_logger("a notice", "its metadata")
    assert "alert_logger alert: a notice; its metadata" in caplog.text
