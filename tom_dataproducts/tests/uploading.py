"""Files of photometry and spectra, and what a browser does with them, for tests of uploads."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tom_dataproducts.models import PhotometryReducedDatum

GOOD = b"mjd_utc,filter,mag_AB,mag_err\n61000.5,r,18.25,0.05\n61001.5,g,18.75,0.06\n"
DOUBTFUL = b"time,filter,magnitude,error\n61000.5,r,18.25,0.05\n61001.5,g,18.75,0.06\n"
BAD_ROW = GOOD + b"61002.5,r,bright,0.05\n61003.5,r,18.1,-0.5\n"
SPECTRUM = b"# DATE-OBS: 2026-01-02T03:04:05\nwavelength,flux\n4000,1e-15\n4001,1.5e-15\n4002,2e-15\n"


def send(client, target, content, name="curve.csv", **fields):
    form = {"target": target.pk, "files": [SimpleUploadedFile(name, content)], **fields}
    return client.post(reverse("dataproducts:upload"), form)


def page(name, product):
    return reverse(f"dataproducts:{name}", args=[product.pk])


def confirm(client, product, **changes):
    """Post the form of the page as a browser would, with changes."""
    shown = client.get(page("process", product))
    form = shown.context["form"]
    data = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False)}
    return client.post(page("process", product), {**data, "store": "1", **changes})


def points():
    return list(PhotometryReducedDatum.objects.order_by("timestamp").values_list("bandpass", "brightness"))


def content_of(product):
    with product.data.open("rb") as file:
        return file.read()
