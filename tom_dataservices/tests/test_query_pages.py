"""Queries as their users meet them: asked in the background, kept, shared, their results made targets."""

import pytest
from django.template import Context
from django.urls import reverse

from tom_common.background import InputRefused
from tom_common.models import Job
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.models import DataServiceQuery, QueryRun
from tom_dataservices.tasks import targets_from_results
from tom_dataservices.templatetags.dataservices_extras import update_data_from_dataservice
from tom_targets.models import Target, TargetList
from tom_targets.tests.factories import SiderealTargetFactory

ASK = {"data_service": "Stars", "name_begins": "", "query_name": "", "fail": ""}


def asked(client, **values):
    answer = client.post(reverse("dataservices:create"), {**ASK, **values}, follow=True)
    assert answer.status_code == 200
    return answer


def kept(client, **values):
    asked(client, query_save="on", query_name="Bright stars", name_begins="Star 3", **values)
    return DataServiceQuery.objects.get()


def test_a_query_shows_its_first_hundred_and_loads_more(services, as_owner):
    page = asked(as_owner)
    run = page.context["run"]
    assert (run.found, run.has_more, len(page.context["rows"])) == (100, True, 100)
    assert services.yielded == 101  # the iterator is not emptied
    page = as_owner.post(reverse("dataservices:more", args=[run.pk]), follow=True)
    assert [row.result.name for row in page.context["rows"]] == [f"Star {number}" for number in range(200)]
    page = as_owner.post(reverse("dataservices:more", args=[run.pk]), follow=True)
    run.refresh_from_db()
    assert (run.found, run.has_more) == (250, False)


def test_a_page_of_results_takes_few_queries(services, as_owner, django_assert_max_num_queries):
    run = asked(as_owner).context["run"]
    with django_assert_max_num_queries(15):
        as_owner.get(run.get_absolute_url())


def test_chosen_results_become_targets_with_names_and_data(services, as_owner, users):
    run = asked(as_owner, name_begins="Star 1").context["run"]
    chosen = list(run.results.all()[:2])
    as_owner.post(
        reverse("dataservices:create-target"),
        {
            "run": run.pk,
            "selected_results": [result.row_id for result in chosen],
            "permissions": "PRIVATE",
            "groups": [users["group"].pk],
            "list_name": "From the stars",
            "with_data": "on",
        },
    )
    target = Target.objects.get(name="Star 1")
    assert target.permissions == "PRIVATE"
    assert [alias.name for alias in target.aliases.all()] == ["Alias of Star 1"]
    assert target.tags == {"catalogue_mag": "15.5"}
    assert PhotometryReducedDatum.objects.get(target=target).brightness == 15.5
    assert set(Target.objects.values_list("name", flat=True)) == {"Star 1", "Star 10"}
    assert target.targetlist_set.get().name == "From the stars"
    as_owner.force_login(users["member"])
    assert as_owner.get(target.get_absolute_url()).status_code == 200
    as_owner.force_login(users["stranger"])
    assert as_owner.get(target.get_absolute_url()).status_code == 404


def test_a_result_that_is_a_target_already_says_so(services, as_owner, users):
    there = SiderealTargetFactory(name="STAR-1", ra=50.0, dec=50.0, permissions="PUBLIC")
    near = SiderealTargetFactory(name="neighbour", ra=20.0, dec=-5.0 + 0.5 / 3600, permissions="PUBLIC")
    page = asked(as_owner, name_begins="Star 1")
    known = {row.result.name: row.known for row in page.context["rows"]}
    assert [(one.pk, one.by) for one in known["Star 1"]] == [(there.pk, "name")]
    ((one),) = known["Star 10"]
    assert (one.pk, one.by) == (near.pk, "position")
    assert one.separation_arcsec == pytest.approx(0.5, abs=1e-6)
    as_owner.post(
        reverse("dataservices:create-target"),
        {"run": page.context["run"].pk, "selected_results": [page.context["rows"][0].result.row_id]},
    )
    assert not Target.objects.filter(name="Star 1").exists()


def test_the_name_of_a_hidden_target_is_refused_without_telling_of_it(services, as_owner, users):
    SiderealTargetFactory(name="Star 1", ra=50.0, dec=50.0, permissions="PRIVATE")
    page = asked(as_owner, name_begins="Star 1")
    answer = as_owner.post(
        reverse("dataservices:create-target"),
        {"run": page.context["run"].pk, "selected_results": [page.context["rows"][0].result.row_id]},
        follow=True,
    )
    assert "A target named Star 1 is there already, and you may not see it." in answer.content.decode()


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        ("spoken", "The stars are behind clouds."),
        (
            "bug",
            "The stars failed: ValueError: unexpected star. Its plugin may not fit the service any more.",
        ),
    ],
)
def test_what_a_service_raises_is_a_sentence(services, as_owner, fail, words):
    page = asked(as_owner, fail=fail)
    assert words in page.content.decode()
    run = QueryRun.objects.get()
    assert (run.error, run.job.state) == (words, "failed")
    asked(as_owner, fail=fail)
    assert services.asked == 2  # an answer that failed is not taken for current


def test_an_equal_question_of_the_same_user_is_not_asked_twice(services, as_owner, users):
    first = asked(as_owner).context["run"]
    assert asked(as_owner).context["run"] == first
    assert services.asked == 1
    as_owner.force_login(users["stranger"])
    assert asked(as_owner).context["run"] != first
    assert services.asked == 2


def test_results_new_since_the_last_run_are_marked(services, as_owner, monkeypatch):
    query = kept(as_owner)
    run_page = reverse("dataservices:run_saved", args=[query.pk])
    assert as_owner.get(run_page).context["new_count"] == 0
    new = {"name": "Star 3x", "ra": 1.0, "dec": 1.0, "mag": 9}
    monkeypatch.setitem(services.query_service.__globals__, "STARS", [*services.stars(), new])
    as_owner.post(run_page)
    page = as_owner.get(run_page)
    assert [row.result.name for row in page.context["rows"] if row.result.is_new] == ["Star 3x"]


def test_an_older_service_makes_targets(services, as_owner):
    page = asked(as_owner, data_service="Old")
    as_owner.post(reverse("dataservices:create-target"), {"run": page.context["run"].pk, "all": "1"})
    target = Target.objects.get(name="Star 0")
    assert target.tags == {"old": "yes"}
    assert [alias.name for alias in target.aliases.all()] == ["An old alias"]


def test_data_of_a_target_are_updated_by_a_job(services, as_owner, users):
    target = SiderealTargetFactory(name="Star 7", permissions="PUBLIC")
    target.give_user_access(users["owner"])
    for _ in range(2):
        answer = as_owner.post(
            reverse("dataservices:update-data"), {"target": target.pk, "data_service": "Stars"}
        )
        assert answer.status_code == 302
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 1
    as_owner.force_login(users["stranger"])
    refused = as_owner.post(
        reverse("dataservices:update-data"), {"target": target.pk, "data_service": "Stars"}
    )
    assert refused.status_code == 403


def test_a_broken_plugin_is_named_and_takes_nothing_down(services, as_owner, settings):
    settings.TOM_DATA_SERVICE_CLASSES = [*settings.TOM_DATA_SERVICE_CLASSES, "no.such.Service"]
    page = as_owner.get(reverse("dataservices:query_list"))
    assert "no.such.Service" in page.content.decode()
    assert "The stars" in page.content.decode()


def test_a_query_is_copied_for_whoever_may_see_it(services, as_owner, users):
    query = kept(as_owner, **{"keep-groups": [users["group"].pk], "keep-every_minutes": "60"})
    as_owner.force_login(users["member"])
    as_owner.post(reverse("dataservices:copy", args=[query.pk]))
    copy = DataServiceQuery.objects.exclude(pk=query.pk).get()
    assert (copy.user, copy.every_minutes, copy.parameters) == (users["member"], None, query.parameters)
    assert not copy.groups.exists()


SEES = {"owner", "member", "superuser"}
CHANGES = {"owner", "superuser"}


@pytest.mark.parametrize("role", ["owner", "member", "stranger", "staff", "superuser", "anonymous"])
def test_who_may_do_what_with_a_kept_query(services, as_owner, users, role):
    query = kept(as_owner, **{"keep-groups": [users["group"].pk]})
    run = QueryRun.objects.get()
    result = run.results.first()
    client = as_owner
    if role == "anonymous":
        client.logout()
    else:
        client.force_login(users[role])
    refused = 302 if role == "anonymous" else 404

    def status(name, *args, post=False):
        address = reverse(f"dataservices:{name}", args=args)
        return (client.post if post else client.get)(address).status_code

    listed = client.get(reverse("dataservices:query_list"))
    if role != "anonymous":
        assert (query in listed.context["queries"]) == (role in SEES)
    assert status("run_saved", query.pk) == (200 if role in SEES else refused)
    assert status("update", query.pk) == (200 if role in CHANGES else refused)
    assert status("delete", query.pk) == (200 if role in CHANGES else refused)
    own = {"owner", "superuser"}
    assert status("results", run.pk) == (200 if role in own else refused)
    assert status("more", run.pk, post=True) == (302 if role in own else refused)
    assert status("raw-result", result.pk) == (200 if role in own else 404)
    if role not in CHANGES:
        assert status("delete", query.pk, post=True) == refused
        assert DataServiceQuery.objects.filter(pk=query.pk).exists()


def test_asking_again_asks_the_kept_query_as_it_is_now(services, as_owner):
    query = kept(as_owner)
    run = QueryRun.objects.get()
    query.parameters = {**query.parameters, "name_begins": "Star 4"}
    query.save()
    as_owner.post(reverse("dataservices:more", args=[run.pk]), {"again": "1"})
    again = QueryRun.objects.exclude(pk=run.pk).get()
    assert (again.query_id, again.title) == (query.pk, "Bright stars")
    assert set(again.results.values_list("name", flat=True)) == {"Star 4", *(f"Star 4{n}" for n in range(10))}
    query.delete()
    as_owner.post(reverse("dataservices:more", args=[again.pk]), {"again": "1"})
    last = QueryRun.objects.order_by("pk").last()
    assert (last.query_id, last.found) == (None, 11)


def test_a_renamed_query_asks_the_same(services, as_owner):
    query = kept(as_owner)
    asked(as_owner, query_save="on", query_name="Other words", name_begins="Star 3")
    first, second = QueryRun.objects.order_by("pk")
    assert first.digest == second.digest
    assert query.name == "Bright stars"


def test_a_list_that_one_may_not_change_is_left_alone_and_told(services, as_owner):
    TargetList.objects.create(name="Of others")
    run = asked(as_owner, name_begins="Star 12").context["run"]
    answer = as_owner.post(
        reverse("dataservices:create-target"),
        {"run": run.pk, "all": "1", "list_name": "Of others", "permissions": "PUBLIC"},
        follow=True,
    )
    assert "You may not change the list Of others." in answer.content.decode()
    assert not TargetList.objects.get().targets.exists()


def test_the_right_to_add_targets_is_asked_for_when_the_job_runs(services, as_owner, users):
    run = asked(as_owner, name_begins="Star 12").context["run"]
    users["owner"].is_active = False
    users["owner"].save()
    with pytest.raises(InputRefused, match="You may not add targets"):
        targets_from_results(run.pk, users["owner"].pk)
    assert not Target.objects.exists()


def test_a_query_that_was_cancelled_is_not_listed_as_asking(services, as_owner, users):
    run = asked(as_owner, name_begins="Star 12").context["run"]
    QueryRun.objects.update(finished=None)
    Job.objects.update(state="cancelled")
    page = as_owner.get(reverse("dataservices:query_list")).content.decode()
    assert "not asked to its end" in page
    Job.objects.update(state="running")
    page = as_owner.get(reverse("dataservices:query_list")).content.decode()
    assert "still asking" in page
    assert str(run) in page


def test_a_catalogue_without_data_still_gives_names(services, as_owner, users, monkeypatch):
    target = SiderealTargetFactory(name="Star 7")
    target.give_user_access(users["owner"])
    monkeypatch.setattr(services, "query_photometry", lambda self, parameters, **kwargs: [])
    send = {"target": target.pk, "data_service": "Stars"}
    as_owner.post(reverse("dataservices:update-data"), send)
    assert Job.objects.get().error == "Stars has no data of Star 7."
    monkeypatch.setattr(services, "query_aliases", lambda self, *args, **kwargs: ["HD 7"])
    as_owner.post(reverse("dataservices:update-data"), send)
    assert Job.objects.latest("pk").state == "done"
    assert target.aliases.get().name == "HD 7"


def test_the_form_is_filled_in_with_what_a_run_asked(services, as_owner, users):
    page = asked(as_owner, name_begins="Star 1")
    address = page.context["change_url"]
    assert f'href="{address.replace("&", "&amp;")}"' in page.content.decode()
    assert as_owner.get(address).context["form"].initial["name_begins"] == "Star 1"
    as_owner.force_login(users["stranger"])
    assert "name_begins" not in as_owner.get(address).context["form"].initial


def test_brokers_come_before_catalogues_where_data_of_a_target_are_asked_for(db):
    offered = [name for name, _ in update_data_from_dataservice(Context())["services"]]
    catalogues = ("SIMBAD", "NED", "MPC", "JPL SBDB")
    first = min(offered.index(name) for name in catalogues if name in offered)
    assert {"ALeRCE", "Fink LSST", "Lasair"} <= set(offered[:first])


def test_no_address_of_a_form_holds_a_blank(as_owner):
    listed = as_owner.get(reverse("dataservices:query_list")).context["services"]
    addresses = {row["name"]: row["create_url"] for row in listed}
    assert " " not in "".join(addresses.values())
    assert as_owner.get(addresses["ALeRCE LSST"]).context["form"].service_name == "ALeRCE LSST"
