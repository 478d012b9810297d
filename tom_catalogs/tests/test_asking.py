"""Catalogues that are asked again, one by one or all, for what a name may mean, and what is thrown away."""

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tom_catalogs import lookups
from tom_catalogs.models import CatalogueLookup, ValueSource
from tom_catalogs.registry import get_service_classes
from tom_catalogs.tasks import tidy_lookups
from tom_common.models import Job, Notification
from tom_dataservices.models import QueryRun
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory


def looked_up(client, term, **more):
    return client.post(reverse("tom_catalogs:query"), {"term": term, "service": "", **more}, follow=True)


def answers_of(page):
    return {answer.title: answer for answer in page.context["comparison"].answers}


def under_way(run_pk):
    """Make a run look as while its catalogue is asked."""
    QueryRun.objects.filter(pk=run_pk).update(finished=None)
    Job.objects.filter(pk=QueryRun.objects.get(pk=run_pk).job_id).update(state="running")


def test_a_catalogue_that_failed_is_asked_again_alone(standin, user, client):
    standin.faults["*", "/srs"] = 500
    page = looked_up(client, "m31")
    lookup, old = page.context["lookup"], answers_of(page)["NED"].run
    assert "Ask NED again" in page.content.decode()
    standin.faults.clear()
    asked = len(standin.requests)
    page = client.post(lookup.get_absolute_url(), {"run": old.pk}, follow=True)
    assert len(standin.requests) == asked + 1
    assert answers_of(page)["NED"].values["ra"] == 10.68479
    assert old.pk not in CatalogueLookup.objects.get().run_ids


def test_what_is_chosen_stays_when_one_catalogue_is_asked_again(standin, user, client):
    standin.faults["*", "/srs"] = 500
    page = looked_up(client, "m31")
    standin.faults.clear()
    sesame = str(answers_of(page)["Sesame"].run.pk)
    answer = client.post(
        page.context["lookup"].get_absolute_url(),
        {"run": answers_of(page)["NED"].run.pk, "use-position": sesame, "chosen": "1"},
        headers={"hx-request": "true"},
    )
    (row,) = (row for row in answer.context["rows"] if row.key == "ra")
    assert [str(cell.run) for cell in row.cells if cell.first] == [sesame]


@pytest.mark.parametrize("is_broken", [False, True], ids=["gone", "broken"])
def test_a_catalogue_that_is_gone_or_broken_is_told_in_words(standin, user, client, settings, is_broken):
    standin.faults["*", "/srs"] = 500
    page = looked_up(client, "m31")
    lookup, old = page.context["lookup"], answers_of(page)["NED"].run
    paths = [f"{one.__module__}.{one.__qualname__}" for one in get_service_classes().values()]
    kept = [path for path in paths if not path.endswith("NEDHarvester")]
    assert len(kept) == len(paths) - 1
    settings.INCLUDE_HARVESTER_CLASSES = kept + ["tom_catalogs.no_such.NEDHarvester"] * is_broken
    text = client.get(lookup.get_absolute_url()).content.decode()
    assert "Ask NED again" not in text and "It cannot be asked again" in text
    words = "NED cannot be asked now: this TOM has it no more, or its plugin is broken."
    for headers in ({}, {"hx-request": "true"}):
        answer = client.post(lookup.get_absolute_url(), {"run": old.pk}, headers=headers, follow=True)
        assert answer.status_code == 200
        assert words in answer.content.decode()
    assert old.pk in CatalogueLookup.objects.get().run_ids


def test_what_a_catalogue_says_is_not_escaped_twice(standin, user, client):
    page = looked_up(client, "m31")
    lookup, run = page.context["lookup"], answers_of(page)["JPL SBDB"].run
    said = "Nothing &lt;2 arcsec from <b>Smith &amp; Co</b>."
    QueryRun.objects.filter(pk=run.pk).update(feedback=said)
    text = client.get(lookup.get_absolute_url()).content.decode()
    assert "Nothing &lt;2 arcsec from Smith &amp; Co." in text


def test_objects_that_a_name_may_mean_are_offered_and_one_is_asked_for(standin, user, client):
    page = looked_up(client, "pa")
    found = answers_of(page)["JPL SBDB"]
    assert [one["choice"] for one in found.choices] == ["2", "44"]
    assert "2: 2 Pallas" in page.content.decode()
    assert "No catalogue" not in page.content.decode()
    lookup = page.context["lookup"]
    standin.faults["GET", "/sbdb.api"] = (
        200,
        standin.recorded.joinpath("jplsbdb/ceres.dat").read_bytes(),
        {},
    )
    page = client.post(lookup.get_absolute_url(), {"run": found.run.pk, "term": "1"}, follow=True)
    assert answers_of(page)["JPL SBDB"].values["name"] == "(1) Ceres"
    assert "knows 1 as (1) Ceres" in page.content.decode()


def test_a_run_of_somebody_else_is_not_asked_again(standin, user, client):
    other = lookups.look_up("m31", user=User.objects.create_user("other"))
    page = looked_up(client, "m31")
    lookup = page.context["lookup"]
    before = QueryRun.objects.count()
    client.post(lookup.get_absolute_url(), {"run": other.run_ids[0]})
    assert QueryRun.objects.count() == before
    assert client.post(other.get_absolute_url(), {"run": other.run_ids[0]}).status_code == 404


def test_what_is_under_way_is_not_asked_twice(standin, user, client):
    page = looked_up(client, "m31")
    lookup, run = page.context["lookup"], answers_of(page)["Simbad"].run
    under_way(run.pk)
    again = client.post(lookup.get_absolute_url(), follow=True).context["lookup"]
    assert run.pk in again.run_ids
    assert len(set(again.run_ids) & set(lookup.run_ids)) == 1
    client.post(lookup.get_absolute_url(), {"run": run.pk})
    assert run.pk in CatalogueLookup.objects.get(pk=lookup.pk).run_ids


def test_the_page_says_which_answers_are_kept_ones(standin, user, client):
    assert "kept answer of" not in looked_up(client, "m31").content.decode()
    asked = len(standin.requests)
    page = looked_up(client, "m31")
    assert len(standin.requests) == asked
    assert all(answer.is_kept for answer in answers_of(page).values())
    assert "kept answer of" in page.content.decode()


def test_nothing_is_sent_while_nothing_has_come(standin, user, client):
    page = looked_up(client, "m31")
    lookup = page.context["lookup"]
    under_way(answers_of(page)["Simbad"].run.pk)
    state = client.get(lookup.get_absolute_url()).context["comparison"].state
    asked = {"have": state, "chosen": "1"}
    assert client.get(lookup.get_absolute_url(), asked).status_code == 204
    assert "9 of 10 catalogues have answered." in client.get(lookup.get_absolute_url()).content.decode()
    QueryRun.objects.filter(pk=answers_of(page)["Simbad"].run.pk).update(finished=timezone.now())
    assert client.get(lookup.get_absolute_url(), asked).status_code == 200


def test_a_better_answer_that_comes_later_is_proposed_and_a_choice_stays(standin, user, client):
    page = looked_up(client, "m31")
    lookup = page.context["lookup"]
    ned, sesame = (str(answers_of(page)[name].run.pk) for name in ("NED", "Sesame"))

    def chosen_of(parameters):
        found = client.get(lookup.get_absolute_url(), {"chosen": "1", **parameters}).context["rows"]
        return {row.key: str(cell.run) for row in found for cell in row.cells if cell.first}["ra"]

    assert chosen_of({"use-position": sesame, "proposed": f"use-position:{sesame}"}) == ned
    asked = {"use-position": sesame, "proposed": f"use-position:{ned}"}
    assert chosen_of(asked) == sesame
    page = client.get(lookup.get_absolute_url(), {"chosen": "1", **asked})
    proposals = page.context["comparison"].proposals  # what the page sends next time
    assert f"use-name:{ned}" in proposals
    assert not [one for one in proposals if one.startswith("use-position")]


def test_a_place_is_looked_up_with_its_radius(standin, user, client):
    page = looked_up(client, "83.822083 -5.391111", radius_arcsec="120")
    assert page.context["lookup"].term == "83.822083 -5.391111, 120 arcsec"
    assert answers_of(page)["NED"].values["name"] == "COUP 0900"
    text = page.content.decode()
    assert "JPL SBDB is asked for names, not for places." in text


def test_targets_that_the_term_means_already_are_told(standin, user, client):
    SiderealTargetFactory(name="No such thing", ra=83.822, dec=-5.391, permissions="PUBLIC")
    SiderealTargetFactory(name="Hidden", ra=83.822, dec=-5.391, permissions="PRIVATE")
    text = looked_up(client, "no such thing").content.decode()
    assert "Here already" in text
    text = looked_up(client, "83.822083 -5.391111, 3 arcsec").content.decode()
    assert "No such thing" in text
    assert "Hidden" not in text


@pytest.mark.parametrize(
    ("term", "first"),
    [
        ("m31", "Simbad"),
        ("C/2012 S1", "JPL SBDB"),
        ("433", "JPL SBDB"),
        ("SN 2023ixf", "TNS"),
        ("Ceres", "Simbad"),
        ("61 Cyg", "Simbad"),
        ("47 Tuc", "Simbad"),
        ("3 C 273", "Simbad"),
        ("2018 cow", "Simbad"),
        ("(433) Eros", "JPL SBDB"),
        ("700000 1994 UX10", "JPL SBDB"),
    ],
)
def test_catalogues_that_should_know_it_are_believed_first(term, first):
    names = ["Simbad", "NED", "TNS", "JPL SBDB", "MPC Explorer"]
    assert lookups.best_first(names, term)[0] == first


def test_old_lookups_are_thrown_away_and_sources_stay(standin, user, client, settings):
    page = looked_up(client, "m31")
    kept = looked_up(client, "Ceres").context["lookup"]
    lookup = page.context["lookup"]
    target = SiderealTargetFactory()
    ValueSource.objects.create(target=target, field="dec", value="1", source="NED", taken=timezone.now())
    CatalogueLookup.objects.filter(pk=lookup.pk).update(created=timezone.now() - dt.timedelta(days=8))
    settings.TOM_CATALOGUE_LOOKUPS_KEEP_DAYS = 9
    assert tidy_lookups() == {"lookups": 0}
    settings.TOM_CATALOGUE_LOOKUPS_KEEP_DAYS = 7
    assert tidy_lookups() == {"lookups": 1}
    assert list(CatalogueLookup.objects.all()) == [kept]
    assert ValueSource.objects.count() == 1


def test_answers_that_were_thrown_away_are_no_ignorance(standin, user, client):
    page = looked_up(client, "m31")
    QueryRun.objects.all().delete()
    text = client.get(page.context["lookup"].get_absolute_url()).content.decode()
    assert "The answers were thrown away" in text
    assert "No catalogue knows it" not in text


def test_a_failure_is_no_ignorance(standin, user, client):
    standin.faults["*", "/srs"] = 500
    text = looked_up(client, "no such thing").content.decode()
    assert "No catalogue that answered knows it" in text


def test_ends_and_failures_of_ten_catalogues_are_no_news(standin, user, client):
    standin.faults["*", "/srs"] = 500
    page = looked_up(client, "m31")
    job = Job.objects.get(pk=answers_of(page)["NED"].run.job_id)
    assert (job.state, "NED answered 500" in job.result["error"]) == ("done", True)
    assert not Notification.objects.filter(user=user).exists()


def test_a_job_that_ended_without_an_answer_is_told(standin, user, client):
    page = looked_up(client, "m31")
    run = answers_of(page)["NED"].run
    QueryRun.objects.filter(pk=run.pk).update(finished=None)
    Job.objects.filter(pk=run.job_id).update(state="failed")
    text = client.get(page.context["lookup"].get_absolute_url()).content.decode()
    assert "The question was given up before an answer came; ask again." in text


def test_the_form_of_a_new_target_leads_to_the_catalogues(standin, user, client):
    assert reverse("tom_catalogs:query") in client.get(reverse("targets:create")).content.decode()
    assert not Target.objects.exists()


def test_a_place_with_a_slip_is_refused_before_anybody_is_asked(standin, user, client):
    answer = looked_up(client, "12:99:00 -95")

    assert "not understood as a position" in answer.context["form"].errors["term"][0]
    assert standin.requests == []
