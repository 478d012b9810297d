import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from tom_common.grants import grant_access, holds_grant
from tom_common.models import Job
from tom_targets.models import Target
from tom_targets.tasks import delete_many_targets
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


def page_of(target):
    return reverse("targets:access", args=(target.pk,))


def kept(cast, **changes):
    """Return what the form of the fixture `targets` sends unchanged."""
    return {
        "permissions": "PRIVATE",
        "add_level": "view",
        f"group-{cast.group.pk}": "delete",
        f"user-{cast.owner.pk}": "delete",
        f"user-{cast.viewer.pk}": "view",
        **changes,
    }


def test_the_page_shows_who_may_do_what(cast, targets, client_of):
    form = client_of(cast.owner).get(page_of(targets["PRIVATE"])).context["form"]
    shown = {name: form[name].initial for name in form.fields if "-" in name}
    assert shown == {
        f"group-{cast.group.pk}": "delete",
        f"user-{cast.owner.pk}": "delete",
        f"user-{cast.viewer.pk}": "view",
    }


def test_access_is_given_changed_and_taken(cast, targets, client_of):
    target = targets["PRIVATE"]
    data = kept(cast, **{f"user-{cast.viewer.pk}": "none", f"group-{cast.group.pk}": "change"})
    data |= {"add_users": "stranger", "add_level": "change", "permissions": "PUBLIC"}
    assert client_of(cast.owner).post(page_of(target), data).status_code == 302
    assert Target.objects.get(pk=target.pk).permissions == "PUBLIC"
    assert not holds_grant(cast.viewer, "view_target", target)
    assert holds_grant(cast.member, "change_target", target)
    assert not holds_grant(cast.member, "delete_target", target)
    assert holds_grant(cast.stranger, "change_target", target)
    assert not holds_grant(cast.stranger, "delete_target", target)


@pytest.mark.parametrize("names", ["nobody", "stranger, nobody", "AnonymousUser nobody"])
def test_a_username_that_does_not_exist_is_named(cast, targets, client_of, names):
    response = client_of(cast.owner).post(page_of(targets["PRIVATE"]), kept(cast, add_users=names))
    assert "There is no user called nobody." in response.content.decode()


def test_one_cannot_lock_oneself_out(cast, targets, client_of):
    target = targets["PRIVATE"]
    data = kept(cast, **{f"user-{cast.owner.pk}": "view"})
    response = client_of(cast.owner).post(page_of(target), data)
    assert "You could not edit this target any more" in response.content.decode()
    assert holds_grant(cast.owner, "change_target", target)


def test_one_may_step_back_behind_an_own_group(cast, targets, client_of):
    cast.owner.groups.add(cast.group)
    data = kept(cast, **{f"user-{cast.owner.pk}": "none"})
    assert client_of(cast.owner).post(page_of(targets["PRIVATE"]), data).status_code == 302
    assert holds_grant(cast.owner, "change_target", targets["PRIVATE"])


def test_only_own_groups_can_be_given_access(cast, targets, client_of):
    rivals = Group.objects.create(name="rivals")
    response = client_of(cast.owner).post(page_of(targets["PRIVATE"]), kept(cast, add_groups=[rivals.pk]))
    assert response.status_code == 200
    assert (
        client_of(cast.superuser)
        .post(page_of(targets["PRIVATE"]), kept(cast, add_groups=[rivals.pk]))
        .status_code
        == 302
    )


# --- many targets at once

BULK = "/targets/bulk/access/"


def ticked(*targets, **more):
    return {
        "selected-target": [target.pk for target in targets],
        "direction": "give",
        "level": "view",
        **more,
    }


def test_first_a_page_says_how_many_are_meant(cast, targets, client_of):
    other = SiderealTargetFactory(name="not mine", permissions="OPEN")
    response = client_of(cast.owner).post(BULK, ticked(other, *targets.values()))
    page = response.content.decode()
    assert "1 of the 4 selected targets is left out: you may not edit it." in page
    assert "Change 3 targets" in page
    assert Target.objects.filter(permissions="PRIVATE").count() == 1


def test_many_targets_get_a_visibility_and_access(cast, targets, client_of):
    other = SiderealTargetFactory(name="not mine", permissions="OPEN")
    data = ticked(
        other, *targets.values(), confirmed="1", permissions="PRIVATE", users="stranger", level="change"
    )
    response = client_of(cast.owner).post(BULK, data)
    assert response.status_code == 302
    assert set(Target.objects.filter(permissions="PRIVATE")) == set(targets.values())
    for target in targets.values():
        assert holds_grant(cast.stranger, "change_target", target)
        assert not holds_grant(cast.stranger, "delete_target", target)
    assert not holds_grant(cast.stranger, "view_target", other)


def test_access_to_many_is_taken(cast, targets, client_of):
    data = ticked(*targets.values(), confirmed="1", direction="take", users="viewer")
    client_of(cast.owner).post(BULK, data)
    assert not any(holds_grant(cast.viewer, "view_target", target) for target in targets.values())
    assert all(holds_grant(cast.owner, "delete_target", target) for target in targets.values())


def test_all_that_a_filter_finds_is_meant(cast, client_of):
    for number in range(30):
        grant_access(cast.owner, SiderealTargetFactory(name=f"SN {number:02d}", permissions="PRIVATE"))
    grant_access(cast.owner, SiderealTargetFactory(name="AT 1", permissions="PRIVATE"))
    data = ticked(isSelectAll="True", query_string="query=SN&sort=name", confirmed="1", permissions="OPEN")
    client_of(cast.owner).post(BULK, data)
    assert Target.objects.filter(permissions="OPEN").count() == 30


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Choose who may see the targets, or users or groups."),
        ({"direction": "take", "users": "owner"}, "cannot take your own"),
    ],
)
def test_a_bulk_change_that_makes_no_sense_is_refused(cast, targets, client_of, changes, said):
    data = ticked(*targets.values(), confirmed="1", **changes)
    assert said in client_of(cast.owner).post(BULK, data).content.decode()


@pytest.mark.parametrize("path", [BULK, "/targets/bulk/delete/"])
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"selected-target": ["x", "-1", "9" * 40]},
        {"isSelectAll": "True", "query_string": "cone_search=x"},
    ],
)
def test_a_selection_of_nothing_is_said(cast, targets, client_of, path, data):
    response = client_of(cast.owner).post(path, data, follow=True)
    assert response.redirect_chain
    assert "No target was selected." in response.content.decode()


def test_many_targets_are_deleted_and_can_be_undone(cast, targets, client_of):
    client = client_of(cast.owner)
    page = client.post("/targets/bulk/delete/", ticked(*targets.values())).content.decode()
    assert "Delete 3 targets?" in page
    assert Target.objects.count() == 3
    response = client.post("/targets/bulk/delete/", ticked(*targets.values(), confirmed="1"), follow=True)
    assert "3 targets were deleted." in response.content.decode()
    assert not Target.objects.exists()
    trash = client.get("/targets/trash/")
    for row in trash.context["trashed"]:
        client.post(reverse("targets:restore", args=(row.pk,)))
    assert Target.objects.count() == 3


def test_very_many_are_deleted_by_a_job_with_the_rights_of_who_asked(
    cast, targets, client_of, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr("tom_targets.views.bulk.MAX_DELETED_AT_ONCE", 2)
    client, data = client_of(cast.owner), ticked(*targets.values())
    assert "so a job deletes them" in client.post("/targets/bulk/delete/", data).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post("/targets/bulk/delete/", {**data, "confirmed": "1"})
    job = Job.objects.get()
    assert response["Location"] == job.get_absolute_url()
    assert (job.user, job.title, job.state) == (cast.owner, "Deletion of 3 targets", "done")
    assert job.result["deleted"] == 3
    assert not Target.objects.exists()
    assert "Bring them back from the trash" in client.get(job.get_absolute_url()).content.decode()


def test_a_job_deletes_nothing_that_its_user_may_not_delete_any_more(cast, targets):
    pks = [target.pk for target in targets.values()]
    assert delete_many_targets(pks, cast.viewer.pk)["deleted"] == 0
    assert Target.objects.count() == 3


def test_an_action_that_is_opened_as_an_address_says_what_to_do_first(cast, client_of):
    for page in ("delete", "access"):
        response = client_of(cast.owner).get(f"/targets/bulk/{page}/", follow=True)
        assert response.redirect_chain == [(reverse("targets:list"), 302)]
        assert "Select targets in the list first" in response.content.decode()


def test_too_many_at_once_are_not_deleted(cast, targets, client_of, monkeypatch):
    monkeypatch.setattr("tom_targets.views.bulk.MAX_DELETED_AT_ONCE", 1)
    monkeypatch.setattr("tom_targets.views.bulk.MAX_DELETED_BY_JOB", 2)
    response = client_of(cast.owner).post(
        "/targets/bulk/delete/", ticked(*targets.values(), confirmed="1"), follow=True
    )
    assert "Nothing was deleted: at most 2" in response.content.decode()
    assert Target.objects.count() == 3
