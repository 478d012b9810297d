"""Many targets in one POST: what is stored, what is refused, and by what name."""

import pytest
from django.contrib.auth.models import Group
from django.db.models.signals import post_save

from tom_targets import bulk_creation
from tom_targets.match_manager import TargetMatchManager
from tom_targets.models import Target, TargetGroupGrant, TargetName, TargetUserGrant
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

seen_by_hook = []


def note(target, created):
    seen_by_hook.append((target.pk, target.name, created))


def row(name, **more):
    return {"name": name, "type": "SIDEREAL", "ra": 10.0, "dec": 20.0, **more}


def send(client, rows, mode=""):
    return client.post(f"/api/targets/{mode and f'?mode={mode}'}", rows, format="json")


@pytest.fixture(params=["as sets", "one by one"])
def way(request, monkeypatch):
    """Go both ways: with a receiver of a project's own each row goes the way of a single target."""

    def receiver(sender, **kwargs):
        pass

    if request.param == "one by one":
        post_save.connect(receiver, sender=Target)
    yield request.param
    post_save.disconnect(receiver, sender=Target)


def test_all_that_comes_along_is_stored(clients, people, group, settings, way):
    settings.EXTRA_FIELDS = [{"name": "priority", "type": "number", "default": 3}]
    settings.HOOKS = {"target_post_save": f"{__name__}.note"}
    seen_by_hook.clear()
    rows = [
        row(
            "one",
            aliases=[{"name": "uno"}],
            targetextra_set=[{"key": "z", "value": 0.1}, {"key": "ra", "value": "x"}],
        ),
        row(
            "two",
            permissions="OPEN",
            target_lists=[{"name": "pair"}],
            groups=[{"name": group.name}],
            ra=None,
            dec=None,
        )
        | {"type": "NON_SIDEREAL", "scheme": "MPC_COMET", "epoch_of_elements": 61000.0, "inclination": 1.0}
        | {"lng_asc_node": 2.0, "arg_of_perihelion": 3.0, "eccentricity": 0.9, "perihdist": 1.1}
        | {"epoch_of_perihelion": 61100.0},
        row("three", target_lists=[{"name": "pair"}], targetextra_set=[{"key": "priority", "value": "5"}]),
    ]
    answer = send(clients["member"], rows)
    assert answer.status_code == 201, answer.data
    shown = answer.json()
    assert (shown["created"], shown["rejected"]) == (3, 0)
    assert [(entry["index"], entry["name"]) for entry in shown["results"]] == [
        (0, "one"),
        (1, "two"),
        (2, "three"),
    ]
    one, two, three = (Target.objects.get(pk=entry["id"]) for entry in shown["results"])
    assert (one.sky_index, one.name_key, one.permissions) == (
        Target(ra=10.0, dec=20.0)._meta.get_field("sky_index").derive(10.0, 20.0),
        "one",
        "PRIVATE",
    )
    assert (two.sky_index, two.permissions, two.perihdist) == (None, "OPEN", 1.1)
    assert one.created is not None
    assert one.names == ["one", "uno"]
    assert TargetName.objects.get().name_key == "uno"
    assert {extra.key: (extra.value, extra.float_value) for extra in one.targetextra_set.all()} == {
        "z": ("0.1", 0.1),
        "priority": ("3", 3.0),
    }
    assert three.targetextra_set.get(key="priority").float_value == 5.0
    assert set(two.targetlist_set.get().targets.all()) == {two, three}
    assert TargetUserGrant.objects.filter(user=people["member"]).count() == 9
    assert TargetGroupGrant.objects.filter(group=group, content_object=two).count() == 3
    assert {name for _, name, created in seen_by_hook if created} == {"one", "two", "three"}
    assert clients["member"].delete(f"/api/targets/{one.pk}/").status_code == 204


def test_one_wrong_row_and_nothing_is_stored(clients, way):
    answer = send(clients["owner"], [row("one"), row("two", dec=95.0), 3, row("four", ra="NaN")])
    assert answer.status_code == 400
    shown = answer.json()
    assert (shown["created"], shown["rejected"]) == (0, 3)
    assert [(entry["index"], list(entry["errors"])) for entry in shown["results"]] == [
        (1, ["dec"]),
        (2, ["non_field_errors"]),
        (3, ["ra"]),
    ]
    assert not Target.objects.exists()


def test_best_effort_stores_the_others(clients, way):
    answer = send(clients["owner"], [row("one"), row("two", dec=95.0), row("three")], "best_effort")
    assert answer.status_code == 201
    assert [entry.get("name") for entry in answer.json()["results"]] == ["one", None, "three"]
    assert Target.objects.count() == 2
    assert send(clients["owner"], [row("two", dec=95.0)], "best_effort").status_code == 400


def test_names_clash_with_stored_ones_and_with_one_another(clients, way):
    TargetNameFactory(target__name="SN 2026abc", target__permissions="OPEN", name="ZTF26aaa")
    SiderealTargetFactory(name="our secret", permissions="PRIVATE")
    rows = [
        row("sn2026ABC"),
        row("new", aliases=[{"name": "ztf-26aaa"}]),
        row("AT 2026x"),
        row("at2026X"),
        row("other", aliases=[{"name": "AT-2026x"}]),
        row("self", aliases=[{"name": "SELF"}]),
        row("Our Secret"),
        row("fine"),
    ]
    answer = send(clients["stranger"], rows, "best_effort")
    shown = {entry["index"]: entry.get("errors") for entry in answer.json()["results"]}
    assert {index: list(errors) if errors else None for index, errors in shown.items()} == {
        0: ["name"],
        1: ["aliases"],
        2: None,
        3: ["name"],
        4: ["aliases"],
        5: ["aliases"],
        6: ["name"],
        7: None,
    }
    assert "SN 2026abc" in shown[0]["name"][0]
    assert "our secret" not in answer.content.decode()


def test_groups_and_lists_of_others_are_refused(clients, way):
    Group.objects.create(name="others")
    rows = [row("one", groups=[{"name": "others"}])]
    assert send(clients["owner"], rows).status_code == 400
    assert not Target.objects.exists()


def test_a_name_taken_in_between_is_compared_again(clients, monkeypatch):
    stored = []
    real = bulk_creation._without_clashes

    def compare_early(*arguments):
        good = real(*arguments)
        if not stored:
            stored.append(SiderealTargetFactory(name="one", permissions="OPEN"))
        return good

    monkeypatch.setattr(bulk_creation, "_without_clashes", compare_early)
    answer = send(clients["owner"], [row("one"), row("two")], "best_effort")
    assert answer.status_code == 201
    assert [entry.get("errors") for entry in answer.json()["results"]] == [
        {"name": ["one is already known as: one."]},
        None,
    ]
    assert Target.objects.count() == 2


def test_a_match_manager_of_the_project_is_asked(clients, monkeypatch):
    class ByPosition(TargetMatchManager):
        def match_target(self, target, *args, **kwargs):
            return self.match_cone_search(target.ra, target.dec, 2.0)

    manager = ByPosition()
    manager.model = Target
    manager.auto_created = True
    monkeypatch.setattr(Target, "matches", manager)
    answer = send(
        clients["owner"], [row("one"), row("two", ra=10.0001), row("three", ra=11.0)], "best_effort"
    )
    assert [entry.get("name") for entry in answer.json()["results"]] == ["one", None, "three"]


def test_the_list_has_an_end_and_a_mode(clients):
    assert send(clients["owner"], [{}] * 10_001).status_code == 400
    assert send(clients["owner"], []).status_code == 400
    assert send(clients["owner"], [row("one")], "some").status_code == 400
    assert send(clients["anonymous"], [row("one")]).status_code == 401
    assert not Target.objects.exists()


def test_a_thousand_targets_cost_a_handful_of_statements(clients, django_assert_max_num_queries):
    rows = [row(f"target {number}", ra=number * 0.1) for number in range(1000)]
    with django_assert_max_num_queries(34):
        assert send(clients["owner"], rows).status_code == 201
    assert Target.objects.count() == 1000
