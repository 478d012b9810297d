"""A stand-in for another TOM, the settings that name it, and people with a target to share."""

import pytest

from tests.api.conftest import clients, group, people  # noqa: F401  fixtures
from tests.standins.peer_tom import PASSWORD, USER, running_peer
from tom_common.grants import grant_access
from tom_common.remote import service as remote_service
from tom_dataproducts.tests.factories import PhotometryFactory
from tom_targets.models import TargetExtra, TargetName
from tom_targets.tests.factories import SiderealTargetFactory


@pytest.fixture
def peer(settings):
    with running_peer() as found:
        settings.DATA_SHARING = {
            "peer": {
                "DISPLAY_NAME": "the Peer",
                "BASE_URL": found.url,
                "USERNAME": USER,
                "PASSWORD": PASSWORD,
            }
        }
        yield found


@pytest.fixture
def pauses(monkeypatch):
    """Give the pauses between tries, which are not made."""
    made = []
    monkeypatch.setattr(remote_service.time, "sleep", made.append)
    return made


@pytest.fixture
def target(people):  # noqa: F811
    found = SiderealTargetFactory(name="AT 2026abc", ra=10.5, dec=-20.25, permissions="PRIVATE")
    grant_access(people["owner"], found)
    TargetName.objects.create(target=found, name="ZTF26aaaaaaa")
    TargetExtra.objects.create(target=found, key="redshift", value="0.1")
    return found


@pytest.fixture
def points(target):
    made = [PhotometryFactory(target=target) for _ in range(3)]
    made.append(PhotometryFactory(target=target, brightness=None, brightness_error=None, limit=20.5))
    return made
