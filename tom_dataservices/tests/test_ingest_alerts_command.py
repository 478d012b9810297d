"""The command takes real archives, tells what it did, and is clear about what it cannot do."""

import tarfile
from io import StringIO

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command

from tests.shared_data import shared_data_dir
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.models import RejectedPacket
from tom_targets.models import Target

pytestmark = pytest.mark.django_db


def ingest(*paths, **options):
    out, err = StringIO(), StringIO()
    call_command("ingest_alerts", *[str(path) for path in paths], stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def alerts():
    return shared_data_dir() / "data" / "alerts"


def test_a_nightly_archive_twice_is_as_once(alerts):
    archive = alerts / "ztf" / "ztf_public_20180819_mod1000.tar.gz"
    out, _ = ingest(archive)
    assert "30 alerts received, 30 new targets" in out
    points = PhotometryReducedDatum.objects.count()
    out, _ = ingest(archive)
    assert "0 new targets, 0 new data" in out
    assert PhotometryReducedDatum.objects.count() == points


def test_a_framed_packet_finds_its_schema_beside_it(alerts):
    out, _ = ingest(alerts / "rubin" / "rubin_v9_confluent_7912941781254298.bin")
    assert "1 alert received, 1 new target," in out
    assert Target.objects.get().name.startswith("LSST-P-DO-")


def test_the_setting_names_schemas_where_none_lie_beside(alerts, tmp_path, settings):
    packet = tmp_path / "packet.bin"
    packet.write_bytes((alerts / "rubin" / "rubin_v9_confluent_7912941781254298.bin").read_bytes())
    with pytest.raises(CommandError, match="no packet could be taken"):
        ingest(packet)
    settings.ALERT_SCHEMAS_DIR = str(alerts / "rubin" / "schema")
    out, _ = ingest(packet)
    assert "1 new target," in out


def test_a_file_that_is_no_alert_is_named_and_the_rest_goes_in(alerts, tmp_path):
    photo = tmp_path / "photo.avro"
    photo.write_bytes(b"\xff\xd8\xff\xe0jpeg")
    out, err = ingest(photo, alerts / "ztf" / "ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro")
    assert "photo.avro packet 1: not an alert packet, but a JPEG image" in err
    assert "1 new target," in out
    assert RejectedPacket.objects.count() == 1


def test_visibility_groups_and_list_are_as_asked_for(alerts):
    Group.objects.create(name="observers")
    path = alerts / "ztf" / "ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro"
    ingest(path, permissions="private", groups=["observers"], list="mine")
    target = Target.objects.get()
    assert target.permissions == "PRIVATE"
    assert [item.name for item in target.targetlist_set.all()] == ["mine"]


def test_a_dry_run_says_so_and_changes_nothing(alerts):
    out, _ = ingest(alerts / "ztf" / "ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro", dry_run=True)
    assert out.startswith("dry run, nothing was changed: 1 alert received, 1 new target,")
    assert not Target.objects.exists()


def test_the_rights_of_a_user_count(alerts):
    User.objects.create_user("stranger")
    Target.objects.create(name="ZTF18abfkwnk", type="SIDEREAL", permissions="PUBLIC")
    with pytest.raises(CommandError, match="no packet could be taken"):
        ingest(alerts / "ztf" / "ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro", user="stranger")
    assert not PhotometryReducedDatum.objects.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"groups": ["nobody"]}, "--groups nobody: there is no such group; there are:"),
        ({"user": "nobody"}, "--user nobody: there is no such user"),
        ({"batch_size": 0}, "--batch-size 0; expected at least 1"),
    ],
)
def test_a_wrong_argument_is_named(alerts, options, message):
    with pytest.raises(CommandError, match=message):
        ingest(alerts / "ztf" / "ztf_v3.3_ZTF18abfkwnk_2188216843315010016.avro", **options)


def test_what_is_wrong_with_a_whole_file_names_no_packet(tmp_path):
    empty = tmp_path / "night.tar"
    with tarfile.open(empty, "w"):
        pass
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="no packet could be taken"):
        call_command("ingest_alerts", str(empty), stdout=out, stderr=err)
    assert f"{empty}: the archive is empty" in err.getvalue()
    assert RejectedPacket.objects.get().number == 0


def test_an_archive_that_ends_early_is_named_and_what_came_before_goes_in(alerts, tmp_path):
    half = tmp_path / "half.tar.gz"
    half.write_bytes((alerts / "ztf" / "ztf_public_20180819_mod1000.tar.gz").read_bytes()[:700_000])
    out, err = ingest(half)
    assert "11 new targets" in out
    assert f"{half}: cannot be unpacked to its end" in err


def test_a_folder_without_alert_files_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(CommandError, match="no file in here has the name of an alert file"):
        ingest(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CommandError, match=r"missing.avro: no such file or folder"):
        ingest(tmp_path / "missing.avro")
