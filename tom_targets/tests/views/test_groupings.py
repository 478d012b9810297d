import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from tom_common.grants import grant_access, holds_grant
from tom_targets.models import TargetList
from tom_targets.tests.factories import SiderealTargetFactory, TargetGroupingFactory

pytestmark = pytest.mark.django_db
CHANGE = "/targets/add-remove-grouping/"


@pytest.fixture
def mine(cast):
    made = TargetGroupingFactory(name="mine")
    grant_access(cast.owner, made)
    return made


def said(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_list_is_made_with_its_groups(cast, client_of):
    cast.owner.groups.add(cast.group)
    response = client_of(cast.owner).post(
        "/targets/targetgrouping/create/", {"name": "tonight", "groups": [cast.group.pk]}
    )
    assert response.url == "/targets/targetgrouping/"
    made = TargetList.objects.get(name="tonight")
    assert holds_grant(cast.owner, "delete_targetlist", made)
    assert holds_grant(cast.member, "change_targetlist", made)
    assert not holds_grant(cast.member, "delete_targetlist", made)


@pytest.mark.parametrize("path", ["/targets/targetgrouping/", "/targets/targetgrouping/create/"])
def test_lists_are_for_the_logged_in(client, path):
    assert client.get(path).url == f"/accounts/login/?next={path}"


def test_one_sees_the_lists_shared_with_one(cast, mine, client_of):
    mine.targets.set(SiderealTargetFactory.create_batch(3))
    TargetGroupingFactory(name="theirs")
    shown = client_of(cast.owner).get("/targets/targetgrouping/").context["lists"]
    assert [(row.name, row.target_count, row.may_change, row.may_delete) for row in shown] == [
        ("mine", 3, True, True)
    ]
    assert client_of(cast.stranger).get("/targets/targetgrouping/").context["lists"] == []
    assert len(client_of(cast.superuser).get("/targets/targetgrouping/").context["lists"]) == 2


def test_a_list_is_deleted_and_its_targets_stay(cast, mine, client_of):
    target = SiderealTargetFactory()
    mine.targets.add(target)
    path = reverse("targets:delete-group", args=(mine.pk,))
    assert client_of(cast.stranger).get(path).status_code == 404
    grant_access(cast.viewer, mine, ["view_targetlist"])
    assert client_of(cast.viewer).get(path).status_code == 403
    assert client_of(cast.viewer).post(path).status_code == 403
    client_of(cast.owner).post(path)
    assert not TargetList.objects.exists()
    target.refresh_from_db()


def test_the_list_of_targets_is_filtered_by_a_list(cast, mine, client_of):
    on_it, _ = SiderealTargetFactory.create_batch(2, permissions="OPEN")
    mine.targets.add(on_it)
    response = client_of(cast.owner).get(mine.get_absolute_url())
    assert [row.name for row in response.context["table"].rows] == [on_it.name]
    assert [chip.value for chip in response.context["chips"]] == ["mine"]
    assert not client_of(cast.stranger).get(mine.get_absolute_url()).context["table"].rows


def test_ticked_targets_are_added_and_removed(cast, targets, mine, client_of):
    client = client_of(cast.owner)
    data = {"grouping": mine.pk, "selected-target": [target.pk for target in targets.values()]}
    assert said(client.post(CHANGE, data | {"add": "1"})) == ["3 targets put on the list mine."]
    assert said(client.post(CHANGE, data | {"add": "1"}))[-1] == "3 targets already on the list mine."
    assert mine.targets.count() == 3
    assert said(client.post(CHANGE, data | {"remove": "1"}))[-1] == "3 targets taken off the list mine."
    assert said(client.post(CHANGE, data | {"remove": "1"}))[-1] == "None of them was on the list mine."


def test_a_hidden_target_cannot_be_put_on_a_list(cast, targets, client_of):
    own = TargetGroupingFactory()
    grant_access(cast.stranger, own)
    data = {"grouping": own.pk, "selected-target": [target.pk for target in targets.values()], "add": "1"}
    client_of(cast.stranger).post(CHANGE, data)
    assert {target.permissions for target in own.targets.all()} == {"OPEN", "PUBLIC"}


def test_moving_takes_targets_off_ones_other_lists(cast, targets, mine, client_of):
    other, theirs = TargetGroupingFactory(name="other"), TargetGroupingFactory(name="theirs")
    grant_access(cast.owner, other)
    for target_list in (other, theirs):
        target_list.targets.set(targets.values())
    data = {"grouping": mine.pk, "selected-target": [targets["OPEN"].pk], "move": "1"}
    client_of(cast.owner).post(CHANGE, data)
    assert [made.targets.count() for made in (mine, other, theirs)] == [1, 2, 3]


def test_all_that_a_filter_finds_are_meant(cast, mine, client_of):
    SiderealTargetFactory.create_batch(30, permissions="OPEN")
    SiderealTargetFactory(name="else", permissions="OPEN")
    data = {"grouping": mine.pk, "isSelectAll": "True", "query_string": "query=sidereal", "add": "1"}
    response = client_of(cast.owner).post(CHANGE, data)
    assert response.url == "/targets/?query=sidereal"
    assert mine.targets.count() == 30
    data = data | {"query_string": "?query=sidereal"}
    data["remove"] = data.pop("add")
    client_of(cast.owner).post(CHANGE, data)
    assert not mine.targets.exists()


@pytest.mark.parametrize("grouping", ["", "x", "999999", "9" * 40])
def test_a_list_that_is_not_ones_own_is_refused(cast, targets, client_of, grouping):
    response = client_of(cast.owner).post(CHANGE, {"grouping": grouping, "selected-target": [1], "add": "1"})
    assert said(response) == ["Choose a list that you may change."]


def test_a_viewer_of_a_list_does_not_change_it(cast, targets, mine, client_of):
    grant_access(cast.viewer, mine, ["view_targetlist"])
    data = {"grouping": mine.pk, "selected-target": [targets["OPEN"].pk], "add": "1"}
    client_of(cast.viewer).post(CHANGE, data)
    assert not mine.targets.exists()
