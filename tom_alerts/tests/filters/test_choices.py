"""What can be chosen in the forms of filters, how much of it is shown, and with whose rights."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tom_alerts.filter_choices import MOST
from tom_alerts.filter_models import AlertFilter, Watchlist
from tom_alerts.models import BrokerQuery
from tom_alerts.tests.filters.making import made_filter, maker, team
from tom_alerts.tests.filters.test_api import FILTERS
from tom_alerts.tests.filters.test_pages import FORM
from tom_common.grants import grant_access
from tom_targets.models import TargetList

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client):
    user = maker()
    client.force_login(user)
    return user


def many(user, kind):
    """Make more of a kind than are shown, and return the key of the last by name."""
    for number in range(MOST + 3):
        name = f"Row {number:03d}"
        if kind == "source":
            last = BrokerQuery.objects.create(name=name, broker="Lasair", parameters={}, user=user)
        elif kind == "watchlist":
            last = Watchlist.objects.create(name=name, user=user)
        else:
            last = TargetList.objects.create(name=name)
            grant_access(user, last)
    return f"broker:{last.pk}" if kind == "source" else str(last.pk)


@pytest.mark.parametrize("kind", ["source", "watchlist", "target_list"])
def test_what_is_not_shown_is_told_found_and_taken(client, owner, kind):
    last = many(owner, kind)
    page = client.get(reverse("alerts:filter-create")).content.decode()
    assert f"{MOST} of {MOST + 3} stand here: type a part of the name" in page
    assert f'value="{last}"' not in page
    url = reverse("alerts:filter-choices", args=[kind])
    found = client.get(url, {"q": "row 052"}).content.decode()
    assert f'value="{last}"' in found and found.count("<option") == 2
    assert f"{3} more: type more of the name" in client.get(url, {"q": "row"}).content.decode()
    assert "nothing of that name" in client.get(url, {"q": "nowhere"}).content.decode()
    client.post(reverse("alerts:filter-create"), {**FORM, kind: last})
    one = AlertFilter.objects.get()
    form = client.get(reverse("alerts:filter-update", args=[one.pk])).content.decode()
    assert f'<option value="{last}" selected' in form


@pytest.mark.parametrize("kind", ["source", "watchlist", "target_list", "watched_list"])
def test_what_a_stranger_may_not_see_is_not_found(client, owner, kind):
    last = many(owner, "target_list" if kind == "watched_list" else kind)
    stranger = User.objects.create_user("stranger")
    stranger.groups.clear()
    client.force_login(stranger)
    found = client.get(reverse("alerts:filter-choices", args=[kind]), {"q": "row 052"}).content.decode()
    assert last not in found and "nothing of that name" in found
    if kind != "watched_list":
        page = client.post(reverse("alerts:filter-create"), {**FORM, kind: last})
        assert kind in page.context["form"].errors
    one = made_filter(owner)
    assert client.get(reverse("alerts:filter-choices", args=[kind]), {"of": one.pk}).status_code == 404
    client.logout()
    assert client.get(reverse("alerts:filter-choices", args=[kind])).status_code == 302


def test_a_kind_that_is_not_there_is_not_found(client, owner):
    assert client.get(reverse("alerts:filter-choices", args=["passwords"])).status_code == 404


@pytest.mark.parametrize("way", ["page", "api"])
def test_a_superuser_gives_a_filter_only_what_its_owner_may(client, way):
    admin = User.objects.create_superuser("admin", password="x")
    owner = User.objects.create_user("reader")
    owner.groups.clear()
    one = made_filter(owner)
    hidden_list = TargetList.objects.create(name="Admins only")
    grant_access(admin, hidden_list)
    watchlist = Watchlist.objects.create(name="Admins own", user=admin)
    client.force_login(admin)
    wrong = {"makes": "target", "target_list": hidden_list.pk, "watchlist": watchlist.pk}
    if way == "api":
        answer = client.patch(f"{FILTERS}{one.pk}/", {"makes": "target"}, content_type="application/json")
        assert answer.json() == {"makes": ["Its owner reader may not make targets."]}
        for name in ("target_list", "watchlist"):
            answer = client.patch(f"{FILTERS}{one.pk}/", {name: wrong[name]}, content_type="application/json")
            assert answer.status_code == 400 and list(answer.json()) == [name]
    else:
        page = client.post(reverse("alerts:filter-update", args=[one.pk]), {**FORM, **wrong})
        assert set(page.context["form"].errors) == set(wrong)
    one.refresh_from_db()
    assert one.makes == "nothing" and one.target_list is None and one.watchlist is None


def test_watchlists_are_paged_and_found_by_name(client, owner):
    many(owner, "watchlist")
    shown = client.get(reverse("alerts:filters")).content.decode()
    assert f"All {MOST + 3} watchlists" in shown
    first = client.get(reverse("alerts:watchlists"))
    assert f"{MOST + 3} watchlists" in first.content.decode() and "Row 052" not in first.content.decode()
    assert "Row 052" in client.get(reverse("alerts:watchlists") + first.context["next_url"]).content.decode()
    assert "Row 052" in client.get(reverse("alerts:watchlists"), {"q": "052"}).content.decode()
    assert "no watchlist with “x" in client.get(reverse("alerts:watchlists"), {"q": "x"}).content.decode()


@pytest.mark.parametrize("count", [1, 12])
def test_the_page_of_watchlists_takes_few_queries(client, owner, count, django_assert_max_num_queries):
    for number in range(count):
        Watchlist.objects.create(
            name=str(number), user=owner, target_list=TargetList.objects.create(name="x")
        )
    with django_assert_max_num_queries(14):
        client.get(reverse("alerts:watchlists"))


def test_watchlists_of_others_are_shown_to_their_groups_alone(client, owner):
    group = team()
    other = maker("other", group)
    own = Watchlist.objects.create(name="Private", user=other)
    Watchlist.objects.create(name="Of the team", user=other).groups.add(group)
    assert client.get(reverse("alerts:watchlists")).context["watchlists"] == []
    owner.groups.add(group)
    assert [row.name for row in client.get(reverse("alerts:watchlists")).context["watchlists"]] == [
        "Of the team"
    ]
    assert client.get(reverse("alerts:watchlist", args=[own.pk])).status_code == 404
