"""Who sees what of a filter that sends to another program, and of another's filters, by page and REST API."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tom_alerts.filter_models import AlertFilter, Candidate
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_alerts.tests.filters.test_api import FILTERS
from tom_targets.models import Target

pytestmark = pytest.mark.django_db
URL, SECRET = "https://hooks.example.org/services/T0token99", "between-us"


@pytest.fixture
def shared():
    group = team()
    owner = maker("owner", group)
    one = made_filter(owner, groups=[group], webhook_url=URL, webhook_secret=SECRET)
    ingest(bright("ZTF26aaaaaaa"))
    maker("member", group)
    User.objects.create_user("stranger").groups.clear()
    User.objects.create_superuser("admin")
    return one


@pytest.mark.parametrize(
    ("who", "status", "sees_url"),
    [
        (None, 302, False),
        ("stranger", 404, False),
        ("member", 200, False),
        ("owner", 200, True),
        ("admin", 200, True),
    ],
)
def test_the_secret_is_shown_to_nobody_and_the_address_to_who_may_change_it(
    client, shared, who, status, sees_url
):
    if who:
        client.force_login(User.objects.get(username=who))
    page = client.get(reverse("alerts:filter", args=[shared.pk]))
    form = client.get(reverse("alerts:filter-update", args=[shared.pk]))
    row = client.get(f"{FILTERS}{shared.pk}/")
    rows = client.get(FILTERS)
    assert page.status_code == status
    assert form.status_code == (302 if who is None else 200 if sees_url else 404)
    assert row.status_code == {302: 401, 404: 404}.get(status, 200)
    for answer in (page, form, row, rows):
        assert SECRET not in answer.content.decode()
    assert ("T0token99" in form.content.decode()) == sees_url
    assert ("T0token99" in row.content.decode()) == sees_url
    assert "T0token99" not in page.content.decode()


@pytest.mark.parametrize("who", [None, "stranger", "member"])
@pytest.mark.parametrize("action", ["test", "on", "off", "delete"])
def test_only_who_owns_a_filter_acts_on_it(client, shared, who, action):
    if who:
        client.force_login(User.objects.get(username=who))
    answer = client.post(reverse("alerts:filter-action", args=[shared.pk, action]))
    assert answer.status_code == (404 if who else 302)
    if action == "delete":
        api = client.delete(f"{FILTERS}{shared.pk}/")
    else:
        api = client.post(f"{FILTERS}{shared.pk}/{action}/")
    assert api.status_code in (401, 403, 404)
    assert AlertFilter.objects.get().is_on and shared.tests.count() == 1


@pytest.mark.parametrize("who", [None, "stranger", "outsider"])
@pytest.mark.parametrize("visibility", ["PUBLIC", "OPEN", "PRIVATE"])
def test_a_candidate_is_judged_by_its_team_alone_whoever_sees_its_target(client, shared, who, visibility):
    Target.objects.update(permissions=visibility)
    maker("outsider", team("Others"))
    if who:
        client.force_login(User.objects.get(username=who))
    one = Candidate.objects.get()
    for name, data in (
        ("candidate-card", None),
        ("candidate-photometry", None),
        ("candidate-decide", {"state": "rejected", "reason": "AGN"}),
    ):
        url = reverse(f"alerts:{name}", args=[one.pk])
        answer = client.get(url) if data is None else client.post(url, data)
        assert answer.status_code in ((302, 404) if who is None else (404,))
    api = client.post(
        f"/api/candidates/{one.pk}/decide/", {"state": "saved"}, content_type="application/json"
    )
    assert api.status_code == (404 if who else 401)
    one.refresh_from_db()
    assert one.state == "new"


def test_a_candidate_whose_target_vanished_is_judged_on_without_it(client, shared):
    client.force_login(User.objects.get(username="owner"))
    Target.objects.get().delete()
    one = Candidate.objects.get()
    assert client.get(reverse("alerts:triage")).status_code == 200
    card = client.get(reverse("alerts:candidate-card", args=[one.pk])).content.decode()
    assert "not kept any more" in card
    script = {"headers": {"X-Requested-With": "fetch"}}
    saved = client.post(reverse("alerts:candidate-decide", args=[one.pk]), {"state": "saved"}, **script)
    assert saved.status_code == 409 and "comes with the next one" in saved.json()["text"]
    told = {"state": "rejected", "reason": "AGN"}
    assert client.post(reverse("alerts:candidate-decide", args=[one.pk]), told, **script).status_code == 200
