"""A data service of the newest interface, one of the older, and users, for the tests of queries."""

import datetime as dt

import pytest
from django import forms
from django.contrib.auth.models import Group, User
from django.utils import timezone

from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.dataservices import DataService, MissingDataException, QueryServiceError
from tom_dataservices.forms import BaseQueryForm
from tom_dataservices.models import DataServiceQuery
from tom_targets.models import Target

STARS = [{"name": f"Star {number}", "ra": 10.0 + number, "dec": -5.0, "mag": 15.5} for number in range(250)]


class StarForm(BaseQueryForm):
    name_begins = forms.CharField(required=False)
    fail = forms.CharField(required=False)


class StarService(DataService):
    """Knows 250 stars, and photometry of each."""

    name = "Stars"
    verbose_name = "The stars"
    asked = 0
    yielded = 0

    @staticmethod
    def stars():
        return STARS

    @classmethod
    def get_form_class(cls):
        return StarForm

    def build_query_parameters(self, parameters, **kwargs):
        self.query_parameters = parameters
        return parameters

    def build_query_parameters_from_target(self, target, **kwargs):
        names = [name for name in target.names if name.startswith("Star")]
        return {"name_begins": (names or [target.name])[0]}

    def query_service(self, query_parameters, **kwargs):
        type(self).asked += 1
        if query_parameters.get("fail") == "spoken":
            raise QueryServiceError("The stars are behind clouds.")
        if query_parameters.get("fail") == "bug":
            raise ValueError("unexpected star")
        begins = query_parameters.get("name_begins") or ""
        self.query_results = [star for star in STARS if star["name"].startswith(begins)]
        return self.query_results

    def query_targets(self, query_parameters, **kwargs):
        for star in self.query_service(query_parameters):
            type(self).yielded += 1
            yield {**star, "aliases": [f"Alias of {star['name']}"]}

    def query_photometry(self, query_parameters, **kwargs):
        return [star for star in self.query_service(query_parameters)][:1]

    def create_target_from_query(self, target_result, **kwargs):
        return Target(
            name=target_result["name"], type="SIDEREAL", ra=target_result["ra"], dec=target_result["dec"]
        )

    def create_target_extras_from_query(self, query_results, **kwargs):
        return {"catalogue_mag": query_results["mag"]}

    def create_reduced_datums_from_query(self, target, data, data_type=None, **kwargs):
        return [
            PhotometryReducedDatum.objects.get_or_create(
                target=target,
                timestamp="2026-01-01T00:00:00Z",
                bandpass="r",
                brightness=star["mag"],
                source_name=self.name,
            )[0]
            for star in data
        ]


class OldService(DataService):
    """Written for an older interface: knows no user, returns unsaved parts, forwards its queries."""

    name = "Old"

    def __init__(self):
        super().__init__()

    @classmethod
    def get_form_class(cls):
        return StarForm

    def build_query_parameters(self, parameters, **kwargs):
        return parameters

    def query_service(self, query_parameters, **kwargs):
        self.query_results = STARS[:2]
        return self.query_results

    def query_targets(self, query_parameters, **kwargs):
        return self.query_service(query_parameters)

    def to_target(self, target_result, **kwargs):
        return (
            Target(name=target_result["name"], type="SIDEREAL", ra=1.0, dec=2.0),
            {"old": "yes"},
            ["An old alias"],
        )

    def to_reduced_datums(self, target, data_results=None, **kwargs):
        raise MissingDataException("nothing here")

    def query_reduced_data(self, query_parameters, **kwargs):
        return {"photometry": query_parameters.get("nothing", [])}


PATHS = [f"{__name__}.StarService", f"{__name__}.OldService"]


@pytest.fixture
def services(settings):
    settings.TOM_DATA_SERVICE_CLASSES = PATHS
    StarService.asked = StarService.yielded = 0
    return StarService


@pytest.fixture
def users(db, at_once):
    """Give an owner, a member of the owner's group, a stranger, staff and a superuser."""
    group = Group.objects.create(name="team")
    made = {name: User.objects.create_user(name, password="pw") for name in ("owner", "member", "stranger")}
    for name in ("owner", "member"):
        made[name].groups.add(group)
    made["staff"] = User.objects.create_user("staff", password="pw", is_staff=True)
    made["superuser"] = User.objects.create_superuser("superuser", password="pw")
    made["group"] = group
    return made


@pytest.fixture
def as_owner(users, client):
    client.force_login(users["owner"])
    return client


@pytest.fixture
def query(users):
    """Give a saved query that is due."""
    return DataServiceQuery.objects.create(
        name="Stars with 3",
        data_service="Stars",
        parameters={"name_begins": "Star 3"},
        user=users["owner"],
        every_minutes=60,
        next_run=timezone.now() - dt.timedelta(minutes=1),
    )
