"""The list of files: filters, order, pages, cost; actions on many; who may do them."""

import io
import zipfile
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse

from tom_common.grants import grant_access
from tom_common.history.models import ChangeSet
from tom_common.models import Job
from tom_dataproducts.models import DataProduct, DataProductGroup, DataUpload
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_dataproducts.tests.people import ADMITTED, as_user, shared_target
from tom_dataproducts.views import bulk_files
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
LIST, DOWNLOAD, DELETE = (f"dataproducts:{name}" for name in ("list", "bulk-download", "bulk-delete"))


def shown(client, **query):
    response = client.get(reverse(LIST), query)
    assert response.status_code == 200
    return [product.pk for product in response.context["object_list"]]


def archive(response):
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


@pytest.fixture
def target():
    return SiderealTargetFactory(name="SN 2026abc", permissions="OPEN")


def test_page_asks_for_rights_file_by_file(client, people, django_assert_max_num_queries):
    """PostgreSQL answers a plain EXISTS for all files at once, and reads all targets for a join of them."""
    for level in ("OPEN", "PRIVATE"):
        DataProductFactory.create_batch(30, target=shared_target(people, level))
    shown(as_user(client, people[0]["owner"]))  # reads what was never read
    with django_assert_max_num_queries(14) as asked:
        response = client.get(reverse(LIST))
    assert {product.may_change for product in response.context["object_list"]} == {True}
    statements = [query["sql"].replace("`", '"') for query in asked]
    of_files = [sql for sql in statements if 'FROM "tom_dataproducts_dataproduct"' in sql]
    (page,) = [sql for sql in of_files if '"may_change"' in sql]
    if connection.vendor == "postgresql":
        assert "EXISTS(" not in page.partition('"may_change"')[0]
    counts = [sql for sql in of_files if sql.startswith("SELECT COUNT(*)")]
    assert counts and not any("INNER JOIN" in sql for sql in counts)


class TestFilters:
    def test_each_filter_leaves_what_fits(self, client, people, target):
        owner = people[0]["owner"]
        plain = DataProductFactory(target=target, data__filename="plain.csv")
        other = DataProductFactory(
            target=SiderealTargetFactory(name="M 31", permissions="OPEN"),
            data__filename="night2.fits",
            data_product_type="spectroscopy",
            featured=True,
        )
        DataProduct.objects.filter(pk=other.pk).update(created=datetime(2020, 1, 5, 12, tzinfo=UTC))
        DataUpload.objects.create(product=other, user=owner)
        group = DataProductGroup.objects.create(name="paper")
        group.dataproduct_set.add(other)
        assert shown(client) == [other.pk, plain.pk]
        for query in (
            {"q": "NIGHT2 fits"},
            {"q": other.product_id},
            {"target_name": "m 31"},
            {"data_product_type": "spectroscopy"},
            {"group": group.pk},
            {"uploader": "owner"},
            {"featured": "true"},
            {"created_before": "2020-01-05"},
        ):
            assert shown(client, **query) == [other.pk], query
        assert shown(client, created_after="2020-01-06") == [plain.pk]
        assert shown(client, featured="false") == [plain.pk]

    @pytest.mark.parametrize(
        "query", [{"group": "x"}, {"created_after": "soon"}, {"data_product_type": "<b>"}]
    )
    def test_nonsense_finds_nothing_and_says_so(self, client, target, query):
        DataProductFactory(target=target)
        assert shown(client, **query) == []

    def test_chips_name_what_is_filtered_and_take_it_away(self, client, target):
        DataProductFactory(target=target)
        group = DataProductGroup.objects.create(name="paper")
        group.dataproduct_set.add(DataProduct.objects.get())
        response = client.get(reverse(LIST), {"group": group.pk, "featured": "false", "sort": "pk"})
        chips = {chip["label"]: (chip["value"], chip["remove_url"]) for chip in response.context["chips"]}
        assert chips["Group"] == ("paper", "?featured=false&sort=pk")
        assert chips["Featured"][0] == "not featured"

    def test_only_groups_that_one_may_see_can_be_chosen(self, client, people):
        hidden = DataProductGroup.objects.create(name="secret plans")
        hidden.dataproduct_set.add(DataProductFactory(target=SiderealTargetFactory(permissions="PRIVATE")))
        assert "secret plans" not in client.get(reverse(LIST)).content.decode()
        assert shown(client, group=hidden.pk) == []


class TestPages:
    @pytest.mark.parametrize("sort", ["-pk", "pk", "data", "-data", "data_product_type"])
    def test_each_order_shows_every_file_once(self, client, target, monkeypatch, sort):
        monkeypatch.setattr("tom_dataproducts.views.files._PAGE_SIZE", 3)
        for number in range(8):
            DataProductFactory(
                target=target, data__filename=f"{number % 3}.csv", data_product_type="photometry"
            )
        seen, url = [], f"?sort={sort}"
        while url:
            response = client.get(reverse(LIST) + url)
            seen += [product.pk for product in response.context["object_list"]]
            url = response.context["next_url"]
        assert len(seen) == len(set(seen)) == 8

    def test_it_costs_the_same_for_few_and_for_many(
        self, client, people, target, django_assert_max_num_queries
    ):
        as_user(client, people[0]["owner"])
        for _ in range(27):
            DataProductFactory(target=target)
        shown(client)  # what is asked once for a process
        with django_assert_max_num_queries(12) as few:
            shown(client)
        for _ in range(30):
            DataProductFactory(target=target)
        with django_assert_max_num_queries(12) as many:
            shown(client)
        assert len(few) == len(many)

    def test_it_says_how_many_there_are(self, client, target, monkeypatch):
        monkeypatch.setattr("tom_dataproducts.views.files._PAGE_SIZE", 2)
        for number in range(5):
            DataProductFactory(target=target, featured=number > 0)
        total = lambda **query: client.get(reverse(LIST), query).context["total_text"]  # noqa: E731
        assert total() == "5 files"
        assert total(featured="true") == "4 files"
        assert total(featured="false") == "1 file"
        monkeypatch.setattr("tom_dataproducts.views.files._MOST_COUNTED", 3)
        assert total(featured="true") == "more than 3 files"

    @pytest.mark.parametrize("permissions", ADMITTED)
    def test_who_sees_the_target_sees_its_files(self, client, people, permissions):
        product = DataProductFactory(target=shared_target(people, permissions))
        seen = {name for name, user in people[0].items() if shown(as_user(client, user)) == [product.pk]}
        assert seen == ADMITTED[permissions]


class TestDownload:
    def test_the_archive_holds_the_ticked_files_and_a_manifest(self, client, target):
        products = [
            DataProductFactory(target=target, data__filename="a.csv", data__data=b"one") for _ in range(2)
        ]
        products[1].data.storage.delete(products[1].data.name)
        DataProductFactory(target=target)
        response = client.post(reverse(DOWNLOAD), {"products": [product.pk for product in products]})
        assert response["Content-Disposition"].startswith('attachment; filename="files-')
        found = archive(response)
        assert found.namelist() == ["SN 2026abc/a.csv", "MANIFEST.csv"]
        assert found.read("SN 2026abc/a.csv") == b"one"
        assert (
            f",missing,0,No such file or directory,{products[1].pk}," in found.read("MANIFEST.csv").decode()
        )

    def test_everything_means_all_under_the_filters(self, client, target):
        for name in ("a.csv", "b.csv", "c.txt"):
            DataProductFactory(target=target, data__filename=name)
        found = archive(client.post(reverse(DOWNLOAD), {"everything": "1", "query_string": "q=csv&sort=pk"}))
        assert sorted(found.namelist()) == ["MANIFEST.csv", "SN 2026abc/a.csv", "SN 2026abc/b.csv"]

    @pytest.mark.parametrize("permissions", ADMITTED)
    def test_nobody_gets_what_they_may_not_see(self, client, people, permissions):
        product = DataProductFactory(target=shared_target(people, permissions))
        for name, user in people[0].items():
            for data in ({"products": [product.pk]}, {"everything": "1"}):
                response = as_user(client, user).post(reverse(DOWNLOAD), data)
                assert response.status_code == (200 if name in ADMITTED[permissions] else 302)

    @pytest.mark.parametrize(
        "data", [{}, {"products": ["x", "-1", "9" * 40, "²"]}, {"everything": "1", "query_string": "group=x"}]
    )
    def test_an_empty_or_broken_selection_goes_back_to_the_list(self, client, target, data):
        DataProductFactory(target=target)
        assert client.post(reverse(DOWNLOAD), data).status_code == 302

    def test_it_asks_the_database_once_for_many(self, client, target, django_assert_max_num_queries):
        for _ in range(40):
            DataProductFactory(target=target)
        with django_assert_max_num_queries(6):
            archive(client.post(reverse(DOWNLOAD), {"everything": "1"}))


class TestDelete:
    def test_it_asks_first_and_names_what_stays(self, client, people):
        users, _ = people
        mine = DataProductFactory(target=shared_target(people, "OPEN"), data__filename="mine.csv")
        other = DataProductFactory(
            target=SiderealTargetFactory(permissions="OPEN"), data__filename="other.csv"
        )
        data = {"products": [mine.pk, other.pk]}
        response = as_user(client, users["owner"]).post(reverse(DELETE), data)
        assert "Delete 1 file?" in response.content.decode()
        assert response.context["refused_count"] == 1
        assert DataProduct.objects.count() == 2
        client.post(reverse(DELETE), data | {"confirmed": "1"})
        assert list(DataProduct.objects.all()) == [other]

    def test_measurements_and_files_go_along_as_one_change(
        self, client, people, settings, django_capture_on_commit_callbacks
    ):
        settings.TOM_FILE_TRASH_DAYS = 0
        target = shared_target(people, "OPEN")
        products = [DataProductFactory(target=target) for _ in range(3)]
        PhotometryFactory(target=target, data_product=products[0])
        before = ChangeSet.objects.count()
        with django_capture_on_commit_callbacks(execute=True):
            as_user(client, people[0]["owner"]).post(
                reverse(DELETE), {"everything": "1", "confirmed": "1", "query_string": ""}
            )
        assert not DataProduct.objects.exists()
        assert not target.photometryreduceddatum_set.exists()
        assert not any(product.data.storage.exists(product.data.name) for product in products)
        assert ChangeSet.objects.count() == before + 1

    def test_very_many_are_deleted_by_a_job(
        self, client, people, monkeypatch, django_capture_on_commit_callbacks
    ):
        monkeypatch.setattr(bulk_files, "MOST_AT_ONCE", 2)
        target = shared_target(people, "OPEN")
        products = [DataProductFactory(target=target) for _ in range(3)]
        with django_capture_on_commit_callbacks(execute=True):
            response = as_user(client, people[0]["owner"]).post(
                reverse(DELETE), {"products": [product.pk for product in products], "confirmed": "1"}
            )
        job = Job.objects.get(task__endswith="delete_many_products")
        assert response.url == job.get_absolute_url()
        assert job.user == people[0]["owner"]
        assert not DataProduct.objects.exists()

    def test_only_who_may_change_the_target_deletes(self, client, people):
        users, _ = people
        for name, user in users.items():
            product = DataProductFactory(target=shared_target(people, "OPEN"))
            as_user(client, user).post(reverse(DELETE), {"products": [product.pk], "confirmed": "1"})
            gone = not DataProduct.objects.filter(pk=product.pk).exists()
            assert gone == (name in ("owner", "staff")), name


class TestGroups:
    def test_only_its_keeper_takes_files_out_of_a_group(self, client, people):
        users, _ = people
        product = DataProductFactory(target=shared_target(people, "OPEN"))
        group = DataProductGroup.objects.create(name="paper")
        grant_access(users["owner"], group, ["change_dataproductgroup"])
        url = reverse("dataproducts:group-remove", args=[group.pk])
        for name in ("anonymous", "stranger", "member", "owner"):
            group.dataproduct_set.add(product)
            as_user(client, users[name]).post(url, {"products": [product.pk, "x"]})
            assert group.dataproduct_set.exists() == (name != "owner"), name
        assert DataProduct.objects.filter(pk=product.pk).exists()

    @pytest.mark.parametrize("key", ["x", "", "-1", "²", "9" * 30, "1" * 19])
    def test_what_is_no_key_is_passed_over(self, client, people, key):
        users, _ = people
        product = DataProductFactory(target=shared_target(people, "OPEN"))
        group = DataProductGroup.objects.create(name="paper")
        group.dataproduct_set.add(product)
        grant_access(users["owner"], group, ["change_dataproductgroup"])
        url = reverse("dataproducts:group-remove", args=[group.pk])
        answer = as_user(client, users["owner"]).post(url, {"products": [key, product.pk]}, follow=True)
        assert "1 file taken out of paper." in answer.content.decode()
        assert not group.dataproduct_set.exists()

    def test_files_that_one_may_not_see_stay_in_the_group(self, client, people):
        users, _ = people
        hidden = DataProductFactory(target__permissions="PRIVATE")
        group = DataProductGroup.objects.create(name="paper")
        group.dataproduct_set.add(hidden)
        grant_access(users["owner"], group, ["change_dataproductgroup"])
        url = reverse("dataproducts:group-remove", args=[group.pk])
        answer = as_user(client, users["owner"]).post(url, {"products": [hidden.pk]}, follow=True)
        assert "0 files taken out of paper." in answer.content.decode()
        assert list(group.dataproduct_set.all()) == [hidden]
