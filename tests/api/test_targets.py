"""Targets over the REST API: what is answered, stored and refused, one by one."""

import pytest

from tom_targets.models import Target, TargetList, TrashedTarget
from tom_targets.serializers import targets as target_serializers
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

BODY = {"name": "SN 2026abc", "type": "SIDEREAL", "ra": 10.5, "dec": -20.25}


def test_a_target_is_created_with_all_that_comes_along(clients, people, group):
    body = {
        **BODY,
        "permissions": "PUBLIC",
        "aliases": [{"name": "ZTF26aaaaaaa"}],
        "targetextra_set": [{"key": "redshift", "value": "0.02"}, {"key": "ra", "value": "dropped"}],
        "target_lists": [{"name": "candidates"}],
        "groups": [{"name": "supernovae"}],
    }
    answer = clients["member"].post("/api/targets/", body)
    assert answer.status_code == 201, answer.data
    shown = answer.json()
    assert shown["message"] == "Target successfully uploaded."
    assert (shown["name"], shown["ra"], shown["dec"], shown["permissions"]) == (
        "SN 2026abc",
        10.5,
        -20.25,
        "PUBLIC",
    )
    assert [alias["name"] for alias in shown["aliases"]] == ["ZTF26aaaaaaa"]
    assert [(extra["key"], extra["value"]) for extra in shown["targetextra_set"]] == [("redshift", "0.02")]
    assert [found["name"] for found in shown["target_lists"]] == ["candidates"]
    assert shown["groups"] == [{"id": group.pk, "name": "supernovae"}]
    assert not {"sky_index", "name_key", "basetarget_ptr"} & shown.keys()
    target = Target.objects.get(pk=shown["id"])
    assert target.sky_index is not None
    assert target.targetextra_set.get().float_value == 0.02
    listed = clients["member"].get(f"/api/targets/{target.pk}/").json()
    assert {**listed, "message": shown["message"]} == shown


def test_anonymous_may_not_create(clients):
    assert clients["anonymous"].post("/api/targets/", BODY).status_code == 401
    assert not Target.objects.exists()


def test_add_target_is_needed_to_create(clients, people):
    people["stranger"].groups.clear()
    answer = clients["stranger"].post("/api/targets/", BODY)
    assert answer.status_code == 403
    assert not Target.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ra": None}, "ra"),
        ({"dec": 90.5}, "dec"),
        ({"ra": 360.5}, "ra"),
        ({"ra": "NaN"}, "ra"),
        ({"parallax": "Infinity"}, "parallax"),
        ({"parallax": True}, "parallax"),
        ({"name": "a\0b"}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"type": "PLANET"}, "type"),
        ({"permissions": "SECRET"}, "permissions"),
        ({"type": "NON_SIDEREAL"}, "epoch_of_elements"),
        ({"aliases": [{"name": "sn-2026ABC"}]}, "aliases"),
        ({"aliases": {"name": "x"}}, "aliases"),
        ({"aliases": [3]}, "aliases"),
        ({"groups": [{"name": "another group"}]}, "non_field_errors"),
        ({"targetextra_set": [{"value": "no key"}]}, "targetextra_set"),
    ],
)
def test_what_is_wrong_is_refused_by_its_name(clients, change, field):
    answer = clients["owner"].post("/api/targets/", {**BODY, **change})
    assert answer.status_code == 400
    assert field in answer.json()
    assert not Target.objects.exists()


@pytest.mark.parametrize(
    "body", [b'{"ra": 1e400}', b'{"ra": NaN}', b"[" * 5000, b'{"name": "\\ud800"}', b"\xff", b""]
)
def test_what_is_no_json_is_refused(clients, body):
    answer = clients["owner"].generic("POST", "/api/targets/", body, content_type="application/json")
    assert answer.status_code == 400


def test_a_body_without_end_is_refused(clients, settings):
    settings.TOM_API_MAX_BODY = 1000
    answer = clients["owner"].post("/api/targets/", {**BODY, "shared_by": "x" * 2000})
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["SN 2026abc", "sn2026ABC", "ZTF26aaa", "ztf 26AAA"])
def test_a_name_that_is_known_is_refused(clients, name):
    TargetNameFactory(target__name="SN 2026abc", target__permissions="OPEN", name="ZTF26aaa")
    answer = clients["owner"].post("/api/targets/", {**BODY, "name": name})
    assert answer.status_code == 400
    assert "SN 2026abc" in answer.json()["name"][0]


def test_a_name_taken_a_moment_ago_is_refused_like_any_other(clients, monkeypatch):
    SiderealTargetFactory(name="SN 2026abc", permissions="OPEN")
    real, calls = target_serializers.check_names, []

    def too_early(*arguments, **options):
        calls.append(arguments)
        if len(calls) > 1:
            real(*arguments, **options)

    monkeypatch.setattr(target_serializers, "check_names", too_early)
    answer = clients["owner"].post("/api/targets/", BODY)
    assert answer.status_code == 400
    assert "SN 2026abc" in answer.json()["name"][0]
    assert (len(calls), Target.objects.count()) == (2, 1)


def test_the_name_of_a_hidden_target_is_not_told(clients):
    TargetNameFactory(target__name="our secret", target__permissions="PRIVATE", name="SN2026abc")
    answer = clients["stranger"].post("/api/targets/", BODY)
    assert answer.status_code == 400
    assert "secret" not in answer.content.decode()


def test_a_change_keeps_what_is_not_sent(clients, targets):
    target = targets["OPEN"]
    answer = clients["owner"].patch(f"/api/targets/{target.pk}/", {"ra": 100.0})
    assert answer.status_code == 200
    assert answer.json()["message"] == "Target successfully updated."
    before = target.sky_index
    target.refresh_from_db()
    assert (target.ra, target.name) == (100.0, "target OPEN")
    assert target.sky_index != before


def test_parts_with_an_id_change_and_others_are_added(clients, targets):
    target = targets["OPEN"]
    url = f"/api/targets/{target.pk}/"
    target.save(extras={"z": "0.1"}, names=["old alias"])
    alias, extra = target.aliases.get(), target.targetextra_set.get()
    body = {
        "aliases": [{"id": alias.pk, "name": "new alias"}, {"name": "second alias"}],
        "targetextra_set": [{"id": extra.pk, "key": "z", "value": 0.2}, {"key": "class", "value": "SN Ia"}],
    }
    shown = clients["owner"].patch(url, body).json()
    assert [entry["name"] for entry in shown["aliases"]] == ["new alias", "second alias"]
    assert [(entry["key"], entry["value"]) for entry in shown["targetextra_set"]] == [
        ("z", "0.2"),
        ("class", "SN Ia"),
    ]
    extra.refresh_from_db()
    assert extra.float_value == 0.2


def test_parts_of_other_targets_cannot_be_changed(clients, targets):
    other = TargetNameFactory(target=targets["PUBLIC"])
    answer = clients["owner"].patch(
        f"/api/targets/{targets['OPEN'].pk}/", {"aliases": [{"id": other.pk, "name": "stolen"}]}
    )
    assert answer.status_code == 400
    other.refresh_from_db()
    assert other.name != "stolen"


def test_put_needs_the_whole_target(clients, targets):
    url = f"/api/targets/{targets['OPEN'].pk}/"
    assert clients["owner"].put(url, {"name": "x"}).status_code == 400
    answer = clients["owner"].put(url, {**BODY, "name": "renamed"})
    assert (answer.status_code, answer.json()["name"]) == (200, "renamed")


def test_a_target_keeps_its_own_name_in_another_spelling(clients, targets):
    url = f"/api/targets/{targets['OPEN'].pk}/"
    assert clients["owner"].patch(url, {"name": "Target-open"}).status_code == 200
    assert clients["owner"].patch(url, {"name": "target PUBLIC"}).status_code == 400


def test_a_deleted_target_lies_in_the_trash(clients, people, targets):
    target = targets["PUBLIC"]
    assert clients["owner"].delete(f"/api/targets/{target.pk}/").status_code == 204
    assert not Target.objects.filter(pk=target.pk).exists()
    trashed = TrashedTarget.objects.get()
    assert (trashed.name, trashed.deleted_by) == ("target PUBLIC", people["owner"])


def test_an_invalid_filter_is_refused(clients):
    for query in ("cone_search=1,2", "type=PLANET", "limit=0", "cursor=x", "name=%00"):
        assert clients["owner"].get(f"/api/targets/?{query}").status_code == 400, query


def test_pages_hang_together(clients):
    made = [SiderealTargetFactory(permissions="OPEN").pk for _ in range(7)]
    found, url = [], "/api/targets/?limit=3"
    while url:
        page = clients["anonymous"].get(url).json()
        assert page["count"] == 7
        found += [row["id"] for row in page["results"]]
        url = page["next"]
    assert found == made[::-1]


def test_a_list_is_shared_by_its_name(clients, people):
    first = clients["owner"].post("/api/targets/", {**BODY, "target_lists": [{"name": "mine"}]})
    second = clients["owner"].post(
        "/api/targets/", {**BODY, "name": "two", "target_lists": [{"name": "mine"}]}
    )
    assert first.json()["target_lists"] == second.json()["target_lists"]
    stranger = clients["stranger"].post(
        "/api/targets/", {**BODY, "name": "three", "target_lists": [{"name": "mine"}]}
    )
    assert stranger.json()["target_lists"][0]["id"] != first.json()["target_lists"][0]["id"]
    assert TargetList.objects.filter(name="mine").count() == 2


@pytest.mark.parametrize("name", ["two\nlines", "tab\tname", "bell\x07", "\u202eyenrab", "line\u2028end"])
def test_a_name_is_one_line_that_reads_as_it_is_written(clients, name):
    body = {"name": name, "type": "SIDEREAL", "ra": 1.0, "dec": 2.0}
    for sent in (body, [body], {**body, "name": "plain", "aliases": [{"name": name}]}):
        answer = clients["owner"].post("/api/targets/", sent, format="json")
        assert answer.status_code == 400
        assert "one line of text" in answer.content.decode()
    assert not Target.objects.exists()
