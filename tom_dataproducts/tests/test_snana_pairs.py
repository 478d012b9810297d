"""SNANA's HEAD and PHOT files together: real ones of the challenge, and several objects in one pair."""

import gzip
import io
import tarfile

import numpy as np
import pytest
from astropy.io import fits
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.shared_data import shared_data_dir
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_dataproducts.tests.people import as_user
from tom_targets.models import TargetName
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
URL = "/dataproducts/data/upload/"
ENDS = -777.0


def pair_of(*objects, phot="SN-0001_PHOT.FITS"):
    """Return a HEAD and a PHOT file of objects, each (SNID, ra_deg, dec_deg, number of points)."""
    first, pointers, mjd, band, flux = 1, [], [], [], []
    for number, (_, _, _, count) in enumerate(objects):
        pointers.append((first, first + count - 1))
        mjd += [*(60000.0 + number * 100 + np.arange(count)), ENDS]
        band += ["r"] * count + ["-"]
        flux += [*(100.0 + number * 1000 + np.arange(count)), ENDS]
        first += count + 1
    names, ra, dec, counts = zip(*objects, strict=True)
    head = fits.BinTableHDU.from_columns(
        [
            fits.Column("SNID", "16A", array=names),
            fits.Column("RA", "D", array=ra),
            fits.Column("DEC", "D", array=dec),
            fits.Column("NOBS", "J", array=counts),
            fits.Column("PTROBS_MIN", "J", array=[low for low, _ in pointers]),
            fits.Column("PTROBS_MAX", "J", array=[high for _, high in pointers]),
        ]
    )
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("MJD", "D", array=mjd),
            fits.Column("BAND", "2A", array=band),
            fits.Column("FLUXCAL", "E", array=flux),
            fits.Column("FLUXCALERR", "E", array=np.full(len(mjd), 5.0)),
        ]
    )
    return sent("SN-0001_HEAD.FITS", head, phot), sent(phot, table, phot)


def sent(name, table, phot):
    primary = fits.PrimaryHDU()
    primary.header["PHOTFILE"] = phot
    buffer = io.BytesIO()
    fits.HDUList([primary, table]).writeto(buffer)
    return SimpleUploadedFile(name, buffer.getvalue())


def upload(client, target, *files, **fields):
    form = {"target": target.pk, "files": files, "data_product_type": "", "at_once": "on", **fields}
    return client.post(URL, form, headers={"Accept": "application/json"})


def api_form(target, files):
    return {"target": target.pk, "files": files, "data_product_type": "photometry"}


@pytest.fixture
def owner(client, people):
    target = SiderealTargetFactory(name="907156", ra=75.410156, dec=-2.686724)
    as_user(client, people[0]["staff"])
    return client, target


def times_of(target):
    points = PhotometryReducedDatum.objects.filter(target=target).order_by("timestamp")
    return [round(point.timestamp.timestamp() / 86400 + 40587, 3) for point in points]


def test_real_files_of_the_challenge_give_the_light_curve_of_their_object(owner):
    client, target = owner
    wanted = {"HEAD", "PHOT"}
    files = []
    with tarfile.open(shared_data_dir() / "data" / "desc" / "elasticc2_alert_test_data.tar.bz2") as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            if "dwarf" in member.name and name.startswith("ELASTICC2_TRAIN_01_1percent_NONIaMODEL0-0002_"):
                files.append(SimpleUploadedFile(name, archive.extractfile(member).read()))
                wanted.discard(name.partition(".")[0].rpartition("_")[2])
            if not wanted:
                break
    table = fits.open(io.BytesIO(gzip.decompress(next(f for f in files if "PHOT" in f.name).read())))[1].data
    for file in files:
        file.seek(0)

    assert "redirect" in upload(client, target, *files).json()

    product = DataProduct.objects.get(data__contains="PHOT")
    assert product.upload.sentence() == "309 points stored."
    times = table["MJD"][table["MJD"] > 0]
    assert times_of(target) == pytest.approx(np.sort(times).tolist(), abs=1e-3)
    assert PhotometryReducedDatum.objects.filter(target=target, unit="nJy").count() == 309


@pytest.mark.parametrize(
    ("name", "ra", "dec", "expected"),
    [
        ("second", 10.0, 10.0, [60100.0, 60101.0]),
        ("by its place", 20.0001, 5.0, [60100.0, 60101.0]),
        ("an alias", 10.0, 10.0, [60200.0, 60201.0, 60202.0, 60203.0]),
    ],
)
def test_of_several_objects_the_one_of_the_target_is_taken(owner, name, ra, dec, expected):
    client, _ = owner
    target = SiderealTargetFactory(name=name, ra=ra, dec=dec)
    TargetName.objects.create(target=target, name="Third" if name == "an alias" else "other")
    files = pair_of(("first", 40.0, 1.0, 3), ("SECOND", 20.0, 5.0, 2), ("third", 60.0, 1.0, 4))
    assert "redirect" in upload(client, target, *files).json()
    assert times_of(target) == expected
    assert DataProduct.objects.filter(target=target).count() == 2


def test_the_api_takes_the_pair_too(owner):
    client, target = owner
    files = pair_of(("first", 40.0, 1.0, 3), ("907156", 75.410156, -2.686724, 2))
    answer = client.post("/api/dataproducts/", api_form(target, files))
    assert answer.status_code == 201, answer.content
    assert times_of(target) == [60100.0, 60101.0]


def test_no_object_of_the_pair_is_the_target(owner):
    client, target = owner
    answer = upload(client, target, *pair_of(("first", 40.0, 1.0, 3), ("second", 20.0, 5.0, 2))).json()
    assert "none of its 2 objects is 907156, by a name or within 2 arcsec" in answer["errors"][0]
    assert "the nearest, first, is 35.6 deg away" in answer["errors"][0]
    assert not DataProduct.objects.exists()


def test_one_file_of_several_objects_says_what_to_do(owner):
    client, target = owner
    head, phot = pair_of(("first", 40.0, 1.0, 3), ("second", 20.0, 5.0, 2))
    upload(client, target, head)
    upload(client, target, phot)
    product = DataProduct.objects.get(data__contains="PHOT")
    page = client.get(f"/dataproducts/data/{product.pk}/process/").content.decode()
    assert "the light curves of 2 objects of SNANA" in page
    assert "upload both together" in page
    assert times_of(target) == []


def test_one_light_curve_needs_no_head(owner):
    client, target = owner
    _, phot = pair_of(("907156", 40.0, 1.0, 3))
    client.post("/api/dataproducts/", api_form(target, phot))
    assert times_of(target) == [60000.0, 60001.0, 60002.0]
