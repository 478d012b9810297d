"""``create_image_dataproduct``, which facilities and plugins call; the name of the module is public."""

from __future__ import annotations

import io
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.db import IntegrityError

from tom_common.grants import default_codenames, grant_access, groups_with_access, users_with_access
from tom_common.history import change_set
from tom_dataproducts import conf
from tom_dataproducts.fits_images.services import preview_pixels, read_file, reading_of, thumbnail_png
from tom_dataproducts.images import PictureError
from tom_dataproducts.models import DataProduct
from tom_dataproducts.permissions import rows_have_own_permissions

_SIDE = 1024
_MOST_ID = 255
_TYPE = "image_file"


def create_image_dataproduct(data_product: DataProduct) -> bool:
    """Store the first image of a FITS file as a JPEG, a data product of its own; once for each file.

    Parameters
    ----------
    data_product : DataProduct
        The FITS file. The picture has its target, record and groups, and is seen by who sees the file.

    Returns
    -------
    bool
        Whether there is a picture now; False where the file has no image that can be drawn.
    """
    product_id = f"{data_product.product_id or data_product.pk}_jpeg"
    if len(product_id) > _MOST_ID:
        product_id = f"{data_product.pk}_jpeg"
    if DataProduct.objects.filter(product_id=product_id).exists():
        return True
    content = _jpeg(data_product)
    if content is None:
        return False
    picture = DataProduct(
        product_id=product_id,
        target=data_product.target,
        observation_record=data_product.observation_record,
        data_product_type=_TYPE if _TYPE in conf.data_product_types() else "",
    )
    stem = PurePosixPath(data_product.get_file_name()).name.split(".fits")[0]
    picture.data.save(f"{stem}.jpg", ContentFile(content), save=False)
    try:
        with change_set(kind="upload", title=f"Picture of {data_product.get_file_name()}"):
            picture.save()
            picture.group.set(data_product.group.all())
            _give_access(picture, data_product)
    except IntegrityError:
        picture.data.storage.delete(str(picture.data.name))
        if DataProduct.objects.filter(product_id=product_id).exists():
            return True  # another process was quicker
        raise
    except BaseException:
        picture.data.storage.delete(str(picture.data.name))
        raise
    return True


def _give_access(picture: DataProduct, data_product: DataProduct) -> None:
    """Give who holds a permission on a file the same on its picture."""
    if not rows_have_own_permissions():
        return
    for codename in default_codenames(DataProduct):
        for holder in (
            *users_with_access(data_product, codename),
            *groups_with_access(data_product, codename),
        ):
            grant_access(holder, picture, [codename])


def _jpeg(data_product: DataProduct) -> bytes | None:
    """Return the first image of a FITS file, at most 1024 pixels wide and high; None if there is none."""
    from PIL import Image

    reading = reading_of(data_product) or read_file(data_product)
    extension = reading.extensions.filter(view__isnull=False).order_by("number").first()
    if extension is None or extension.view is None:
        return None
    try:
        pixels = preview_pixels(extension)
    except PictureError:
        return None
    png = thumbnail_png(pixels, (_SIDE, _SIDE), limits=extension.view["limits"])
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("L").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
