"""Many new targets compared with the stored ones at once."""

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tom_targets.cross_match import TooManyPairsError, pairs_within
from tom_targets.known_targets import BY_NAME, BY_POSITION, known_targets
from tom_targets.models import Target, TargetName
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


def made(name, ra=10.0, dec=20.0, **values):
    return SiderealTargetFactory(name=name, ra=ra, dec=dec, **values)


def test_a_name_is_found_whatever_its_case_separators_and_prefix():
    stored = made("SN 2024abc")
    TargetName.objects.create(target=stored, name="ZTF24-aaxyz")
    found = known_targets(["AT2024abc", "2024ABC", "ztf24 aaxyz", "sn 2024abd", ""])
    assert [(known.row, known.pk, known.by) for known in found] == [
        (row, stored.pk, BY_NAME) for row in range(3)
    ]


def test_a_near_target_is_found_with_its_distance_and_the_nearest_comes_first():
    far, near = made("far", dec=20.0 + 1.5 / 3600), made("near", dec=20.0 + 0.5 / 3600)
    found = known_targets(
        ["new", "elsewhere", "none"], [10.0, 40.0, None], [20.0, 0.0, None], radius_arcsec=2
    )
    assert [(known.row, known.pk, known.by) for known in found] == [
        (0, near.pk, BY_POSITION),
        (0, far.pk, BY_POSITION),
    ]
    assert [known.separation_arcsec for known in found] == pytest.approx([0.5, 1.5], abs=1e-6)


def test_a_target_known_by_name_and_position_is_told_once_with_its_distance():
    stored = made("star")
    (known,) = known_targets([["new", "STAR"]], [10.0], [20.0 + 1 / 3600], radius_arcsec=2)
    assert (known.pk, known.by) == (stored.pk, BY_NAME)
    assert known.separation_arcsec == pytest.approx(1.0, abs=1e-6)


def test_a_private_target_is_told_as_a_taken_name_but_never_by_its_position(cast):
    made("secret", permissions="PRIVATE")
    by_name = known_targets(["Secret"], [10.0], [20.0], user=cast.stranger)
    assert [(known.pk, known.name, known.separation_arcsec) for known in by_name] == [
        (None, "another target", None)
    ]
    assert known_targets(["new"], [10.0], [20.0], user=cast.stranger) == []


def test_a_match_manager_of_the_project_decides_about_names(monkeypatch):
    class Exact(type(Target.matches)):
        def match_target(self, target, *args, **kwargs):
            return self.match_exact_name(target.name)

    manager = Exact()
    manager.model = Target
    monkeypatch.setattr(Target, "matches", manager)
    made("star")
    assert [known.row for known in known_targets(["STAR", "star"])] == [1]


def test_the_number_of_queries_does_not_follow_the_number_of_rows():
    for number in range(20):
        made(f"star {number}", ra=number, dec=number)
    names, places = [f"new {number}" for number in range(20)], np.arange(20.0)
    with CaptureQueriesContext(connection) as queries:
        found = known_targets(names, places, places)
    assert len(found) == 20
    assert len(queries) <= 4  # names, positions (perhaps by two statements), stored rows


@pytest.mark.parametrize("few_ranges", [0, 1_000_000])
@pytest.mark.parametrize("radius_arcsec", [0.0, 0.01, 5.0, 3600.0, 180_000.0, 648_000.0])
def test_pairs_agree_with_astropy_by_index_and_by_a_pass_over_all(monkeypatch, few_ranges, radius_arcsec):
    monkeypatch.setattr("tom_targets.cross_match._FEW_RANGES", few_ranges)
    random = np.random.default_rng(5)
    ra = np.concatenate([random.uniform(0, 360, 40), [0.0, 359.999999, 180.0, 0.0, 123.0, 45.0]])
    dec = np.concatenate(
        [np.degrees(np.arcsin(random.uniform(-1, 1, 40))), [0.0, 0.0, 90.0, -90.0, 89.9999, 0.0]]
    )
    Target.objects.bulk_create(
        [
            Target(name=f"{n}", type="SIDEREAL", ra=one[0], dec=one[1])
            for n, one in enumerate(zip(ra, dec, strict=True))
        ]
    )
    keys = np.array(list(Target.objects.order_by("pk").values_list("pk", flat=True)))
    shift = random.uniform(0, 2, len(ra)) * radius_arcsec / 3600
    asked = SkyCoord(ra, np.clip(dec + shift, -90, 90), unit="deg")
    found = pairs_within(
        Target.objects.all(), ra_deg=asked.ra.deg, dec_deg=asked.dec.deg, radius_arcsec=radius_arcsec
    )
    wanted = asked[:, None].separation(SkyCoord(ra, dec, unit="deg")[None, :]).arcsec
    pairs = {(row, keys[other]) for row, other in np.argwhere(wanted <= radius_arcsec + 1e-8)}
    assert set(zip(found.row.tolist(), found.pk.tolist(), strict=True)) == pairs
    assert np.all(np.diff(found.row) >= 0)


def test_too_many_hits_are_refused_and_only_the_nearest_are_an_answer():
    first, _ = made("a"), made("b", dec=20.0001)
    asked = {"ra_deg": [10.0] * 4, "dec_deg": [20.0] * 4, "radius_arcsec": 60.0, "max_pairs": 4}
    with pytest.raises(TooManyPairsError, match="more than 4"):
        pairs_within(Target.objects.all(), **asked)
    assert pairs_within(Target.objects.all(), **asked, nearest=True).pk.tolist() == [first.pk] * 4
