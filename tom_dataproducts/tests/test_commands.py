"""Commands, the background refresh, and the figure for plugins."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command

from tom_common.models import Job
from tom_dataproducts.models import (
    AstrometryReducedDatum,
    LightCurveSummary,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.plots import light_curve_figure
from tom_dataproducts.selectors import light_curve_columns
from tom_dataproducts.tasks import refresh_light_curves
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 8, 1, tzinfo=UTC)


def output_of(*command, **options):
    out = StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


class TestMigrateReducedDatums:
    def generic(self, target, hours, data_type="photometry", **value):
        return ReducedDatum.objects.create(
            target=target,
            data_type=data_type,
            timestamp=NIGHT + timedelta(hours=hours),
            value=value,
            source_name="Fink",
            source_location="candid 1",
        )

    @pytest.fixture
    def target(self):
        target = SiderealTargetFactory()
        self.generic(target, 0, magnitude=18.0, error=0.1, filter="r", telescope="P48", airmass=1.2)
        self.generic(target, 1, limit="20.5", filter="g")
        self.generic(target, 2, "spectroscopy", flux=[1, 2], wavelength=[3, 4], flux_units="Jy")
        self.generic(target, 3, "astrometry", ra=1.0, dec=2.0)
        self.generic(target, 4, "notes", text="left alone")
        self.generic(target, 5, filter="r")
        self.generic(target, 6, magnitude="bright", filter="r")
        self.generic(target, 7, magnitude=18.0)
        return target

    def test_dry_run_changes_nothing(self, target):
        text = output_of("migrate_reduced_datums", "--dry-run")
        assert "4 measurements would be moved" in text
        assert "3 would stay" in text
        assert ReducedDatum.objects.count() == 8
        assert not PhotometryReducedDatum.objects.exists()

    def test_moves_what_is_valid_and_says_why_not_the_rest(self, target):
        before = light_curve_columns(target).mag.tolist()
        text = output_of("migrate_reduced_datums")
        assert "4 measurements were moved" in text
        assert "1: neither brightness nor limit" in text
        assert set(ReducedDatum.objects.values_list("timestamp__hour", flat=True)) == {4, 5, 6, 7}
        row = PhotometryReducedDatum.objects.get(brightness=18.0)
        assert (row.brightness_error, row.bandpass, row.telescope) == (0.1, "r", "P48")
        assert (row.source_name, row.source_location, row.value) == ("Fink", "candid 1", {"airmass": 1.2})
        assert PhotometryReducedDatum.objects.get(bandpass="g").limit == 20.5
        assert SpectroscopyReducedDatum.objects.get().flux_unit == "Jy"
        assert AstrometryReducedDatum.objects.get().dec == 2.0
        after = light_curve_columns(target).mag.tolist()
        assert repr(sorted(after)) == repr(sorted(before))
        assert not LightCurveSummary.objects.get(pk=target.pk).is_stale
        assert "0 measurements were moved" in output_of("migrate_reduced_datums")

    def test_row_that_is_typed_already_is_not_doubled(self, target):
        PhotometryFactory(target=target, timestamp=NIGHT, brightness=18.0, instrument="", telescope="P48")
        output_of("migrate_reduced_datums")
        assert PhotometryReducedDatum.objects.filter(brightness=18.0).count() == 1


class TestRefresh:
    def test_command(self):
        target = PhotometryFactory().target
        PhotometryFactory()
        assert "1 summaries" in output_of("refresh_light_curves", limit=1)
        assert "1 summaries" in output_of("refresh_light_curves")
        assert "0 summaries" in output_of("refresh_light_curves")
        assert "2 summaries" in output_of("refresh_light_curves", "--all")
        assert "1 summaries" in output_of("refresh_light_curves", target_id=[target.pk])

    def test_writes_send_one_job_a_minute(self, django_capture_on_commit_callbacks):
        cache.clear()
        with django_capture_on_commit_callbacks(execute=True):
            PhotometryFactory()
            PhotometryFactory()
        job = Job.objects.get(task="tom_dataproducts.tasks.refresh_light_curves")
        assert job.run_after > job.created_at
        assert refresh_light_curves() == 2
        assert not LightCurveSummary.objects.filter(is_stale=True).exists()
        cache.clear()


def test_figure_for_plotly():
    target = SiderealTargetFactory()
    PhotometryFactory(target=target, bandpass="g", brightness=18.0, brightness_error=None, timestamp=NIGHT)
    PhotometryFactory(target=target, bandpass="g", brightness=None, limit=20.0, timestamp=NIGHT)
    PhotometryFactory(
        target=target, bandpass="r", brightness=1e4, unit="nJy", reduction_version="forced", timestamp=NIGHT
    )
    figure = light_curve_figure(light_curve_columns(target))
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert set(traces) == {"g", "g limit", "r forced"}
    assert traces["g"]["x"] == [61253.0]
    assert traces["g"]["error_y"]["array"] == [None]
    assert traces["g limit"]["marker"]["symbol"] == "triangle-down-open"
    assert traces["r forced"]["y"] == [pytest.approx(21.4)]
    assert traces["g"]["marker"]["symbol"] != traces["r forced"]["marker"]["symbol"]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
