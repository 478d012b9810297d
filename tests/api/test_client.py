"""The client for scripts against a running server."""

import pytest
from django.contrib.auth.models import User

import tom_client
from tom_client import ApiError, BulkError, NotAllowedError, NotFoundError, RefusedError, TomClient
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_targets.models import Target

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tom(live_server, people):
    people["owner"].set_password("correct horse 7 battery")
    people["owner"].save()
    with TomClient.login(live_server.url, "owner", "correct horse 7 battery") as client:
        yield client


def row(name, **more):
    return {"name": name, "type": "SIDEREAL", "ra": 10.0, "dec": 20.0, **more}


def test_a_wrong_password_is_refused(live_server, people):
    with pytest.raises(RefusedError, match="Unable to log in"):
        TomClient.login(live_server.url, "owner", "wrong")


def test_a_target_from_creation_to_deletion(tom, live_server):
    made = tom.create_target(**row("SN 2026abc", aliases=[{"name": "ZTF26a"}]))
    assert tom.target(made["id"])["aliases"][0]["name"] == "ZTF26a"
    assert tom.change_target(made["id"], ra=11.0)["ra"] == 11.0
    with pytest.raises(NotFoundError, match="No Target matches") as refusal:
        TomClient(live_server.url).target(made["id"])
    assert refusal.value.status == 404
    with pytest.raises(NotAllowedError):
        TomClient(live_server.url).create_target(**row("other"))
    with pytest.raises(RefusedError, match="dec: "):
        tom.create_target(**row("other", dec=95.0))
    tom.delete_target(made["id"])
    assert not Target.objects.exists()


def test_lists_are_sent_in_parts_and_read_in_pages(tom, monkeypatch):
    monkeypatch.setattr(tom_client, "CHUNK", 3)
    made = tom.create_targets(row(f"target {number}") for number in range(8))
    assert [entry["index"] for entry in made] == list(range(8))
    found = list(tom.targets(limit=3, name="target"))
    assert [entry["id"] for entry in found] == [entry["id"] for entry in made][::-1]
    with pytest.raises(BulkError) as refusal:
        tom.create_targets([row("a"), row("b"), row("c"), row("d"), row("e", dec=99.0)])
    assert list(refusal.value.errors) == [4]
    assert list(refusal.value.errors[4]) == ["dec"]
    entries = tom.create_targets(
        [row("x"), row("y", dec=99.0), row("z"), row("u", dec=99.0)], best_effort=True
    )
    assert [(entry["index"], "id" in entry) for entry in entries] == [
        (0, True),
        (1, False),
        (2, True),
        (3, False),
    ]


def test_a_light_curve_goes_in_and_comes_out(tom, tmp_path):
    target = tom.create_target(**row("SN 2026abc"))["id"]
    value = {"magnitude": 18.5, "error": 0.1, "filter": "r"}
    sent = {"timestamp": "2026-08-14T04:00:00Z"}
    assert "already_exists" not in tom.add_measurement(target, "photometry", value, **sent)
    assert tom.add_measurement(target, "photometry", value, **sent)["already_exists"] is True
    rows = [
        {
            "target": target,
            "data_type": "photometry",
            "timestamp": f"2026-08-14T0{hour}:00:00Z",
            "value": value,
        }
        for hour in range(4, 9)
    ]
    assert tom.add_measurements(rows) == {"created": 4, "already_exists": 1, "errors": {}}
    with pytest.raises(BulkError):
        tom.add_measurements([{**rows[0], "timestamp": "never"}])
    curve = tom.light_curve(target)
    assert (curve["count"], curve["bands"], curve["points"]["mag"]) == (5, ["r"], [18.5] * 5)
    assert len(list(tom.measurements(target__id=target, limit=2))) == 5
    assert PhotometryReducedDatum.objects.count() == 5

    file = tmp_path / "curve.csv"
    file.write_text("time,filter,magnitude\n61000.5,r,18.25\n61001.5,g,18.5\n")
    first = tom.upload(target, file, "photometry", product_id="night 7")
    assert tom.upload(target, file, "photometry", product_id="night 7")["id"] == first["id"]
    assert DataProduct.objects.get().get_file_name() == "curve.csv"


def test_a_file_is_seen_first_and_read_later(tom, tmp_path):
    target = tom.create_target(**row("SN 2026abc"))["id"]
    file = tmp_path / 'night "7".csv'
    file.write_text("time,filter,magnitude\n61000.5,r,18.25\n61001.5,g,faint\n")
    with pytest.raises(RefusedError) as refusal:
        tom.upload(target, file, "photometry")
    assert [wrong["line"] for wrong in refusal.value.detail["rows"]] == [3]
    waiting = tom.upload(target, file, "photometry", preview="true")
    assert (waiting["reading"]["state"], DataProduct.objects.get().get_file_name()) == (
        "waiting",
        "night__7_.csv",
    )
    mapping = waiting["reading"]["mapping"]
    mapping["options"]["magnitude_system"] = "Vega"
    assert tom.read_file(waiting["id"], mapping=mapping, on_bad_rows="good_rows")["stored"] == 1
    assert (tom.reading(waiting["id"])["state"], tom.reading(waiting["id"])["bad_rows"]) == ("done", 1)
    assert PhotometryReducedDatum.objects.get().brightness == 18.25


def test_the_token_is_not_sent_elsewhere(tom):
    with pytest.raises(ValueError, match="does not belong"):
        tom._send("GET", "https://elsewhere.example.org/api/targets/")


def test_a_broken_server_is_an_error_too(tom, live_server, monkeypatch):
    from tom_targets import selectors

    def broken(user):
        raise RuntimeError("broken")

    monkeypatch.setattr(selectors, "visible_targets", broken)
    with pytest.raises(ApiError) as refusal:
        list(tom.targets())
    assert refusal.value.status == 500
    assert User.objects.exists()


def test_the_past_is_told_and_undone(tom, people, group):
    people["owner"].groups.add(group)
    made = tom.create_target(**row("SN 2026abc"))
    tom.change_target(made["id"], ra=11.0)
    tom.set_favourite(made["id"])
    assert [entry["id"] for entry in tom.targets(favourite=1)] == [made["id"]]
    tom.set_favourite(made["id"], False)
    assert list(tom.targets(favourite=1)) == []
    tom.set_status(made["id"], "watch", team="supernovae")
    assert {"id": group.pk, "name": "supernovae", "word": "watch"} in tom.statuses(made["id"])["teams"]
    assert [change["what"] for change in tom.history(made["id"])] == [
        "Status for supernovae changed",
        "Target changed",
        "Target SN 2026abc added",
    ]
    _, edit, creation = tom.change_sets(target=made["id"])
    assert [change["what"] for change in tom.changes(edit["id"])] == ["Target changed"]
    assert tom.revert_plan(creation["id"])["possible"] is False
    with pytest.raises(RefusedError, match="changed later"):
        tom.revert(creation["id"])
    assert tom.change_set(tom.revert(edit["id"], reason="typo")["change_set"])["reason"] == "typo"
    assert tom.target(made["id"])["ra"] == 10.0
    facts = {fact["label"]: fact for fact in tom.target_as_of(made["id"], "2001-01-01")["facts"]}
    assert facts == {}


@pytest.mark.parametrize(
    ("fetch", "head"),
    [
        (lambda tom, pk, path: tom.light_curve_file(pk, path), b"target,time_utc,mjd_utc,band"),
        (lambda tom, pk, path: tom.spectra_file(pk, path, "csv"), b"target,time_utc,mjd_utc,telescope"),
        (lambda tom, pk, path: tom.export(path, file_format="ecsv", name="SN 2026abc"), b"# %ECSV"),
        (lambda tom, pk, path: tom.export(path, file_format="votable"), b"<?xml"),
        (lambda tom, pk, path: tom.export(path, file_format="parquet", targets=[pk]), b"PAR1"),
    ],
    ids=["light curve", "spectra", "a filter", "all", "parquet"],
)
def test_measurements_are_written_to_a_file(tom, tmp_path, fetch, head):
    target = tom.create_target(**row("SN 2026abc"))["id"]
    tom.add_measurement(target, "photometry", {"magnitude": 18.2, "error": 0.1, "filter": "r"})
    path = tmp_path / "data"
    path.write_bytes(b"what was there")
    size = fetch(tom, target, path)
    assert path.read_bytes().startswith(head)
    assert path.stat().st_size == size
    assert [found.name for found in tmp_path.iterdir()] == ["data"]


def test_what_is_refused_leaves_no_file(tom, tmp_path):
    path = tmp_path / "data.csv"
    with pytest.raises(RefusedError, match="format"):
        tom.export(path, file_format="punched cards")
    with pytest.raises(NotFoundError, match="There is no target 999"):
        tom.light_curve_file(999, path)
    with pytest.raises(NotFoundError):
        tom.download(999, path)
    assert list(tmp_path.iterdir()) == []


def test_a_stored_file_comes_back(tom, tmp_path):
    target = tom.create_target(**row("SN 2026abc"))["id"]
    content = b"mjd,magnitude,filter,error\n60000,18.0,r,0.1\n"
    (tmp_path / "a.csv").write_bytes(content)
    stored = tom.upload(target, tmp_path / "a.csv", "photometry")
    assert tom.download(stored["id"], tmp_path / "back.csv") == len(content)
    assert (tmp_path / "back.csv").read_bytes() == content
