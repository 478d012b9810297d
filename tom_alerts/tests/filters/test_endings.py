"""How filters end: deleted with few and many candidates, without their watchlist, without its owner."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tom_alerts import filter_deletion, tasks
from tom_alerts.filter_models import WATCHLIST_GONE, AlertFilter, Candidate, Decision, Watchlist
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_alerts.tests.filters.test_api import FILTERS
from tom_common.background import InputRefused
from tom_common.models import Job
from tom_targets.models import SkyRegion

pytestmark = pytest.mark.django_db
NORTH = [[0, 12 * 4**29 - 1]]


def with_candidates(one, count):
    now = timezone.now()
    rows = [
        Candidate(alert_filter=one, name=f"ZTF{number:05d}", created=now, seen=now) for number in range(count)
    ]
    found = Candidate.objects.bulk_create(rows)
    Decision.objects.create(candidate=found[0], user=one.user, state="rejected", together="x")
    return one


@pytest.mark.parametrize("way", ["page", "api"])
@pytest.mark.parametrize("count", [3, 12])
def test_a_filter_with_very_many_candidates_is_deleted_by_a_job(client, way, count, monkeypatch, at_once):
    monkeypatch.setattr(filter_deletion, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(filter_deletion, "_BATCH", 4)
    owner = maker()
    client.force_login(owner)
    one, other = with_candidates(made_filter(owner), count), with_candidates(made_filter(owner), 2)
    if way == "api":
        answer = client.delete(f"{FILTERS}{one.pk}/")
        assert answer.status_code == (204 if count == 3 else 202)
    else:
        answer = client.post(reverse("alerts:filter-action", args=[one.pk, "delete"]))
        assert answer.status_code == 302
    assert list(AlertFilter.objects.all()) == [other]
    assert Candidate.objects.count() == 2 and Decision.objects.count() == 1
    job = Job.objects.filter(task=tasks.delete_filter_soon.path).first()
    assert (job is not None) == (count == 12)
    if job is not None:
        assert job.result["deleted"] == 12 and job.user == owner
        assert job.get_absolute_url() in (answer.json()["job"] if way == "api" else answer.url)


def test_a_filter_that_is_being_deleted_is_off_and_a_second_run_does_the_rest(monkeypatch):
    monkeypatch.setattr(filter_deletion, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(filter_deletion, "_BATCH", 4)
    monkeypatch.setattr(tasks.delete_filter_soon, "submit", lambda **told: told)
    owner = maker()
    one = with_candidates(made_filter(owner), 12)
    told = filter_deletion.delete_filter(one, user=owner)
    assert not AlertFilter.objects.get(pk=one.pk).is_on

    def stop(done):
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filter_deletion.delete_with_candidates(one, stop)
    assert Candidate.objects.count() == 4
    assert tasks.delete_filter_soon(told["filter_pk"], told["user_id"])["deleted"] == 4
    assert not AlertFilter.objects.exists()
    with pytest.raises(InputRefused, match="gone"):
        tasks.delete_filter_soon(told["filter_pk"], told["user_id"])


def test_only_its_owner_has_a_filter_deleted_by_a_job():
    one = with_candidates(made_filter(maker()), 2)
    with pytest.raises(InputRefused, match="may not delete"):
        tasks.delete_filter_soon(one.pk, maker("stranger").pk)
    assert Candidate.objects.count() == 2


def watched(user, *groups):
    region = SkyRegion.objects.create(user=user, name="All", ranges=NORTH, area_deg2=41253)
    found = Watchlist.objects.create(name="Sky", user=user, region=region)
    found.groups.set(groups)
    return found


def test_an_account_with_a_filter_on_its_own_watchlist_is_deleted():
    user = maker()
    made_filter(user, watchlist=watched(user))
    user.delete()
    assert not AlertFilter.objects.exists() and not Watchlist.objects.exists()


def test_a_filter_whose_watchlist_goes_with_an_account_is_off_and_says_so():
    group = team()
    user, colleague = maker("user", group), maker("colleague", group)
    one = made_filter(colleague, watchlist=watched(user, group))
    user.delete()
    one.refresh_from_db()
    assert (one.watchlist, one.is_on, one.problem) == (None, False, WATCHLIST_GONE)
    ingest(bright("ZTF26aaaaaaa"))
    assert not Candidate.objects.exists()


def test_a_watchlist_that_its_owner_shares_no_more_lets_nothing_through(django_assert_max_num_queries):
    group = team()
    user, colleague = maker("user", group), maker("colleague", group)
    watchlist = watched(user, group)
    one, own = made_filter(colleague, watchlist=watchlist), made_filter(user, watchlist=watchlist)
    ingest(bright("ZTF26aaaaaaa"))
    assert Candidate.objects.count() == 2
    watchlist.groups.clear()
    ingest(bright("ZTF26bbbbbbb"))
    assert list(Candidate.objects.filter(name="ZTF26bbbbbbb").values_list("alert_filter", flat=True)) == [
        own.pk
    ]
    one.refresh_from_db()
    assert "may not see its watchlist any more" in one.problem
    User.objects.filter(pk=colleague.pk).update(is_superuser=True)
    ingest(bright("ZTF26ccccccc"))
    assert Candidate.objects.filter(name="ZTF26ccccccc").count() == 2
    one.refresh_from_db()
    assert (one.is_on, one.problem) == (True, "")


def test_sharing_a_watchlist_again_leaves_other_problems_of_its_filters_as_they_are():
    group = team()
    user, colleague = maker("user", group), maker("colleague", group)
    one = made_filter(colleague, watchlist=watched(user, group))
    AlertFilter.objects.filter(pk=one.pk).update(problem="It fails on some alerts.")
    ingest(bright("ZTF26aaaaaaa"))
    one.refresh_from_db()
    assert one.problem == "It fails on some alerts." and Candidate.objects.count() == 1
