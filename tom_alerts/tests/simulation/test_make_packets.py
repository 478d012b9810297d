"""The tool that writes packets for the ingest benchmark."""

import tarfile
from collections import Counter, defaultdict

import fastavro
import pytest

from benchmarks.make_packets import main


def read(path):
    with path.open("rb") as stream:
        return list(fastavro.reader(stream))


def test_packets_have_20_previous_and_10_forced_points_of_which_3_are_new(tmp_path):
    main(["200", str(tmp_path / "out.avro"), "--container", "--group", "4"])
    known, new_points = defaultdict(set), Counter()
    for alert in read(tmp_path / "out.avro"):
        previous = {("previous", item["fid"], item["jd"]) for item in alert["prv_candidates"]}
        forced = {("forced", item["fid"], item["jd"]) for item in alert["fp_hists"]}
        assert (len(previous), len(forced), alert["cutoutScience"]) == (20, 10, None)
        points = known[alert["objectId"]]
        new_points[len((previous | forced) - points)] += 1
        detection = ("previous", alert["candidate"]["fid"], alert["candidate"]["jd"])
        assert detection not in points
        points |= previous | forced | {detection}
    assert new_points == {30: 10, 3: 190}
    assert {len(points) for points in known.values()} == {107}


def test_alert_numbers_are_unique_and_objects_take_turns(tmp_path):
    main(["120", str(tmp_path / "out.avro"), "--container", "--deflate", "--group", "6"])
    alerts = read(tmp_path / "out.avro")
    assert len({alert["candid"] for alert in alerts}) == 120
    assert len({alert["objectId"] for alert in alerts[:6]}) == 6


@pytest.mark.parametrize("name", ["out.tar", "out.tar.gz"])
def test_tar_holds_one_file_a_packet_and_images_on_demand(tmp_path, name):
    main(["25", str(tmp_path / name), "--cutouts"])
    with tarfile.open(tmp_path / name) as archive:
        members = archive.getmembers()
        alerts = [next(iter(fastavro.reader(archive.extractfile(member)))) for member in members]
    assert len(members) == 25
    assert all(
        member.name == f"{alert['candid']}.avro" for member, alert in zip(members, alerts, strict=True)
    )
    # As large as real ones, which are 12 to 15 kB each.
    assert 10_000 < len(alerts[0]["cutoutScience"]["stampData"]) < 16_000


def test_same_arguments_give_the_same_file(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        main(["40", str(tmp_path / name / "out.tar"), "--seed", "9"])
    assert (tmp_path / "a" / "out.tar").read_bytes() == (tmp_path / "b" / "out.tar").read_bytes()


def test_senseless_number_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["0", str(tmp_path / "out.tar")])
    assert "must be positive" in capsys.readouterr().err
