"""From a stored file to measurements: counts, repetition, reading again, bad rows, revert, processors."""

from datetime import UTC, datetime

import pytest
from django.core.files.base import ContentFile
from django.db.models.signals import post_save

from tests.shared_data import shared_data_dir
from tom_dataproducts.data_processor import DataProcessor, run_data_processor
from tom_dataproducts.exceptions import InvalidFileFormatException
from tom_dataproducts.formats import Mapping, recognise
from tom_dataproducts.models import (
    DataProduct,
    LightCurveSummary,
    PhotometryReducedDatum,
    ReducedDatum,
    SpectroscopyReducedDatum,
)
from tom_dataproducts.permissions import reduced_data_for_user
from tom_dataproducts.processing import GOOD_ROWS, process_upload
from tom_dataproducts.processors.photometry_processor import PhotometryProcessor
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db

CSV = b"mjd,filter,magnitude,error,limit\n60000.5,r,18.1,0.02,\n60001.5,g,18.4,0.03,\n60002.5,r,,,20.5\n"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def product_of(content, name="curve.csv", data_product_type="photometry", target=None):
    product = DataProduct(target=target or SiderealTargetFactory(), data_product_type=data_product_type)
    product.data.save(name, ContentFile(content), save=True)
    return product


def test_csv_becomes_points_with_their_provenance():
    product = product_of(CSV)
    report = process_upload(product)
    assert (report.stored, report.already_there, report.bad_rows) == (3, 0, 0)
    points = list(PhotometryReducedDatum.objects.order_by("timestamp"))
    assert [(point.bandpass, point.brightness, point.limit) for point in points] == [
        ("r", 18.1, None),
        ("g", 18.4, None),
        ("r", None, 20.5),
    ]
    assert points[0].timestamp == datetime(2023, 2, 25, 12, tzinfo=UTC)
    assert points[0].brightness_error == 0.02
    assert points[0].unit == "mag"
    assert {(point.data_product_id, point.source_location) for point in points} == {(product.pk, "curve.csv")}
    assert LightCurveSummary.objects.filter(pk=product.target_id).exists()
    assert report.sentence == "3 points stored."


def test_second_reading_stores_nothing_and_changes_nothing():
    product = product_of(CSV)
    process_upload(product)
    report = process_upload(product)
    assert (report.stored, report.already_there, report.removed) == (0, 3, 0)
    assert report.change_set_pk is None


def test_points_that_another_file_stored_keep_their_provenance():
    first = product_of(CSV)
    process_upload(first)
    second = product_of(CSV + b"60003.5,r,18.0,0.01,\n", target=first.target)
    report = process_upload(second)
    assert (report.stored, report.already_there) == (1, 3)
    assert PhotometryReducedDatum.objects.filter(data_product=first).count() == 3


def test_reading_again_by_another_mapping_replaces_the_points():
    product = product_of(CSV)
    process_upload(product)
    mapping = Mapping(
        "photometry",
        "csv",
        {"mjd": "time", "filter": "band", "magnitude": "magnitude"},
        {"time_format": "mjd", "time_scale": "tai", "magnitude_system": "Vega"},
    )
    report = process_upload(product, mapping)
    assert (report.stored, report.removed, report.left_out) == (2, 3, 1)
    point = PhotometryReducedDatum.objects.order_by("timestamp").first()
    assert point.unit == "mag (Vega)"
    assert point.brightness_error is None
    assert point.timestamp == datetime(2023, 2, 25, 11, 59, 23, tzinfo=UTC)


def test_bad_row_is_named_and_nothing_is_stored():
    product = product_of(CSV + b"60003.5,r,bright,0.01,\n")
    report = process_upload(product)
    assert report.is_refused
    assert not PhotometryReducedDatum.objects.exists()
    error = report.errors[0]
    assert (error.line, error.column, error.value) == (5, "magnitude", "bright")
    assert "line 5" in report.sentence


def test_good_rows_are_stored_where_the_caller_says_so():
    product = product_of(CSV + b"60003.5,r,bright,0.01,\n")
    report = process_upload(product, on_bad_rows=GOOD_ROWS)
    assert (report.stored, report.bad_rows, report.is_refused) == (3, 1, False)


def test_atlas_table_becomes_signed_fluxes():
    content = (shared_data_dir() / "data/services/atlas/test_atlas_fp.csv").read_bytes()
    report = process_upload(product_of(content, "atlas.txt"))
    assert report.stored == 32
    first = PhotometryReducedDatum.objects.order_by("timestamp").first()
    assert (first.brightness, first.brightness_error, first.unit) == (417_000.0, 37_000.0, "nJy")
    assert (first.bandpass, first.telescope, first.reduction_version) == ("o", "ATLAS", "forced")
    assert first.value == {"Obs": "04a60316o0180o"}


def test_spectrum_of_floyds_is_stored_once():
    content = (shared_data_dir() / "data/services/spectra/test_spectrum.fits").read_bytes()
    product = product_of(content, "spectrum.fits", "spectroscopy")
    report = process_upload(product)
    assert report.stored == 1
    spectrum = SpectroscopyReducedDatum.objects.get()
    assert len(spectrum.flux) == len(spectrum.wavelength) == len(spectrum.error) == 3913
    assert spectrum.wavelength[0] == pytest.approx(3200.448, abs=1e-3)
    assert spectrum.timestamp == datetime(2017, 3, 27, 17, 2, 24, 711000, tzinfo=UTC)
    assert (spectrum.flux_unit, spectrum.instrument) == ("erg/cm2/s/A", "en05")
    again = process_upload(product)
    assert (again.stored, again.already_there, again.removed) == (0, 1, 0)


def test_run_data_processor_returns_new_rows_and_refuses_bad_ones():
    rows = run_data_processor(product_of(CSV))
    assert [type(row) for row in rows] == [PhotometryReducedDatum] * 3
    with pytest.raises(InvalidFileFormatException, match="line 2, magnitude"):
        run_data_processor(product_of(b"mjd,filter,magnitude\n60000.5,r,nothing\n60001,r,18\n"))


class PairsProcessor(DataProcessor):
    """Returns what old processors did, a triple, and a typed row."""

    def process_data(self, data_product):
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        return [
            (moment, {"magnitude": 18.0, "filter": "r", "error": 0.1}),
            (moment, {"magnitude": 18.5, "filter": "g"}, "My survey"),
            PhotometryReducedDatum(timestamp=moment, bandpass="i", brightness=17.0, unit="mag"),
        ]

    def data_type_override(self):
        return "photometry"


class OddProcessor(DataProcessor):
    """Measures something of its own."""

    def process_data(self, data_product):
        return [(datetime(2026, 1, 1, tzinfo=UTC), {"polarization": 0.3}, "Me")]


def test_processors_of_either_generation_are_understood(settings):
    settings.DATA_PROCESSORS = {
        "photometry": f"{__name__}.PairsProcessor",
        "polarimetry": f"{__name__}.OddProcessor",
    }
    rows = run_data_processor(product_of(b"anything"))
    assert sorted((row.bandpass, row.source_name) for row in rows) == [
        ("g", "My survey"),
        ("i", ""),
        ("r", ""),
    ]
    assert run_data_processor(DataProduct.objects.get()) == []
    (odd,) = run_data_processor(product_of(b"anything"), dp_type_override="polarimetry")
    assert (type(odd), odd.data_type, odd.value) == (ReducedDatum, "polarimetry", {"polarization": 0.3})


def test_type_without_processor_is_kept_and_not_read(settings):
    settings.DATA_PROCESSORS = {}
    report = process_upload(product_of(CSV))
    assert (report.kind, report.stored) == ("", 0)
    assert report.sentence == "The file is kept; nothing is read from it."


def test_reading_can_be_reverted(django_user_model):
    from tom_common.history.models import ChangeSet
    from tom_common.history.revert import revert

    user = django_user_model.objects.create_superuser("root")
    report = process_upload(product_of(CSV), user=user)
    assert report.change_set_pk is not None
    revert(ChangeSet.objects.get(pk=report.change_set_pk), user)
    assert not PhotometryReducedDatum.objects.exists()


def test_reading_again_can_be_reverted(django_user_model):
    from tom_common.history.models import ChangeSet
    from tom_common.history.revert import revert

    user = django_user_model.objects.create_superuser("root")
    rows = b"".join(b"%d.5,r,18.%03d\n" % (50000 + row, row % 1000) for row in range(1200))
    product = product_of(b"mjd,filter,magnitude\n" + rows)
    process_upload(product, user=user)
    before = set(PhotometryReducedDatum.objects.values_list("timestamp", "brightness", "source_location"))
    meanings = {"mjd": "time", "filter": "band", "magnitude": "magnitude"}
    report = process_upload(product, Mapping("photometry", "csv", meanings, {"time_scale": "tai"}), user=user)
    assert (report.stored, report.removed) == (1200, 1200)
    revert(ChangeSet.objects.get(pk=report.change_set_pk), user)
    after = set(PhotometryReducedDatum.objects.values_list("timestamp", "brightness", "source_location"))
    assert after == before


def test_mapping_survives_json():
    import io
    import json

    mapping = recognise(io.BytesIO(CSV), "curve.csv").mapping()
    assert Mapping.from_json(json.loads(json.dumps(mapping.as_json()))) == mapping


def test_newer_reduction_is_stored_beside_the_older_and_counted():
    first = product_of(b"mjd,filter,magnitude,version\n60000.5,r,18.1,v1\n60001.5,r,18.4,v1\n")
    process_upload(first)
    second = product_of(b"mjd,filter,magnitude,version\n60000.500004,r,18.2,v2\n", target=first.target)
    report = process_upload(second)
    assert (report.stored, report.superseded) == (1, 1)
    assert report.sentence == "1 point stored, 1 superseded by a newer reduction."
    assert PhotometryReducedDatum.objects.count() == 3


def test_statements_do_not_grow_with_the_rows(django_assert_max_num_queries):
    def csv_of(rows):
        return b"mjd,filter,magnitude\n" + b"".join(b"%d.5,r,18\n" % (50000 + row) for row in range(rows))

    few, many = product_of(csv_of(10)), product_of(csv_of(5000))
    with django_assert_max_num_queries(100) as of_few:
        process_upload(few)
    with django_assert_max_num_queries(len(of_few) + 4):  # PostgreSQL looks at its statistics once
        assert process_upload(many).stored == 5000


def test_listeners_of_rows_hear_of_each_point():
    heard = []

    def listener(sender, instance, created, **kwargs):
        heard.append((instance.bandpass, created))

    post_save.connect(listener, sender=PhotometryReducedDatum)
    try:
        product = product_of(CSV)
        assert process_upload(product).stored == 3
        assert heard == [("r", True), ("g", True), ("r", True)]
        assert process_upload(product).already_there == 3
    finally:
        post_save.disconnect(listener, sender=PhotometryReducedDatum)
    assert PhotometryReducedDatum.objects.get(brightness=18.1).brightness_error == 0.02


def test_generic_measurements_can_be_seen_by_who_sent_the_file(settings, django_user_model):
    settings.TARGET_PERMISSIONS_ONLY = False
    sender = django_user_model.objects.create_user("sender")
    stranger = django_user_model.objects.create_user("stranger")
    product = product_of(b"anything", target=SiderealTargetFactory(permissions="OPEN"))
    settings.DATA_PROCESSORS = {"polarimetry": f"{__name__}.OddProcessor"}
    process_upload(product, user=sender, data_product_type="polarimetry")
    assert reduced_data_for_user(sender, ReducedDatum.objects.all()).count() == 1
    assert not reduced_data_for_user(stranger, ReducedDatum.objects.all()).exists()


def test_mapping_of_another_kind_is_refused():
    mapping = Mapping("spectroscopy", "csv", {"mjd": "wavelength", "magnitude": "flux"}, {})
    with pytest.raises(InvalidFileFormatException, match="those of spectroscopy"):
        process_upload(product_of(CSV), mapping)


def test_missing_file_is_told():
    product = product_of(CSV)
    product.data.storage.delete(product.data.name)
    with pytest.raises(InvalidFileFormatException, match="cannot be opened"):
        process_upload(product)


def test_atlas_processor_refuses_other_tables(settings):
    settings.DATA_PROCESSORS = {"photometry": "tom_dataproducts.processors.atlas_processor.AtlasProcessor"}
    with pytest.raises(InvalidFileFormatException, match="layout 'atlas'"):
        process_upload(product_of(CSV))


def test_points_as_processors_of_plugins_get_them():
    triples = PhotometryProcessor().process_data(product_of(CSV))
    assert triples[0] == (
        datetime(2023, 2, 25, 12, tzinfo=UTC),
        {"filter": "r", "unit": "mag", "magnitude": 18.1, "error": 0.02},
        "",
    )
    assert triples[2][1] == {"filter": "r", "unit": "mag", "limit": 20.5}
