"""The surveys whose packets can be read, each in a module of its own."""

from ..lockstep import Node
from . import decam, elasticc, rubin, winter, ztf
from .common import Normalised, SurveyFormat

FORMATS: tuple[SurveyFormat, ...] = (
    rubin.FORMAT,
    ztf.FORMAT,
    elasticc.FORMAT,
    decam.FORMAT,
    winter.FORMAT,
)


def format_of(node: Node) -> SurveyFormat | None:
    """Give the survey that a schema belongs to, None if it is none of ours."""
    return next((one for one in FORMATS if one.recognises(node)), None)


__all__ = ["FORMATS", "Normalised", "SurveyFormat", "format_of"]
