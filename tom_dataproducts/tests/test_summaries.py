"""Summaries of light curves: numbers by hand, which writes make them stale, and what a refresh costs."""

from datetime import UTC, datetime, timedelta

import pytest

from tom_dataproducts import summaries
from tom_dataproducts.models import DataProduct, LightCurveSummary, PhotometryReducedDatum, ReducedDatum
from tom_dataproducts.summaries import mark_stale, refresh_summaries, summaries_for
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 8, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def target():
    return SiderealTargetFactory(name="ZTF26aaaaaaa")


def point(target, days, **fields):
    fields = {"bandpass": "r", "brightness": 18.0, "brightness_error": 0.1} | fields
    return PhotometryFactory.create(target=target, timestamp=NIGHT + timedelta(days=days), **fields)


def stale(target):
    return LightCurveSummary.objects.get(pk=target.pk).is_stale


def refreshed(target):
    refresh_summaries([target.pk])
    return LightCurveSummary.objects.get(pk=target.pk)


def test_numbers_of_a_light_curve_by_hand(target):
    point(target, 0.0, brightness=19.0)
    point(target, 2.0, brightness=18.0)
    point(target, 4.0, brightness=18.4, brightness_error=0.1)
    point(target, 1.0, bandpass="g", brightness=17.5)  # the peak
    point(target, 5.0, brightness=None, brightness_error=None, limit=20.5)
    point(target, 6.0, brightness=10.0, reduction_version="forced")
    point(target, 7.0, brightness=9.0, value={"candid": "1", "negative": True})
    summary = refreshed(target)
    assert not summary.is_stale
    assert (summary.point_count, summary.detection_count) == (7, 5)
    assert (summary.first_detection, summary.last_detection) == (NIGHT, NIGHT + timedelta(days=7))
    assert (summary.last_mag, summary.last_mag_error, summary.last_band) == (18.4, 0.1, "r")
    assert (summary.peak_mag, summary.peak_band) == (17.5, "g")
    # r at 0, 2, 4 d: 19.0, 18.0, 18.4. Slope = sum((x-2)(y-m)) / sum((x-2)^2) = (-2*0.5333 + 2*-0.0667)/8
    assert summary.rate_mag_per_day == pytest.approx(-0.15)
    # residuals -0.2333.. and so on: 0.23333^2*(1+4+1) = 0.32667; chi2/1 = 32.667; error^2 = 32.667/800
    assert summary.rate_error == pytest.approx((32.6667 / 800) ** 0.5, rel=1e-4)
    # MJD of 2026-08-01 is 61253; the night began at 03:00
    assert summary.points == [
        [61253.125, 19.0, "r", 0],
        [61254.125, 17.5, "g", 0],
        [61255.125, 18.0, "r", 0],
        [61257.125, 18.4, "r", 0],
        [61258.125, 20.5, "r", 1],
    ]


def test_rate_of_two_nights_by_hand(target):
    point(target, 0.0, brightness=18.0, brightness_error=0.03)
    point(target, 2.0, brightness=18.5, brightness_error=0.04)
    summary = refreshed(target)
    assert summary.rate_mag_per_day == pytest.approx(0.25)
    assert summary.rate_error == pytest.approx(0.05 / 2.0)  # sqrt(0.03^2 + 0.04^2) over two days


def test_one_night_has_no_rate(target):
    point(target, 0.0, brightness=18.0)
    point(target, 0.1, brightness=18.5)
    assert refreshed(target).rate_mag_per_day is None


def test_rate_is_of_the_last_ten_days_only(target):
    point(target, 0.0, brightness=15.0)
    point(target, 20.0, brightness=18.0)
    point(target, 21.0, brightness=18.1)
    assert refreshed(target).rate_mag_per_day == pytest.approx(0.1)


def test_fluxes_become_ab_magnitudes(target):
    # 10000 nJy: 31.4 - 2.5 * 4 = 21.4 mag; error 1.0857 * 0.05. A weak flux is no detection; a negative one
    # is, but has no magnitude.
    point(target, 0.0, brightness=10_000.0, brightness_error=500.0, unit="nJy")
    point(target, 1.0, brightness=-9000.0, brightness_error=500.0, unit="nJy")
    point(target, 2.0, brightness=900.0, brightness_error=500.0, unit="nJy")
    summary = refreshed(target)
    assert (summary.point_count, summary.detection_count) == (3, 2)
    assert summary.last_detection == NIGHT + timedelta(days=1)
    assert summary.last_mag == pytest.approx(21.4)
    assert summary.last_mag_error == pytest.approx(0.05429, abs=1e-5)
    assert summary.peak_mag == pytest.approx(21.4)


def test_generic_rows_give_the_same_numbers_as_typed_ones():
    typed, generic = SiderealTargetFactory(), SiderealTargetFactory()
    for days, mag in ((0, 18.0), (2, 18.5), (4, 18.2)):
        point(typed, days, brightness=mag)
        ReducedDatum.objects.create(
            target=generic,
            data_type="photometry",
            timestamp=NIGHT + timedelta(days=days),
            value={"magnitude": mag, "error": 0.1, "filter": "r"},
        )
    for kind, days in ((typed, 6), (generic, 6)):
        value = {"brightness": -500.0, "error": 10.0, "unit": "nJy", "bandpass": "r"}
        if kind is typed:
            point(typed, days, brightness=-500.0, brightness_error=10.0, unit="nJy")
        else:
            time = NIGHT + timedelta(days=days)
            ReducedDatum.objects.create(target=generic, data_type="photometry", timestamp=time, value=value)
    point(typed, 5, brightness=None, limit=19.0)
    ReducedDatum.objects.create(
        target=generic,
        data_type="photometry",
        timestamp=NIGHT + timedelta(days=5),
        value={"limit": "19.0", "filter": "r"},
    )
    assert refreshed(typed).as_facts() == refreshed(generic).as_facts()


def test_old_detection_is_found_behind_many_limits(target):
    point(target, -1.0, brightness=18.3)
    for number in range(60):
        point(target, number, brightness=None, brightness_error=None, limit=20.0 + number / 100)
    summary = refreshed(target)
    assert summary.last_mag == 18.3
    assert len(summary.points) == 40
    assert summary.points[-1][1] == 20.59


def test_target_of_many_points_gets_the_same_numbers(target, monkeypatch):
    for number in range(50):
        point(target, number, brightness=18.0 + number / 100)
        point(target, number + 0.1, brightness=None, brightness_error=None, limit=20.0)
        point(target, number + 0.2, brightness=15.0, value={"negative": True})
    few = refreshed(target).as_facts()
    monkeypatch.setattr(summaries, "MANY_POINTS", 100)
    assert refreshed(target).as_facts() == few
    assert few["last_mag"] == 18.49
    assert (few["point_count"], few["detection_count"], len(few["points"])) == (150, 100, 40)


class TestStaleness:
    def test_save_and_delete_of_a_row(self, target):
        row = point(target, 0.0)
        assert stale(target)
        refreshed(target)
        row.brightness = 17.0
        row.save()
        assert stale(target)
        assert refreshed(target).last_mag == 17.0
        row.delete()
        assert stale(target)
        assert refreshed(target).point_count == 0

    def test_bulk_create_and_bulk_update(self, target):
        row = PhotometryReducedDatum(target=target, timestamp=NIGHT, bandpass="g", brightness=17.0)
        PhotometryReducedDatum.objects.bulk_create([row], ignore_conflicts=True)
        assert stale(target)
        assert refreshed(target).last_mag == 17.0
        stored = PhotometryReducedDatum.objects.get()
        stored.brightness = 16.0
        PhotometryReducedDatum.objects.bulk_update([stored], ["brightness"])
        assert stale(target)
        assert refreshed(target).last_mag == 16.0

    def test_update_and_delete_of_a_queryset(self, target):
        point(target, 0.0)
        refreshed(target)
        PhotometryReducedDatum.objects.filter(target=target).update(brightness=15.0)
        assert stale(target)
        assert refreshed(target).last_mag == 15.0
        PhotometryReducedDatum.objects.filter(target=target).delete()
        assert stale(target)

    def test_points_that_move_to_another_target(self, target):
        row, other = point(target, 0.0), SiderealTargetFactory()
        refreshed(target)
        PhotometryReducedDatum.objects.filter(pk=row.pk).update(target=other)
        assert stale(target)
        assert refreshed(target).point_count == 0
        assert refreshed(other).point_count == 1
        row.refresh_from_db()
        row.target = target
        row.save()
        assert stale(target)
        assert stale(other)

    def test_generic_photometry_counts_and_other_data_do_not(self, target):
        other = SiderealTargetFactory()
        ReducedDatum.objects.create(target=target, data_type="Photometry", value={"magnitude": 17})
        ReducedDatum.objects.create(target=other, data_type="notes", value={"text": "nothing there"})
        assert stale(target)
        assert not LightCurveSummary.objects.filter(pk=other.pk).exists()

    @pytest.mark.parametrize("through", ["row", "queryset"])
    def test_deleting_a_data_product_takes_its_points_along(self, target, through):
        product = DataProductFactory(target=target)
        point(target, 0.0, data_product=product)
        refreshed(target)
        if through == "row":
            product.delete()
        else:
            DataProduct.objects.filter(pk=product.pk).delete()
        assert stale(target)
        assert refreshed(target).point_count == 0

    def test_deleting_a_target_leaves_nothing(self, target):
        point(target, 0.0)
        target.delete()
        assert not LightCurveSummary.objects.exists()

    def test_unknown_targets_are_passed_over(self, target):
        mark_stale([target.pk, target.pk + 1000])
        assert list(LightCurveSummary.objects.values_list("pk", flat=True)) == [target.pk]

    def test_one_statement_marks_many(self, django_assert_num_queries):
        ids = [SiderealTargetFactory().pk for _ in range(5)]
        with django_assert_num_queries(1):
            mark_stale(ids)
        assert LightCurveSummary.objects.filter(is_stale=True).count() == 5


class TestRefresh:
    def test_only_stale_ones_up_to_a_limit(self):
        targets = [SiderealTargetFactory() for _ in range(3)]
        for target in targets:
            point(target, 0.0)
        assert refresh_summaries(limit=2) == 2
        assert refresh_summaries() == 1
        assert refresh_summaries() == 0
        assert not LightCurveSummary.objects.filter(is_stale=True).exists()

    def test_target_that_raw_sql_wrote_to_gets_its_summary(self, target):
        point(target, 0.0)
        LightCurveSummary.objects.all().delete()
        assert refresh_summaries([target.pk]) == 1
        assert LightCurveSummary.objects.get(pk=target.pk).point_count == 1

    def test_many_targets_cost_no_more_statements_than_one(self, django_assert_max_num_queries):
        for _ in range(6):
            target = SiderealTargetFactory()
            point(target, 0.0)
            point(target, 1.0)
        with django_assert_max_num_queries(11):  # savepoints included
            assert refresh_summaries() == 6

    def test_pages_see_the_truth_of_a_stale_summary_and_write_nothing(self, target):
        point(target, 0.0, brightness=18.0)
        refreshed(target)
        point(target, 1.0, brightness=17.0)
        assert summaries_for([target.pk])[target.pk]["last_mag"] == 17.0
        assert LightCurveSummary.objects.get(pk=target.pk).last_mag == 18.0
        assert stale(target)

    def test_target_and_list_show_photometry_that_came_a_moment_ago(self, target, admin_client):
        point(target, 0.0, brightness=18.0)
        refreshed(target)
        point(target, 1.0, brightness=17.0)
        for address in (f"/targets/{target.pk}/", "/targets/?columns=light_curve,last_mag"):
            page = admin_client.get(address, follow=True).content.decode()
            assert "17.00 ± 0.10" in page, address
            assert "18.00 ± 0.10" not in page, address
        assert "2 points, 2 detections" in admin_client.get(f"/targets/{target.pk}/").content.decode()
        assert stale(target)

    def test_a_list_asks_three_queries_for_all_stale_summaries(
        self, monkeypatch, admin_client, django_assert_num_queries
    ):
        monkeypatch.setattr(summaries, "MANY_POINTS", 2)
        found = [SiderealTargetFactory() for _ in range(4)]
        for one in found:
            point(one, 0.0, brightness=18.0)
        refresh_summaries()
        for days in (1.0, 2.0):
            point(found[0], days, brightness=16.0)  # many points
        point(found[1], 1.0, brightness=15.0, reduction_version="v2")
        for one in found[2:]:
            point(one, 1.0, brightness=17.0)
        with django_assert_num_queries(3):
            current = summaries.current_summaries([one.pk for one in found], quick=True)
        assert {pk: row.last_mag for pk, row in current.items()} == {one.pk: 17.0 for one in found[2:]}
        page = admin_client.get("/targets/").content.decode()
        assert page.count("17.00 ± 0.10") == 2
        assert page.count("18.00 ± 0.10") == 2  # what would cost more shows what is stored
        assert "15.00 ± 0.10" in admin_client.get(f"/targets/{found[1].pk}/").content.decode()
