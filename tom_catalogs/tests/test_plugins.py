"""Catalogues of plugins, as they were written for TOM Toolkit 1 to 3, through settings and apps."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from tom_catalogs.harvester import (
    AbstractHarvester,
    MissingDataException,
    get_service_class,
    get_service_classes,
)
from tom_common.remote import RemoteService
from tom_targets.models import Target

HERE = __name__


class OlderHarvester(AbstractHarvester):
    """As harvesters of the first versions are: a table kept in ``catalog_data``, a name and a place."""

    name = "Older"

    def query(self, term):
        self.catalog_data = [{"main_id": term, "ra": 12.5, "dec": -3.25}] if term != "nothing" else None

    def to_target(self):
        target = super().to_target()
        row = self.catalog_data[0]
        target.type = "SIDEREAL"
        target.name, target.ra, target.dec = row["main_id"], row["ra"], row["dec"]
        return target


class NewerHarvester(AbstractHarvester):
    """As those of the last ones are: help, JSON of a service, ``MissingDataException``, further names."""

    name = "Newer"
    help_text = "Moving objects of a plugin."

    def query(self, term):
        if term == "nothing":
            raise MissingDataException(f"{term} is on none of our plates")
        self.catalog_data = {"epoch_jd": 2460000.5, "q": 1.2, "names": [f"{term} II"]}

    def to_target(self):
        target = super().to_target()
        target.type, target.scheme, target.name = "NON_SIDEREAL", "MPC_COMET", "C/2031 A1"
        target.epoch_of_elements = self.jd_to_mjd(self.catalog_data["epoch_jd"])
        target.eccentricity, target.perihdist = 0.99, self.catalog_data["q"]
        target.inclination, target.lng_asc_node, target.arg_of_perihelion = 1.0, 2.0, 3.0
        target.epoch_of_perihelion = 60010.0
        target.extra_names = self.catalog_data["names"]
        return target


class BrokenHarvester(AbstractHarvester):
    """Its service has changed."""

    name = "Broken"

    def query(self, term):
        self.catalog_data = {"a": 1}["b"]


def looked_up(client, term):
    return client.post(reverse("tom_catalogs:query"), {"term": term, "service": ""}, follow=True)


def answers_of(page):
    return {answer.title: answer for answer in page.context["comparison"].answers}


def test_harvesters_of_both_generations_are_asked_at_once(settings, user, client):
    settings.TOM_HARVESTER_CLASSES = [f"{HERE}.OlderHarvester"]
    settings.INCLUDE_HARVESTER_CLASSES = [f"{HERE}.NewerHarvester", f"{HERE}.BrokenHarvester"]
    page = looked_up(client, "Plate 7")
    found = answers_of(page)
    assert (found["Older"].values["ra"], found["Older"].names) == (12.5, [])
    assert (found["Newer"].values["epoch_of_elements"], found["Newer"].names) == (60000.0, ["Plate 7 II"])
    assert (
        "Broken failed: KeyError: 'b'. Its plugin may not fit the service any more."
        in found["Broken"].problem
    )


def test_what_they_do_not_know_is_said_in_their_words(settings, user, client):
    settings.INCLUDE_HARVESTER_CLASSES = [f"{HERE}.OlderHarvester", f"{HERE}.NewerHarvester"]
    text = looked_up(client, "nothing").content.decode()
    assert "nothing is on none of our plates" in text
    assert "No catalog data." in text


@pytest.mark.parametrize(
    ("plugin", "expected"),
    [
        ("OlderHarvester", ("SIDEREAL", "Plate 7", 12.5, None)),
        ("NewerHarvester", ("NON_SIDEREAL", "C/2031 A1", None, 1.2)),
    ],
)
def test_their_objects_become_targets(settings, user, client, plugin, expected):
    settings.INCLUDE_HARVESTER_CLASSES = [f"{HERE}.{plugin}"]
    page = looked_up(client, "Plate 7")
    run = page.context["lookup"].run_ids[0]
    chosen = {f"use-{group}": run for group in ("name", "position", "orbit")}
    address = reverse("tom_catalogs:make-target", args=[page.context["lookup"].pk])
    client.post(address, {"action": "create", **chosen})
    made = Target.objects.get()
    assert (made.type, made.name, made.ra, made.perihdist) == expected


def test_one_that_cannot_be_imported_takes_no_other_down(settings, user, client, capsys):
    settings.INCLUDE_HARVESTER_CLASSES = ["no_such_plugin.Harvester", f"{HERE}.OlderHarvester"]
    assert list(get_service_classes()) == ["Older"]
    assert "no_such_plugin.Harvester" in client.get(reverse("tom_catalogs:query")).content.decode()
    assert answers_of(looked_up(client, "Plate 7"))["Older"].values["dec"] == -3.25
    call_command("check")
    assert "no_such_plugin.Harvester" in capsys.readouterr().err


def test_a_harvester_is_used_by_hand_as_ever(settings, db):
    settings.INCLUDE_HARVESTER_CLASSES = [f"{HERE}.NewerHarvester"]
    harvester = get_service_class("Newer")()
    with pytest.raises(MissingDataException):
        harvester.to_target()
    harvester.query("Plate 7")
    target = harvester.to_target()
    assert (target.pk, target.extra_names) == (None, ["Plate 7 II"])
    assert NewerHarvester.catalog_data == {}  # that of the class is nobody's


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("simbad.SimbadHarvester", "Simbad"),
        ("ned.NEDHarvester", "NED"),
        ("jplhorizons.JPLHorizonsHarvester", "JPL Horizons"),
        ("mpc.MPCHarvester", "MPC"),
        ("mpc.MPCExplorerHarvester", "MPC Explorer"),
        ("tns.TNSHarvester", "TNS"),
    ],
)
def test_the_paths_of_older_settings_lead_to_ours(settings, path, name):
    settings.TOM_HARVESTER_CLASSES = [f"tom_catalogs.harvesters.{path}"]
    (found,) = get_service_classes().values()
    assert (found.name, issubclass(found, AbstractHarvester)) == (name, True)
    assert isinstance(found.service.catalogue().service(), RemoteService)


def test_the_tag_of_older_pages_draws_the_search_box(client, user):
    from django.template import engines

    made = engines["django"].from_string("{% load dataservices_extras %}{% catalog_query_menu %}")
    text = made.render({}, client.get(reverse("tom_catalogs:query")).wsgi_request)
    assert f'action="{reverse("tom_catalogs:query")}"' in text
    assert 'name="term"' in text


def test_the_box_is_there_under_its_older_path_too():
    from django.template import engines

    box = engines["django"].from_string("{% include 'tom_catalogs/partials/catalog_query_menu.html' %}")
    assert f'action="{reverse("tom_catalogs:query")}"' in box.render({"csrf_token": "x" * 64})
