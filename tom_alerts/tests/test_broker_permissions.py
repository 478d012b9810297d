"""Who may do what with kept queries of brokers, what they found, and targets made of it: by role."""

import pytest
from django.contrib.auth.models import Group, User
from django.urls import reverse

from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_alerts.models import BrokerQuery
from tom_dataservices.classifications import keep_classifications
from tom_dataservices.models import QueryRun, ResultCutout
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

ROLES = ("owner", "member", "stranger", "staff", "superuser", "anonymous")
SEES, CHANGES, OWN = {"owner", "member", "superuser"}, {"owner", "superuser"}, {"owner", "superuser"}


class OneBroker(GenericBroker):
    """Knows one nova."""

    name = "One"
    form = GenericQueryForm

    def fetch_alerts(self, parameters):
        return iter([{"id": "n1", "name": "Nova One", "ra": 10.0, "dec": 20.0}])

    def to_generic_alert(self, alert):
        return GenericAlert(timestamp="", mag=18, score=1, url="", **alert)


@pytest.fixture
def there(db, client, at_once, settings):
    """Give a query that its owner shares with a team and has run, and users of all roles."""
    settings.TOM_ALERT_CLASSES = [f"{__name__}.OneBroker"]
    team = Group.objects.create(name="team")
    users = {name: User.objects.create_user(name) for name in ("owner", "member", "stranger")}
    users["staff"] = User.objects.create_user("staff", is_staff=True)
    users["superuser"] = User.objects.create_superuser("superuser")
    for name in ("owner", "member"):
        users[name].groups.add(team)
    query = BrokerQuery.objects.create(name="Novae", broker="One", parameters={}, user=users["owner"])
    query.groups.add(team)
    client.force_login(users["owner"])
    client.get(reverse("alerts:run", args=[query.pk]))
    run = QueryRun.objects.get()
    result = run.results.get()
    ResultCutout.objects.create(result=result, role="science", content=b"\x89PNG\r\n\x1a\n")
    client.logout()
    return users, query, run, result


def become(client, users, role):
    if role == "anonymous":
        client.logout()
    else:
        client.force_login(users[role])


@pytest.mark.parametrize("role", ROLES)
def test_queries_and_what_they_found(there, client, role):
    users, query, run, result = there
    become(client, users, role)

    def status(space, name, pk, method="get", **values):
        return getattr(client, method)(reverse(f"{space}:{name}", args=[pk]), values).status_code

    refused = 302 if role == "anonymous" else 404
    listed = client.get(reverse("alerts:list"))
    if role == "anonymous":
        assert listed.status_code == 302
    else:
        assert (query in listed.context["queries"]) == (role in SEES)
        assert [one.pk for one in listed.context["recent"]] == ([run.pk] if role in OWN else [])
    assert status("alerts", "update", query.pk) == (200 if role in CHANGES else refused)
    assert status("alerts", "delete", query.pk) == (200 if role in CHANGES else refused)
    assert status("dataservices", "results", run.pk) == (200 if role in OWN else refused)
    for name in ("raw-result", "result-cutout"):
        assert status("dataservices", name, result.pk) == (200 if role in OWN else 404)
    assert status("dataservices", "more", run.pk, "post") == (302 if role in OWN else refused)
    assert status("dataservices", "keep-regions", run.pk, "post") == refused  # it has no sky maps
    if role not in SEES:
        assert status("alerts", "copy", query.pk, "post") == refused
        assert status("alerts", "run", query.pk, "post") == refused
    if role not in CHANGES:
        asked = {"broker": "One", "query_name": "Mine now", "keep": "1"}
        assert status("alerts", "update", query.pk, "post", **asked) == refused
        assert status("alerts", "delete", query.pk, "post") == refused
    query.refresh_from_db()
    assert (query.name, query.user) == ("Novae", users["owner"])
    assert QueryRun.objects.count() == 1


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("how", ["run", "query"])
def test_targets_of_what_another_found_are_not_made(there, client, role, how):
    users, query, run, result = there
    become(client, users, role)
    which = {"run": run.pk} if how == "run" else {"query_id": query.pk, "broker": "One"}
    answer = client.post(reverse("alerts:create-target"), {**which, "alerts": [result.row_id]})
    made = role in OWN
    assert answer.status_code == (302 if made or role == "anonymous" else 404)
    assert Target.objects.exists() == made


def test_a_member_runs_a_shared_query_for_oneself(there, client):
    users, query, run, _ = there
    become(client, users, "member")
    client.get(reverse("alerts:run", args=[query.pk]))
    own = QueryRun.objects.exclude(pk=run.pk).get()
    assert (own.user, own.found) == (users["member"], 1)
    become(client, users, "owner")
    assert client.get(own.get_absolute_url()).status_code == 404


def test_groups_that_are_not_ones_own_are_not_shared_with(there, client):
    users, query, _, _ = there
    others = Group.objects.create(name="others")
    become(client, users, "owner")
    asked = {"broker": "One", "query_name": "Novae", "keep-groups": [others.pk]}
    page = client.post(reverse("alerts:update", args=[query.pk]), asked)
    assert page.status_code == 200
    assert page.context["keeping"].errors["groups"]
    assert list(query.groups.values_list("name", flat=True)) == ["team"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("permissions", ["PUBLIC", "OPEN", "PRIVATE"])
def test_classifications_are_seen_by_whoever_sees_the_target(there, client, role, permissions):
    users, *_ = there
    target = SiderealTargetFactory(name="Nova Two", permissions=permissions)
    target.give_user_access(users["owner"])
    keep_classifications(target, [{"class_name": "CV", "probability": 0.9}], service="One")
    become(client, users, role)
    page = client.get(target.get_absolute_url())
    sees_target = page.status_code == 200
    found = client.get("/api/classifications/", {"target": target.pk})
    seen = found.json().get("results", []) if found.status_code == 200 else []
    assert bool(seen) == sees_target
    if permissions == "PRIVATE":
        assert sees_target == (role in {"owner", "superuser"})
