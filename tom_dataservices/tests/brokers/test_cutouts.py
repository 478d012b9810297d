"""Images of ALeRCE, Fink, Lasair, Babamul: small ones of results, files of targets, broken ones."""

import datetime as dt
import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from tests.shared_data import shared_data_dir
from tests.standins.alerce import LSST_OID, OID
from tests.standins.babamul import RUBIN_ID, babamul
from tests.standins.lasair import LSST_ID, ZTF_ID
from tom_dataproducts.file_selectors import cutouts_of
from tom_dataproducts.images import first_image
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_dataservices import tasks
from tom_dataservices.clients.broker import point
from tom_dataservices.models import ResultCutout
from tom_dataservices.providers import DataServiceProvider
from tom_targets.models import Target, TargetName

FINK_ZTF, FINK_LSST = "ZTF26aamcbly", "LSST-P-DO-170028485706776685"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def all_stand_ins(stand_ins, settings):
    with babamul(shared_data_dir() / "data" / "alerts") as state:
        settings.DATA_SERVICES = {**settings.DATA_SERVICES, **state.settings()}
        stand_ins.babamul = state
        yield stand_ins


def asked(client, service, **values):
    ask = {"data_service": service, "query_name": "", **values}
    return client.post(reverse("dataservices:create"), ask, follow=True).context["run"]


def shown(client, run):
    """Return the images that the page of a run shows, by the name of the result."""
    page = client.get(run.get_absolute_url()).content.decode()
    found = {}
    for row in run.results.all():
        address = reverse("dataservices:result-cutout", args=[row.pk])
        if f'src="{address}"' in page:
            found[row.name] = client.get(address).content
    return found


@pytest.mark.parametrize(
    ("service", "values"),
    [
        ("ALeRCE", {"objects": OID}),
        ("ALeRCE LSST", {"objects": str(LSST_OID)}),
        ("Lasair", {"objects": str(LSST_ID)}),
        ("Lasair ZTF", {"objects": ZTF_ID}),
        ("Babamul", {"alert_survey": "ZTF", "max_results": "1"}),
        ("Babamul", {"objects": RUBIN_ID}),
    ],
)
def test_results_show_the_science_image_which_we_keep(all_stand_ins, as_owner, at_once, service, values):
    images = shown(as_owner, asked(as_owner, service, **values))
    assert len(images) == 1
    assert all(content.startswith(PNG) for content in images.values())


def test_the_image_of_the_same_detection_is_asked_for_once(all_stand_ins, as_owner, at_once):
    first = asked(as_owner, "Babamul", objects=RUBIN_ID)
    calls = len(all_stand_ins.babamul.calls("GET", f"/surveys/LSST/objects/{RUBIN_ID}/cutouts"))
    as_owner.post(reverse("dataservices:more", args=[first.pk]), {"again": "1"})
    second = type(first).objects.latest("pk")
    assert second.pk != first.pk
    assert shown(as_owner, second) == shown(as_owner, first)
    assert len(all_stand_ins.babamul.calls("GET", f"/surveys/LSST/objects/{RUBIN_ID}/cutouts")) == calls == 1


def test_lasair_is_asked_for_few_images_since_each_is_a_call(all_stand_ins, as_owner, at_once):
    run = asked(as_owner, "Lasair", conditions="objects.nDiaSources > 0", max_results="5")
    all_stand_ins.lasair.rows = all_stand_ins.lasair.rows * 4
    assert run.found == 5
    assert len(all_stand_ins.lasair.calls("GET", "/lsst/api/object/")) <= 5


def test_one_broken_image_does_not_keep_the_others_out(all_stand_ins, as_owner, at_once):
    all_stand_ins.alerce.faults = {("GET", "/avro/get_stamp"): [404, None, "html"]}
    run = asked(as_owner, "ALeRCE", max_results="4")
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert len(shown(as_owner, run)) == 2
    notes = ResultCutout.objects.exclude(note="").order_by("pk").values_list("note", flat=True)
    assert "404" in notes[0] and "cannot be shown" in notes[1]
    assert page.count("no image") == 2
    assert notes[0] in page
    broken = ResultCutout.objects.exclude(note="").first()
    assert as_owner.get(reverse("dataservices:result-cutout", args=[broken.result_id])).status_code == 404


def update(service, target, user=None):
    return DataServiceProvider(service, user).update(target)


@pytest.mark.parametrize(
    ("service", "name", "survey", "count"),
    [
        ("ALeRCE", OID, "ZTF", 3),
        ("ALeRCE LSST", f"LSST-P-DO-{LSST_OID}", "LSST", 3),
        ("Lasair", f"LSST-P-DO-{LSST_ID}", "LSST", 3),
        ("Lasair ZTF", ZTF_ID, "ZTF", 3),
        ("Fink ZTF", FINK_ZTF, "ZTF", 3),
        ("Fink LSST", FINK_LSST, "LSST", 3),
        ("Babamul", f"LSST-P-DO-{RUBIN_ID}", "LSST", 3),
        ("Babamul", "ZTF25aagbkaj", "ZTF", 3),
    ],
)
def test_a_target_gets_the_images_of_its_newest_alert_once(
    all_stand_ins, users, client, service, name, survey, count
):
    target = Target.objects.create(name=name, type="SIDEREAL", ra=10.0, dec=5.0, permissions="PUBLIC")
    update(service, target)
    kept = cutouts_of(target, user=users["owner"])
    assert [cutout.role for cutout in kept] == ["science", "reference", "difference"]
    assert all(one.product.product_id.startswith(f"cutout:{survey}:{target.pk}:") for one in kept)
    with kept[0].product.data.open() as file:
        assert first_image(file.read()).shape == (63, 63)
    before = set(DataProduct.objects.values_list("pk", "data"))
    requests = sum("cutout" in path or "stamp" in path for state in vars(all_stand_ins).values()
                   for _, path in state.requests)  # fmt: skip
    update(service, target)
    again = sum("cutout" in path or "stamp" in path for state in vars(all_stand_ins).values()
                for _, path in state.requests)  # fmt: skip
    assert set(DataProduct.objects.values_list("pk", "data")) == before
    assert again == requests
    client.force_login(users["owner"])
    url = reverse("targets:section", args=[target.pk, "cutouts"])
    section = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert section.count("<figure") == count


def test_without_its_images_a_target_still_gets_its_light_curve(all_stand_ins, users, caplog):
    all_stand_ins.alerce.faults = {("GET", "/avro/get_stamp"): 404}
    target = Target.objects.create(name=OID, type="SIDEREAL", ra=185.7, dec=15.8)
    assert update("ALeRCE", target) > 0
    assert PhotometryReducedDatum.objects.filter(target=target).exists()
    assert not DataProduct.objects.exists()
    assert "science image" in caplog.text


def test_a_target_of_which_all_images_are_kept_loses_none(all_stand_ins, users):
    target = Target.objects.create(name=OID, type="SIDEREAL", ra=185.7, dec=15.8)
    for number in (1, 2):
        facts = json.dumps({"cutout": "science", "alert": str(number), "mjd_utc": 58000.0 + number})
        product = DataProduct(product_id=f"cutout:ZTF:{target.pk}:{number}:science", target=target)
        product.extra_data = facts
        product.data.save(f"{number}.fits", ContentFile(b"x"))
    update("ALeRCE", target)
    kept = DataProduct.objects.filter(target=target)
    assert kept.count() == 5
    assert all(default_storage.exists(one.data.name) for one in kept)


def test_images_are_not_fetched_from_machines_of_others(all_stand_ins, users, caplog):
    all_stand_ins.lasair.images_at = "http://169.254.169.254"
    target = Target.objects.create(name=f"LSST-P-DO-{LSST_ID}", type="SIDEREAL", ra=10.0, dec=5.0)
    TargetName.objects.create(target=target, name=str(LSST_ID))
    assert update("Lasair", target) > 0
    assert not DataProduct.objects.exists()
    assert "says that an image lies at 169.254.169.254" in caplog.text


def test_a_flux_of_exactly_zero_stays_a_point():
    made = point(mjd=61300.0, band="r", flux_njy=0.0, flux_err_njy=80.0, forced=True)
    assert made["flux_njy"] == 0.0
    assert "negative" not in made and made["forced"] is True


def test_a_page_looks_for_images_until_they_are_there(all_stand_ins, as_owner, at_once, monkeypatch):
    monkeypatch.setattr(tasks, "gives_cutouts", lambda plugin: False)  # the job has not run yet
    run = asked(as_owner, "ALeRCE", objects=OID)
    result = run.results.get()
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert f'hx-select-oob="#image-{result.pk},#bright-{result.pk},#curve-{result.pk}"' in page
    type(run).objects.filter(pk=run.pk).update(finished=timezone.now() - dt.timedelta(minutes=3))
    assert 'id="images"' not in as_owner.get(run.get_absolute_url()).content.decode()
    type(run).objects.filter(pk=run.pk).update(finished=timezone.now())
    ResultCutout.objects.create(result=result, role="science", content=b"", note="There is none.")
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert 'id="images"' not in page and "There is none." in page


def test_images_can_be_switched_off(all_stand_ins, as_owner, at_once, settings):
    settings.DATA_SERVICES["ALeRCE"]["cutouts"] = False
    run = asked(as_owner, "ALeRCE", objects=OID)
    target = Target.objects.create(name=OID, type="SIDEREAL", ra=185.7, dec=15.8)
    assert update("ALeRCE", target) > 0
    assert 'id="images"' not in as_owner.get(run.get_absolute_url()).content.decode()
    assert all_stand_ins.alerce.calls("GET", "/avro") == []
    assert not DataProduct.objects.exists()
