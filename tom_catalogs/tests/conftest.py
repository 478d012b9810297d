"""Catalogues that answer from recorded replies, and who asks them."""

import pytest
from django.contrib.auth.models import User

from tests.shared_data import shared_data_dir
from tests.standins.catalogues import catalogues


@pytest.fixture
def standin(settings, monkeypatch):
    """Give the state of a server that stands for all catalogues; a failed request is tried again at once."""
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    with catalogues(shared_data_dir() / "data" / "services") as state:
        settings.DATA_SERVICES = state.settings()
        yield state


@pytest.fixture
def user(db, at_once, client):
    """Give a user who is logged in, and whose jobs run at once."""
    made = User.objects.create_user("astronomer", password="pw")
    client.force_login(made)
    return made
