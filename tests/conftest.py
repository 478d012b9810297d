"""Fixtures shared by the tests that belong to no single app."""

import pytest

from tests.shared_data import shared_data_dir


@pytest.fixture
def shared_data():
    """Give the folder of real packets and replies that lies beside the project."""
    return shared_data_dir()
