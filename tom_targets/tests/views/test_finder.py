import json
import re

import pytest
from django.template import Context, Template
from django.test import RequestFactory, override_settings

from tom_targets.models import Target
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

pytestmark = pytest.mark.django_db
STILL = {"pm_ra": None, "pm_dec": None, "parallax": None}
MAY_SEE = {
    "anonymous": {"OPEN"},
    "stranger": {"OPEN", "PUBLIC"},
    "member": {"OPEN", "PUBLIC", "PRIVATE"},
    "superuser": {"OPEN", "PUBLIC", "PRIVATE"},
}


def policy_of(response):
    parts = (part.split() for part in response["Content-Security-Policy"].split(";"))
    return {words[0]: words[1:] for words in parts if words}


@pytest.fixture
def target(db):
    return SiderealTargetFactory(name="SN 2026abc", ra=150.0, dec=45.0, permissions="OPEN", **STILL)


@pytest.mark.parametrize(("role", "levels"), MAY_SEE.items())
@pytest.mark.parametrize("page", ["finder", "imagery"])
def test_who_sees_the_target_sees_its_charts(cast, targets, client_of, role, levels, page):
    client = client_of(getattr(cast, role))
    for level, found in targets.items():
        status = client.get(f"/targets/{found.pk}/{page}/").status_code
        assert status == (200 if level in levels else 404)


def test_a_target_without_position_has_no_chart(client):
    lost = NonSiderealTargetFactory(permissions="OPEN", ra=None, dec=None, scheme="")
    assert client.get(f"/targets/{lost.pk}/finder/").status_code == 404
    assert client.get(f"/targets/{lost.pk}/imagery/").status_code == 404
    assert 'id="sky"' not in client.get(f"/targets/{lost.pk}/").content.decode()


def test_the_page_of_a_target_offers_both_and_asks_nobody(client, target):
    page = client.get(f"/targets/{target.pk}/").content.decode()
    assert f'href="/targets/{target.pk}/finder/"' in page
    assert f'href="/targets/{target.pk}/imagery/"' in page
    assert "<iframe" not in page
    assert "aladin.js" not in page


def test_the_position_stands_there_in_both_notations(client, target):
    page = client.get(f"/targets/{target.pk}/finder/").content.decode()
    assert "10:00:00.000 +45:00:00.00" in page
    assert "150.000000 +45.000000" in page


def test_the_chart_is_of_the_date_asked_for(client):
    star = SiderealTargetFactory(
        ra=150.0, dec=45.0, epoch=2000.0, pm_ra=0.0, pm_dec=1000.0, parallax=None, permissions="OPEN"
    )
    page = client.get(f"/targets/{star.pk}/finder/", {"date": "2050-01-01"})
    assert page.context["place"].dec_deg == pytest.approx(45 + 50 / 3600, abs=1e-6)
    assert "finder-stored" in page.content.decode()


@pytest.mark.parametrize("text", ["2026-02-31", "tomorrow", "1800-01-01", "9999-12-31"])
def test_a_date_that_is_none_is_told(client, target, text):
    page = client.get(f"/targets/{target.pk}/finder/", {"date": text})
    assert page.status_code == 200
    assert page.context["date_error"].startswith(text)


def test_neighbours_stand_in_the_table_with_offsets_to_the_target(client, target):
    SiderealTargetFactory(name="guide", ra=150.0, dec=45.0 - 30 / 3600, permissions="OPEN")
    row = client.get(f"/targets/{target.pk}/finder/").context["neighbours"][0]
    assert (row["name"], row["distance"], row["offset"]) == ("guide", "30.0", "0.0″ E, 30.0″ N")


def test_only_the_document_of_the_images_has_the_wider_policy(client, target):
    wide = policy_of(client.get(f"/targets/{target.pk}/imagery/"))
    hosts = ["https://alasky.cds.unistra.fr", "https://alaskybis.cds.unistra.fr"]
    assert wide["script-src"] == ["'self'", "'wasm-unsafe-eval'"]
    assert wide["connect-src"] == ["'self'", "data:", *hosts]
    assert wide["img-src"] == ["'self'", "data:", "blob:", *hosts]
    assert wide["worker-src"] == ["'self'", "blob:"]
    assert wide["frame-ancestors"] == ["'self'"]
    for path in (f"/targets/{target.pk}/", f"/targets/{target.pk}/finder/", "/targets/sky/"):
        strict = policy_of(client.get(path))
        assert strict["script-src"] == strict["connect-src"] == ["'self'"]
        assert "worker-src" not in strict
        assert strict["frame-ancestors"] == ["'none'"]


def test_the_document_of_the_images_may_be_framed_by_us_alone(client, target):
    assert client.get(f"/targets/{target.pk}/imagery/")["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get(f"/targets/{target.pk}/")["X-Frame-Options"] == "DENY"


@override_settings(TOM_SKY_SURVEYS=[{"name": "Ours", "urls": ["https://hips.example.org:8443/ours"]}])
def test_a_project_names_its_own_surveys(client, target):
    response = client.get(f"/targets/{target.pk}/imagery/")
    assert policy_of(response)["img-src"][-1] == "https://hips.example.org:8443"
    assert "cds.unistra.fr" not in response["Content-Security-Policy"]
    assert "Ours" in response.content.decode()


@override_settings(TOM_SKY_SURVEYS=[])
def test_without_surveys_nothing_is_offered(client, target):
    assert "Show images of the sky" not in client.get(f"/targets/{target.pk}/finder/").content.decode()
    assert "Show images of the sky" not in client.get(f"/targets/{target.pk}/").content.decode()
    assert client.get(f"/targets/{target.pk}/imagery/").status_code == 404


def test_a_name_cannot_break_out_of_the_data(client):
    nasty = SiderealTargetFactory(name="</script><script>x", permissions="OPEN", ra=1.0, dec=1.0)
    page = client.get(f"/targets/{nasty.pk}/imagery/").content.decode()
    assert "<script>x" not in page
    text = re.search(r'<script id="sky-view-data" type="application/json">(.*?)</script>', page)[1]
    assert json.loads(text)["name"] == nasty.name


@pytest.mark.parametrize("tag", ["aladin_skymap", "target_distribution", "aladin_skymap_targets_oob"])
def test_tags_of_plugins_draw_a_map_of_their_targets(targets, tag):
    template = Template("{% load targets_extras %}{% " + tag + " targets %}")
    for given in (Target.objects.all(), list(Target.objects.all()), Target.objects.all()[:3]):
        html = template.render(Context({"targets": given}))
        assert '<svg class="sky-map"' in html
        assert "with 3 targets" in html
        assert ("hx-swap-oob" in html) == (tag == "aladin_skymap_targets_oob")


@pytest.mark.parametrize("tag", ["aladin_finderchart", "aladin"])
def test_tags_of_plugins_offer_the_chart_of_a_target(target, tag):
    template = Template("{% load targets_extras %}{% " + tag + " target %}")
    html = template.render(Context({"target": target, "request": RequestFactory().get("/")}))
    assert f"/targets/{target.pk}/finder/" in html
