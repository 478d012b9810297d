import pytest
from django.template import Context
from django.urls import reverse

from tom_common.grants import grant_access
from tom_dataproducts.models import LightCurveSummary, PhotometryReducedDatum
from tom_dataproducts.summaries import refresh_summaries
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.models import Target
from tom_targets.tests.factories import (
    NonSiderealTargetFactory,
    SiderealTargetFactory,
    TargetExtraFactory,
    TargetGroupingFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db


def test_the_facts_have_their_units(cast, client):
    target = SiderealTargetFactory(
        name="SN 2026A", permissions="OPEN", ra=188.73625, dec=-5.25, distance=1234.5, distance_err=12.0
    )
    LightCurveSummary.objects.update_or_create(
        target=target,
        defaults={
            "point_count": 1200,
            "detection_count": 900,
            "last_mag": 18.2134,
            "last_mag_error": 0.043,
            "last_band": "r",
            "rate_mag_per_day": -0.0512,
            "is_stale": False,
        },
    )
    response = client.get(target.get_absolute_url())
    facts = {fact.label: str(fact.text) for fact in response.context["facts"]}
    assert facts["RA, Dec"] == "12:34:56.700 \u221205:15:00.00"
    assert facts["in degrees"] == "188.736250 \u22125.250000"
    # astropy 7: SkyCoord(188.73625, -5.25, unit="deg").galactic = 295.1163, +57.3901
    assert facts["Galactic l, b"].startswith("29")
    assert facts["Magnitude"] == "r 18.21 ± 0.04 mag"
    assert facts["Change"] == "brightening 0.051 mag/day"
    assert facts["Distance"] == "1234.5 ± 12 pc"
    assert facts["Proper motion RA"] == "1.5 mas/yr"
    assert facts["Photometry"] == "1,200 points, 900 detections"
    assert 'data-tom-copy="12:34:56.700 -05:15:00.00"' in response.content.decode()


def test_a_moving_target_shows_its_elements(client):
    target = NonSiderealTargetFactory(permissions="OPEN")
    facts = {fact.label: str(fact.text) for fact in client.get(target.get_absolute_url()).context["facts"]}
    assert facts["Elements"] == "MPC Minor Planet"
    assert facts["Semimajor axis"] == "2.766 au"
    assert facts["Inclination"] == "10.59°"
    assert "RA, Dec" not in facts


def test_the_head_shows_aliases_class_and_who_sees_it(client):
    target = SiderealTargetFactory(name="ZTF26a", permissions="OPEN")
    TargetNameFactory(target=target, name="SN 2026A")
    TargetExtraFactory(target=target, key="fink_class", value="SN candidate")
    TargetExtraFactory(target=target, key="simulated", value="True")
    page = client.get(target.get_absolute_url()).content.decode()
    assert "also SN 2026A" in page
    assert "SN candidate" in page
    assert "Seen by everybody" in page
    assert '<span class="tom-simulated">simulated</span>' in page


def test_markup_in_any_text_is_shown_as_text(cast, client_of):
    bad = "<img src=x onerror=alert(1)>"
    target = SiderealTargetFactory(name=f"{bad}n", permissions="OPEN")
    TargetNameFactory(target=target, name=f"{bad}a")
    TargetExtraFactory(target=target, key=f"{bad}k", value=f"{bad}v")
    grant_access(cast.owner, TargetGroupingFactory(name=f"{bad}l"))
    page = client_of(cast.owner).get(target.get_absolute_url()).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_buttons_follow_the_rights(cast, targets, client_of):
    path = targets["OPEN"].get_absolute_url()
    update = reverse("targets:update", args=(targets["OPEN"].pk,))
    delete = reverse("targets:delete", args=(targets["OPEN"].pk,))
    own = client_of(cast.owner).get(path).content.decode()
    assert update in own and delete in own and "Who may see and edit it" in own
    other = client_of(cast.stranger).get(path).content.decode()
    assert update not in other and delete not in other and "Who may see and edit it" not in other


def test_ten_thousand_points_cost_no_query_and_no_byte(cast, client_of, django_assert_max_num_queries):
    target = SiderealTargetFactory(name="bright", permissions="PRIVATE")
    grant_access(cast.owner, target)
    for number in range(20):
        TargetExtraFactory(target=target, key=f"key {number}")
        grant_access(cast.owner, TargetGroupingFactory())
    PhotometryReducedDatum.objects.bulk_create(
        PhotometryFactory.build_batch(10_000, target=target), batch_size=2000
    )
    client = client_of(cast.owner)
    client.get(target.get_absolute_url())
    with django_assert_max_num_queries(24):  # the summary of the light curve is computed for the page
        client.get(target.get_absolute_url())
    refresh_summaries()
    with django_assert_max_num_queries(20):
        response = client.get(target.get_absolute_url())
    assert len(response.content) < 120_000


# --- sections


def parts(*items, method):
    """Return a stand-in for ``contributions.collect`` that offers some parts through one method."""
    from tom_common import contributions

    real = contributions.collect
    return lambda name: [("plugin", item) for item in items] if name == method else real(name)


def tab_context(context):
    assert isinstance(context, Context)
    return {
        "extras": context["target"].name.upper(),
        "extra_fields": [],
        "tags": [{"key": "who", "value": context["request"].user}],
    }


def failing_context(context):
    raise RuntimeError("the service of the plugin is down")


TAB = {
    "label": "My Tab",
    "partial": "tom_targets/partials/section_extras.html",
    "context": f"{__name__}.tab_context",
}


@pytest.fixture
def plugin_tab(monkeypatch):
    monkeypatch.setattr("tom_common.contributions.collect", parts(TAB, method="target_detail_tabs"))


def test_a_plugins_tab_is_a_section_that_loads_later(plugin_tab, targets, client):
    target = targets["OPEN"]
    page = client.get(target.get_absolute_url()).content.decode()
    path = reverse("targets:section", args=(target.pk, "my-tab"))
    assert '<a href="#my-tab">My Tab</a>' in page
    assert f'hx-get="{path}"' in page
    assert "AnonymousUser" not in page
    loaded = client.get(path, headers={"HX-Request": "true"}).content.decode()
    assert '<section class="tom-section" id="my-tab"' in loaded
    assert "AnonymousUser" in loaded
    assert "<html" not in loaded


def test_the_address_opens_a_tab_without_script(plugin_tab, targets, client):
    target = targets["OPEN"]
    response = client.get(reverse("targets:section", args=(target.pk, "my-tab")))
    assert response.url == f"{target.get_absolute_url()}?tab=my-tab#my-tab"
    page = client.get(target.get_absolute_url(), {"tab": "my-tab"}).content.decode()
    assert "AnonymousUser" in page


def test_a_tab_that_fails_takes_nothing_down(monkeypatch, targets, client):
    broken = {**TAB, "context": f"{__name__}.failing_context"}
    monkeypatch.setattr("tom_common.contributions.collect", parts(broken, method="target_detail_tabs"))
    target = targets["OPEN"]
    assert client.get(target.get_absolute_url(), {"tab": "my-tab"}).status_code == 200
    loaded = client.get(
        reverse("targets:section", args=(target.pk, "my-tab")), headers={"HX-Request": "true"}
    )
    assert "There is nothing to show here now." in loaded.content.decode()


def test_a_section_that_does_not_exist_is_not_found(targets, client):
    path = reverse("targets:section", args=(targets["OPEN"].pk, "nothing"))
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 404


def test_a_plugins_button_gets_the_context_of_the_page(monkeypatch, targets, client):
    button = {"partial": "tom_targets/partials/section_extras.html", "context": f"{__name__}.tab_context"}
    monkeypatch.setattr("tom_common.contributions.collect", parts(button, method="target_detail_buttons"))
    assert "AnonymousUser" in client.get(targets["OPEN"].get_absolute_url()).content.decode()


def test_the_context_that_plugins_read_is_there(targets, client):
    context = client.get(targets["OPEN"].get_absolute_url()).context
    assert context["object"] == context["target"] == targets["OPEN"]
    assert "observation_template_form" in context
    assert context["request"].user == context["user"]


# --- lists and comments on the page


def test_a_target_is_put_on_a_list_and_taken_off(cast, targets, client_of):
    target, mine, theirs = (
        targets["OPEN"],
        TargetGroupingFactory(name="mine"),
        TargetGroupingFactory(name="theirs"),
    )
    grant_access(cast.stranger, mine)
    client = client_of(cast.stranger)
    page = client.get(target.get_absolute_url()).content.decode()
    assert "mine" in page and "theirs" not in page
    data = {"grouping": mine.pk, "selected-target": target.pk, "next": target.get_absolute_url()}
    assert client.post("/targets/add-remove-grouping/", data | {"add": "1"}).url == target.get_absolute_url()
    assert list(mine.targets.all()) == [target]
    client.post("/targets/add-remove-grouping/", data | {"remove": "1"})
    assert not mine.targets.exists()
    client.post("/targets/add-remove-grouping/", data | {"grouping": theirs.pk, "add": "1"})
    assert not theirs.targets.exists()


def test_comments_are_seen_by_those_who_see_the_target(cast, targets):
    from tom_common.contributions import commentable_rows

    for user, names in ((cast.stranger, {"open target", "public target"}), (cast.anonymous, {"open target"})):
        assert {target.name for target in commentable_rows(user, "tom_targets.basetarget")} == names
    assert commentable_rows(cast.owner, "tom_targets.basetarget").count() == Target.objects.count()
