import pytest
from django.core.cache import cache
from django.urls import reverse

from tom_targets import sky_counts
from tom_targets.models import Target
from tom_targets.tests.factories import NonSiderealTargetFactory, SiderealTargetFactory

pytestmark = pytest.mark.django_db
SKY, DATA, LIST = "/targets/sky/", "/targets/sky/data/", "/targets/"
SEEN = {
    "anonymous": {"OPEN"},
    "stranger": {"OPEN", "PUBLIC"},
    "member": {"OPEN", "PUBLIC", "PRIVATE"},
    "viewer": {"OPEN", "PUBLIC", "PRIVATE"},
    "owner": {"OPEN", "PUBLIC", "PRIVATE"},
    "staff": {"OPEN", "PUBLIC"},
    "superuser": {"OPEN", "PUBLIC", "PRIVATE"},
}


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


@pytest.fixture
def many(monkeypatch):
    """Give eighty open targets along the equator, which count as many."""
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 50)
    return Target.objects.bulk_create(
        Target(name=f"M{i:02d}", type="SIDEREAL", ra=4.5 * i, dec=0.1, permissions="OPEN") for i in range(80)
    )


@pytest.mark.parametrize(("role", "levels"), SEEN.items())
def test_the_data_hold_exactly_what_the_list_shows(cast, targets, client_of, role, levels):
    points = client_of(getattr(cast, role)).get(DATA).json()["points"]
    assert set(points["name"]) == {targets[level].name for level in levels}
    assert set(points["pk"]) == {targets[level].pk for level in levels}


@pytest.mark.parametrize(("role", "levels"), SEEN.items())
def test_tiles_count_exactly_what_the_list_shows(cast, targets, client_of, monkeypatch, role, levels):
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 0)
    reply = client_of(getattr(cast, role)).get(DATA).json()
    assert sum(reply["tiles"]["count"]) == reply["count"] == len(levels)


def test_one_persons_counts_are_not_shown_to_another(cast, targets, client_of, monkeypatch):
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 0)
    monkeypatch.setattr(sky_counts, "_QUICK_S", -1.0)
    assert client_of(cast.owner).get(DATA).json()["count"] == 3
    assert client_of(cast.anonymous).get(DATA).json()["count"] == 1
    assert client_of(cast.stranger).get(DATA).json()["count"] == 2


def test_columns_belong_together(client):
    target = SiderealTargetFactory(name="one", ra=10.5, dec=-20.25, permissions="OPEN")
    assert client.get(DATA).json()["points"] == {
        "pk": [target.pk],
        "name": ["one"],
        "ra": [10.5],
        "dec": [-20.25],
    }


def test_the_filters_of_the_list_narrow_the_map_too(client, many):
    reply = client.get(DATA, {"cone_search": "45,0,10"}).json()
    assert sorted(reply["points"]["name"]) == ["M08", "M09", "M10", "M11", "M12"]


def test_a_filter_that_is_not_understood_is_told(client, many):
    reply = client.get(DATA, {"cone_search": "45,0"})
    assert reply.status_code == 400
    assert "cone_search" in reply.json()["detail"]
    assert "A filter is not understood" in client.get(SKY, {"cone_search": "45,0"}).content.decode()


def test_each_tile_lists_as_many_targets_as_it_counts(client, many):
    tiles = client.get(DATA).json()["tiles"]
    for pixel, count in zip(tiles["pixel"][:8], tiles["count"][:8], strict=True):
        page = client.get(LIST, {"sky_tile": f"{tiles['order']}/{pixel}"})
        assert page.context["target_count"] == count


@pytest.mark.parametrize(
    "text", ["4", "4/", "x/1", "4/3072", "30/1", "-1/0", "4/-1", "1/1/1", "4/99999999999999999999999"]
)
def test_a_tile_that_does_not_exist_is_an_error_at_the_field(client, text):
    page = client.get(LIST, {"sky_tile": text})
    assert page.status_code == 200
    assert page.context["filter"].errors["sky_tile"]


def test_the_page_comes_before_many_targets_are_counted(client, many):
    page = client.get(SKY).content.decode()
    assert 'hx-get="/targets/sky/"' in page
    assert 'href="?draw=1"' in page
    assert '<svg class="sky-map"' not in page


@pytest.mark.parametrize("asked", [{"headers": {"HX-Request": "true"}}, {"query_params": {"draw": "1"}}])
def test_the_map_follows_by_htmx_or_by_a_link(client, many, asked):
    page = client.get(SKY, **asked).content.decode()
    assert '<svg class="sky-map"' in page
    assert "80 targets on the map" in page
    assert ("</html>" in page) == ("query_params" in asked)


def test_without_script_a_table_of_regions_leads_to_lists(client, many):
    page = client.get(SKY, {"draw": "1"})
    regions = page.context["regions"]
    assert sum(int(region["count"]) for region in regions) == 80
    listed = sum(client.get(region["url"]).context["target_count"] for region in regions)
    assert listed == 80


def test_a_map_of_few_takes_the_queries_of_a_page_and_one_more(
    client, targets, django_assert_max_num_queries
):
    with django_assert_max_num_queries(2):
        page = client.get(SKY).content.decode()
    assert "1 target on the map" in page


def test_filters_stay_between_map_and_list(client, many):
    listed = client.get(LIST, {"name": "M1"}).content.decode()
    assert 'href="/targets/sky/?name=M1"' in listed
    page = client.get(SKY, {"name": "M1"}).content.decode()
    assert 'href="/targets/?name=M1"' in page
    assert 'data-url="/targets/sky/data/?name=M1"' in page


def test_targets_without_a_position_are_counted_apart(client):
    NonSiderealTargetFactory(permissions="OPEN", ra=None, dec=None)
    assert "None of these targets has a position" in client.get(SKY).content.decode()
    SiderealTargetFactory(permissions="OPEN")
    assert "1 without a position are left out" in client.get(SKY).content.decode()


def test_an_empty_sky_says_so(client, db):
    assert "There is no target that you may see" in client.get(SKY).content.decode()


def test_the_addresses_have_names():
    assert (reverse("targets:sky"), reverse("targets:sky-data")) == (SKY, DATA)
