"""Targets of results: few of them do not wait behind bulk work, many are not all in memory at once."""

import pytest
from django.urls import reverse

from tom_alerts import providers
from tom_alerts.alerts import GenericAlert, GenericBroker, GenericQueryForm
from tom_alerts.providers import BrokerProvider
from tom_common.job_endings import JobCancelled, JobStopped, JobTimedOut, RunAgain
from tom_common.job_worker import JobWorker
from tom_common.models import Job
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices import made_targets, results
from tom_dataservices.made_targets import Wanted, targets_for
from tom_dataservices.models import QueryResult, QueryRun
from tom_dataservices.providers import DataServiceProvider
from tom_dataservices.runs import MOST_RESULTS, fetch_more, fetch_now, start_run
from tom_dataservices.tasks import FEW, make_targets_later
from tom_targets.models import Target
from tom_targets.permissions import targets_for_user
from tom_targets.tests.factories import SiderealTargetFactory


def run_of(user, name_begins="", **options):
    asked = DataServiceProvider("Stars", user)
    return start_run(asked, {"name_begins": name_begins}, in_background=False, again=True, **options)


@pytest.mark.parametrize(
    ("chosen", "queue"),
    [
        ({"selected_results": ["Star 1"]}, "interactive"),
        ({"selected_results": [f"Star {number}" for number in range(FEW)]}, "interactive"),
        ({"selected_results": [f"Star {number}" for number in range(FEW + 1)]}, "bulk"),
        ({"all": "1"}, "bulk"),
    ],
)
def test_few_targets_do_not_wait_behind_bulk_work(services, as_owner, users, chosen, queue):
    run = fetch_now(run_of(users["owner"]))
    as_owner.post(reverse("dataservices:create-target"), {"run": run.pk, **chosen})
    assert Job.objects.get(title=f"Targets from {run}").queue == queue
    assert Target.objects.count() == len(chosen.get("selected_results", range(100)))


def test_all_of_a_short_answer_are_few(services, as_owner, users):
    run = fetch_now(run_of(users["owner"], name_begins="Star 247"))
    as_owner.post(reverse("dataservices:create-target"), {"run": run.pk, "all": "1"})
    assert Job.objects.get().queue == "interactive"


def test_a_few_targets_wait_for_their_turn_with_a_service(
    services, users, settings, transactional_db, monkeypatch, client
):
    run = fetch_now(run_of(users["owner"], name_begins="Star 7"))
    settings.TOM_BACKGROUND = "thread"
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: service != "Stars")
    client.force_login(users["owner"])
    client.post(reverse("dataservices:create-target"), {"run": run.pk, "selected_results": ["Star 7"]})
    assert JobWorker().run_one()
    job = Job.objects.get()
    assert (job.state, job.message[:32]) == ("queued", "Waits until Stars can be asked: ")
    assert not Target.objects.exists()


def test_results_are_read_some_at_a_time(services, users, monkeypatch):
    monkeypatch.setattr(made_targets, "_AT_A_TIME", 20)
    run = fetch_now(run_of(users["owner"]))
    alive = []
    real = QueryResult.from_db.__func__

    def counted(cls, *args, **kwargs):
        made = real(cls, *args, **kwargs)
        alive.append(made.number)
        return made

    monkeypatch.setattr(QueryResult, "from_db", classmethod(counted))
    seen = []
    for result in made_targets._InPieces(run.results.all()):
        seen.append((result.number, len(alive)))
    assert [number for number, _ in seen] == list(range(100))
    assert all(read - number <= 20 for number, read in seen)
    report = targets_for(users["owner"], run.results.all(), Wanted(list_name="All of them", with_data=False))
    assert len(report.made) == 100
    assert Target.objects.filter(targetlist__name="All of them").count() == 100


@pytest.mark.parametrize("wanted", ["PRIVATE", "PUBLIC"])
def test_the_page_proposes_what_the_settings_have_for_new_targets(
    services, as_owner, users, settings, wanted
):
    settings.TARGET_DEFAULT_PERMISSION = wanted
    run = fetch_now(run_of(users["owner"], name_begins="Star 247"))
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert f'<option value="{wanted}" selected>' in page
    as_owner.post(reverse("dataservices:create-target"), {"run": run.pk, "all": "1"})
    assert Target.objects.get().permissions == wanted


# --- a job that is interrupted


@pytest.fixture
def leaves_out(services, as_owner, users, settings, transactional_db):
    """Return the job that makes targets of two stars, leaving out what is there, on a list."""
    run = fetch_now(run_of(users["owner"], name_begins="Star 24"))
    settings.TOM_BACKGROUND = "thread"
    ids = ["Star 240", "Star 241"]
    wanted = {"on_near": "skip", "list_name": "Kept"}
    return make_targets_later(run, users["owner"], ids, Wanted(**wanted))


@pytest.mark.parametrize("stopped", ["before its data", "between two"])
def test_a_job_that_goes_on_leaves_nothing_out_that_it_made_itself(
    leaves_out, services, monkeypatch, stopped
):
    calls = []
    real = DataServiceProvider.bring_data

    def interrupted(self, target, raw):
        calls.append(target.name)
        if len(calls) == (1 if stopped == "before its data" else 2):
            raise RunAgain(0, "waits for the limit")
        return real(self, target, raw)

    monkeypatch.setattr(DataServiceProvider, "bring_data", interrupted)
    assert JobWorker().run_one()
    leaves_out.refresh_from_db()
    assert leaves_out.state == "queued"
    assert JobWorker().run_one()
    leaves_out.refresh_from_db()
    assert leaves_out.state == "done", leaves_out.error
    told = {key: leaves_out.result[key] for key in ("created", "already_there", "left_out", "data")}
    assert told == {"created": 2, "already_there": 0, "left_out": 0, "data": 2}
    again = ["Star 240"] if stopped == "before its data" else []
    assert sorted(calls) == sorted(["Star 240", *again, *["Star 241"] * (2 - len(again))])
    assert {target.name for target in Target.objects.filter(targetlist__name="Kept")} == set(calls)
    labels = [link["label"] for link in leaves_out.result["links"]]
    assert labels == ["Star 240", "Star 241", "Show the results", "List: Kept"]
    assert PhotometryReducedDatum.objects.count() == 2


def test_another_job_leaves_out_what_the_first_made(leaves_out, users):
    assert JobWorker().run_one()
    run = QueryRun.objects.get()
    later = make_targets_later(run, users["owner"], ["Star 240"], Wanted(on_near="skip"))
    assert JobWorker().run_one()
    later.refresh_from_db()
    assert (later.result["created"], later.result["left_out"]) == (0, 1)


class Stops:
    """Ends, once, before or after something is done."""

    def __init__(self, monkeypatch, owner, name, ending, *, is_done=False, after=0):
        self.real, self.ending, self.is_done, self.after = getattr(owner, name), ending, is_done, after
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: self(*args, **kwargs))

    def __call__(self, *args, **kwargs):
        self.after -= 1
        if self.after != -1:
            return self.real(*args, **kwargs)
        if self.is_done:
            self.real(*args, **kwargs)
        raise self.ending


@pytest.mark.parametrize("on_near", ["skip", "create", "merge"])
@pytest.mark.parametrize("place", ["access", "aliases", "kept", "noted"])
def test_a_target_that_was_stored_when_its_process_ended_is_the_job_s_own(
    services, as_owner, users, settings, transactional_db, monkeypatch, place, on_near
):
    run = fetch_now(run_of(users["owner"], name_begins="Star 24"))
    settings.TOM_BACKGROUND = "thread"
    chosen = Wanted(on_near=on_near, list_name="Kept", permissions="PRIVATE", group_ids=[users["group"].pk])
    job = make_targets_later(run, users["owner"], ["Star 240"], chosen)
    where, name, is_done = {
        "access": (results, "give_access_to", False),
        "aliases": (results, "keep_aliases", False),
        "kept": (DataServiceProvider, "make_target", True),
        "noted": (made_targets, "_note", True),
    }[place]
    Stops(monkeypatch, where, name, JobStopped(), is_done=is_done)
    assert JobWorker().run_one()
    job.refresh_from_db()
    assert job.state == "queued"
    assert JobWorker().run_one()
    job.refresh_from_db()
    assert job.state == "done", job.error
    told = {key: job.result[key] for key in ("created", "already_there", "left_out", "data")}
    assert told == {"created": 1, "already_there": 0, "left_out": 0, "data": 1}
    target = Target.objects.get(targetlist__name="Kept")
    assert [alias.name for alias in target.aliases.all()] == ["Alias of Star 240"]
    assert targets_for_user(users["member"], Target.objects.all(), "change_target").get() == target
    assert target.photometryreduceddatum_set.count() == 1


@pytest.mark.parametrize("place", ["access", "kept"])
def test_a_target_that_a_broker_stored_itself_is_the_job_s_own(
    users, settings, transactional_db, monkeypatch, place
):
    settings.TOM_ALERT_CLASSES = [f"{__name__}.SelfStoringBroker"]
    run = fetch_now(start_run(BrokerProvider("Keeper", users["owner"]), {}, in_background=False))
    settings.TOM_BACKGROUND = "thread"
    job = make_targets_later(run, users["owner"], ["one"], Wanted(on_near="skip", permissions="PRIVATE"))
    if place == "access":
        Stops(monkeypatch, providers, "give_access_to", JobStopped())
    else:
        Stops(monkeypatch, BrokerProvider, "make_target", JobStopped(), is_done=True)
    assert JobWorker().run_one() and JobWorker().run_one()
    job.refresh_from_db()
    assert (job.state, job.result.get("created")) == ("done", 1), job.error
    assert targets_for_user(users["owner"], Target.objects.all(), "change_target").count() == 1


class SelfStoringBroker(GenericBroker):
    """A broker of the first generation, whose alerts store their target themselves."""

    name = "Keeper"
    form = GenericQueryForm

    def fetch_alerts(self, parameters):
        return iter([{"name": "one", "ra": 1.0, "dec": 2.0}])

    def to_generic_alert(self, alert):
        class Alert(GenericAlert):
            def to_target(self):
                return Target.objects.create(name=self.name, type="SIDEREAL", ra=self.ra, dec=self.dec)

        return Alert("", "one", alert["name"], alert["ra"], alert["dec"], None, None, "")

    def process_reduced_data(self, target, alert=None):
        """Bring nothing."""


@pytest.mark.parametrize("ending", [JobCancelled(), JobTimedOut("late"), JobStopped(), RunAgain(0, "waits")])
def test_what_a_job_made_is_listed_however_it_ends(
    services, users, settings, transactional_db, monkeypatch, ending
):
    SiderealTargetFactory(name="Ours", ra=20.0, dec=-5.0, permissions="PUBLIC")
    run = fetch_now(run_of(users["owner"], name_begins="Star 1"))
    settings.TOM_BACKGROUND = "thread"
    wanted = Wanted(list_name="Some", with_data=False, on_near="skip")
    job = make_targets_later(run, users["owner"], None, wanted)
    Stops(monkeypatch, made_targets, "unpacked", ending, after=3)
    assert JobWorker().run_one()
    job.refresh_from_db()
    assert job.state == {JobCancelled: "cancelled", JobTimedOut: "failed"}.get(type(ending), "queued")
    made = set(Target.objects.filter(name__startswith="Star").values_list("name", flat=True))
    assert made == {"Star 1", "Star 11"}
    listed = Target.objects.filter(targetlist__name="Some").values_list("name", flat=True)
    assert set(listed) == made
    lines = " ".join(job.log_lines.values_list("text", flat=True))
    assert "from Ours: left out" in lines


def test_targets_are_on_the_list_before_the_last_is_made(services, users, monkeypatch):
    monkeypatch.setattr(made_targets, "_AT_A_TIME", 20)
    run = fetch_now(run_of(users["owner"]))
    real = DataServiceProvider.make_target

    def breaks(self, raw, access):
        if raw["name"] == "Star 50":
            raise RunAgain(0, "waits for the limit")
        return real(self, raw, access)

    monkeypatch.setattr(DataServiceProvider, "make_target", breaks)
    with pytest.raises(RunAgain):
        targets_for(users["owner"], run.results.all(), Wanted(list_name="Some", with_data=False))
    assert Target.objects.filter(targetlist__name="Some").count() == 50


# --- load more


def test_what_a_service_found_meanwhile_is_neither_lost_nor_doubled(services, users, monkeypatch):
    run = fetch_now(run_of(users["owner"]))
    assert (run.found, run.has_more) == (100, True)
    fresh = [{"name": f"Fresh {number}", "ra": 1.0, "dec": 1.0, "mag": 9} for number in range(3)]
    now = [*fresh, *services.stars()[10:]]  # ten of those shown have vanished since
    monkeypatch.setitem(services.query_service.__globals__, "STARS", now)
    run = fetch_more(run)
    fetch_now(run)
    names = list(run.results.values_list("name", flat=True))
    assert len(names) == len(set(names)) == 200
    assert {"Fresh 0", "Fresh 1", "Fresh 2", "Star 0", "Star 100", "Star 196"} <= set(names)
    assert "Star 197" not in names


def test_more_than_the_most_is_told_and_not_offered(services, users, as_owner, monkeypatch):
    monkeypatch.setattr("tom_dataservices.runs.MOST_RESULTS", 100)
    run = fetch_now(run_of(users["owner"]))
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert "No more than 100 results of one query are fetched: narrow it" in page
    assert "Load more" not in page
    assert fetch_more(run).wanted == 100


def test_several_results_of_one_id_are_all_kept(services, users, monkeypatch):
    same = [{"name": "Variable", "ra": 1.0, "dec": 1.0, "mag": mag} for mag in range(3)]
    monkeypatch.setitem(services.query_service.__globals__, "STARS", same)
    run = fetch_now(run_of(users["owner"], wanted=2))
    run.wanted = MOST_RESULTS
    run.finished = None
    run.save()
    assert fetch_now(run).found == 3


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"ra": 10.0, "dec": 95.0}, "declination 95. It lies between -90 and 90 degrees."),
        ({"ra": -5.0, "dec": 5.0}, "right ascension -5. It lies between 0 and 360 degrees."),
        ({"ra": float("nan"), "dec": 5.0}, "right ascension nan. This is not a finite number."),
    ],
)
def test_a_result_that_is_not_on_the_sky_makes_no_target_and_keeps_no_other_out(
    services, users, monkeypatch, place, words
):
    odd = next(row for row in services.stars() if row["name"] == "Star 242")
    monkeypatch.setitem(odd, "ra", place["ra"])
    monkeypatch.setitem(odd, "dec", place["dec"])
    run = fetch_now(run_of(users["owner"], name_begins="Star 24"))
    report = targets_for(users["owner"], run.results.select_related("run"), Wanted(with_data=False))
    assert sorted(target.name for target in report.made) == sorted(
        f"Star {number}" for number in (24, 240, 241, *range(243, 250))
    )
    assert [note for note in report.notes if words in note]
    assert report.failed == 0  # it is not tried again
