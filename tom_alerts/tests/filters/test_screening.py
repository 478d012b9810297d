"""Filters look at what comes in: once for each object, for those who may see it, and at no cost while off."""

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from tom_alerts import screening
from tom_alerts.filter_models import AlertFilter, Candidate, CandidateAction, Watchlist
from tom_alerts.permissions import candidates_for_user, shared_for_user
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_alerts.triage import decide
from tom_alerts.watching import region_of, watched
from tom_common.background import JobCancelled, JobTimedOut
from tom_dataservices.tests.ingest.batches import cutouts
from tom_targets.models import Target, TargetList

pytestmark = pytest.mark.django_db


def names():
    return sorted(Candidate.objects.values_list("name", flat=True))


def test_what_passes_becomes_a_candidate_with_its_target_and_facts():
    made_filter(maker())
    report = ingest(bright("ZTF26aaaaaaa"), bright("ZTF26bbbbbbb", mag=19.5))
    candidate = Candidate.objects.get()
    assert (candidate.name, candidate.survey, candidate.alert_id) == ("ZTF26aaaaaaa", "ZTF", "1")
    assert candidate.target.name == "ZTF26aaaaaaa"
    assert candidate.facts["mag"] == 18.5 and candidate.facts["band"] == "g"
    assert candidate.content is None
    assert report.candidates == 1 and report.summary().endswith("1 new for triage")


def test_an_alert_twice_is_one_candidate_with_one_action():
    made_filter(maker(), tells=True, note_key="seen", note="yes")
    assert [ingest(bright("ZTF26aaaaaaa")).candidates for _ in range(3)] == [1, 0, 0]
    ingest(bright("ZTF26aaaaaaa", mjd=60001.0, mag=18.1, first_id=7))
    candidate = Candidate.objects.get()
    assert (candidate.alert_id, candidate.facts["mag"]) == ("7", 18.1)
    assert CandidateAction.objects.filter(candidate=candidate).count() == 2


def test_an_older_alert_does_not_change_a_candidate():
    made_filter(maker())
    ingest(bright("ZTF26aaaaaaa", mjd=60001.0, first_id=5))
    ingest(bright("ZTF26aaaaaaa", mjd=60000.0, first_id=1))
    assert Candidate.objects.get().alert_id == "5"


def test_without_a_filter_one_short_statement_is_all_it_costs():
    ingest(bright("ZTF26aaaaaaa"))
    with CaptureQueriesContext(connection) as queries:
        ingest(bright("ZTF26aaaaaaa"))
    asked = [query["sql"] for query in queries if "tom_alerts_" in query["sql"]]
    assert len(asked) == 1 and "alertfilter" in asked[0]


@pytest.mark.parametrize("count", [1, 60])
def test_the_number_of_statements_does_not_grow_with_the_batch(count):
    made_filter(maker(), tells=True, digest="hour")
    batch = bright(*[f"ZTF26aaaa{number:03d}" for number in range(count)])
    with CaptureQueriesContext(connection) as queries:
        ingest(batch)
    asked = [query["sql"] for query in queries if "tom_alerts_" in query["sql"]]
    assert len(asked) <= 7
    assert Candidate.objects.count() == count


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_statements_does_not_grow_with_the_filters(count):
    owner, colleague = maker(), maker("colleague")
    for number in range(count):
        made_filter((owner, colleague)[number % 2], name=str(number))
    with CaptureQueriesContext(connection) as queries:
        ingest(bright(*[f"ZTF26aaaa{number:03d}" for number in range(5)]))
    asked = [query["sql"] for query in queries if "tom_alerts_" in query["sql"]]
    assert len(asked) <= 6
    assert Candidate.objects.count() == 5 * count


def test_a_filter_that_is_off_or_of_another_survey_lets_nothing_through():
    owner = maker()
    made_filter(owner, on=False)
    made_filter(owner, survey="LSST", name="Rubin's")
    assert ingest(bright("ZTF26aaaaaaa")).candidates == 0


def test_more_than_the_limit_of_an_hour_is_left_out_and_counted():
    one = made_filter(maker(), max_per_hour=2)
    ingest(bright("ZTF26aaaaaaa", "ZTF26bbbbbbb", "ZTF26ccccccc"))
    ingest(bright("ZTF26ddddddd"))
    one.refresh_from_db()
    assert (Candidate.objects.count(), one.left_out) == (2, 2)


def test_without_targets_for_all_the_alert_is_kept_with_its_candidate():
    made_filter(maker())
    report = ingest(
        bright("ZTF26aaaaaaa", cutouts=cutouts()), bright("ZTF26bbbbbbb", mag=20), only_known=True
    )
    assert (report.new_targets, report.candidates, Target.objects.count()) == (0, 1, 0)
    assert Candidate.objects.get().content is not None


def test_a_dry_run_makes_no_candidates():
    made_filter(maker())
    ingest(bright("ZTF26aaaaaaa"), dry_run=True)
    assert not Candidate.objects.exists()


@pytest.mark.parametrize("only_known", [True, False])
def test_private_alerts_are_for_filters_that_show_them_to_their_groups_alone(only_known, django_user_model):
    group, other = team(), team("Others")
    root = django_user_model.objects.create_superuser("root")
    made_filter(maker("member", group), groups=[group], name="Ours")
    made_filter(maker("both", group, other), groups=[group, other], name="Ours and theirs")
    made_filter(maker("stranger", other), groups=[other], name="Theirs")
    made_filter(maker("outsider"), groups=[group], name="Of somebody who left")
    made_filter(root, name="The root's")
    made_filter(root, groups=[other], name="The root's for others")
    uploader = maker("uploader", group)
    made_filter(uploader, name="My own")
    made_filter(uploader, groups=[other], name="My own for others")
    ingest(
        bright("ZTF26aaaaaaa"),
        permissions="PRIVATE",
        user=uploader,
        group_ids=(group.pk,),
        only_known=only_known,
    )
    seen = sorted(Candidate.objects.values_list("alert_filter__name", flat=True))
    assert seen == ["My own", "Ours", "The root's"]


def test_private_alerts_without_a_group_are_for_filters_of_their_own_user():
    uploader, other = maker("uploader"), maker("other")
    made_filter(uploader, name="Mine")
    made_filter(other, name="Not mine")
    ingest(bright("ZTF26aaaaaaa"), permissions="PRIVATE", user=uploader)
    ingest(bright("ZTF26bbbbbbb"), permissions="PRIVATE")
    assert list(Candidate.objects.values_list("alert_filter__name", "name")) == [("Mine", "ZTF26aaaaaaa")]


@pytest.mark.parametrize("permissions", ["OPEN", "PUBLIC", "PRIVATE"])
@pytest.mark.parametrize(
    ("who", "filters", "changes"),
    [("owner", 1, 1), ("member", 1, 0), ("stranger", 0, 0), ("root", 1, 1), ("nobody", 0, 0)],
)
def test_who_sees_filters_and_candidates(permissions, who, filters, changes, django_user_model):
    from django.contrib.auth.models import AnonymousUser

    group = team()
    people = {"owner": maker("owner"), "member": maker("member", group), "stranger": maker("stranger")}
    people["root"] = django_user_model.objects.create_superuser("root")
    people["nobody"] = AnonymousUser()
    made_filter(people["owner"], groups=[group])
    ingest(bright("ZTF26aaaaaaa"))
    Target.objects.update(permissions=permissions)
    user = people[who]
    assert shared_for_user(user, AlertFilter.objects.all()).count() == filters
    assert shared_for_user(user, AlertFilter.objects.all(), "change").count() == changes
    sees_target = permissions != "PRIVATE" or who == "root"
    assert candidates_for_user(user, Candidate.objects.all()).count() == (filters if sees_target else 0)


def test_what_was_rejected_does_not_return_and_what_was_deferred_does():
    owner = maker()
    made_filter(owner)
    ingest(bright("ZTF26aaaaaaa", "ZTF26bbbbbbb"))
    for name, state in (("ZTF26aaaaaaa", "rejected"), ("ZTF26bbbbbbb", "deferred")):
        decide(Candidate.objects.get(name=name), state, user=owner, reason="Artefact")
    ingest(bright("ZTF26aaaaaaa", "ZTF26bbbbbbb", mjd=60002.0, first_id=9))
    assert dict(Candidate.objects.values_list("name", "state")) == {
        "ZTF26aaaaaaa": "rejected",
        "ZTF26bbbbbbb": "new",
    }


def test_a_watchlist_of_targets_holds_what_is_near_them():
    owner = maker()
    ingest(bright("ZTF26watched", mag=20.0, ra_deg=10.0, dec_deg=5.0), user=owner)
    wanted = TargetList.objects.create(name="Hosts")
    wanted.targets.add(*Target.objects.all())
    from tom_common.grants import grant_access

    grant_access(owner, wanted)
    near = Watchlist.objects.create(user=owner, name="Near hosts", target_list=wanted, radius_arcsec=3.0)
    made_filter(owner, watchlist=near)
    ingest(
        bright("ZTF26nearxxx", ra_deg=10.0, dec_deg=5.0 + 2 / 3600),
        bright("ZTF26farxxxx", ra_deg=10.0, dec_deg=5.0 + 5 / 3600),
    )
    assert names() == ["ZTF26nearxxx"]


@pytest.mark.parametrize(
    "text", ["CIRCLE ICRS 150 2 1", "POLYGON ICRS 149 1, 151 1, 151 3, 149 3", "circle 510, 2, 1"]
)
def test_a_watchlist_of_a_region_holds_what_lies_in_it(text):
    owner = maker()
    region = region_of(text, user=owner, name="Field")
    region.save()
    one = Watchlist.objects.create(user=owner, name="Field", region=region)
    inside = watched(one, [150.0, 150.5, 152.0, 150.0, float("nan")], [2.0, 2.5, 2.0, -2.0, 2.0])
    assert inside.tolist() == [True, True, False, False, False]
    assert 2.5 < region.area_deg2 < 4.5


@pytest.mark.parametrize("text", ["", "BOX 1 2 3 4", "CIRCLE 1 2", "CIRCLE 1 95 1", "POLYGON 1 2 3 4"])
def test_a_region_that_cannot_be_read_is_told(text):
    with pytest.raises(ValueError):
        region_of(text, user=maker(), name="")


def test_a_filter_that_fails_stops_neither_the_ingest_nor_the_others(monkeypatch):
    owner = maker()
    broken = made_filter(owner, name="Broken")
    made_filter(owner, name="Sound")
    honest = screening.rows_passing

    def failing(one, table):
        return 1 / 0 if one.pk == broken.pk else honest(one, table)

    monkeypatch.setattr(screening, "rows_passing", failing)
    report = ingest(bright("ZTF26aaaaaaa"))
    assert (report.new_targets, report.candidates) == (1, 1)
    assert Candidate.objects.get().alert_filter.name == "Sound"
    broken.refresh_from_db()
    assert broken.problem == "It fails on some alerts, and lets none through: division by zero."


@pytest.mark.parametrize("stop", [JobCancelled, JobTimedOut, DatabaseError])
def test_what_ends_the_ingest_is_no_failure_of_a_filter(monkeypatch, stop):
    one = made_filter(maker())

    def stopped(one, table):
        raise stop("now")

    monkeypatch.setattr(screening, "rows_passing", stopped)
    with pytest.raises(stop):
        ingest(bright("ZTF26aaaaaaa"))
    one.refresh_from_db()
    assert one.problem == ""


@pytest.mark.only_on("sqlite")
def test_candidates_are_found_by_name_through_an_index():
    plan = Candidate.objects.filter(name="ZTF26aaaaaaa").order_by().explain()
    assert "tom_alerts_candidate_name" in plan
