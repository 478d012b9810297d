"""Small light curves wherever targets are listed, at one query a page whatever the number of targets."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tom_dataproducts.summaries import refresh_summaries
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(client):
    found = User.objects.create_superuser("pi")
    client.force_login(found)
    return found


def measured(count):
    """Add targets of which each has two points, side by side on the sky."""
    first = Target.objects.count()
    for number in range(first, first + count):
        target = SiderealTargetFactory(name=f"SN 2026a{number:03d}", ra=150.0 + number * 1e-4, dec=2.0)
        for hours in (1, 30):
            PhotometryFactory(target=target, timestamp=timezone.now() - timedelta(hours=hours))
    refresh_summaries()


def merge_url():
    first, second = Target.objects.order_by("pk")[:2]
    return reverse("targets:merge", args=[first.pk, second.pk])


PAGES = {
    "list": lambda: reverse("targets:list"),
    "home": lambda: reverse("home"),
    "search": lambda: f"{reverse('targets:search')}?query=SN+2026a",
    "position": lambda: f"{reverse('targets:search')}?query=150.0+2.0,+r=60",
    "near it": lambda: reverse("targets:section", args=[Target.objects.earliest("pk").pk, "near"]),
}


@pytest.mark.parametrize("page", list(PAGES))
def test_a_page_of_targets_shows_their_light_curves_without_a_query_for_each(client, user, page):
    measured(3)
    ask = {"headers": {"HX-Request": "true"}} if page == "near it" else {}
    client.get(PAGES[page](), **ask)
    with CaptureQueriesContext(
        connection,
    ) as few:
        markup = client.get(PAGES[page](), **ask).content.decode()
    shown = markup.count("tom-sparkline")
    assert shown >= (2 if page == "near it" else 3)
    measured(4)
    with CaptureQueriesContext(connection) as many:
        markup = client.get(PAGES[page](), **ask).content.decode()
    assert markup.count("tom-sparkline") >= shown + 4
    assert len(many) <= len(few)


def test_the_merge_page_and_the_page_of_near_targets_show_them(client, user):
    measured(2)
    markup = client.get(merge_url()).content.decode()
    assert markup.count("tom-sparkline") == 2
    fields = {"name": "another", "type": "SIDEREAL", "ra": "150.0", "dec": "2.0", "permissions": "PUBLIC"}
    formsets = {
        f"{prefix}-{part}_FORMS": "0"
        for prefix in ("aliases", "targetextra_set")
        for part in ("TOTAL", "INITIAL")
    }
    markup = client.post(
        f"{reverse('targets:create')}?type=SIDEREAL", {**fields, **formsets}
    ).content.decode()
    assert "Is it one of these?" in markup
    assert markup.count("tom-sparkline") == 2


def test_tags_of_recent_targets_show_them_in_one_query(user, django_assert_max_num_queries):
    measured(5)
    request = RequestFactory().get("/")
    request.user = user
    template = Template("{% load targets_extras %}{% recent_targets %}")
    with django_assert_max_num_queries(1):
        markup = template.render(Context({"request": request}))
    assert markup.count("tom-sparkline") == 5


def test_targets_without_photometry_have_a_dash(client, user):
    SiderealTargetFactory(name="SN 2026a001")
    SiderealTargetFactory(name="SN 2026a002")
    markup = client.get(PAGES["search"]()).content.decode()
    assert "tom-sparkline" not in markup
    assert "<td>–</td>" in markup
