"""The alert brokers that this TOM has: those of the setting ``TOM_ALERT_CLASSES``."""

from __future__ import annotations

import inspect
from typing import Any

from django.forms import BaseForm

from tom_common.plugins import PluginError, PluginRegistry

UNNAMED = "generic"
DEFAULT_ALERT_CLASSES = [
    "tom_alerts.brokers.alerce.ALeRCEBroker",
    "tom_alerts.brokers.alerce.ALeRCELSSTBroker",
    "tom_alerts.brokers.fink.FinkBroker",
    "tom_alerts.brokers.fink.FinkLSSTBroker",
    "tom_alerts.brokers.lasair.LasairBroker",
    "tom_alerts.brokers.lasair.LasairZTFBroker",
    "tom_alerts.brokers.antares.ANTARESBroker",
    "tom_alerts.brokers.tns.TNSBroker",
    "tom_alerts.brokers.babamul.BabamulBroker",
    "tom_alerts.brokers.hermes.HermesBroker",
    "tom_alerts.brokers.gracedb.GraceDBBroker",
    "tom_alerts.brokers.scout.ScoutBroker",
    "tom_alerts.brokers.gaia.GaiaBroker",
    "tom_alerts.brokers.mars.MARSBroker",
]


def _lacks(cls: type[Any]) -> str:
    """Tell what keeps a broker from being asked on the pages."""
    form = getattr(cls, "form", None)
    if not getattr(cls, "name", None) or cls.name == UNNAMED:
        return "has no name: set `name` to what pages are to call it"
    if form is None:
        return "has no form: set `form` to a class that extends tom_alerts.alerts.GenericQueryForm"
    if not (inspect.isclass(form) and issubclass(form, BaseForm) and hasattr(form, "save")):
        return "has a form that does not extend tom_alerts.alerts.GenericQueryForm"
    return ""


brokers = PluginRegistry(
    "TOM_ALERT_CLASSES",
    base="tom_alerts.alerts.GenericBroker",
    default=DEFAULT_ALERT_CLASSES,
    remark=_lacks,
)


def get_service_classes() -> dict[str, type[Any]]:
    """Return the brokers by name; of two with one name, the later in the setting.

    Raises
    ------
    ImportError
        If an entry cannot be imported; it names the path. Pages use ``brokers.all()``, which leaves it out.
    """
    problems = brokers.problems()
    if problems:
        raise PluginError(problems[0])
    return brokers.all()


def get_service_class(name: str) -> type[Any]:
    """Return the broker of a name.

    Raises
    ------
    ImportError
        If there is none, or it cannot be imported.
    """
    return brokers.get(name)
