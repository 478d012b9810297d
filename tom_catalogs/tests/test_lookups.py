"""A name is looked up in all catalogues at once, and becomes a target."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tom_catalogs.harvester import (
    AbstractHarvester,
    MissingDataException,
    get_service_class,
    get_service_classes,
)
from tom_catalogs.models import CatalogueLookup
from tom_common.models import Job
from tom_dataservices.models import QueryRun
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

OWN = f"{__name__}.OwnCatalogue"


class OwnCatalogue(AbstractHarvester):
    """A catalogue as a plugin writes it."""

    name = "Own"

    def query(self, term):
        self.catalog_data = {} if term == "nothing" else {"term": term}

    def to_target(self):
        target = super().to_target()
        target.type, target.name, target.ra, target.dec = "SIDEREAL", self.catalog_data["term"], 1.5, -2.5
        target.extra_names = ["Own 1"]
        return target


def looked_up(client, term, service=""):
    return client.post(reverse("tom_catalogs:query"), {"term": term, "service": service}, follow=True)


def test_all_catalogues_answer_side_by_side(standin, user, client):
    SiderealTargetFactory(name="Andromeda", ra=10.6847, dec=41.26875, permissions="PUBLIC")
    page = looked_up(client, "m31")
    text = page.content.decode()
    titles = {answer.title: answer for answer in page.context["comparison"].answers}
    assert titles["NED"].values["ra"] == 10.68479
    assert titles["Sesame"].names == ["NGC 224", "Andromeda Galaxy"]
    assert titles["Simbad"].row is None
    assert "Simbad knows no object named &#x27;m31&#x27;." in text
    assert "knows it as MESSIER 031" in text
    assert "Andromeda" in text  # what is here already, by position


def test_the_page_takes_as_many_queries_for_all_catalogues_as_for_two(standin, user, client):
    page = looked_up(client, "m31")
    lookup = page.context["lookup"]
    counts = []
    for run_ids in (lookup.run_ids[:2], lookup.run_ids):
        CatalogueLookup.objects.filter(pk=lookup.pk).update(run_ids=run_ids)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(lookup.get_absolute_url())
        assert len(page.context["comparison"].answers) == len(run_ids)
        counts.append(len(queries))
    assert len(lookup.run_ids) > 4 and counts[0] == counts[1]


def test_what_is_chosen_stays_while_other_answers_come_in(standin, user, client):
    page = looked_up(client, "m31")
    lookup = page.context["lookup"]
    runs = {answer.title: answer.run for answer in page.context["comparison"].answers}
    QueryRun.objects.filter(pk=runs["Simbad"].pk).update(finished=None)  # the last one is still asked
    Job.objects.filter(pk=runs["Simbad"].job_id).update(state="running")
    text = client.get(lookup.get_absolute_url()).content.decode()
    assert 'hx-include="#lookup [data-chosen]"' in text
    proposed = {row.key: cell.run for row in page.context["rows"] for cell in row.cells if cell.first}
    other = runs["Sesame"].pk
    assert proposed["ra"] not in (other, None)
    asked = {"chosen": "1", "use-position": other, "names": ["NGC 224"]}
    page = client.get(lookup.get_absolute_url(), asked)
    now = {row.key: cell.run for row in page.context["rows"] for cell in row.cells if cell.first}
    assert now == {**proposed, "ra": other}
    checked = re.findall(r'name="names" id="[^"]*" value="([^"]*)" checked', page.content.decode())
    assert set(checked) == {"NGC 224"}


def test_the_cells_chosen_fill_the_form_of_a_new_target(standin, user, client):
    page = looked_up(client, "m31")
    runs = {answer.title: str(answer.run.pk) for answer in page.context["comparison"].answers}
    chosen = {
        "use-name": runs["Sesame"],
        "use-position": runs["NED"],
        "extra-redshift": runs["Sesame"],
        "names": ["NGC 224", "MESSIER 031", "Told by nobody"],
    }
    answer = client.post(reverse("tom_catalogs:make-target", args=[page.context["lookup"].pk]), chosen)
    words = {key: value[0] for key, value in parse_qs(urlsplit(answer.url).query).items()}
    assert words.pop("taken").startswith(f"{page.context['lookup'].pk},use-name:")
    assert words == {
        "name": "M 31",
        "type": "SIDEREAL",
        "ra": "10.68479",
        "dec": "41.26906",
        "epoch": "2000.0",
        "extra-redshift": "-0.001001",
        "names": "NGC 224,MESSIER 031",
    }
    form = client.get(answer.url).content.decode()
    assert 'value="M 31"' in form
    assert "NGC 224" in form


def test_one_catalogue_leads_straight_to_the_form(standin, user, client):
    answer = client.post(reverse("tom_catalogs:query"), {"term": "Ceres", "service": "JPL SBDB"})
    assert urlsplit(answer.url).path == reverse("targets:create")
    words = parse_qs(urlsplit(answer.url).query)
    assert words["type"] == ["NON_SIDEREAL"]
    assert words["scheme"] == ["MPC_MINOR_PLANET"]
    page = client.get(answer.url)
    assert page.status_code == 200
    assert float(page.context["form"].initial["semimajor_axis"]) == pytest.approx(2.768, abs=2e-3)


def test_a_failing_catalogue_is_told_beside_the_others(standin, user, client, monkeypatch):
    monkeypatch.setattr("tom_common.remote.service.FIRST_PAUSE_S", 0.0)
    standin.faults["*", "/srs"] = 500
    text = looked_up(client, "m31").content.decode()
    assert "NED answered 500" in text
    assert "knows it as M 31" in text


def test_an_answer_is_used_again_while_it_is_current(standin, user, client):
    page = looked_up(client, "m31")
    asked = len(standin.requests)
    looked_up(client, "m31")
    assert len(standin.requests) == asked
    client.post(page.context["lookup"].get_absolute_url())
    assert len(standin.requests) > asked


def test_a_catalogue_of_a_plugin_is_asked(settings, user, client):
    settings.INCLUDE_HARVESTER_CLASSES = [OWN]
    assert list(get_service_classes()) == ["Own"]
    answer = client.post(reverse("tom_catalogs:query"), {"term": "X 1", "service": "Own"})
    assert parse_qs(urlsplit(answer.url).query)["names"] == ["Own 1"]
    text = looked_up(client, "nothing", "Own").content.decode()
    assert "No catalogue knows it" in text


def test_the_older_setting_counts_too_and_none_is_changed(settings):
    settings.TOM_HARVESTER_CLASSES = ["tom_catalogs.harvesters.mpc.MPCHarvester"]
    settings.INCLUDE_HARVESTER_CLASSES = [OWN]
    assert list(get_service_classes()) == ["MPC", "Own"]
    assert settings.TOM_HARVESTER_CLASSES == ["tom_catalogs.harvesters.mpc.MPCHarvester"]


def test_a_catalogue_may_be_left_out(settings):
    assert "NED" in get_service_classes()
    settings.EXCLUDE_HARVESTER_CLASSES = ["tom_catalogs.harvesters.ned.NEDHarvester"]
    assert "NED" not in get_service_classes()


def test_a_harvester_gives_a_target_and_its_names(standin, db):
    harvester = get_service_class("Simbad")()
    harvester.query("Betelgeuse")
    target = harvester.to_target()
    assert isinstance(target, Target)
    assert (target.name, target.pk) == ("Betelgeuse", None)
    assert "* alf Ori" in target.extra_names


def test_nothing_asked_is_missing_data():
    with pytest.raises(MissingDataException):
        get_service_class("Simbad")().to_target()


def test_half_days_lie_between_julian_dates():
    assert AbstractHarvester.jd_to_mjd(2451544.5) == 51544.0


def test_lookups_are_their_users_own(standin, user, client):
    looked_up(client, "m31")
    lookup = CatalogueLookup.objects.get()
    addresses = [lookup.get_absolute_url(), reverse("tom_catalogs:make-target", args=[lookup.pk])]
    client.force_login(User.objects.create_user("stranger"))
    assert client.get(addresses[0]).status_code == 404
    assert client.post(addresses[0]).status_code == 404
    assert client.post(addresses[1]).status_code == 404
    client.logout()
    assert client.get(addresses[0]).status_code == 302
    assert client.get(reverse("tom_catalogs:query")).status_code == 302
