"""Fink, ALeRCE and Lasair as brokers of the classic interface: kept, run, made targets of, updated."""

import importlib
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from tests.shared_data import shared_data_dir
from tests.standins.alerce import OID, alerce
from tom_alerts.alerts import DEFAULT_ALERT_CLASSES, GenericAlert, GenericBroker, get_service_classes
from tom_alerts.models import BrokerQuery
from tom_alerts.providers import BrokerProvider
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.models import QueryRun
from tom_dataservices.providers import Access
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user

NAMES = ("ALeRCE", "ALeRCE LSST", "Fink", "Fink LSST", "Lasair", "Lasair ZTF", "MARS")


@pytest.fixture
def as_superuser(admin_client, at_once, settings):
    with alerce(shared_data_dir() / "data") as stand_in:
        settings.DATA_SERVICES = stand_in.settings()
        admin_client.stand_in = stand_in
        yield admin_client


def kept(client, **values):
    asked = {"query_name": "Supernovae", "broker": "ALeRCE", "max_results": "3", **values}
    answer = client.post(reverse("alerts:create"), asked)
    assert answer.status_code == 302, answer.context["form"].errors
    return BrokerQuery.objects.get()


def test_brokers_stand_in_the_settings_by_default(settings):
    assert set(NAMES) <= set(get_service_classes())
    assert all(issubclass(found, GenericBroker) for found in get_service_classes().values())
    assert len(DEFAULT_ALERT_CLASSES) >= len(NAMES)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("alerce", "ALERCE_URL ALERCE_SEARCH_URL ALeRCEQueryForm ALeRCEBroker"),
        ("fink", "FinkBroker FinkQueryForm"),
        ("lasair", "LasairBroker LasairBrokerForm"),
    ],
)
def test_public_names_are_there(module, names):
    found = importlib.import_module(f"tom_alerts.brokers.{module}")
    assert [name for name in names.split() if not hasattr(found, name)] == []


@pytest.mark.parametrize("name", NAMES[:-1])
def test_each_form_opens_with_its_name_first(admin_client, name):
    page = admin_client.get(reverse("alerts:create"), {"broker": name}).content.decode()
    assert page.index("id_query_name") < page.index("id_max_results")


def test_a_kept_query_is_run_and_its_alerts_become_targets(as_superuser):
    query = kept(as_superuser, class_name="SNIa")
    page = as_superuser.get(reverse("alerts:run", args=[query.pk]))
    alerts = page.context["alerts"]
    assert len(alerts) == 3
    assert (alerts[0].name, alerts[0].score) == (OID, 0.62)
    assert "12:22:54.94" in page.content.decode()
    asked = len(as_superuser.stand_in.requests)
    as_superuser.get(reverse("alerts:run", args=[query.pk]))
    assert len(as_superuser.stand_in.requests) == asked  # the answer is still current
    row = page.context["rows"][0].result.row_id
    as_superuser.post(reverse("alerts:create-target"), {"run": page.context["run"].pk, "alerts": [row]})
    target = Target.objects.get()
    assert (target.name, target.tags["alerce_class"]) == (OID, "SNIa")
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 90
    assert target.classifications.count() == 3


def test_one_alert_can_be_asked_for(as_superuser):
    broker = get_service_classes()["ALeRCE"]()
    alert = broker.fetch_alert(OID)
    assert broker.to_generic_alert(alert).url.endswith(f"/object/{OID}")
    assert broker.fetch_alert("ZTF99zzzzzzz") is None


def made_from_query(client, kept_query):
    page = client.get(reverse("alerts:run", args=[kept_query.pk]))
    row = page.context["rows"][0].result.row_id
    client.post(reverse("alerts:create-target"), {"run": page.context["run"].pk, "alerts": [row]})
    return Target.objects.get()


def updated(*args):
    out = StringIO()
    call_command("updatereduceddata", "--service", "ALeRCE", *args, stdout=out)
    return out.getvalue()


def test_data_of_a_target_made_of_a_query_are_asked_for_again(as_superuser):
    target = made_from_query(as_superuser, kept(as_superuser, class_name="SNIa"))
    assert set(PhotometryReducedDatum.objects.values_list("source_name", flat=True)) == {"ZTF"}
    other = Target.objects.create(name="ZTF20zzzzzzz", type="SIDEREAL", ra=1, dec=2)
    PhotometryReducedDatum.objects.filter(target=target).delete()
    assert "ALeRCE: 1 targets asked for" in updated()
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 90
    # what the query found, and the classes, may be gone by now: that it gave data is known
    QueryRun.objects.all().delete()
    target.classifications.all().delete()
    for _ in range(2):  # nothing new the first time already
        assert "ALeRCE: 1 targets asked for" in updated("--force")
        target.classifications.all().delete()
    assert not PhotometryReducedDatum.objects.filter(target=other).exists()


def test_a_target_that_the_broker_was_asked_about_in_vain_is_not_asked_about_again(as_superuser):
    Target.objects.create(name="ZTF20zzzzzzz", type="SIDEREAL", ra=1, dec=2)
    assert "ALeRCE: 1 targets asked for, 0 rows" in updated("--any-source")
    assert "targets asked for" not in updated("--force")


class StoringAlert(GenericAlert):
    def to_target(self):
        target = Target(name=self.name, type="SIDEREAL", ra=self.ra, dec=self.dec)
        target.save()
        return target, {}, ["Its other name"]


class StoringBroker(GenericBroker):
    """Stores its targets itself, as brokers of the first generation may."""

    name = "Storing"

    def fetch_alerts(self, parameters):
        return iter([])

    def to_generic_alert(self, alert):
        return StoringAlert(timestamp="", id="1", name=alert, ra=10.0, dec=20.0, mag=18, score=1, url="")


def test_a_target_that_a_broker_stores_itself_is_as_private_as_was_chosen(db, django_user_model, settings):
    settings.TARGET_DEFAULT_PERMISSION = "PUBLIC"
    user = django_user_model.objects.create_user("astronomer")
    kept = BrokerProvider.of(StoringBroker()).make_target("Nova", Access(user, permissions="PRIVATE"))
    target = Target.objects.get()
    assert (kept.target, kept.is_new, target.permissions) == (target, True, "PRIVATE")
    assert targets_for_user(user, Target.objects.all(), "change_target").get() == target
    assert target.aliases.get().name == "Its other name"
