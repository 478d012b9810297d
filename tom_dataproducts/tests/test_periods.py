"""The page of a target's periods: a search runs as a job, is kept and shown; bad searches say why."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tom_common.models import Job
from tom_dataproducts import periods
from tom_dataproducts.models import PeriodSearch, PhotometryReducedDatum
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 1, 1, tzinfo=UTC)
SEARCH = {"bands": ["g", "r"], "brightness": "mag", "min_period_d": "0.2", "max_period_d": "5"}


def variable_star(target, *, period_d=0.6137, count=120):
    chance = np.random.default_rng(3)
    days = np.sort(chance.uniform(0, 90, count))
    rows = [
        PhotometryReducedDatum(
            target_id=target.pk,
            timestamp=START + timedelta(days=float(day)),
            bandpass="gr"[number % 2],
            brightness=15.0 + number % 2 + 0.4 * np.sin(2 * np.pi * day / period_d) + chance.normal(0, 0.03),
            brightness_error=0.03,
            unit="mag",
        )
        for number, day in enumerate(days)
    ]
    PhotometryReducedDatum.objects.bulk_create(rows)


@pytest.fixture
def star():
    target = SiderealTargetFactory(permissions="OPEN")
    variable_star(target)
    return target


def url(target):
    return reverse("dataproducts:periods", args=[target.pk])


def test_a_search_finds_the_period_and_offers_it_to_the_light_curve(client, star):
    user = User.objects.create_user("observer")
    client.force_login(user)
    answer = client.post(url(star), SEARCH)
    search = PeriodSearch.objects.get()
    assert answer["Location"] == search.get_absolute_url()
    best = search.result["candidates"][0]
    assert best["period_d"] == pytest.approx(0.6137, abs=best["period_err_d"])
    job = Job.objects.get(pk=search.job_id)
    assert (job.user, job.state) == (user, Job.State.DONE)
    page = client.get(search.get_absolute_url()).content.decode()
    assert "tom-period-chart" in page
    assert "lc-fold=0.61" in page
    about = client.get(reverse("dataproducts:photometry-about", args=[star.pk])).json()
    assert about["periods"][0]["period_d"] == best["period_d"]
    assert about["periods"][0]["words"].startswith("g r, no. 1")


def test_another_search_in_the_same_bands_takes_the_place_of_the_first(client, star):
    client.force_login(User.objects.create_user("observer"))
    client.post(url(star), SEARCH)
    client.post(url(star), {**SEARCH, "bands": ["r", "g"], "max_period_d": ""})
    client.post(url(star), {**SEARCH, "bands": ["r"]})
    assert sorted(PeriodSearch.objects.values_list("bands", flat=True)) == ["g,r", "r"]
    assert PeriodSearch.objects.get(bands="g,r").result["span_d"] == pytest.approx(90, abs=3)


def test_users_keep_a_search_each_in_the_same_bands(client, star):
    for name, longest in (("observer", "5"), ("colleague", "3")):
        client.force_login(User.objects.create_user(name))
        client.post(url(star), {**SEARCH, "max_period_d": longest})
    found = PeriodSearch.objects.order_by("pk").values_list("user__username", "max_period_d")
    assert list(found) == [("observer", 5.0), ("colleague", 3.0)]
    about = client.get(reverse("dataproducts:photometry-about", args=[star.pk])).json()
    assert len({period["words"] for period in about["periods"]}) == len(about["periods"])


def test_what_an_older_search_finds_is_not_taken_for_the_newer_one(client, star, settings, monkeypatch):
    settings.TOM_BACKGROUND = "thread"
    client.force_login(User.objects.create_user("observer"))
    client.post(url(star), SEARCH)
    search = PeriodSearch.objects.get()
    look = periods.find_periods

    def asked_anew_meanwhile(*args, **kwargs):
        client.post(url(star), {**SEARCH, "max_period_d": "3"})
        return look(*args, **kwargs)

    monkeypatch.setattr(periods, "find_periods", asked_anew_meanwhile)
    assert periods.run_search(search.pk) is None
    search.refresh_from_db()
    assert (search.max_period_d, search.result) == (3.0, None)
    monkeypatch.undo()
    assert periods.run_search(search.pk).result


@pytest.mark.parametrize(
    "fields",
    [
        {"bands": []},
        {"bands": ["z"]},
        {"min_period_d": "-1"},
        {"min_period_d": "nan"},
        {"max_period_d": "0.1"},
        {"brightness": "loudness"},
    ],
)
def test_a_search_that_makes_no_sense_is_refused_in_the_form(client, star, fields):
    client.force_login(User.objects.create_user("observer"))
    assert client.post(url(star), {**SEARCH, **fields}).status_code == 400
    assert not PeriodSearch.objects.exists()


def test_a_search_with_too_few_points_says_so(client):
    target = SiderealTargetFactory(permissions="OPEN")
    variable_star(target, count=6)
    client.force_login(User.objects.create_user("observer"))
    client.post(url(target), SEARCH)
    search = PeriodSearch.objects.get()
    assert "6 points are too few" in search.error
    assert Job.objects.get(pk=search.job_id).state == Job.State.FAILED
    assert "6 points are too few" in client.get(search.get_absolute_url()).content.decode()


def test_a_running_search_polls_and_a_part_of_the_page_is_enough(client, star, settings):
    settings.TOM_BACKGROUND = "thread"
    client.force_login(User.objects.create_user("observer"))
    client.post(url(star), SEARCH)
    search = PeriodSearch.objects.get()
    part = client.get(search.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
    assert 'hx-trigger="every 2s"' in part
    assert "<html" not in part


def test_the_job_of_a_search_is_shown_to_its_owner_and_to_staff(client, star, settings):
    settings.TOM_BACKGROUND = "thread"
    owner, other = (User.objects.create_user(name) for name in ("observer", "other"))
    staff = User.objects.create_user("staff", is_staff=True)
    client.force_login(owner)
    client.post(url(star), SEARCH)
    search = PeriodSearch.objects.get()
    link = search.job.get_absolute_url()
    for user, is_shown in ((owner, True), (other, False), (staff, True), (None, False)):
        page = as_user(client, user).get(search.get_absolute_url()).content.decode()
        assert (link in page) == is_shown, user


def test_a_target_without_points_offers_no_search(client):
    client.force_login(User.objects.create_user("observer"))
    page = client.get(url(SiderealTargetFactory(permissions="OPEN"))).content.decode()
    assert "No photometry" in page
    assert '<form method="post" class="tom-form"' not in page


@pytest.mark.parametrize("permissions", ["OPEN", "PUBLIC", "PRIVATE"])
def test_who_sees_the_target_sees_its_periods_and_may_search_when_logged_in(client, people, permissions):
    target = shared_target(people, permissions)
    variable_star(target, count=20)
    for name, user in people[0].items():
        as_user(client, user)
        is_seen = name in ADMITTED[permissions]
        assert client.get(url(target)).status_code == (200 if is_seen else 404), name
        client.post(url(target), SEARCH)
        assert PeriodSearch.objects.count() == (is_seen and name != "anonymous"), name
        PeriodSearch.objects.all().delete()


def test_with_permissions_of_their_own_for_points_only_own_searches_are_shown(client, star, settings):
    settings.TARGET_PERMISSIONS_ONLY = False
    owner = User.objects.create_superuser("owner")
    client.force_login(owner)
    client.post(url(star), SEARCH)
    assert PeriodSearch.objects.get().result
    client.force_login(User.objects.create_user("other"))
    assert "tom-period-chart" not in client.get(url(star)).content.decode()
    about = client.get(reverse("dataproducts:photometry-about", args=[star.pk])).json()
    assert about["periods"] == []
