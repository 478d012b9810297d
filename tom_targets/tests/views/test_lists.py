import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tom_common.grants import grant_access
from tom_dataproducts.models import LightCurveSummary
from tom_targets.models import Target, TargetExtra
from tom_targets.tests.factories import (
    NonSiderealTargetFactory,
    SiderealTargetFactory,
    TargetGroupingFactory,
    TargetNameFactory,
)

pytestmark = pytest.mark.django_db
LIST = "/targets/"


def names_in(response):
    return re.findall(r'<td class="tom-name"><a href="/targets/\d+/">([^<]+)</a>', response.content.decode())


def summarise(target, **values):
    LightCurveSummary.objects.update_or_create(
        target=target,
        defaults={
            "point_count": 3,
            "detection_count": 2,
            "last_detection": timezone.now(),
            "last_mag": 18.2134,
            "last_mag_error": 0.043,
            "last_band": "r",
            "rate_mag_per_day": 0.0512,
            "points": [[61000.0, 18.1, "r", 0], [61001.0, 18.2, "r", 0]],
            "is_stale": False,
            **values,
        },
    )


@pytest.fixture
def crowd(cast):
    """Give sixty open targets, and a client that is logged in."""
    return Target.objects.bulk_create(
        Target(name=f"ZTF26{chr(97 + i % 26)}{i:03d}", type="SIDEREAL", ra=i, dec=-i, permissions="OPEN")
        for i in range(60)
    )


def test_newest_first_and_every_target_once_over_the_pages(crowd, client):
    path, seen, pages = LIST, [], 0
    while path:
        response = client.get(path)
        seen += names_in(response)
        path = response.context["next_url"] and LIST + response.context["next_url"]
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted(target.name for target in crowd)
    back = client.get(LIST + response.context["previous_url"])
    assert names_in(back) == seen[25:50]


@pytest.mark.parametrize(
    ("sort", "key", "is_reversed"),
    [("name", "name", False), ("-name", "name", True), ("ra", "ra", False), ("-dec", "dec", True)],
)
def test_sorting_by_a_header(crowd, client, sort, key, is_reversed):
    expected = sorted(crowd, key=lambda target: getattr(target, key), reverse=is_reversed)
    assert names_in(client.get(LIST, {"sort": sort})) == [target.name for target in expected[:25]]


def test_sorting_by_brightness_puts_the_unmeasured_last(crowd, client):
    for number, target in enumerate(crowd[:3]):
        summarise(target, last_mag=20.0 - number)
    shown = names_in(client.get(LIST, {"sort": "last_mag"}))
    assert shown[:3] == [target.name for target in (crowd[2], crowd[1], crowd[0])]
    assert len(shown) == 25


def test_the_header_says_how_the_list_is_sorted(crowd, client):
    page = client.get(LIST, {"sort": "name"}).content.decode()
    assert 'aria-sort="ascending"' in page
    assert "sort=-name" in page


@pytest.mark.parametrize("cursor", ["nonsense", "WyJuYW1lIl0", "x" * 3000])
def test_a_cursor_that_is_not_ours_starts_again(crowd, client, cursor):
    response = client.get(LIST, {"cursor": cursor, "type": "SIDEREAL"})
    assert response.status_code == 302
    assert response.url == "/targets/?type=SIDEREAL"


@pytest.mark.parametrize("sort", ["password", "-", "permissions", "name;drop", "last_mag__isnull"])
def test_an_unknown_order_is_the_default_one(crowd, client, sort):
    response = client.get(LIST, {"sort": sort})
    assert response.status_code == 200
    assert response.context["sort"] == "-created"


def test_empty_boxes_of_the_form_leave_the_address(crowd, client):
    response = client.get(LIST, {"query": "", "type": "SIDEREAL", "permissions": ""})
    assert (response.status_code, response.url) == (302, "/targets/?type=SIDEREAL")


def test_htmx_gets_the_clean_address_to_push(crowd, client):
    response = client.get(LIST, {"query": "", "type": "SIDEREAL"}, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response.headers["HX-Push-Url"] == "/targets/?type=SIDEREAL"


def test_filters_are_chips_that_can_be_lifted(crowd, client):
    response = client.get(LIST, {"query": "ztf26a", "type": "SIDEREAL", "sort": "name"})
    chips = [(chip.label, chip.value, chip.remove_url) for chip in response.context["chips"]]
    assert chips == [
        ("Name or position", "ztf26a", "?type=SIDEREAL&sort=name"),
        ("Type", "Sidereal", "?query=ztf26a&sort=name"),
    ]
    assert "?query=ztf26a&amp;sort=name" in response.content.decode()


def test_a_filter_that_is_not_understood_shows_nothing_and_says_why(crowd, client):
    response = client.get(LIST, {"cone_search": "1,2,three"})
    assert names_in(response) == []
    assert "The radius &#x27;three&#x27; is not a number." in response.content.decode()


def test_a_row_shows_the_summary_in_words_and_digits(client):
    summarise(SiderealTargetFactory(name="SN 2026A", permissions="OPEN", ra=188.737, dec=-5.25))
    page = client.get(LIST).content.decode()
    assert 'aria-label="r 18.2, fading 0.051 mag/day"' in page
    assert ">18.21 ± 0.04 r</td>" in page
    assert ">12:34:56.88</span>" in page
    assert ">\u221205:15:00.0</span>" in page


@pytest.mark.parametrize("address", ["/targets/", "/"])
def test_a_simulated_target_is_labelled_wherever_it_is_listed(client, address):
    simulated = SiderealTargetFactory(name="made up", permissions="OPEN")
    TargetExtra.objects.create(target=simulated, key="simulated", value="True")
    real = SiderealTargetFactory(name="the sky", permissions="OPEN")
    for target in (simulated, real):
        summarise(target)
    page = client.get(address).content.decode()
    rows = re.findall(r'<td class="tom-name">(.*?)</td>', page)
    assert {"made up" in row: "tom-simulated" in row for row in rows} == {True: True, False: False}


def test_markup_in_a_name_is_shown_as_text(client):
    SiderealTargetFactory(name="<script>alert(1)</script>", permissions="OPEN")
    page = client.get(LIST).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_columns_are_kept_in_a_cookie(crowd, client):
    response = client.post(
        reverse("targets:columns"), {"column": ["type", "bogus"], "next": "/targets/?sort=name"}
    )
    assert (response.status_code, response.url) == (302, "/targets/?sort=name")
    page = client.get(LIST)
    assert [column.name for column in page.context["table"].columns] == ["type"]
    client.post(reverse("targets:columns"), {"reset": "1"})
    assert len(client.get(LIST).context["table"].columns) > 3


def test_columns_do_not_lead_elsewhere(client):
    response = client.post(reverse("targets:columns"), {"column": "ra", "next": "https://elsewhere.example/"})
    assert response.url == "/targets/"


def test_columns_of_the_settings_may_be_fields_and_extras(client, settings):
    settings.TARGET_LIST_COLUMNS = ["name", "distance", "redshift"]
    target = SiderealTargetFactory(permissions="OPEN", distance=1234.5)
    target.save(extras={"redshift": "0.031"})
    row = client.get(LIST).context["table"].rows[0]
    assert [str(cell.html) for cell in row.cells] == ["1234.5", "0.031"]


def test_what_an_empty_list_says_depends_on_who_looks(cast, client_of):
    assert "Log in to see the targets of your groups" in client_of(cast.anonymous).get(LIST).content.decode()
    assert "Add the first target" in client_of(cast.superuser).get(LIST).content.decode()
    assert "No target fits" in client_of(cast.superuser).get(LIST, {"query": "x"}).content.decode()


def test_an_anonymous_visitor_selects_nothing(crowd, client):
    page = client.get(LIST).content.decode()
    assert "tom-row-select" not in page
    assert "tom-bulk" not in page


def test_the_page_works_without_script(crowd, cast, client_of):
    """Filters, columns, order, pages and actions are plain forms and links."""
    page = client_of(cast.owner).get(LIST).content.decode()
    assert '<form method="get" action="/targets/" id="filter-form"' in page
    assert '<form method="post" id="grouping-form" action="/targets/add-remove-grouping/">' in page
    assert 'formaction="/targets/bulk/access/"' in page
    assert 'rel="next"' in page
    assert "onclick" not in page
    assert "javascript:" not in page


@pytest.mark.parametrize("count", [1, 25, 60])
def test_the_number_of_queries_does_not_grow_with_rows_and_groups(
    cast, client_of, django_assert_max_num_queries, count
):
    for number in range(5):
        group = cast.group.__class__.objects.create(name=f"group {number}")
        cast.stranger.groups.add(group)
        grant_access(group, TargetGroupingFactory())
        for target in SiderealTargetFactory.create_batch(count // 5 + 1, permissions="PRIVATE"):
            grant_access(group, target)
            summarise(target)
    client = client_of(cast.stranger)
    client.get(LIST)
    with django_assert_max_num_queries(10):
        response = client.get(LIST)
    assert len(names_in(response)) == min(25, 5 * (count // 5 + 1))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("ztf18abc", {"ZTF18abcdef"}),
        ("ZTF 18-abc", {"ZTF18abcdef"}),
        ("sn2018", {"ZTF18abcdef"}),
        ("abcdef", {"ZTF18abcdef"}),
        ("8abc", {"ZTF18abcdef"}),
        ("10.5 20.5", {"ZTF18abcdef"}),
        ("0:42:00 +20:30:00", {"ZTF18abcdef"}),
        ("10.5 20.6", set()),
        ("10.5, 20.6, 10arcmin", {"ZTF18abcdef"}),
        ("2004 12", {"2004 12"}),
        ("%", set()),
        ("nothing", set()),
    ],
)
def test_the_search_box_finds_names_aliases_and_positions(client, query, found):
    target = SiderealTargetFactory(name="ZTF18abcdef", ra=10.5, dec=20.5, permissions="OPEN")
    TargetNameFactory(target=target, name="SN 2018cow")
    SiderealTargetFactory(name="2004 12", ra=100.0, dec=50.0, permissions="OPEN")
    assert set(names_in(client.get(LIST, {"query": query}))) == found


def test_a_search_finds_nothing_hidden(client):
    hidden = SiderealTargetFactory(name="secret", ra=10.0, dec=10.0, permissions="PRIVATE")
    TargetNameFactory(target=hidden, name="codename")
    for query in ("secret", "codename", "10 10", "ecre"):
        assert names_in(client.get(LIST, {"query": query})) == []
    assert names_in(client.get(LIST, {"target_cone_search": "secret,180"})) == []


def test_a_name_in_the_address_leads_to_its_target(client):
    target = SiderealTargetFactory(name="M 31", permissions="OPEN")
    SiderealTargetFactory(name="M 310", permissions="OPEN")
    SiderealTargetFactory(name="M 42", permissions="PRIVATE")
    assert client.get(reverse("targets:name-search", args=("m31",))).url == target.get_absolute_url()
    assert client.get(reverse("targets:name-search", args=("M 3",))).url == "/targets/?query=M+3"
    assert client.get(reverse("targets:name-search", args=("M 42",))).status_code == 404
    slashed = SiderealTargetFactory(name="a/b %2F", permissions="OPEN")
    assert client.get(reverse("targets:name-search", args=(slashed.name,))).url == slashed.get_absolute_url()


def test_moving_targets_are_listed_without_position(client):
    NonSiderealTargetFactory(name="(1) Ceres", permissions="OPEN")
    assert names_in(client.get(LIST, {"type": "NON_SIDEREAL"})) == ["(1) Ceres"]


@pytest.mark.parametrize("sort", ["last_mag", "-last_mag"])
def test_pages_sorted_by_the_light_curve_meet_every_target_once_both_ways(crowd, client, sort):
    """Some targets share a magnitude, some have no detection, some no summary at all."""
    for number, target in enumerate(crowd[:40]):
        summarise(target, last_mag=None if number % 5 == 0 else 15.0 + number % 7)
    path, pages = f"{LIST}?sort={sort}", []
    while path:
        response = client.get(path)
        pages.append(names_in(response))
        path = response.context["next_url"] and LIST + response.context["next_url"]
    seen = [name for page in pages for name in page]
    assert sorted(seen) == sorted(target.name for target in crowd)
    magnitudes = {
        target.name: target.light_curve_summary.last_mag
        for target in Target.objects.filter(light_curve_summary__last_mag__isnull=False).select_related(
            "light_curve_summary"
        )
    }
    measured = [magnitudes[name] for name in seen[:32]]
    assert measured == sorted(measured, reverse=sort.startswith("-"))
    for expected in reversed(pages[:-1]):
        response = client.get(LIST + response.context["previous_url"])
        assert names_in(response) == expected
