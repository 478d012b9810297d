"""Our sections of a target's page and of the home page, and the template tags."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.files.base import ContentFile
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from tom_common.models import Profile
from tom_dataproducts import home, section_contexts
from tom_dataproducts.models import DataProduct, LightCurveSummary, PhotometryReducedDatum
from tom_dataproducts.summaries import refresh_summaries
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


def request_of(user, path="/", **query):
    request = RequestFactory().get(path, query)
    request.user = user if user is not None else AnonymousUser()
    return request


class TestTargetSections:
    def test_light_curve_has_its_data_and_a_table_for_those_without_script(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        PhotometryFactory(target=target, brightness=18.25)
        content = client.get(target.get_absolute_url()).content.decode()
        assert f'data-url="/dataproducts/target/{target.pk}/photometry.json"' in content
        assert "18.250 ± 0.050" in re.search(r"<noscript>(.*?)</noscript>", content, re.DOTALL)[1]
        assert "light_curve.js" in content

    def test_ten_thousand_points_add_few_queries_and_little_markup(
        self, client, django_assert_max_num_queries
    ):
        target = SiderealTargetFactory(permissions="OPEN")
        start = datetime(2026, 1, 1, tzinfo=UTC)
        PhotometryReducedDatum.objects.bulk_create(
            PhotometryReducedDatum(
                target=target, timestamp=start + timedelta(minutes=number), bandpass="r", brightness=18.0
            )
            for number in range(10_000)
        )
        with django_assert_max_num_queries(20):
            response = client.get(target.get_absolute_url())
        assert len(response.content) < 120_000

    def test_cutouts_of_the_newest_alert_share_the_stretch(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        for alert, mjd in (("1", 61000.0), ("2", 61001.5)):
            for role in ("difference", "science", "reference"):
                DataProduct.objects.create(
                    target=target,
                    product_id=f"cutout:ZTF:{target.pk}:{alert}:{role}",
                    extra_data=f'{{"cutout": "{role}", "alert": "{alert}", "mjd_utc": {mjd}}}',
                    data=ContentFile(b"no FITS", name=f"{role}.fits"),
                )
        DataProduct.objects.create(target=target, product_id="cutout:broken", extra_data="[]")
        found = section_contexts.cutouts({"target": target, "request": request_of(None, stretch="log")})
        assert [cutout["role"] for cutout in found["cutouts"]] == ["science", "reference", "difference"]
        assert found["alert"] == "2"
        assert all(cutout["url"].endswith("image.png?stretch=log") for cutout in found["cutouts"])
        page = client.get(f"{target.get_absolute_url()}?stretch=linear").content.decode()
        assert page.count("image.png?stretch=linear") == 3
        odd = section_contexts.cutouts({"target": target, "request": request_of(None, stretch="<b>")})
        assert odd["stretch"] == "asinh"

    def test_no_cutouts_no_section(self):
        context = {"target": SiderealTargetFactory(), "request": request_of(None)}
        assert section_contexts.cutouts(context) is None

    def test_files_offer_what_the_user_may_do(self, client, people):
        users, _ = people
        target = shared_target(people, "PUBLIC")
        product = DataProductFactory(target=target)
        delete = reverse("dataproducts:delete", args=[product.pk])
        url = f"{target.get_absolute_url()}?tab=manage-data"
        for name, offered in (("owner", True), ("stranger", False)):
            content = as_user(client, users[name]).get(url).content.decode()
            assert reverse("dataproducts:download", args=[product.pk]) in content
            assert (delete in content) is offered
            assert product.data.url not in content


class TestHome:
    def seen(self, user, when):
        Profile.objects.update_or_create(user=user, defaults={"last_seen_home": when})
        return User.objects.get(pk=user.pk)

    def test_new_since_the_last_look(self, people):
        users, _ = people
        now = timezone.now()
        old, new = (shared_target(people, "PUBLIC") for _ in range(2))
        for target in (old, new):
            PhotometryFactory(target=target)
            refresh_summaries([target.pk])
        LightCurveSummary.objects.filter(pk=old.pk).update(changed=now - timedelta(days=2))
        found = home.new_data(request_of(self.seen(users["stranger"], now - timedelta(days=1))))
        assert found["is_new"]
        assert [row.name for row in found["table"].rows] == [new.name]
        found = home.new_data(request_of(self.seen(users["stranger"], now + timedelta(days=1))))
        assert not found["is_new"]
        assert [row.name for row in found["table"].rows] == [new.name, old.name]

    def test_nobody_sees_what_is_hidden(self, people):
        users, _ = people
        target = shared_target(people, "PRIVATE")
        PhotometryFactory(target=target, timestamp=timezone.now())
        refresh_summaries([target.pk])
        for name in users:
            request = request_of(users[name])
            shown = home.new_data(request)["table"], (home.brightest(request) or {}).get("table")
            assert all(bool(table) == (name in ADMITTED["PRIVATE"]) for table in shown)

    def test_brightest_of_the_last_two_weeks(self):
        now = timezone.now()
        names = {}
        for mag, days in ((17.0, 1), (16.0, 2), (12.0, 30)):
            names[mag] = SiderealTargetFactory(permissions="OPEN")
            PhotometryFactory(target=names[mag], brightness=mag, timestamp=now - timedelta(days=days))
        refresh_summaries()
        rows = home.brightest(request_of(None))["table"].rows
        assert [row.pk for row in rows] == [names[16.0].pk, names[17.0].pk]

    def test_stale_rows_show_the_truth(self):
        target = SiderealTargetFactory(permissions="OPEN")
        PhotometryFactory(target=target, brightness=18.0, timestamp=timezone.now() - timedelta(days=2))
        refresh_summaries()
        PhotometryFactory(target=target, brightness=15.25, timestamp=timezone.now())
        table = home.brightest(request_of(None))["table"]
        assert "15.25" in "".join(cell.html for cell in table.rows[0].cells)

    def test_costs_the_same_for_many_targets(self, client, people, django_assert_max_num_queries):
        users, _ = people
        for _ in range(12):
            PhotometryFactory(target=shared_target(people, "PRIVATE"), timestamp=timezone.now())
        refresh_summaries()
        request = request_of(users["member"])
        with django_assert_max_num_queries(6):
            home.new_data(request)
            home.brightest(request)

    def test_the_few_that_a_visitor_may_see_are_found_behind_the_many_hidden(self, people, monkeypatch):
        users, _ = people
        monkeypatch.setattr(home, "_LOOKED_UP", 1)
        seen = shared_target(people, "OPEN")
        PhotometryFactory(target=seen, brightness=20.0, timestamp=timezone.now())
        refresh_summaries()
        for _ in range(12):
            hidden = shared_target(people, "PRIVATE")
            PhotometryFactory(target=hidden, brightness=15.0, timestamp=timezone.now())
        refresh_summaries()
        request = request_of(users["stranger"])
        for table in (home.new_data(request)["table"], home.brightest(request)["table"]):
            assert [row.pk for row in table.rows] == [seen.pk]

    def test_empty_page_says_what_to_do_next(self, client, people):
        users, _ = people
        page = client.get("/").content.decode()
        assert "Nothing to see without an account" in page
        client.force_login(users["staff"])
        assert "Upload alerts" in client.get("/").content.decode()


class TestTags:
    def rendered(self, tag, user=None, **context):
        template = Template("{% load dataproduct_extras %}" + tag)
        return template.render(Context({"request": request_of(user), **context}))

    def test_each_renders_what_the_user_may_see(self, people):
        users, _ = people
        target = shared_target(people, "PRIVATE")
        PhotometryFactory(target=target, brightness=18.25, timestamp=timezone.now())
        product = DataProductFactory(target=target)
        refresh_summaries()
        marks = {
            "{% photometry_for_target target %}": "light-curve",
            "{% get_photometry_data target %}": "18.250",
            "{% reduceddatum_sparkline target 30 %}": "<svg",
            "{% dataproduct_list_for_target target %}": product.get_file_name(),
            "{% dataproduct_list_all %}": product.get_file_name(),
        }
        for tag, mark in marks.items():
            assert mark in self.rendered(tag, users["member"], target=target), tag
            assert mark not in self.rendered(tag, users["stranger"], target=target), tag
        assert "18.250" in self.rendered("{% recent_photometry target limit=3 %}", target=target)

    def test_sparkline_of_nothing_is_empty(self):
        target = SiderealTargetFactory(permissions="OPEN")
        assert self.rendered("{% reduceddatum_sparkline target 30 %}", target=target) == ""
        PhotometryFactory(target=target, timestamp=timezone.now() - timedelta(days=90))
        assert self.rendered("{% reduceddatum_sparkline target 30 days=10 %}", target=target) == ""
