"""Two teams and one object: whose target it is, what undoing gives back, and who was quicker."""

import datetime as dt

import pytest
from django.db import OperationalError, connection
from django.urls import reverse
from django.utils import timezone

from tom_alerts import tasks, triage
from tom_alerts.actions import MAX_ATTEMPTS, act_on_due
from tom_alerts.alerts import GenericAlert, GenericBroker
from tom_alerts.candidate_targets import CandidateError
from tom_alerts.filter_models import AlertFilter, Candidate, CandidateAction, Decision
from tom_alerts.filter_tests import run_test
from tom_alerts.models import BrokerQuery, FilterTest
from tom_alerts.permissions import candidates_for_user
from tom_alerts.screening import screen_results
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker, team
from tom_common.grants import grant_access
from tom_common.job_context import JobCancelled
from tom_common.models import Notification
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.kept_answers import packed
from tom_dataservices.models import QueryResult, QueryRun
from tom_dataservices.tests.ingest.batches import cutouts
from tom_targets.models import Target, TargetList, TrashedTarget
from tom_targets.tests.factories import SiderealTargetFactory

pytestmark = pytest.mark.django_db
NAME = "ZTF26aaaaaaa"


def seen_by(user):
    return candidates_for_user(user, Candidate.objects.filter(name=NAME))


def saved(user):
    return triage.decide(seen_by(user).get(), "saved", user=user)


def undone(user):
    return triage.undo(triage.last_decision(user), user=user)


@pytest.fixture
def teams():
    """Give the owners of two filters of two teams, with a candidate each, and no target."""
    ours, theirs = maker("ours", team("Ours")), maker("theirs", team("Theirs"))
    made_filter(ours, groups=ours.groups.filter(name="Ours"), permissions="PRIVATE", name="Our filter")
    made_filter(theirs, groups=theirs.groups.filter(name="Theirs"), permissions="PUBLIC", name="Their filter")
    ingest(bright(NAME, cutouts=cutouts()), only_known=True)
    return ours, theirs


def test_what_was_saved_and_undone_can_be_saved_again(teams):
    ours, _ = teams
    for _ in range(3):
        (decision,) = saved(ours)
        assert PhotometryReducedDatum.objects.get(target=decision.made_target).brightness == 18.5
        assert undone(ours) == f"{NAME} is new again; its target is in the trash."
        candidate = seen_by(ours).get()
        assert (candidate.target_id, candidate.state) == (None, "new") and candidate.content is not None
    saved(ours)
    assert seen_by(ours).get().target.dataproduct_set.count() == 3


def test_a_newer_alert_between_saving_and_undoing_changes_nothing_of_that(teams):
    ours, _ = teams
    saved(ours)
    ingest(bright(NAME, mjd=60001.0, first_id=7), user=ours, only_known=True)
    Target.objects.update(modified="2026-01-01T00:00Z")
    undone(ours)
    (decision,) = saved(ours)
    assert decision.made_target and seen_by(ours).get().state == "saved"


def test_a_private_target_of_one_team_does_not_hide_the_candidate_of_the_other(teams):
    ours, theirs = teams
    saved(ours)
    candidate = seen_by(theirs).get()
    assert (candidate.target_id, candidate.state) == (None, "new") and candidate.content is not None
    with pytest.raises(CandidateError, match=f"A target named {NAME} is there already"):
        saved(theirs)
    assert seen_by(theirs).get().target_id is None
    undone(ours)
    saved(theirs)
    assert seen_by(theirs).get().target.permissions == "PUBLIC"


def test_new_alerts_of_a_private_target_are_candidates_of_other_teams_without_it(teams):
    ours, theirs = teams
    saved(ours)
    Candidate.objects.all().delete()
    ingest(bright(NAME, mjd=60002.0, first_id=9))
    assert seen_by(ours).get().target_id == Target.objects.get().pk
    candidate = seen_by(theirs).get()
    assert candidate.target_id is None and candidate.content is not None


def test_a_target_that_all_may_see_is_the_candidates_of_all_and_leaves_them_their_alert(teams):
    ours, theirs = teams
    saved(theirs)
    assert seen_by(ours).get().target_id == Target.objects.get().pk
    undone(theirs)
    assert seen_by(ours).get().target_id is None
    (decision,) = saved(ours)
    assert decision.made_target and Target.objects.get().permissions == "PRIVATE"


def test_a_candidate_whose_alert_is_gone_is_told_so(teams):
    ours, _ = teams
    Candidate.objects.update(content=None)
    with pytest.raises(CandidateError, match="its alert is not kept any more; it comes with the next one"):
        saved(ours)


def test_alerts_of_candidates_are_forgotten_after_a_month_and_come_with_the_next(teams, client):
    ours, theirs = teams
    saved(ours)
    ingest(bright("ZTF26bbbbbbb", mjd=60000.5, first_id=5), only_known=True)
    month_ago = timezone.now() - dt.timedelta(days=31)
    Candidate.objects.filter(name=NAME).update(seen=month_ago)
    Decision.objects.update(created=month_ago)
    Target.objects.update(modified=month_ago)
    assert tasks.forget_alerts() == {"forgotten": 2}
    assert tasks.forget_alerts() == {"forgotten": 0}
    assert Candidate.objects.filter(name="ZTF26bbbbbbb", content=None).count() == 0
    undone(ours)
    client.force_login(theirs)
    card = client.get(reverse("alerts:candidate-card", args=[seen_by(theirs).get().pk])).content.decode()
    assert "Its alert is not kept any more" in card and "comes with the next alert" in card
    ingest(bright(NAME, mjd=60003.0, first_id=8), only_known=True)
    saved(theirs)
    assert Target.objects.get().name == NAME


@pytest.fixture
def members():
    """Give two members of a team, whose filter let three objects through."""
    group = team()
    first, second = maker("first", group), maker("second", group)
    made_filter(first, groups=[group])
    ingest(bright("ZTF26ccccccc", "ZTF26bbbbbbb", NAME))
    return first, second


def judged(user, name, state):
    triage.decide(Candidate.objects.get(name=name), state, user=user, reason="AGN")


def test_what_was_decided_anew_does_not_stand_in_the_way_of_undoing_what_was_before(members):
    first, second = members
    judged(second, "ZTF26ccccccc", "rejected")
    judged(second, "ZTF26bbbbbbb", "deferred")
    judged(second, NAME, "deferred")
    deferred = triage.last_decision(second)
    ingest(bright("ZTF26bbbbbbb", mjd=60001.0, first_id=20))  # is back in the queue
    judged(first, NAME, "rejected")
    with pytest.raises(CandidateError, match=f"What you decided about {NAME} holds no more"):
        triage.undo(deferred, user=second)
    assert undone(second) == "ZTF26ccccccc is new again."
    assert triage.last_decision(second) is None
    states = dict(Candidate.objects.values_list("name", "state"))
    assert states == {NAME: "rejected", "ZTF26bbbbbbb": "new", "ZTF26ccccccc": "new"}


def test_who_left_the_team_undoes_nothing_of_it(members):
    _, second = members
    judged(second, NAME, "rejected")
    decision = triage.last_decision(second)
    second.groups.clear()
    second = type(second).objects.get(pk=second.pk)
    assert triage.last_decision(second) is None
    with pytest.raises(CandidateError, match="holds no more"):
        triage.undo(decision, user=second)
    assert Candidate.objects.get(name=NAME).state == "rejected"


class SlowBroker(GenericBroker):
    """Asks its service when a target is made; meanwhile something happens."""

    name = "Slow"
    meanwhile = None

    def fetch_alerts(self, parameters):
        return iter([])

    def to_generic_alert(self, alert):
        return SlowAlert(timestamp="", id="1", name=alert["name"], ra=10.0, dec=20.0, mag=18, score=1, url="")


class SlowAlert(GenericAlert):
    def to_target(self):
        SlowBroker.meanwhile()
        return super().to_target()


def run_of(query, name=NAME):
    """Return a run of a kept query that found one object."""
    run = QueryRun.objects.create(
        user=query.user, kind="broker", provider="Slow", parameters={}, wanted=1, query_id=query.pk
    )
    QueryResult.objects.create(
        run=run, number=0, result_id="1", name=name, ra=10.0, dec=20.0, raw=packed({"name": name})
    )
    return run


@pytest.fixture
def query_candidate(settings, monkeypatch):
    """Give two members of a team with a candidate of a kept query, of a service that is slow."""
    settings.TOM_ALERT_CLASSES = [f"{__name__}.SlowBroker"]
    group = team()
    owner, member = maker("owner", group), maker("member", group)
    one = made_filter(owner, groups=[group], on=False, expression="ra > 1")
    query = BrokerQuery.objects.create(name="Slow ones", broker="Slow", parameters={}, user=owner)
    type(one).objects.filter(pk=one.pk).update(is_on=True, query_kind="broker", query_id=query.pk)
    screen_results(run_of(query))
    monkeypatch.setattr(SlowBroker, "meanwhile", lambda: None)
    return owner, member


def test_a_colleague_may_decide_while_a_service_is_asked(query_candidate, monkeypatch):
    owner, member = query_candidate
    monkeypatch.setattr(
        SlowBroker,
        "meanwhile",
        lambda: triage.decide(Candidate.objects.get(), "rejected", user=member, reason="AGN"),
    )
    with pytest.raises(CandidateError, match=f"{NAME} was rejected by member"):
        triage.decide(Candidate.objects.get(), "saved", user=owner)
    candidate = Candidate.objects.get()
    assert (candidate.state, candidate.decided_by, candidate.target) == ("rejected", member, None)
    assert not Target.objects.exists() and TrashedTarget.objects.count() == 1
    assert list(Decision.objects.values_list("user__username", "state")) == [("member", "rejected")]


def test_a_target_that_cannot_go_on_the_list_is_taken_back(query_candidate):
    owner, _ = query_candidate
    theirs = TargetList.objects.create(name="Theirs")
    with pytest.raises(CandidateError, match="owner may not change the list Theirs"):
        triage.decide(Candidate.objects.get(), "saved", user=owner, target_list=theirs)
    assert not Target.objects.exists() and Candidate.objects.get().state == "new"
    grant_access(owner, theirs)
    triage.decide(Candidate.objects.get(), "saved", user=owner, target_list=theirs)
    assert list(theirs.targets.all()) == [Target.objects.get()]


@pytest.mark.only_on("postgresql")
def test_deciding_undoing_and_telling_lock_as_every_engine_can(teams, monkeypatch):
    ours, _ = teams
    monkeypatch.setattr(connection.features, "has_select_for_update_of", False)  # as MariaDB
    saved(ours)
    assert undone(ours).startswith(f"{NAME} is new again")
    made_filter(ours, tells=True, digest="now", name="Tells")
    ingest(bright("ZTF26bbbbbbb"))
    act_on_due()
    assert Notification.objects.get().text == "Tells: 1 new candidate: ZTF26bbbbbbb"


def test_what_a_plugin_could_not_do_is_done_later_with_the_list_and_the_note(query_candidate, monkeypatch):
    owner, _ = query_candidate
    wanted = TargetList.objects.create(name="Followed")
    grant_access(owner, wanted)
    AlertFilter.objects.update(makes="target", target_list=wanted, note_key="why", note="bright")
    candidate = Candidate.objects.get()
    for kind in AlertFilter.objects.get().actions():
        CandidateAction.objects.create(candidate=candidate, kind=kind, due=timezone.now())

    def fails():
        raise ConnectionResetError("the service went away")

    monkeypatch.setattr(SlowBroker, "meanwhile", fails)
    assert act_on_due() == {"done": 0, "failed": 0}
    states = CandidateAction.objects.values_list("kind", "state", "attempts")
    assert sorted(states) == [("list", "waiting", 0), ("note", "waiting", 0), ("target", "waiting", 1)]
    making = CandidateAction.objects.get(kind="target")
    assert "Slow" in making.error and making.due > timezone.now()
    assert not CandidateAction.objects.exclude(kind="target").filter(due__lte=making.due).exists()
    monkeypatch.setattr(SlowBroker, "meanwhile", lambda: None)
    CandidateAction.objects.filter(kind="target").update(due=timezone.now())
    assert act_on_due() == {"done": 1, "failed": 0}
    assert act_on_due() == {"done": 2, "failed": 0}  # they need not wait any longer
    target = Target.objects.get()
    assert list(wanted.targets.all()) == [target] and target.tags["why"] == "bright"


def test_a_plugin_that_fails_always_is_given_up_and_the_list_with_it(query_candidate, monkeypatch):
    owner, _ = query_candidate
    wanted = TargetList.objects.create(name="Followed")
    grant_access(owner, wanted)
    AlertFilter.objects.update(makes="target", target_list=wanted)
    for kind in ("target", "list"):
        CandidateAction.objects.create(candidate=Candidate.objects.get(), kind=kind, due=timezone.now())
    monkeypatch.setattr(SlowBroker, "meanwhile", lambda: 1 / 0)
    for _ in range(MAX_ATTEMPTS):
        CandidateAction.objects.update(due=timezone.now())
        act_on_due()
    CandidateAction.objects.update(due=timezone.now())
    act_on_due()
    assert set(CandidateAction.objects.values_list("kind", "state")) == {
        ("target", "failed"),
        ("list", "failed"),
    }
    assert "has no target" in CandidateAction.objects.get(kind="list").error


def test_a_job_that_is_cancelled_leaves_what_it_was_at(query_candidate, monkeypatch):
    AlertFilter.objects.update(makes="target")
    action = CandidateAction.objects.create(
        candidate=Candidate.objects.get(), kind="target", due=timezone.now()
    )

    def cancelled(candidate, user):
        raise JobCancelled

    monkeypatch.setattr("tom_alerts.actions.make_target", cancelled)
    with pytest.raises(JobCancelled):
        act_on_due()
    action.refresh_from_db()
    assert action.state == "waiting" and action.due < timezone.now() + dt.timedelta(seconds=70)


def test_a_query_that_is_no_longer_shared_gives_the_filter_nothing(query_candidate):
    owner, member = query_candidate
    query = BrokerQuery.objects.get()
    query.groups.set(owner.groups.filter(name="Supernovae"))
    theirs = made_filter(member, on=False, expression="ra > 1", name="Member's")
    AlertFilter.objects.filter(pk=theirs.pk).update(is_on=True, query_kind="broker", query_id=query.pk)
    screen_results(run_of(query, "First"))
    query.groups.clear()
    screen_results(run_of(query, "Second"))
    of_member = Candidate.objects.filter(alert_filter=theirs)
    assert list(of_member.values_list("name", flat=True)) == ["First"]
    theirs.refresh_from_db()
    words = "The query is gone, or the owner of this filter may not see it any more."
    assert theirs.problem == words
    test = run_test(FilterTest.objects.create(alert_filter=theirs, user=member, mark=theirs.mark()))
    assert (test.error, test.sampled, test.examples) == (words, 0, [])
    assert Candidate.objects.filter(alert_filter__user=owner).count() == 3
    query.groups.set(owner.groups.filter(name="Supernovae"))
    screen_results(run_of(query, "Third"))
    theirs.refresh_from_db()
    assert theirs.problem == "" and of_member.count() == 2


def test_a_hidden_target_of_a_result_is_none_of_the_candidate(query_candidate):
    owner, _ = query_candidate
    hidden = SiderealTargetFactory(name="Another", permissions="PRIVATE")
    run = run_of(BrokerQuery.objects.get(), "Found again")
    run.results.update(target=hidden.pk)
    screen_results(run)
    candidate = candidates_for_user(owner, Candidate.objects.filter(name="Found again")).get()
    assert candidate.target is None


def test_a_target_whose_decision_could_not_be_written_is_taken_back(query_candidate, monkeypatch):
    owner, _ = query_candidate

    def lost(*args, **kwargs):
        raise OperationalError("the database is locked")

    monkeypatch.setattr(Decision.objects, "bulk_create", lost)
    with pytest.raises(OperationalError):
        triage.decide(Candidate.objects.get(), "saved", user=owner)
    assert not Target.objects.exists() and TrashedTarget.objects.count() == 1
    assert Candidate.objects.get().state == "new"
