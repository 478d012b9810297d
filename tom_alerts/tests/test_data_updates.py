"""The data of stored targets are asked for again: by the command, by jobs, in the rhythm of each service."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.urls import reverse

from tom_alerts import data_updates
from tom_alerts.alerts import GenericAlert, GenericBroker
from tom_alerts.models import BrokerQuery, ServiceUpdate
from tom_common.grants import grant_access
from tom_common.models import Job
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.tests.conftest import PATHS, StarService
from tom_targets.models import Target, TargetList
from tom_targets.tests.factories import SiderealTargetFactory


class PointBroker(GenericBroker):
    """Gives each target a point; knows nothing of the one called Broken."""

    name = "Points"
    asked: list[str] = []

    def fetch_alerts(self, parameters):
        return iter([])

    def to_generic_alert(self, alert):
        return GenericAlert(**alert)

    def process_reduced_data(self, target, alert=None):
        self.asked.append(target.name)
        if target.name == "Broken":
            raise ValueError("unexpected answer")
        point(target, "Points", brightness=17.0)


def point(target, source, brightness=20.0):
    return PhotometryReducedDatum.objects.get_or_create(
        target=target,
        timestamp="2026-02-02T00:00:00Z",
        bandpass="r",
        brightness=brightness,
        source_name=source,
    )


@pytest.fixture(autouse=True)
def _services(settings, db, at_once):
    settings.TOM_DATA_SERVICE_CLASSES = PATHS
    settings.TOM_ALERT_CLASSES = [f"{__name__}.PointBroker", "tom_alerts.brokers.mars.MARSBroker"]
    StarService.asked = 0
    PointBroker.asked.clear()


@pytest.fixture
def owner():
    return User.objects.create_user("owner", password="pw")


@pytest.fixture
def targets(owner):
    """Give targets with data of the stars, of the broker, and of nobody."""
    made = {
        name: SiderealTargetFactory(name=name, permissions="PUBLIC") for name in ("Star 3", "Alert", "Alone")
    }
    point(made["Star 3"], "Stars")
    point(made["Alert"], "Points")
    for name in ("Star 3", "Alone"):
        grant_access(owner, made[name])
    return made


def called(*args, **options):
    out = StringIO()
    call_command("updatereduceddata", *args, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def test_services_are_asked_about_targets_with_data_of_theirs(targets):
    text = called()
    assert "Stars: 1 targets asked for, 1 rows" in text
    assert "Points: 1 targets asked for, 1 rows" in text
    assert PointBroker.asked == ["Alert"]
    assert PhotometryReducedDatum.objects.filter(target=targets["Star 3"], brightness=15.5).exists()
    assert not PhotometryReducedDatum.objects.filter(target=targets["Alone"]).exists()


def test_each_chunk_of_targets_looks_through_its_own_data_only(targets, monkeypatch):
    real, limits = data_updates.fed_by, []

    def noted(name, rows, **options):
        limits.append(options.get("among"))
        return real(name, rows, **options)

    monkeypatch.setattr(data_updates, "fed_by", noted)
    called()
    assert [among for among in limits if among is not None] == [[targets["Star 3"].pk], [targets["Alert"].pk]]
    everything = Target.objects.all()
    assert list(real("Stars", everything, among=[targets["Star 3"].pk])) == [targets["Star 3"]]
    assert not real("Stars", everything, among=[targets["Alone"].pk, targets["Alert"].pk])


def test_nobody_is_asked_oftener_than_its_answers_change(targets):
    called()
    assert "1 asked for lately and left alone" in called()
    assert (StarService.asked, PointBroker.asked) == (1, ["Alert"])
    called(force=True)
    assert (StarService.asked, PointBroker.asked) == (2, ["Alert", "Alert"])


def test_one_target_and_one_service_may_be_named(targets):
    called(target_id=targets["Star 3"].pk)
    assert (StarService.asked, PointBroker.asked) == (1, [])
    called("--service", "points")
    assert (StarService.asked, PointBroker.asked) == (1, ["Alert"])
    called("--any-source", "--service", "Points", target_id=targets["Alone"].pk)
    assert PointBroker.asked == ["Alert", "Alone"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--target_id", "0"], "there is no target 0"),
        (["--list", "0"], "there is no target list 0"),
        (["--service", "MARS"], "MARS cannot be asked .* Stars,.* Points"),
        (["--user", "nobody"], "there is no user 'nobody'"),
    ],
    ids=["target", "list", "service", "user"],
)
def test_what_is_not_there_is_told(targets, args, words):
    with pytest.raises(CommandError, match=words):
        called(*args)


def test_a_failure_does_not_keep_the_others_out(targets):
    for name in ("Broken", "After"):
        point(SiderealTargetFactory(name=name), "Points")
    with pytest.raises(CommandError, match="not all could be asked: Points"):
        called()
    assert PointBroker.asked == ["Alert", "Broken", "After"]
    assert "unexpected answer" in ServiceUpdate.objects.get(target__name="Broken").error
    with pytest.raises(CommandError):
        called()
    assert PointBroker.asked[3:] == ["Broken"]  # it alone is asked again


def test_two_jobs_side_by_side_ask_about_a_target_once(targets, monkeypatch):
    for name in ("Alert 2", "Alert 3"):
        point(SiderealTargetFactory(name=name), "Points")
    ask, others = PointBroker.process_reduced_data, []

    def with_another_job(self, target, alert=None):
        ask(self, target, alert)
        if not others:
            others.append("begun")
            others.append(called("--service", "Points"))

    monkeypatch.setattr(PointBroker, "process_reduced_data", with_another_job)
    text = called("--service", "Points")
    assert "3 targets asked for" in others[1]
    assert "1 targets asked for" in text and "2 asked for lately and left alone" in text
    assert PointBroker.asked == ["Alert", "Alert", "Alert 2", "Alert 3"]


def test_the_rights_of_a_user_count(targets, owner):
    called(user="owner")
    assert (StarService.asked, PointBroker.asked) == (1, [])  # the other target is seen, not changed


def test_a_job_for_each_service_is_left_in_the_background(targets):
    called(background=True)
    jobs = Job.objects.filter(task="tom_alerts.update_tasks.update_service_data")
    assert {"Points", "Stars"} <= {job.arguments["kwargs"]["service"] for job in jobs}
    assert {job.state for job in jobs} == {"done"}
    assert PointBroker.asked == ["Alert"]


@pytest.fixture
def target_list(targets, owner):
    made = TargetList.objects.create(name="Tonight")
    made.targets.add(*targets.values())
    grant_access(owner, made)
    return made


def test_a_list_is_brought_up_to_date_from_its_page(target_list, owner, client):
    client.force_login(owner)
    address = reverse("alerts:update-list", args=[target_list.pk])
    page = client.get(address)
    assert page.context["count"] == 2
    assert {"Stars", "Points"} <= {name for name, _ in page.context["services"]}
    answer = client.post(address, {"service": ["Points"]}, follow=True)
    assert sorted(PointBroker.asked) == ["Alone", "Star 3"]
    assert "2 targets asked for, 2 rows of data" in answer.content.decode()
    assert dict(answer.context["services"])["Points"] is not None
    assert "No service was chosen" in client.post(address, follow=True).content.decode()
    assert address in client.get(reverse("targets:targetgrouping")).content.decode()


@pytest.mark.parametrize(("who", "status"), [(None, 302), ("stranger", 404)])
def test_a_list_is_its_holders_own(target_list, client, who, status):
    if who:
        client.force_login(User.objects.create_user(who))
    address = reverse("alerts:update-list", args=[target_list.pk])
    assert client.get(address).status_code == status
    assert client.post(address, {"service": ["Points"]}).status_code == status
    assert not PointBroker.asked


class ListBroker(PointBroker):
    """Lists alerts, of which one is no alert and one has no data."""

    name = "Lists"

    def fetch_alerts(self, parameters):
        return iter([one_alert("First"), one_alert("Broken"), one_alert("Odd"), one_alert("Last")])

    def to_generic_alert(self, alert):
        made = super().to_generic_alert(alert)
        made.to_target = (lambda: 1 / 0) if alert["name"] == "Odd" else made.to_target
        return made


def one_alert(name):
    return {"timestamp": "", "id": name, "name": name, "ra": 1, "dec": 2, "mag": 3, "score": 1, "url": ""}


def test_one_bad_alert_of_a_kept_query_does_not_keep_the_others_out(settings):
    settings.TOM_ALERT_CLASSES = [f"{__name__}.ListBroker"]
    BrokerQuery.objects.create(name="All", broker="Lists", parameters={})
    out = StringIO()
    call_command("runbrokerquery", "All", stdout=out)
    said = out.getvalue()
    assert "Odd: Lists failed: ZeroDivisionError: division by zero." in said
    assert "All: 3 targets made, 0 there already, 0 left out, 2 rows of data" in said
    assert ListBroker.asked == ["First", "Broken", "Last"]
    found = PhotometryReducedDatum.objects.values_list("target__name", flat=True)
    assert sorted(found) == ["First", "Last"]
