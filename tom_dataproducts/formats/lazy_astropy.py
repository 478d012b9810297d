"""Modules of astropy, imported at their first use: that takes a second, and most processes read no file."""

from importlib import import_module
from typing import Any

from django.utils.functional import SimpleLazyObject


def _lazy(name: str) -> Any:
    return SimpleLazyObject(lambda: import_module(name))


fits = _lazy("astropy.io.fits")
units = _lazy("astropy.units")
votable = _lazy("astropy.io.votable")
yaml = _lazy("astropy.io.misc.yaml")
