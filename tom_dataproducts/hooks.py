"""Default hooks of data products: they log what happened; a project names its own in ``HOOKS``."""

import logging
from typing import Any

logger = logging.getLogger(__name__)


def data_product_post_upload(dp: Any) -> None:
    """Log that a data product was uploaded."""
    logger.info("data product %s was uploaded", dp)


def data_product_post_save(dps: Any) -> None:
    """Log that data products of a facility were saved."""
    logger.info("data products were saved: %s", dps)


def multiple_data_products_post_save(dps: Any) -> None:
    """Log that a set of data products was saved."""
    logger.info("data products were saved together: %s", dps)
