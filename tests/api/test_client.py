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
    file.write_text("time,magnitude\n")
    first = tom.upload(target, file, "photometry", product_id="night 7")
    assert tom.upload(target, file, "photometry", product_id="night 7")["id"] == first["id"]
    assert DataProduct.objects.get().get_file_name() == "curve.csv"


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
