import pytest
from django.urls import reverse

from tom_targets import trash
from tom_targets.models import Target, TrashedTarget
from tom_targets.tests.factories import SiderealTargetFactory, TargetNameFactory

pytestmark = pytest.mark.django_db


def delete_page(target):
    return reverse("targets:delete", args=(target.pk,))


def test_deleting_asks_once_and_names_what_goes(cast, targets, client_of):
    TargetNameFactory(target=targets["OPEN"])
    page = client_of(cast.owner).get(delete_page(targets["OPEN"])).content.decode()
    assert "Delete open target?" in page
    assert "<li>1 alias</li>" in page
    assert "For 30 days it can be brought back" in page


def test_a_deleted_target_is_offered_back_and_comes_back(cast, targets, client_of):
    target = targets["PRIVATE"]
    client = client_of(cast.owner)
    response = client.post(delete_page(target), follow=True)
    assert response.redirect_chain == [("/targets/", 302)]
    assert 'href="/targets/trash/">Undo</a>' in response.content.decode()
    assert client.get(target.get_absolute_url()).status_code == 404
    trashed = TrashedTarget.objects.get()
    response = client.post(reverse("targets:restore", args=(trashed.pk,)))
    assert response.url == target.get_absolute_url()
    assert client.get(target.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("role", "sees"),
    [("owner", True), ("superuser", True), ("stranger", False), ("member", False), ("staff", False)],
)
def test_the_trash_shows_ones_own_deletions(cast, targets, client_of, role, sees):
    trashed = trash.move_to_trash(targets["PRIVATE"], user=cast.owner)
    client = client_of(cast.users[role])
    assert (trashed in client.get("/targets/trash/").context["trashed"]) == sees
    response = client.post(reverse("targets:restore", args=(trashed.pk,)))
    assert response.status_code == (302 if sees else 404)
    assert Target.objects.filter(name="private target").exists() == sees


def test_an_anonymous_visitor_has_no_trash(cast, targets, client):
    trashed = trash.move_to_trash(targets["OPEN"], user=cast.owner)
    assert client.get("/targets/trash/").url == "/accounts/login/?next=/targets/trash/"
    assert client.post(reverse("targets:restore", args=(trashed.pk,))).status_code == 302
    assert TrashedTarget.objects.exists()


def test_what_is_in_the_way_is_said(cast, targets, client_of):
    trashed = trash.move_to_trash(targets["OPEN"], user=cast.owner)
    SiderealTargetFactory(name="Open-Target")
    response = client_of(cast.owner).post(reverse("targets:restore", args=(trashed.pk,)), follow=True)
    assert "is now a name of the target Open-Target" in response.content.decode()
    assert TrashedTarget.objects.exists()


@pytest.mark.parametrize("name", ["restore", "columns", "add-remove-grouping"])
def test_what_changes_something_is_not_done_by_a_link(cast, client_of, name):
    path = reverse(f"targets:{name}", args=(1,) if name == "restore" else ())
    assert client_of(cast.superuser).get(path).status_code == 405


def test_deleting_a_target_that_is_gone_is_not_found(cast, targets, client_of):
    path = delete_page(targets["OPEN"])
    client = client_of(cast.owner)
    client.post(path)
    assert client.post(path).status_code == 404
