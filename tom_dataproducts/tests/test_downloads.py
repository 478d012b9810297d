"""Files leave as they are, whole or in parts, and nothing of them runs in the origin of the pages."""

import os
import tracemalloc

import pytest
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tom_dataproducts.file_names import safe_file_name
from tom_dataproducts.models import DataProduct
from tom_dataproducts.tests.factories import DataProductFactory
from tom_dataproducts.tests.people import as_user, shared_target

pytestmark = pytest.mark.django_db
TEN = b"0123456789"


@pytest.fixture
def target(people):
    return shared_target(people, "OPEN")


def stored(target, content=TEN, name="night.dat"):
    product = DataProductFactory(target=target, data=None)
    product.data.save(name, ContentFile(content))
    return product


def download(client, product, **headers):
    return client.get(reverse("dataproducts:download", args=[product.pk]), headers=headers)


def content_of(response):
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize(
    ("wanted", "status", "content", "told"),
    [
        ("", 200, TEN, None),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, TEN, "bytes 0-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=4-2", 200, TEN, None),
        ("bytes=-", 200, TEN, None),
        ("bytes=0-1,4-5", 200, TEN, None),
        pytest.param(f"bytes={'9' * 5000}-", 200, TEN, None, id="no number of bytes"),
        ("bytes=²-", 200, TEN, None),
        ("lines=1-2", 200, TEN, None),
        ("bytes=\u0661-\u0662", 200, TEN, None),
    ],
)
def test_parts(client, target, wanted, status, content, told):
    product = stored(target)
    response = download(client, product, range=wanted) if wanted.isascii() else download(client, product)
    assert (response.status_code, content_of(response), response.get("Content-Range")) == (
        status,
        content,
        told,
    )
    assert response["Accept-Ranges"] == "bytes"
    if status != 416:
        assert response["Content-Length"] == str(len(content))


def test_an_empty_file_is_sent_whole(client, target):
    product = stored(target, content=b"")
    assert content_of(download(client, product)) == b""
    assert download(client, product, range="bytes=0-").status_code == 416


def test_a_download_goes_on_only_where_it_is_the_same_file(client, target):
    product = stored(target)
    etag = client.head(reverse("dataproducts:download", args=[product.pk]))["ETag"]
    assert content_of(download(client, product, range="bytes=5-", if_range=etag)) == b"56789"
    assert content_of(download(client, product, range="bytes=5-", if_range='"other"')) == TEN


def test_head_sends_no_content(client, target):
    product = stored(target)
    response = client.head(reverse("dataproducts:download", args=[product.pk]))
    assert (response.status_code, response["Content-Length"], content_of(response)) == (200, "10", b"")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("page.html", "application/octet-stream"),
        ("page.xhtml", "application/octet-stream"),
        ("picture.svg", "application/octet-stream"),
        ("table.xml", "application/octet-stream"),
        ("script.js", "application/octet-stream"),
        ("style.css", "application/octet-stream"),
        ("mail.mht", "application/octet-stream"),
        ("no_suffix", "application/octet-stream"),
        ("page.HTML", "application/octet-stream"),
        ("night.CSV", "text/csv; charset=utf-8"),
        ("night.fits", "application/fits"),
        ("night.fits.gz", "application/gzip"),
        ("finder.png", "image/png"),
    ],
)
def test_nothing_runs_in_our_origin(client, target, name, kind):
    content = b"<script>alert(1)</script>"
    product = stored(target, content=content, name=name)
    for headers in ({}, {"range": "bytes=0-5"}, {"accept-encoding": "gzip"}):
        response = download(client, product, **headers)
        assert content_of(response) in (content, content[:6])
        assert response["Content-Type"] == kind
        assert response["Content-Disposition"].startswith("attachment; filename=")
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Encoding"] == "identity"
        assert response["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("permissions", ["OPEN", "PUBLIC", "PRIVATE"])
@pytest.mark.parametrize("way", ["stream", "redirect"])
def test_the_permission_is_asked_before_every_download(client, people, settings, permissions, way):
    settings.TOM_DOWNLOADS = way  # a local folder signs no links: it streams in either case
    product = stored(shared_target(people, permissions))
    seen = set()
    for name, user in people[0].items():
        response = download(as_user(client, user), product)
        content_of(response)  # closes the file
        if response.status_code == 200:
            seen.add(name)
    everybody = {"anonymous", "stranger", "member", "owner", "staff"}
    expected = {"OPEN": everybody, "PUBLIC": everybody - {"anonymous"}}
    assert seen == expected.get(permissions, {"member", "owner", "staff"})


@hypothesis_settings(max_examples=300)
@given(st.text(max_size=300))
def test_names_stay_in_their_folder(name):
    made = safe_file_name(name)
    assert made
    assert not set(made) & set('/\\\0\n\r"')
    assert made not in (".", "..")
    assert not made.startswith(".")
    assert len(made) <= 120
    assert os.path.basename(made) == made


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target_name=st.text(max_size=80), name=st.text(max_size=150), facility=st.text(max_size=40))
def test_files_stay_below_the_media_folder(people, target_name, name, facility):
    from tom_observations.models import ObservationRecord
    from tom_targets.models import Target

    target = Target(pk=7, name=target_name, type="SIDEREAL")
    product = DataProduct(target=target)
    if facility:
        product.observation_record = ObservationRecord(facility=facility)
    product.data.save(safe_file_name(name), ContentFile(b"x"), save=False)
    root = os.path.realpath(django_settings.MEDIA_ROOT)
    assert os.path.realpath(product.data.path).startswith(root + os.sep)
    product.data.delete(save=False)


def test_a_large_file_takes_little_memory(client, target):
    product = stored(target)
    with open(product.data.path, "r+b") as file:
        file.truncate(300_000_000)  # without blocks on the disk
    tracemalloc.start()
    try:
        response = download(client, product)
        size = sum(len(piece) for piece in response.streaming_content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == int(response["Content-Length"]) == 300_000_000
    assert peak < 20_000_000
