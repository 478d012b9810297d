"""Who sees in the history that a file or a measurement came, was changed, or went."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.urls import reverse

from tom_common.grants import grant_access
from tom_common.history import change_set
from tom_common.history.selectors import changes_of, visible_change_sets
from tom_dataproducts import services
from tom_dataproducts.models import DataProduct, ReducedDatum
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_dataproducts.tests.people import as_user, shared_target

pytestmark = pytest.mark.django_db
EVERYBODY = {"anonymous", "stranger", "member", "owner", "staff"}
FILE, OTHER, POINT = "dataproduct", "reduceddatum", "photometryreduceddatum"


@pytest.fixture
def history(people):
    """Give an open target with a file, which the member may see, and measurements; the owner brought them."""
    users, group = people
    target = shared_target(people, "OPEN")
    with change_set(users["owner"], title="The night of secret.dat"):
        product = DataProductFactory(target=target, data__filename="secret.dat")
        ReducedDatum.objects.create(target=target, data_type="radio", value={"flux": 1})
    grant_access(group, product, ["view_dataproduct"])
    with change_set(users["owner"], title="Points"):
        PhotometryFactory(target=target)
    return target, product


def who_sees(people, target, label):
    users, _ = people
    rows = {name: changes_of(user or AnonymousUser(), "target", target.pk) for name, user in users.items()}
    return {
        name for name, found in rows.items() if found.filter(model_label=f"tom_dataproducts.{label}").exists()
    }


@pytest.mark.parametrize(
    ("only_target", "label", "seen_by"),
    [
        (True, FILE, EVERYBODY),
        (True, OTHER, EVERYBODY),
        (True, POINT, EVERYBODY),
        (False, FILE, {"member", "owner", "staff"}),
        (False, OTHER, {"owner", "staff"}),
        (False, POINT, EVERYBODY),
    ],
)
def test_history_shows_what_one_may_see(settings, people, history, only_target, label, seen_by):
    settings.TARGET_PERMISSIONS_ONLY = only_target
    users, _ = people
    grant_access(users["owner"], history[1], ["view_dataproduct"])
    assert who_sees(people, history[0], label) == seen_by


@pytest.mark.parametrize(("only_target", "seen_by"), [(True, EVERYBODY), (False, {"owner", "staff"})])
def test_that_a_file_went_is_seen_by_who_took_it_where_files_have_grants(
    settings, people, history, only_target, seen_by
):
    settings.TARGET_PERMISSIONS_ONLY = only_target
    target, product = history
    with change_set(people[0]["owner"], title="secret.dat deleted"):
        services.delete_data_product(product)
    assert who_sees(people, target, FILE) == seen_by


def test_the_permission_for_all_files_shows_all(settings, people, history):
    settings.TARGET_PERMISSIONS_ONLY = False
    users, group = people
    users["stranger"].user_permissions.add(Permission.objects.get(codename="view_dataproduct"))
    users["stranger"] = User.objects.get(username="stranger")
    assert "stranger" in who_sees((users, group), history[0], FILE)


def test_pages_name_no_file_that_one_may_not_see(settings, client, people, history):
    settings.TARGET_PERMISSIONS_ONLY = False
    users, _ = people
    target, _ = history
    on_target, on_list = reverse("targets:history", args=[target.pk]), reverse("change-list")
    named = {}
    for name in ("stranger", "member"):
        as_user(client, users[name])
        for address in (on_target, on_list):
            named[name, address] = "secret.dat" in client.get(address).content.decode()
    # The member does not see all of the change set, whose title therefore stays unsaid.
    assert named == {
        ("stranger", on_target): False,
        ("stranger", on_list): False,
        ("member", on_target): True,
        ("member", on_list): False,
    }
    assert not visible_change_sets(users["stranger"]).filter(title__contains="secret").exists()


def test_staff_without_a_grant_cannot_undo_the_upload_of_a_file(settings, client, people, history):
    settings.TARGET_PERMISSIONS_ONLY = False
    users, _ = people
    keeper = users["stranger"]
    keeper.is_staff = True
    keeper.save()
    grant_access(keeper, history[0])
    as_user(client, keeper)
    made = visible_change_sets(users["owner"]).get(title__contains="secret")
    assert client.post(reverse("change-set-revert", args=[made.pk])).status_code in (403, 404)
    assert DataProduct.objects.filter(pk=history[1].pk).exists()
