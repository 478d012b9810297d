"""Who gets which page: visibility x role x action, on real requests."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tom_targets.models import Target
from tom_targets.tests.conftest import LEVELS, ROLES

pytestmark = pytest.mark.django_db

FULL = {"member", "owner", "superuser"}


def sees(role, level):
    if role in FULL or role == "viewer" or level == "OPEN":
        return True
    return level == "PUBLIC" and role != "anonymous"


def expected(role, level, *, needs_edit):
    """Return the status that a request should get; 302 leads to the login page."""
    if not sees(role, level):
        return 404
    if not needs_edit or role in FULL:
        return 200
    return 302 if role == "anonymous" else 403


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("name", "needs_edit"),
    [("detail", False), ("update", True), ("delete", True), ("access", True)],
)
def test_pages_of_one_target(cast, targets, client_of, role, level, name, needs_edit):
    path = reverse(f"targets:{name}", args=(targets[level].pk,))
    response = client_of(cast.users[role]).get(path)
    wanted = expected(role, level, needs_edit=needs_edit)
    assert response.status_code == wanted
    if wanted == 302:
        assert response.url == f"/accounts/login/?next={path}"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", ROLES)
def test_what_the_list_shows(cast, targets, client_of, role, level):
    response = client_of(cast.users[role]).get(reverse("targets:list"))
    assert (targets[level].name in response.content.decode()) == sees(role, level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", [role for role in ROLES if role not in FULL])
@pytest.mark.parametrize("name", ["update", "delete", "access"])
def test_a_post_without_the_right_changes_nothing(cast, targets, client_of, role, level, name):
    target = targets[level]
    data = {"name": "stolen", "ra": "1", "dec": "1", "permissions": "OPEN", "add_level": "view"}
    response = client_of(cast.users[role]).post(reverse(f"targets:{name}", args=(target.pk,)), data)
    assert response.status_code == expected(role, level, needs_edit=True)
    stored = Target.objects.get(pk=target.pk)
    assert (stored.name, stored.permissions) == (target.name, level)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("role", ROLES)
def test_a_section_follows_its_target(cast, targets, client_of, role, level):
    path = reverse("targets:section", args=(targets[level].pk, "notes"))
    response = client_of(cast.users[role]).get(path, headers={"HX-Request": "true"})
    assert response.status_code == expected(role, level, needs_edit=False)


@pytest.mark.parametrize("role", ROLES)
def test_bulk_changes_touch_only_what_one_may_edit(cast, targets, client_of, role):
    data = {
        "selected-target": [target.pk for target in targets.values()],
        "confirmed": "1",
        "permissions": "OPEN",
        "direction": "give",
        "level": "view",
    }
    client_of(cast.users[role]).post(reverse("targets:bulk-access"), data)
    levels = {target.permissions for target in Target.objects.all()}
    assert levels == ({"OPEN"} if role in FULL else set(LEVELS))


@pytest.mark.parametrize("role", ROLES)
def test_bulk_deletion_touches_only_what_one_may_delete(cast, targets, client_of, role):
    data = {"selected-target": [target.pk for target in targets.values()], "confirmed": "1"}
    client_of(cast.users[role]).post(reverse("targets:bulk-delete"), data)
    assert Target.objects.count() == (0 if role in FULL else 3)


@pytest.mark.parametrize(("role", "status"), [("anonymous", 302), ("stranger", 403), ("superuser", 200)])
def test_creating_needs_the_permission(cast, client_of, role, status):
    from django.contrib.auth.models import Group

    Group.objects.filter(name="Public").delete()
    path = reverse("targets:create")
    response = client_of(cast.users[role]).get(path)
    assert response.status_code == status
    if status == 302:
        assert response.url == f"/accounts/login/?next={path}"


def test_a_model_permission_edits_but_does_not_open_what_is_private(cast, targets, client_of):
    for codename in ("change_target", "view_target"):
        cast.stranger.user_permissions.add(
            Permission.objects.get(codename=codename, content_type__app_label="tom_targets")
        )
    client = client_of(cast.stranger)
    private = targets["PRIVATE"]
    assert client.get(reverse("targets:detail", args=(private.pk,))).status_code == 404
    assert client.get(reverse("targets:update", args=(private.pk,))).status_code == 200
    assert client.get(reverse("targets:update", args=(targets["PUBLIC"].pk,))).status_code == 200


def test_someone_inactive_is_a_stranger(cast, targets, client_of):
    cast.owner.is_active = False
    cast.owner.save()
    response = client_of(cast.owner).get(reverse("targets:detail", args=(targets["PRIVATE"].pk,)))
    assert response.status_code == 404


@pytest.mark.parametrize("name", ["detail", "update", "delete", "access"])
def test_a_target_that_does_not_exist_is_not_found(cast, client_of, name):
    assert client_of(cast.superuser).get(reverse(f"targets:{name}", args=(999_999,))).status_code == 404
