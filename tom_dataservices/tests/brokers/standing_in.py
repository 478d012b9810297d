"""The brokers of these tests: which stand-in each has, what it is asked, and where its answers lie."""

from contextlib import contextmanager
from dataclasses import dataclass

from tests.shared_data import shared_data_dir
from tests.standins.antares import antares
from tests.standins.babamul import babamul
from tests.standins.gaia_alerts import gaia_alerts
from tests.standins.gracedb import gracedb
from tests.standins.hermes import hermes
from tests.standins.scout import scout
from tests.standins.tns import tns


@dataclass(frozen=True)
class Case:
    """A broker: its stand-in, a question that finds something, the start of the path that answers it."""

    stand_in: object
    question: dict
    path: str
    is_recorded: bool = False


CASES = {
    "ANTARES": Case(antares, {"tags": ["nuclear_transient"]}, "/v2/loci"),
    "Babamul": Case(babamul, {"alert_survey": "ZTF"}, "/surveys", is_recorded=True),
    "Gaia Alerts": Case(gaia_alerts, {"position": "280.005 -59.997"}, "/alerts/alerts.csv"),
    "GraceDB": Case(gracedb, {"category": "Production"}, "/api/superevents", is_recorded=True),
    "Hermes": Case(hermes, {"target_name": "GRB"}, "/api/v0/targets", is_recorded=True),
    "Scout": Case(scout, {"neo_score_min": 50}, "/scout.api"),
    "TNS": Case(tns, {"position": "150.1 -32.2"}, "/api/get/search"),
}


@contextmanager
def standing_in(name):
    """Give the state of the running stand-in of a broker."""
    case = CASES[name]
    given = [shared_data_dir() / "data" / "alerts"] if case.is_recorded else []
    with case.stand_in(*given) as state:
        yield state
