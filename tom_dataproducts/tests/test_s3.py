"""Files in a bucket: an S3 service over HTTP, with its faults. The row and the file agree afterwards."""

import threading

import pytest
import requests
from botocore.exceptions import ClientError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from tests.standins.object_store import BUCKET, ObjectStore, Wire
from tom_common.files import StorageUnavailable
from tom_dataproducts.models import DataProduct
from tom_dataproducts.tests.people import as_user, shared_target
from tom_dataproducts.uploads import store_upload

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4000


@pytest.fixture(scope="module")
def service():
    made = ObjectStore()
    yield made
    made.stop()


@pytest.fixture
def use(settings, service):
    """Give a function that keeps files in the bucket, with changed options."""

    def use(**changes):
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {
                "BACKEND": "tom_common.file_storage.PrivateS3Storage",
                "OPTIONS": service.options(**changes),
            },
        }

    settings.DATA_PRODUCT_TYPES = {"log": ("log", "Log of the night")}  # a file that nobody reads
    for name in service.names():
        service.client.delete_object(Bucket=BUCKET, Key=name)
    use()
    yield use
    service.ask_for_credentials(10**9)


@pytest.fixture
def target(people):
    return shared_target(people, "PRIVATE")


def upload(client, target, people, content=CONTENT, name="night.dat", status=201):
    response = as_user(client, people[0]["owner"]).post(
        "/api/dataproducts/",
        {"target": target.pk, "data": SimpleUploadedFile(name, content), "data_product_type": "log"},
    )
    assert response.status_code == status, response.content
    return DataProduct.objects.order_by("-pk").first()


def download(client, product, **headers):
    return client.get(reverse("dataproducts:download", args=[product.pk]), headers=headers)


def test_a_file_goes_to_the_bucket_and_comes_back(client, use, service, people, target):
    product = upload(client, target, people)

    [name] = service.names()
    assert name == f"tom/{product.data.name}"
    response = download(client, product)
    assert b"".join(response.streaming_content) == CONTENT
    assert response["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("wanted", "part", "told"),
    [
        ("bytes=0-9", CONTENT[:10], "bytes 0-9/1024000"),
        ("bytes=1023990-", CONTENT[-10:], "bytes 1023990-1023999/1024000"),
        ("bytes=-5", CONTENT[-5:], "bytes 1023995-1023999/1024000"),
    ],
)
def test_a_part_of_a_file(client, use, people, target, wanted, part, told):
    product = upload(client, target, people)
    response = download(client, product, range=wanted)
    assert (response.status_code, response["Content-Range"]) == (206, told)
    assert b"".join(response.streaming_content) == part


def test_nothing_in_the_bucket_is_public(client, use, service, people, target):
    upload(client, target, people)
    [name] = service.names()
    grants = service.client.get_object_acl(Bucket=BUCKET, Key=name)["Grants"]
    assert [grant["Grantee"].get("URI") for grant in grants] == [None]


@pytest.mark.parametrize("way", ["stream", "redirect"])
@pytest.mark.parametrize(
    ("who", "seen"),
    [("anonymous", False), ("stranger", False), ("member", True), ("owner", True), ("staff", True)],
)
def test_who_may_not_see_the_target_gets_neither_file_nor_link(
    client, use, settings, people, target, way, who, seen
):
    settings.TOM_DOWNLOADS = way
    product = upload(client, target, people)
    as_user(client, people[0][who])
    response = download(client, product)
    if response.streaming:
        assert b"".join(response.streaming_content) == CONTENT
    assert response.status_code == ({"stream": 200, "redirect": 302}[way] if seen else 404)


def test_a_signed_link_is_for_one_file_and_some_minutes(client, use, settings, service, people, target):
    settings.TOM_DOWNLOADS = "redirect"
    settings.TOM_DOWNLOAD_LINK_S = 60
    product = upload(client, target, people, name="page.html", content=b"<script>1</script>")

    response = download(client, product)
    link = response["Location"]

    assert "no-store" in response["Cache-Control"]
    assert "X-Amz-Expires=60" in link
    assert "X-Amz-Signature=" in link
    assert "secret-of-the-bucket" not in link
    answer = requests.get(link, timeout=10)
    assert answer.content == b"<script>1</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_a_missing_bucket_stores_nothing_and_says_so(client, use, service, people, target):
    use(bucket_name="no-such-bucket")
    upload(client, target, people, status=503)
    assert not DataProduct.objects.exists()
    with pytest.raises(StorageUnavailable, match="its bucket does not exist"):
        default_storage.save("x.dat", SimpleUploadedFile("x.dat", b"x"))


@pytest.mark.parametrize("way", ["stream", "redirect"])
def test_a_download_tells_a_missing_bucket_from_a_missing_file(
    client, use, settings, service, people, target, way
):
    settings.TOM_DOWNLOADS = way
    product = upload(client, target, people)
    service.client.delete_object(Bucket=BUCKET, Key=f"tom/{product.data.name}")
    page = download(client, product)
    assert page.status_code == 404
    assert "The file is not in the storage" in page.content.decode()
    use(bucket_name="no-such-bucket")
    page = download(client, product)
    assert page.status_code == 503
    assert "its bucket does not exist" in page.content.decode()
    answer = client.get(f"/api/dataproducts/{product.pk}/download/")
    assert (answer.status_code, "bucket does not exist" in answer.json()["detail"]) == (503, True)


def test_denied_credentials_store_nothing_and_say_so(client, use, service, people, target, caplog):
    kept = upload(client, target, people)
    service.ask_for_credentials()

    response = as_user(client, people[0]["owner"]).post(
        "/api/dataproducts/",
        {"target": target.pk, "data": SimpleUploadedFile("o.dat", b"1 2"), "data_product_type": "log"},
    )

    assert response.status_code == 503
    assert "access key" in response.json()["detail"] or "let this TOM in" in response.json()["detail"]
    assert "secret-of-the-bucket" not in response.content.decode() + caplog.text
    assert DataProduct.objects.count() == 1
    page = download(client, kept)
    assert page.status_code == 503
    assert "neither be read nor stored" in page.content.decode()
    service.ask_for_credentials(10**9)
    assert service.names() == [f"tom/{kept.data.name}"]
    assert b"".join(download(client, kept).streaming_content) == CONTENT


@pytest.mark.parametrize(("times", "cut_after"), [(1, 300_000), (20, 3_000_000)], ids=["one", "in parts"])
def test_a_break_in_the_middle_of_an_upload_leaves_nothing(
    client, use, service, people, target, times, cut_after
):
    wire = Wire(service.port, cut_after)
    use(endpoint_url=wire.url)
    try:
        upload(client, target, people, content=CONTENT * times, status=503)
    finally:
        wire.stop()
    assert wire.cuts
    assert not DataProduct.objects.exists()
    assert service.names() == []
    assert "Uploads" not in service.client.list_multipart_uploads(Bucket=BUCKET)

    use()
    product = upload(client, target, people)
    assert b"".join(download(client, product).streaming_content) == CONTENT


def test_a_row_that_is_refused_leaves_no_file(use, service, people, target, settings):
    settings.HOOKS = {"data_product_post_upload": "tom_dataproducts.tests.test_s3.refuse"}
    with pytest.raises(RuntimeError):
        store_upload({"target": target, "data": SimpleUploadedFile("a.dat", b"1 2")}, user=people[0]["owner"])
    assert service.names() == []
    assert not DataProduct.objects.exists()


def refuse(product):
    raise RuntimeError("the hook refuses")


def test_two_files_of_one_name_at_once_are_two_files(use, service):
    barrier = threading.Barrier(4)
    names = []

    def save(number):
        barrier.wait(10)
        names.append(default_storage.save("same/name.dat", SimpleUploadedFile("n", b"%d" % number)))

    threads = [threading.Thread(target=save, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(set(names)) == 4
    kept = {b"".join(default_storage.pieces(name)) for name in names}
    assert kept == {b"0", b"1", b"2", b"3"}


def test_a_size_takes_one_request(use, service):
    name = default_storage.save("one.dat", SimpleUploadedFile("one.dat", CONTENT))
    asked = []
    default_storage.bucket.meta.client.meta.events.register(
        "before-call.s3", lambda model, **_: asked.append(model.name)
    )

    assert default_storage.size(name) == len(CONTENT)

    assert asked == ["HeadObject"]
    with pytest.raises(FileNotFoundError):
        default_storage.size("two.dat")


def test_a_break_at_a_service_without_conditions_leaves_the_file_of_somebody_else(use, service):
    def refuse(params, **_):
        if "If-None-Match" in params["headers"]:
            raise ClientError({"Error": {"Code": "NotImplemented"}}, "PutObject")
        service.client.put_object(Bucket=BUCKET, Key="tom/same.dat", Body=b"theirs")  # in the same moment
        raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")

    default_storage.bucket.meta.client.meta.events.register("before-call.s3.PutObject", refuse)
    with pytest.raises(StorageUnavailable):
        default_storage.save("same.dat", SimpleUploadedFile("same.dat", b"mine"))

    assert b"".join(default_storage.pieces("same.dat")) == b"theirs"


def test_check_storage_reads_the_bucket(client, use, service, people, target, capsys):
    product = upload(client, target, people)
    call_command("check_storage", "--grace-hours", "0")
    service.client.put_object(Bucket=BUCKET, Key="tom/forgotten.dat", Body=b"x")
    service.client.delete_object(Bucket=BUCKET, Key=f"tom/{product.data.name}")

    with pytest.raises(SystemExit):
        call_command("check_storage", "--grace-hours", "0")

    said = capsys.readouterr().out
    assert "1 rows with a file, 1 files" in said
    assert f"no file          {product.data.name}" in said
    assert "no row           forgotten.dat" in said
