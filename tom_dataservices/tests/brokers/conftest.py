"""Running stand-ins of the brokers, and how a service is asked as the engine asks it."""

from types import SimpleNamespace

import pytest

from tests.shared_data import shared_data_dir
from tests.standins.alerce import alerce
from tests.standins.fink import fink
from tests.standins.lasair import lasair
from tom_dataservices.registry import get_data_service_class


@pytest.fixture
def stand_ins(settings):
    """Give the three stand-ins, running, with settings that lead to them."""
    folder = shared_data_dir() / "data"
    with fink(folder) as one, alerce(folder) as two, lasair(folder) as three:
        settings.DATA_SERVICES = {**one.settings(), **two.settings(), **three.settings()}
        yield SimpleNamespace(fink=one, alerce=two, lasair=three)


@pytest.fixture
def ask(db, stand_ins):
    """Give a function that fills in the form of a service and returns its results."""

    def asked(service, **values):
        form = form_of(service, **values)
        assert form.is_valid(), form.errors
        made = get_data_service_class(service)()
        return list(made.query_targets(made.build_query_parameters(form.cleaned_data)))

    return asked


def form_of(service, **values):
    """Fill in the form of a service."""
    return get_data_service_class(service).get_form_class()({"data_service": service, **values})
