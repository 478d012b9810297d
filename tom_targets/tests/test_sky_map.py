import re

import hpgeom
import numpy as np
import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache

from tom_targets import sky_counts
from tom_targets.models import Target
from tom_targets.selectors import visible_targets
from tom_targets.sky_counts import sky_content, tile_counts
from tom_targets.sky_map import Tiles, map_markup, points_markup, scale_steps, tile_width_text, tiles_markup


@pytest.fixture
def scattered(db):
    """Give 400 open targets all over the sky and 3 without a position, with their coordinates."""
    chance = np.random.default_rng(8)
    ra, dec = chance.uniform(0, 360, 400), np.degrees(np.arcsin(chance.uniform(-1, 1, 400)))
    Target.objects.bulk_create(
        Target(name=f"sky {i}", type="SIDEREAL", ra=a, dec=d, permissions="OPEN")
        for i, (a, d) in enumerate(zip(ra.tolist(), dec.tolist(), strict=True))
    )
    Target.objects.bulk_create(
        Target(name=f"nowhere {i}", type="NON_SIDEREAL", permissions="OPEN") for i in range(3)
    )
    return ra, dec


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


@pytest.mark.parametrize("order", [0, 1, 3, 4, 10])
def test_the_database_counts_as_hpgeom_does(scattered, order):
    expected = dict(
        zip(*np.unique(hpgeom.angle_to_pixel(2**order, *scattered), return_counts=True), strict=True)
    )
    counts = tile_counts(Target.objects.all(), order=order)
    assert counts.pop(None) == 3
    assert counts == expected


def test_few_targets_are_points_in_one_query(scattered, django_assert_num_queries):
    with django_assert_num_queries(1):
        content = sky_content(visible_targets(AnonymousUser()), cache_key="few")
    assert (content.count, content.without_position, content.tiles) == (400, 3, None)
    assert sorted(row[2] for row in content.points) == sorted(scattered[0].tolist())


def test_many_targets_are_tiles_in_two_queries(scattered, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 100)
    with django_assert_num_queries(2):
        content = sky_content(visible_targets(AnonymousUser()), cache_key="many")
    assert (content.count, content.without_position, content.points) == (400, 3, [])
    assert content.tiles.order == sky_counts.COARSE_ORDER
    assert content.tiles.count.sum() == 400


def test_many_without_a_position_do_not_hide_the_few_that_have_one(scattered, monkeypatch):
    Target.objects.bulk_create(
        Target(name=f"orbit {i}", type="NON_SIDEREAL", permissions="OPEN") for i in range(500)
    )
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 450)
    content = sky_content(visible_targets(AnonymousUser()), cache_key="orbits")
    assert (content.count, content.without_position, content.tiles) == (400, 503, None)


def test_where_counting_takes_long_the_page_is_told_at_once(
    scattered, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 100)
    monkeypatch.setattr(sky_counts, "_QUICK_S", 0.0)
    targets = visible_targets(AnonymousUser())
    with django_assert_num_queries(1):
        assert sky_content(targets, cache_key="slow", only_quick=True) is None
    counted = sky_content(targets, cache_key="slow")
    with django_assert_num_queries(0):
        assert sky_content(targets, cache_key="slow", only_quick=True).count == counted.count


def test_regions_hold_every_target_once(scattered, monkeypatch):
    of_points = sky_content(Target.objects.all(), cache_key="points").regions
    monkeypatch.setattr(sky_counts, "MAX_POINTS", 100)
    of_tiles = sky_content(Target.objects.all(), cache_key="tiles").regions
    assert of_points.count.sum() == of_tiles.count.sum() == 400
    assert np.array_equal(of_points.pixel, of_tiles.pixel)
    assert np.array_equal(of_points.count, of_tiles.count)


def test_each_step_of_the_scale_follows_the_one_before():
    tiles = Tiles(4, np.arange(6), np.array([1, 3, 8, 40, 400, 5000]))
    steps = scale_steps(tiles)
    ends = [[int(end.replace(",", "")) for end in words.split("–")] for _, words in steps]
    assert ends[0][0] == 1
    assert ends[-1][-1] == 5000
    assert all(later[0] == before[-1] + 1 for before, later in zip(ends, ends[1:], strict=False))


def test_a_single_count_has_a_scale_of_one_step():
    assert scale_steps(Tiles(4, np.array([7]), np.array([1]))) == [(0, "1")]


@pytest.mark.parametrize("order", [1, 3, 4])
def test_the_outlines_of_all_tiles_cover_the_map_once(order):
    tiles = Tiles(order, np.arange(12 * 4**order), np.ones(12 * 4**order, dtype=np.int64))
    area = 0.0
    for path in tiles.outlines():
        for piece in path.strip("z").split("z"):
            numbers = [int(text) for text in re.findall(r"-?\d+", piece)]
            corners = np.cumsum(np.array(numbers).reshape(-1, 2), axis=0)
            x, y = corners.T
            area += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    # Pieces that cross the edge are there twice and cut off by the clip path, so the sum is a little more.
    assert 0.97 < area / (np.pi * 1000 * 500) < 1.35


def test_a_tile_over_the_edge_is_drawn_on_both_sides():
    pixel = hpgeom.angle_to_pixel(2**3, 180.0, 1.0)
    path = Tiles(3, np.array([pixel]), np.array([1])).outlines()[0]
    starts = [int(text) for text in re.findall(r"M(-?\d+)", path)]
    assert len(starts) == 2
    assert min(starts) < -900
    assert max(starts) > 900


def test_two_thousand_points_are_small():
    chance = np.random.default_rng(1)
    markup = points_markup(chance.uniform(0, 360, 2000), chance.uniform(-90, 90, 2000))
    assert markup.count("M") == 2000
    assert len(markup) < 30_000


def test_the_whole_sky_in_tiles_fits_the_budget_of_a_page():
    count = np.random.default_rng(1).integers(1, 400, 3072)
    assert len(map_markup(tiles_markup(Tiles(4, np.arange(3072), count)), label="all")) < 100_000


def test_the_label_of_a_map_is_escaped():
    assert "<script>" not in map_markup("", label='"><script>')


def test_widths_of_tiles_in_words():
    assert [tile_width_text(order) for order in (1, 3, 4)] == ["29°", "7.3°", "3.7°"]
