"""``runbrokerquery``: whose rights count, who gets access, what becomes of targets that are there."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from tom_alerts.alerts import GenericAlert, GenericBroker
from tom_alerts.models import BrokerQuery
from tom_alerts.providers import BrokerProvider
from tom_dataservices.models import QueryRun
from tom_dataservices.providers import Access
from tom_targets.models import Target, TargetList
from tom_targets.permissions import target_lists_for_user, targets_for_user
from tom_targets.tests.factories import SiderealTargetFactory


class NamedAlert(GenericAlert):
    def to_target(self):
        target = Target(name=self.name, type="SIDEREAL", ra=self.ra, dec=self.dec)
        return target, {}, [f"Alias of {self.name}"]


class NovaBroker(GenericBroker):
    """Lists three novae."""

    name = "Novae"

    def fetch_alerts(self, parameters):
        for number in range(3):
            yield {"name": f"Nova {number}", "ra": 10.0 + number, "dec": 20.0}
        if parameters.get("breaks"):
            raise ConnectionError("gone")

    def to_generic_alert(self, alert):
        return NamedAlert(timestamp="", id=alert["name"], mag=18, score=1, url="", **alert)


class OwnWayBroker(NovaBroker):
    """Stores its targets in a way of its own."""

    name = "Own way"

    def fetch_and_save_all(self, parameters):
        return [
            Target.objects.create(name=alert["name"], type="SIDEREAL", ra=alert["ra"], dec=alert["dec"])
            for alert in self.fetch_alerts(parameters)
        ]


@pytest.fixture
def owner(db, settings):
    settings.TOM_ALERT_CLASSES = [f"{__name__}.NovaBroker", f"{__name__}.OwnWayBroker"]
    settings.TARGET_DEFAULT_PERMISSION = "PUBLIC"
    user = User.objects.create_user("owner")
    user.groups.add(Group.objects.create(name="team"))
    Group.objects.create(name="others")
    User.objects.create_user("mate").groups.add(Group.objects.get(name="team"))
    User.objects.create_user("stranger")
    return user


def kept(owner, broker="Novae", **parameters):
    return BrokerQuery.objects.create(name="Tonight", broker=broker, parameters=parameters, user=owner)


def said(*args):
    out = StringIO()
    call_command("runbrokerquery", "Tonight", *args, stdout=out)
    return out.getvalue()


def seen_by(name, action="view_target"):
    return targets_for_user(User.objects.get(username=name), Target.objects.all(), action).count()


@pytest.mark.parametrize("broker", ["Novae", "Own way"])
def test_targets_are_the_owners_and_the_groups_as_was_chosen(owner, broker):
    kept(owner, broker)
    assert "Tonight: 3 targets made, 0 there already" in said(
        "--permissions", "PRIVATE", "--group", "team", "--list", "Mine"
    )
    assert set(Target.objects.values_list("permissions", flat=True)) == {"PRIVATE"}
    assert [seen_by(name) for name in ("owner", "mate", "stranger")] == [3, 3, 0]
    assert seen_by("owner", "change_target") == 3
    found = TargetList.objects.get(name="Mine")
    assert found.targets.count() == 3
    assert target_lists_for_user(owner, TargetList.objects.all(), "change_targetlist").get() == found


@pytest.mark.parametrize("broker", ["Novae", "Own way"])
def test_an_owner_who_left_makes_no_targets(owner, broker):
    kept(owner, broker)
    owner.is_active = False
    owner.save()
    with pytest.raises(CommandError, match="owner may not add targets"):
        said()
    assert not Target.objects.exists()


def test_access_is_given_to_groups_of_the_owner_only(owner):
    kept(owner)
    with pytest.raises(CommandError, match="owner has no group others"):
        said("--group", "team", "--group", "others")
    assert not Target.objects.exists()


def test_a_hidden_target_of_the_name_is_left_alone_and_its_run_is_the_owners(owner):
    query = kept(owner)
    SiderealTargetFactory(name="Nova 1", permissions="PRIVATE")
    assert "Nova 1: A target named Nova 1 is there already, and you may not see it." in said()
    run = QueryRun.objects.get()
    assert (run.user, run.query_id, run.found) == (owner, query.pk, 3)
    assert "0 targets made, 2 there already" in said()  # safe to run twice


def test_what_came_before_a_failure_becomes_targets_and_the_failure_is_told(owner):
    kept(owner, breaks=True)
    with pytest.raises(CommandError, match="Tonight: .*Novae"):
        said()
    assert Target.objects.count() == 3


def test_a_query_of_nobody_runs_with_all_rights(owner):
    kept(None)
    assert "3 targets made" in said("--group", "others", "--permissions", "PRIVATE")
    assert seen_by("owner") == 0


def test_two_queries_of_one_name_are_told_apart_by_their_owners(owner):
    kept(owner)
    kept(User.objects.get(username="mate"))
    with pytest.raises(CommandError, match="2 queries have this name, of owner, mate"):
        said()
    assert "3 targets made" in said("--user", "mate")
    assert QueryRun.objects.get().user.username == "mate"


def test_a_broker_that_is_gone_is_told(owner):
    kept(owner, broker="No such")
    with pytest.raises(CommandError, match="Tonight: .*No such"):
        said()


def test_a_target_that_bears_an_alias_of_an_alert_is_not_made_again(owner):
    there = SiderealTargetFactory(name="V1234 Cyg", ra=10.0, dec=20.0, permissions="PUBLIC")
    there.aliases.create(name="Alias of Nova 0")
    hidden = SiderealTargetFactory(name="Hidden", permissions="PRIVATE")
    hidden.aliases.create(name="Alias of Nova 1")
    alerts = list(NovaBroker().fetch_alerts({}))
    kept_one = BrokerProvider("Novae", owner).make_target(alerts[0], Access(owner))
    assert (kept_one.target.pk, kept_one.is_new) == (there.pk, False)
    made = BrokerProvider("Novae", owner).make_target(alerts[1], Access(owner))
    assert made.is_new  # a name of what the owner may not see keeps no target from being made
    assert "Alias of Nova 1 is no alias of Nova 1" in made.notes[0]
