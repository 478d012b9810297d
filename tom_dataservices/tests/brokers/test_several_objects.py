"""A target that is several objects of one broker: all of them are asked, by whatever way it came to that."""

import pytest

from tom_alerts.providers import BrokerProvider
from tom_common.remote import RemoteBadReply, RemoteUnavailable
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.broker import BrokerObject, point
from tom_dataservices.data_services.antares import AntaresService
from tom_dataservices.data_services.fink import FinkZtfService
from tom_dataservices.data_services.hermes import HermesService
from tom_dataservices.data_services.scout import ScoutService
from tom_dataservices.data_services.tns import TnsService
from tom_dataservices.exceptions import MissingDataException
from tom_dataservices.kept_answers import packed
from tom_dataservices.made_targets import Wanted, targets_for
from tom_dataservices.models import ObjectClassification, QueryResult, QueryRun
from tom_dataservices.providers import DataServiceProvider
from tom_fink.fink import FinkBroker
from tom_targets.tests.factories import SiderealTargetFactory

ONE, OTHER = "ZTF26zzzzzza", "ZTF26zzzzzzb"


def known_object(key, **values):
    """Give an object with one point, whose magnitude tells which it is."""
    number = 1 if key.endswith("a") else 2
    made = point(
        mjd=61300.0 + number, band="r", mag=18.0 + number, measurement=str(3400000000015000000 + number)
    )
    given = {
        "object_id": key,
        "name": key,
        "ra_deg": 50.0 + (number - 1) * 1e-4,
        "dec_deg": 10.0,
        "mjd_utc": 61300.0 + number,
        "points": (made,),
        "classifications": ({"classifier": "c", "class_name": f"C{number}", "mjd_utc": 61300.0 + number},),
    }
    return BrokerObject(**{**given, **values})


@pytest.fixture
def asked(monkeypatch):
    """Give the list of what Fink was asked for; each object has one point."""
    ids = []

    def known(self, object_id):
        ids.append(object_id)
        return known_object(object_id)

    monkeypatch.setattr(FinkZtfService, "known", known)
    return ids


@pytest.fixture
def target(db):
    return SiderealTargetFactory(name=ONE, ra=50.0, dec=10.0)


def magnitudes(target):
    rows = PhotometryReducedDatum.objects.filter(target=target).order_by("timestamp")
    return list(rows.values_list("brightness", flat=True))


def merged(found, provider="Fink ZTF", kind="data_service"):
    run = QueryRun.objects.create(kind=kind, provider=provider, parameters={}, digest="x", wanted=1, found=1)
    values = found.as_result()
    QueryResult.objects.create(
        run=run,
        number=0,
        result_id=found.object_id,
        name=found.name,
        ra=found.ra_deg,
        dec=found.dec_deg,
        values=values,
        raw=packed(values),
    )
    wanted = Wanted(on_near="merge", near_arcsec=2.0)
    return targets_for(None, run.results.all(), wanted, unattended=True)


@pytest.mark.parametrize("kind", ["data_service", "broker"])
def test_the_data_of_a_result_come_to_the_target_that_it_is_given_to(asked, target, kind, settings):
    settings.TOM_ALERT_CLASSES = ["tom_alerts.brokers.fink.FinkBroker"]
    report = merged(known_object(OTHER), kind=kind, provider="Fink" if kind == "broker" else "Fink ZTF")
    assert [one.pk for one in report.there] == [target.pk]
    assert OTHER in asked and magnitudes(target) == [19.0, 20.0]
    assert set(ObjectClassification.objects.values_list("class_name", flat=True)) == {"C1", "C2"}
    asked.clear()
    DataServiceProvider("Fink ZTF").update(target)
    assert sorted(asked) == [ONE, OTHER]
    assert magnitudes(target) == [19.0, 20.0]


def test_a_result_that_only_shares_a_further_name_brings_its_data_and_its_own_name(asked, target):
    target.aliases.create(name="AT2026zzz")
    merged(known_object(OTHER, aliases=("AT2026zzz",)))
    assert magnitudes(target) == [19.0, 20.0]
    assert OTHER in target.aliases.values_list("name", flat=True)


def test_an_object_that_is_told_under_several_names_is_asked_once(db, monkeypatch):
    ids = []

    def known(self, object_id):
        ids.append(object_id)
        return known_object(
            ONE, object_id="ANT2026abcd", aliases=("ANT2026abcd", "LSST-P-DO-170000000000000001")
        )

    monkeypatch.setattr(AntaresService, "known", known)
    target = SiderealTargetFactory(name=ONE)
    for name in ("ANT2026abcd", "LSST-P-DO-170000000000000001"):
        target.aliases.create(name=name)
    assert DataServiceProvider("ANTARES").update(target) == 1
    assert ids == [ONE]


@pytest.mark.parametrize(
    ("problem", "told"),
    [(MissingDataException("none"), ""), (RemoteBadReply("HTML"), f"{ONE} was left out: HTML")],
)
def test_an_object_that_does_not_come_keeps_no_other_out(asked, target, monkeypatch, caplog, problem, told):
    target.aliases.create(name=OTHER)
    real = FinkZtfService.known

    def known(self, object_id):
        if object_id == ONE:
            raise problem
        return real(self, object_id)

    monkeypatch.setattr(FinkZtfService, "known", known)
    DataServiceProvider("Fink ZTF").update(target)
    assert magnitudes(target) == [20.0]
    assert told in caplog.text


@pytest.mark.parametrize(
    ("problems", "error"),
    [
        ((MissingDataException("none"), RemoteBadReply("HTML")), RemoteBadReply),
        ((MissingDataException("none"), MissingDataException("none")), MissingDataException),
        ((None, RemoteUnavailable("away")), RemoteUnavailable),
    ],
)
def test_what_is_raised_where_objects_do_not_come(target, monkeypatch, problems, error):
    target.aliases.create(name=OTHER)
    left = list(problems)

    def known(self, object_id):
        problem = left.pop(0)
        if problem is not None:
            raise problem
        return known_object(object_id)

    monkeypatch.setattr(FinkZtfService, "known", known)
    with pytest.raises(error):
        DataServiceProvider("Fink ZTF").update(target)


def test_the_images_are_those_of_the_newest_alert(target, monkeypatch):
    target.aliases.create(name=OTHER)
    places = {
        name: {"cutouts": {"science": name}, "cutouts_alert": str(number)}
        for number, name in enumerate((ONE, OTHER), start=1)
    }
    fetched = []
    monkeypatch.setattr(FinkZtfService, "known", lambda self, name: known_object(name, **places[name]))
    monkeypatch.setattr(
        FinkZtfService, "image", lambda self, found, role: fetched.append(found.cutouts[role]) or b"SIMPLE  ="
    )
    service = FinkZtfService()
    (images,) = service.query_reduced_data(target)["cutouts"]
    assert fetched == [OTHER] and images.alert.alert_id == "2"


def test_spectra_of_all_names_of_tns_are_listed(db, monkeypatch):
    target = SiderealTargetFactory(name="SN2026aaa")
    target.aliases.create(name="AT2026bbb")
    said = {"2026aaa": [{"asciifile": "one"}], "2026bbb": [{"asciifile": "two"}]}

    def known(self, object_id):
        self._said[object_id] = {"objname": object_id, "spectra": said[object_id]}
        return known_object("a", object_id=object_id, name=f"AT{object_id}")

    monkeypatch.setattr(TnsService, "known", known)
    service = TnsService()
    listed = service.query_reduced_data(target)["spectroscopy"]
    assert [row["asciifile"] for row in listed] == ["one", "two"]
    assert service.query_aliases(target=target) == ["AT2026aaa", "AT2026bbb"]


def test_the_published_broker_of_fink_asks_all_names(target, monkeypatch):
    target.aliases.create(name=OTHER)
    monkeypatch.setattr(
        "tom_fink.fink.FinkZtf.by_ids",
        lambda self, ids, **options: [known_object(name) for name in ids],
    )
    BrokerProvider.of(FinkBroker()).bring_data(target, None)
    assert magnitudes(target) == [19.0, 20.0]


@pytest.mark.parametrize("service", [HermesService, ScoutService])
def test_where_any_name_may_be_an_id_a_target_is_asked_for_by_one_name(db, service):
    """(1) Ceres has the alias 1, which in a message is the first row of some table."""
    ceres = SiderealTargetFactory(name="A899OF", ra=1.0, dec=1.0)
    for alias in ("1", "HD10000", "P10abcd"):
        ceres.aliases.create(name=alias)
    asked = service()
    assert asked.object_ids_of(ceres) == ["A899OF"]
    asked.ask_besides(ceres, {"id": "P10efgh"})
    assert asked.object_ids_of(ceres) == ["A899OF", "P10efgh"]


def test_objects_are_asked_in_the_same_order_whoever_asks(target):
    asked = FinkZtfService()
    target.aliases.create(name=OTHER)
    asked.ask_besides(target, {"id": OTHER})
    assert asked.object_ids_of(target) == [ONE, OTHER]


def test_classes_without_a_time_are_those_of_the_first_object(target, monkeypatch):
    def known(self, object_id):
        undated = {"classifier": "now", "class_name": object_id[-1]}
        made = known_object(object_id)
        return known_object(object_id, classifications=(*made.classifications, undated))

    monkeypatch.setattr(FinkZtfService, "known", known)
    target.aliases.create(name=OTHER)
    told = FinkZtfService().query_reduced_data(target)["classifications"]
    assert [one["class_name"] for one in told] == ["C1", "a", "C2"]
