"""The engine of queries: what it leaves to plugins, what ends its jobs, what counts as new."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tom_common.background import JobCancelled, JobTimedOut
from tom_common.job_worker import JobWorker
from tom_common.models import Job
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.kept_answers import packed
from tom_dataservices.made_targets import make_targets
from tom_dataservices.models import DataServiceQuery, QueryRun
from tom_dataservices.plugin_errors import plugin_reported
from tom_dataservices.providers import Access, DataServiceProvider
from tom_dataservices.runs import MOST_RESULTS, fetch_now, start_run
from tom_dataservices.tasks import update_target_data
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory


def run_of(user, **options):
    parameters = {"name_begins": options.pop("name_begins", "Star 1")}
    asked = DataServiceProvider("Stars", user)
    return start_run(asked, parameters, in_background=False, again=True, **options)


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_service_is_asked(services, users, monkeypatch):
    run = fetch_now(run_of(users["owner"], name_begins="Star 12"))
    seen = []
    for name in ("query_service", "create_target_from_query", "query_aliases"):
        real = getattr(services, name)

        def watched(self, *args, _real=real, _name=name, **kwargs):
            seen.append((_name, connection.in_atomic_block))
            return _real(self, *args, **kwargs)

        monkeypatch.setattr(services, name, watched)
    report = make_targets(list(run.results.select_related("run")), Access(users["owner"]))
    assert (len(report.made), report.data_rows) == (11, 11)
    assert {name for name, _ in seen} == {"query_service", "create_target_from_query", "query_aliases"}
    assert not [name for name, is_open in seen if is_open]


@pytest.mark.parametrize("stop", [JobCancelled, JobTimedOut])
def test_what_ends_a_job_is_no_failure_of_the_plugin(stop):
    with pytest.raises(stop), plugin_reported("The stars"):
        raise stop
    with pytest.raises(stop):
        packed(_Stopping(stop))


class _Stopping:
    def __init__(self, stop):
        self.stop = stop

    def __reduce__(self):
        raise self.stop


@pytest.mark.parametrize(("stop", "words"), [(JobCancelled, "was cancelled"), (JobTimedOut, "took too long")])
def test_a_query_that_is_stopped_keeps_what_came_and_says_so(services, as_owner, users, stop, words):
    run = run_of(users["owner"], name_begins="")

    def tell(count):
        if count >= 50:
            raise stop

    with pytest.raises(stop):
        fetch_now(run, tell)
    run.refresh_from_db()
    assert (run.found, run.results.count()) == (50, 50)
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert f"The query {words}: these are the results that had come by then." in page
    assert fetch_now(run).found == 100  # the job of it can be tried again
    assert not run.error


def test_a_query_whose_job_was_cancelled_before_it_began_does_not_claim_that_nothing_fits(
    services, as_owner, users
):
    run = run_of(users["owner"])
    run.job = Job.objects.create(title="x", task="x", state=Job.State.CANCELLED, user=users["owner"])
    run.save()
    page = as_owner.get(run.get_absolute_url()).content.decode()
    assert "The query has not come to its end" in page
    assert "Nothing was found" not in page


def test_a_query_waits_for_its_turn_and_asks_nobody_meanwhile(
    services, users, settings, transactional_db, monkeypatch, client
):
    settings.TOM_BACKGROUND = "thread"
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: service != "Stars")
    start_run(DataServiceProvider("Stars", users["owner"]), {})
    target = SiderealTargetFactory(name="Star 7")
    target.give_user_access(users["owner"])
    update_target_data.submit(target_pk=target.pk, service="Stars", user_id=users["owner"].pk)
    worker = JobWorker()
    assert [worker.run_one(), worker.run_one()] == [True, True]
    waiting = Job.objects.filter(message__startswith="Waits until Stars can be asked")
    assert (services.asked, waiting.count()) == (0, 2)
    client.force_login(users["owner"])
    page = client.get(QueryRun.objects.get().get_absolute_url()).content.decode()
    assert "Waits until Stars can be asked: other questions are under way." in page
    monkeypatch.setattr("tom_common.turns.turns.take", lambda service: True)
    Job.objects.update(run_after=timezone.now())
    while worker.run_one():
        continue
    assert set(Job.objects.values_list("state", flat=True)) == {"done"}
    assert QueryRun.objects.get().found == 100


def moving(run):
    run.job = Job.objects.create(title="x", task="x", state=Job.State.RUNNING, user=run.user)
    run.finished = None
    run.save()
    return run


def test_a_page_that_polls_starts_nothing(services, as_owner, users):
    query = DataServiceQuery.objects.create(
        name="Clouds", data_service="Stars", parameters={"fail": "spoken"}, user=users["owner"]
    )
    as_owner.get(reverse("dataservices:run_saved", args=[query.pk]))
    run = moving(QueryRun.objects.get())
    QueryRun.objects.update(error="")
    page = as_owner.get(reverse("dataservices:run_saved", args=[query.pk])).content.decode()
    address = page.partition('id="results" hx-get="')[2].partition('"')[0].replace("&amp;", "&")
    assert address.startswith(run.get_absolute_url() + "?")
    assert as_owner.get(address).status_code == 204  # nothing came: the page stays as it is
    Job.objects.update(state=Job.State.QUEUED, message="Waits.")
    assert "Waits." in as_owner.get(address).content.decode()
    QueryRun.objects.update(found=3)
    assert as_owner.get(address).status_code == 200
    Job.objects.update(state=Job.State.FAILED)
    QueryRun.objects.update(error="The stars are behind clouds.", finished=timezone.now())
    assert "behind clouds" in as_owner.get(address).content.decode()
    assert (services.asked, QueryRun.objects.count()) == (1, 1)


def test_many_results_are_shown_page_by_page(services, as_owner, users, monkeypatch):
    monkeypatch.setattr("tom_dataservices.views.found_pages.ROWS_A_PAGE", 40)
    run = fetch_now(run_of(users["owner"], name_begins=""))
    page = as_owner.get(run.get_absolute_url(), {"page": "3"})
    assert [row.result.number for row in page.context["rows"]] == list(range(80, 100))
    assert "81 to 100 of 100" in page.content.decode()
    assert "None of those shown bears the name" in page.content.decode()
    assert len(as_owner.get(run.get_absolute_url(), {"page": "99"}).context["rows"]) == 20
    assert len(as_owner.get(run.get_absolute_url(), {"page": "²"}).context["rows"]) == 40
    moving(run)
    assert len(as_owner.get(run.get_absolute_url(), {"page": "2"}).context["rows"]) == 40


def test_more_is_fetched_once_however_often_it_is_asked_for(services, as_owner, users, monkeypatch):
    run = fetch_now(run_of(users["owner"], name_begins=""))
    monkeypatch.setattr("tom_common.background.dispatch", lambda *args, **kwargs: None)
    for _ in range(2):
        as_owner.post(reverse("dataservices:more", args=[run.pk]))
    assert Job.objects.count() == 1
    run.refresh_from_db()
    assert run.wanted == 200


# --- what is new


@pytest.fixture
def query(users):
    return DataServiceQuery.objects.create(
        name="All stars", data_service="Stars", parameters={"name_begins": ""}, user=users["owner"]
    )


def names_of_new(run):
    return list(run.results.filter(is_new=True).values_list("name", flat=True))


def test_what_the_run_before_did_not_look_at_is_not_new(services, users, query, monkeypatch):
    fetch_now(run_of(users["owner"], name_begins="", query=query))
    assert not names_of_new(
        fetch_now(run_of(users["owner"], name_begins="", query=query, wanted=MOST_RESULTS))
    )
    new = {"name": "Star new", "ra": 1.0, "dec": 1.0, "mag": 9}
    monkeypatch.setitem(services.query_service.__globals__, "STARS", [new, *services.stars()])
    third = fetch_now(run_of(users["owner"], name_begins="", query=query, wanted=MOST_RESULTS))
    assert (third.found, names_of_new(third)) == (251, ["Star new"])


def test_a_short_look_between_two_complete_runs_hides_nothing_that_is_new(
    services, users, query, monkeypatch
):
    def run(**options):
        return names_of_new(fetch_now(run_of(users["owner"], name_begins="", query=query, **options)))

    stars = services.stars()
    first, last = ({"name": f"Star {name}", "ra": 1.0, "dec": 1.0, "mag": 9} for name in ("first", "last"))
    assert run(wanted=MOST_RESULTS) == []
    monkeypatch.setitem(services.query_service.__globals__, "STARS", [first, *stars, last])
    assert run() == ["Star first"]  # as many as a page shows
    assert run(wanted=MOST_RESULTS) == ["Star last"]
    assert run(wanted=MOST_RESULTS) == []


def test_what_another_user_was_shown_is_still_new_to_the_owner(services, users, query, monkeypatch):
    fetch_now(run_of(users["owner"], name_begins="", query=query))
    new = {"name": "Star new", "ra": 1.0, "dec": 1.0, "mag": 9}
    monkeypatch.setitem(services.query_service.__globals__, "STARS", [new, *services.stars()])
    assert not names_of_new(fetch_now(run_of(users["member"], name_begins="", query=query)))
    assert names_of_new(fetch_now(run_of(users["owner"], name_begins="", query=query))) == ["Star new"]


def test_the_results_of_an_edited_query_are_not_all_new(services, users, query):
    fetch_now(run_of(users["owner"], name_begins="Star 1", query=query))
    assert not names_of_new(fetch_now(run_of(users["owner"], name_begins="", query=query)))


def test_a_target_that_another_process_stored_meanwhile_is_not_called_new(services, users, monkeypatch):
    run = fetch_now(run_of(users["owner"], name_begins="Star 12"))
    real = services.create_target_from_query

    def slow(self, result, **kwargs):
        made = SiderealTargetFactory.build(name=result["name"], permissions="PUBLIC")
        Target.objects.bulk_create([made])  # as another process does: no signal is sent here
        return real(self, result, **kwargs)

    monkeypatch.setattr(services, "create_target_from_query", slow)
    report = make_targets(list(run.results.select_related("run")[:1]), Access(users["owner"]))
    assert (len(report.made), len(report.there)) == (0, 1)


# --- plugins of both generations


@pytest.fixture
def own_storing(services, monkeypatch, settings):
    """A service that stores its targets itself, and fails on one right after."""

    def to_target(self, result, **kwargs):
        target = Target(name=result["name"], type="SIDEREAL", ra=result["ra"], dec=result["dec"])
        target.save()
        seen.append(Target.objects.get(pk=target.pk).permissions)
        if target.name == "Star 121":
            raise ValueError("no more")
        return target

    seen = []
    settings.TARGET_DEFAULT_PERMISSION = "PUBLIC"
    monkeypatch.setattr(services, "to_target", to_target)
    return seen


def test_a_private_target_is_at_no_moment_public_whoever_stores_it(services, users, own_storing):
    run = fetch_now(run_of(users["owner"], name_begins="Star 12"))
    access = Access(users["owner"], permissions="PRIVATE")
    report = make_targets(list(run.results.select_related("run")[:3]), access, with_data=False)
    assert (len(report.made), report.failed) == (2, 1)
    assert own_storing == ["PRIVATE"] * 3
    assert set(Target.objects.values_list("permissions", flat=True)) == {"PRIVATE"}


def test_a_type_error_of_a_plugin_is_told_and_the_plugin_not_asked_again(
    services, as_owner, users, monkeypatch
):
    calls = []

    def broken(self, query_parameters, **kwargs):
        calls.append(query_parameters)
        return 1 + "1"

    monkeypatch.setattr(services, "query_photometry", broken)
    target = SiderealTargetFactory(name="Star 7")
    target.give_user_access(users["owner"])
    as_owner.post(reverse("dataservices:update-data"), {"target": target.pk, "data_service": "Stars"})
    assert "unsupported operand" in Job.objects.get().error
    assert calls == [{"name_begins": "Star 7"}]


def test_an_older_service_is_given_parameters(services, users):
    asked = []

    class Older(services):
        def query_reduced_data(self, query_parameters, **kwargs):
            asked.append(query_parameters)
            return {"photometry": self.query_photometry(query_parameters)}

        def query_aliases(self, query_parameters, **kwargs):
            return ["Name of old"]

    provider = DataServiceProvider("Stars", users["owner"])
    provider.plugin = Older
    target = SiderealTargetFactory(name="Star 7")
    assert provider.update(target) == 1
    assert asked == [{"name_begins": "Star 7"}]
    assert target.aliases.get().name == "Name of old"


# --- the command


def test_the_command_makes_targets_of_all_results_with_data(services, query, capsys, settings):
    settings.TOM_QUERY_RESULTS = 5
    DataServiceQuery.objects.update(parameters={"name_begins": "Star 12"})
    SiderealTargetFactory(name="Star 125", permissions="PRIVATE")
    call_command("rundataquery", query.pk)
    said = capsys.readouterr().out
    assert "Star 125: A target named Star 125 is there already, and you may not see it." in said
    assert "10 targets made, 0 there already, 0 left out, 10 rows of data" in said
    assert PhotometryReducedDatum.objects.count() == 10
    assert QueryRun.objects.get().found == 11
    query.refresh_from_db()
    assert query.last_run is not None


def test_the_command_says_why_it_failed(services, query):
    query.parameters = {"fail": "spoken"}
    query.save()
    with pytest.raises(CommandError, match="behind clouds"):
        call_command("rundataquery", query.pk)
    query.data_service = "Gone"
    query.save()
    with pytest.raises(CommandError, match="Gone"):
        call_command("rundataquery", query.pk)


@pytest.mark.parametrize(
    ("asked", "options", "made", "is_more"),
    [({}, {}, 100, True), ({}, {"most": 120}, 120, True), ({"max_results": "150"}, {}, 250, False)],
)
def test_the_command_takes_as_many_as_were_chosen(services, query, capsys, asked, options, made, is_more):
    query.parameters |= asked
    query.save()
    call_command("rundataquery", query.pk, no_data=True, **options)
    said = capsys.readouterr().out
    assert f"{made} targets made" in said
    assert (f"the first {made} results were taken, and there are more: --most N" in said) is is_more
    with pytest.raises(CommandError, match="from 1 to 10,000, not 0"):
        call_command("rundataquery", query.pk, most=0)
