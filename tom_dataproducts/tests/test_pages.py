"""Pages of files, groups and points, and our sections of the home page and of a target's page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from tom_common.grants import grant_access
from tom_dataproducts.models import DataProduct, DataProductGroup, PhotometryReducedDatum
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("permissions", ADMITTED)
@pytest.mark.parametrize("page", ["download", "list", "photometry-table", "delete", "feature"])
def test_who_may_open_what(client, people, permissions, page):
    users, _ = people
    target = shared_target(people, permissions)
    PhotometryFactory(target=target)
    product = DataProductFactory(target=target)
    statuses = {}
    for name, user in users.items():
        as_user(client, user)
        if page == "list":
            content = client.get(reverse("dataproducts:list")).content.decode()
            statuses[name] = 200 if target.name in content else 404
        elif page == "photometry-table":
            statuses[name] = client.get(
                reverse("dataproducts:photometry-table", args=[target.pk])
            ).status_code
        elif page == "feature":
            url = reverse("dataproducts:feature", args=[product.pk])
            statuses[name] = client.post(url, {"featured": "1"}).status_code
        else:
            response = client.get(reverse(f"dataproducts:{page}", args=[product.pk]))
            statuses[name] = response.status_code
            if response.streaming:
                list(response)  # reads and closes the file
    seen = {name for name, status in statuses.items() if status != 404}
    assert seen == ADMITTED[permissions]
    if page in ("delete", "feature"):  # seeing is not editing
        done = 302 if page == "feature" else 200
        assert statuses["owner"] == statuses["staff"] == done
        assert {statuses[name] for name in seen & {"stranger", "member"}} <= {403}
        if permissions == "OPEN":
            assert statuses["anonymous"] == 302  # to the login page


def test_download_is_an_attachment_and_never_shown(client, people):
    target = shared_target(people, "OPEN")
    product = DataProductFactory(target=target, data__filename="page.html", data__data=b"<script>1</script>")
    response = client.get(reverse("dataproducts:download", args=[product.pk]))
    assert b"".join(response) == b"<script>1</script>"
    assert response["Content-Disposition"].startswith('attachment; filename="page')
    assert response["X-Content-Type-Options"] == "nosniff"


def test_download_of_a_missing_file_is_not_found(client, people):
    product = DataProductFactory(target=shared_target(people, "OPEN"))
    product.data.storage.delete(product.data.name)
    assert client.get(reverse("dataproducts:download", args=[product.pk])).status_code == 404


def test_files_are_not_served_below_the_media_address(client, people):
    product = DataProductFactory(target=shared_target(people, "OPEN"))
    assert client.get(product.data.url).status_code == 404


def test_deleting_a_file_removes_row_points_and_file(
    client, people, settings, django_capture_on_commit_callbacks
):
    settings.TOM_FILE_TRASH_DAYS = 0
    users, _ = people
    target = shared_target(people, "PUBLIC")
    product = DataProductFactory(target=target)
    PhotometryFactory(target=target, data_product=product)
    storage, name = product.data.storage, product.data.name
    client.force_login(users["owner"])
    url = reverse("dataproducts:delete", args=[product.pk])
    asked = client.get(url)
    assert "1 measurement" in asked.content.decode()
    assert storage.exists(name)
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(url, {"next": "https://elsewhere.example/"})
    assert response.url == f"{target.get_absolute_url()}?tab=manage-data#manage-data"
    assert not DataProduct.objects.exists()
    assert not PhotometryReducedDatum.objects.exists()
    assert not storage.exists(name)


def test_one_featured_file_of_a_type(client, people):
    users, _ = people
    target = shared_target(people, "PUBLIC")
    first, second = DataProductFactory(target=target, featured=True), DataProductFactory(target=target)
    client.force_login(users["owner"])
    client.post(reverse("dataproducts:feature", args=[second.pk]), {"featured": "1"})
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.featured, second.featured) == (False, True)
    client.post(reverse("dataproducts:feature", args=[second.pk]), {"featured": "0"})
    second.refresh_from_db()
    assert not second.featured


class TestList:
    def test_costs_the_same_for_many_files(self, client, people, django_assert_max_num_queries):
        users, _ = people
        for _ in range(20):
            DataProductFactory(target=shared_target(people, "PRIVATE"))
        client.force_login(users["member"])
        with django_assert_max_num_queries(10):
            response = client.get(reverse("dataproducts:list"))
        assert len(response.context["object_list"]) == 20

    def test_filters_stand_as_chips(self, client, people):
        target = shared_target(people, "OPEN")
        DataProductFactory(target=target)
        DataProductFactory(target=shared_target(people, "OPEN"), data_product_type="")
        url = reverse("dataproducts:list")
        response = client.get(url, {"target_name": target.name})
        assert [product.target_id for product in response.context["object_list"]] == [target.pk]
        assert response.context["chips"][0]["value"] == target.name
        response = client.get(url, {"data_product_type": "photometry"})
        assert [product.target_id for product in response.context["object_list"]] == [target.pk]
        assert client.get(url, {"data_product_type": "nonsense"}).status_code == 200
        assert client.get(url, {"cursor": "nonsense"}).status_code == 400

    def test_pages(self, client, people):
        target = shared_target(people, "OPEN")
        products = DataProduct.objects.bulk_create(DataProduct(target=target) for _ in range(45))
        first = client.get(reverse("dataproducts:list"))
        second = client.get(reverse("dataproducts:list") + first.context["next_url"])
        shown = [product.pk for page in (first, second) for product in page.context["object_list"]]
        assert shown == [product.pk for product in reversed(products)]


class TestGroups:
    def test_made_filled_looked_into_and_deleted(self, client, people):
        users, _ = people
        product = DataProductFactory(target=shared_target(people, "PUBLIC"))
        client.force_login(users["stranger"])
        client.post(reverse("dataproducts:group-create"), {"name": "for the paper"})
        group = DataProductGroup.objects.get()
        add = reverse("dataproducts:group-data")
        assert str(product.pk) in client.get(add, {"products": [product.pk]}).content.decode()
        response = client.post(add, {"products": [product.pk], "group": group.pk})
        assert response.status_code == 302
        assert list(group.dataproduct_set.all()) == [product]
        detail = reverse("dataproducts:group-detail", args=[group.pk])
        assert product.get_file_name() in client.get(detail).content.decode()
        assert client.get(reverse("dataproducts:group-list")).context["object_list"][0].visible_files == 1
        client.post(reverse("dataproducts:group-delete", args=[group.pk]))
        assert not DataProductGroup.objects.exists()
        assert DataProduct.objects.exists()

    def test_group_shows_only_files_that_one_may_see(self, client, people):
        users, _ = people
        hidden = DataProductFactory(target=shared_target(people, "PRIVATE"))
        shown = DataProductFactory(target=shared_target(people, "PUBLIC"))
        mixed, secret = (DataProductGroup.objects.create(name=name) for name in ("mixed", "secret"))
        mixed.dataproduct_set.add(hidden, shown)
        secret.dataproduct_set.add(hidden)
        client.force_login(users["stranger"])
        listed = client.get(reverse("dataproducts:group-list")).context["object_list"]
        assert [(group.name, group.visible_files) for group in listed] == [("mixed", 1)]
        detail = client.get(reverse("dataproducts:group-detail", args=[mixed.pk]))
        assert list(detail.context["object_list"]) == [shown]
        assert client.get(reverse("dataproducts:group-detail", args=[secret.pk])).status_code == 404
        assert client.get(reverse("dataproducts:group-delete", args=[mixed.pk])).status_code == 403
        assert client.get(reverse("dataproducts:group-delete", args=[secret.pk])).status_code == 404
        client.logout()
        assert not client.get(reverse("dataproducts:group-list")).context["object_list"]

    def test_others_groups_and_hidden_files_are_no_choice(self, client, people):
        users, _ = people
        hidden = DataProductFactory(target=shared_target(people, "PRIVATE"))
        shown = DataProductFactory(target=shared_target(people, "PUBLIC"))
        others, mine = (DataProductGroup.objects.create(name=name) for name in ("others", "mine"))
        grant_access(users["stranger"], mine, ["change_dataproductgroup"])
        client.force_login(users["stranger"])
        add = reverse("dataproducts:group-data")
        assert client.post(add, {"products": [shown.pk], "group": others.pk}).status_code == 200
        assert client.post(add, {"products": [hidden.pk], "group": mine.pk}).status_code == 200
        assert not others.dataproduct_set.exists()
        assert not mine.dataproduct_set.exists()

    def test_anonymous_visitors_make_none(self, client):
        assert client.post(reverse("dataproducts:group-create"), {"name": "x"}).status_code == 302
        assert not DataProductGroup.objects.exists()


class TestPointTable:
    def test_pages_hold_every_point_once_while_points_arrive(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        start = datetime(2026, 8, 1, tzinfo=UTC)
        for number in range(230):  # five points share each time
            PhotometryFactory(
                target=target,
                timestamp=start + timedelta(hours=number // 5),
                brightness=15 + number / 100,
                bandpass="gr"[number % 2],
            )
        url = reverse("dataproducts:photometry-table", args=[target.pk])
        response = client.get(url)
        shown, back = [], []
        while True:
            shown += [row.brightness for row in response.context["rows"]]
            if not response.context["next_url"]:
                break
            PhotometryFactory(target=target, timestamp=start + timedelta(days=90, seconds=len(shown)))
            response = client.get(url + response.context["next_url"])
        assert len(shown) == len(set(shown)) == 230
        while response.context["previous_url"]:
            response = client.get(url + response.context["previous_url"])
            back += [row.brightness for row in response.context["rows"]]
        assert set(shown[:200]) <= set(back)

    def test_one_band_and_bad_cursors(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        PhotometryFactory(target=target, bandpass="g")
        PhotometryFactory(target=target, bandpass="r")
        url = reverse("dataproducts:photometry-table", args=[target.pk])
        assert [row.band for row in client.get(url, {"band": "g"}).context["rows"]] == ["g"]
        assert client.get(url, {"band": "none"}).context["rows"] == []
        for cursor in ("x", "1", "1.x", ".", "9" * 50 + ".1"):
            assert client.get(url, {"cursor": cursor}).status_code == 400
        assert client.get(url, {"cursor": "-99999999999999999999.0"}).status_code == 200

    def test_digits_match_the_errors(self, client):
        target = SiderealTargetFactory(permissions="OPEN")
        PhotometryFactory(target=target, brightness=18.123456, brightness_error=0.0456)
        PhotometryFactory(target=target, brightness=None, brightness_error=None, limit=20.456)
        rows = client.get(reverse("dataproducts:photometry-table", args=[target.pk])).context["rows"]
        assert {row.brightness for row in rows} == {"> 20.46", "18.123 ± 0.046"}


@pytest.mark.parametrize(("only", "explained"), [(True, False), (False, True)])
def test_groups_are_offered_permissions_on_files_only_where_these_count(settings, only, explained):
    from tom_common.people import permission_notes

    settings.TARGET_PERMISSIONS_ONLY = only
    notes = permission_notes()
    assert ("tom_dataproducts.view_dataproduct" in notes) is explained
    assert ("tom_dataproducts.view_reduceddatum" in notes) is explained
    assert "tom_dataproducts.delete_dataproductgroup" in notes


def test_every_explained_permission_exists(db):
    from tom_common.people import explained_permissions, permission_notes

    assert len(explained_permissions()) == len(permission_notes())
