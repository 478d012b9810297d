"""Queries of a project's own service: they run in the background, and end with a sentence in any case."""

import pytest
from django import forms
from django.core.files.base import ContentFile
from django.urls import reverse

from tom_common import jobs
from tom_common.background import RunAgain
from tom_common.models import Job
from tom_dataproducts.models import DataProduct, ServiceQuery
from tom_dataproducts.single_target_data_service import own_services, queries
from tom_dataproducts.single_target_data_service.single_target_data_service import (
    BaseSingleTargetDataService,
    BaseSingleTargetDataServiceQueryForm,
    SingleTargetDataServiceException,
)

State = ServiceQuery.State


class CellarForm(BaseSingleTargetDataServiceQueryForm):
    days = forms.IntegerField(initial=30)


class Cellar(BaseSingleTargetDataService):
    name = "Cellar"
    asked, fault = [], None

    def get_form(self):
        return CellarForm

    def get_data_product_type(self):
        return "photometry"

    def get_success_message(self):
        return "The cellar has answered."

    def validate_form(self, query_parameters):
        pass

    def query_service(self, query_parameters):
        self.asked.append((self.user.get_username(), query_parameters["days"]))
        if self.fault is not None:
            raise self.fault
        DataProduct.objects.create(
            product_id=f"cellar {len(self.asked)}",
            target_id=query_parameters["target_id"],
            data=ContentFile(b"time,magnitude\n", name="cellar.csv"),
            data_product_type="photometry",
        )


class PasswordForm(CellarForm):
    password = forms.CharField(widget=forms.PasswordInput)


@pytest.fixture(autouse=True)
def _cellar(settings, monkeypatch):
    settings.SINGLE_TARGET_DATA_SERVICES = {"Cellar": {"class": f"{__name__}.Cellar"}}
    monkeypatch.setattr(Cellar, "asked", [])
    monkeypatch.setattr(Cellar, "fault", None)


@pytest.fixture
def post(client, people, target):
    client.force_login(people["owner"])
    url = reverse("dataproducts:single-target-data-service-query", args=["Cellar"])

    def ask(days=3, **more):
        values = {"service": "Cellar", "target_id": target.pk, "days": days, **more}
        return client.post(f"{url}?target_id={target.pk}", values, follow=True)

    return ask


def test_the_page_does_not_wait_and_the_answer_is_linked(post, work, the_query, target):
    page = post().content.decode()
    assert "Cellar is asked in the background" in page
    assert (Cellar.asked, the_query().state) == ([], State.SUBMITTED)
    work()
    query = the_query()
    assert (query.state, query.message, query.words) == (State.DONE, "The cellar has answered.", "Days 3")
    assert (query.product.target_id, Cellar.asked) == (target.pk, [("owner", 3)])
    assert "cellar" in " ".join(query.job.log_lines.values_list("text", flat=True))


def test_the_same_is_asked_once_at_a_time(post, work):
    post()
    page = post().content.decode()
    assert "is being asked the same already" in page
    post(days=4)
    work()
    assert sorted(Cellar.asked) == [("owner", 3), ("owner", 4)]


FAULTS = {
    "its own words": (SingleTargetDataServiceException("The cellar is locked."), "The cellar is locked."),
    "a connection": (ConnectionResetError(), "Cellar cannot be reached: ConnectionResetError."),
    "a defect": (KeyError("flux"), "The class of Cellar failed: KeyError: 'flux'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_a_sentence_and_can_be_tried_again(post, work, the_query, name, monkeypatch):
    fault, text = FAULTS[name]
    monkeypatch.setattr(Cellar, "fault", fault)
    post()
    work()
    assert the_query().state == State.FAILED
    assert the_query().error.startswith(text)
    assert Job.objects.get().error == the_query().error
    monkeypatch.setattr(Cellar, "fault", None)
    assert queries.retry_query(the_query())
    work()
    assert (the_query().state, len(Cellar.asked)) == (State.DONE, 2)


def test_a_process_that_ended_meanwhile_leaves_the_choice_to_the_user(post, work, the_query):
    post()
    ServiceQuery.objects.update(state=State.RUNNING)  # as its process left it
    work()
    assert (the_query().state, Cellar.asked) == (State.FAILED, [])
    assert "Try again asks once more" in the_query().error


def test_a_service_that_waits_is_asked_again(post, work, the_query, monkeypatch):
    monkeypatch.setattr(Cellar, "fault", RunAgain(60, "The cellar is being cleaned."))
    post()
    work(steps=1)
    assert (the_query().state, the_query().message) == (State.SUBMITTED, "The cellar is being cleaned.")
    work(steps=1)
    assert the_query().state == State.SUBMITTED
    monkeypatch.setattr(Cellar, "fault", None)
    work()
    assert (the_query().state, len(Cellar.asked)) == (State.DONE, 3)


def test_a_cancelled_query_is_not_asked(post, work, the_query):
    post()
    assert queries.cancel_query(the_query())
    work()
    assert (the_query().state, Cellar.asked) == (State.CANCELLED, [])


def test_a_form_with_a_password_is_asked_by_the_page_and_kept_nowhere(post, monkeypatch):
    monkeypatch.setattr(Cellar, "get_form", lambda self: PasswordForm)
    assert own_services.needs_the_page(Cellar(), PasswordForm())
    page = post(password="hunter2").content.decode()  # noqa: S106
    assert "The cellar has answered." in page
    assert (Cellar.asked, ServiceQuery.objects.count(), Job.objects.count()) == ([("owner", 3)], 0, 0)


def test_an_interrupted_job_of_a_service_that_is_gone_says_so(post, work, the_query, settings):
    post()
    settings.SINGLE_TARGET_DATA_SERVICES = {}
    work()
    assert (the_query().state, jobs.due_jobs().count()) == (State.FAILED, 0)
    assert "no data service 'Cellar'" in the_query().error
