"""What is submitted to a broker goes there once, with the values of its form, and its end is told."""

import datetime as dt

import pytest
from django import forms
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from tom_alerts.alerts import GenericBroker, GenericQueryForm, GenericUpstreamSubmissionForm
from tom_alerts.exceptions import AlertSubmissionException
from tom_common import jobs
from tom_common.grants import grant_access
from tom_common.job_endings import JobStopped
from tom_common.models import Job
from tom_targets.tests.factories import SiderealTargetFactory

sent = []
answers = []


class NoteForm(GenericUpstreamSubmissionForm):
    topic = forms.CharField()
    night = forms.DateField(required=False)


class NoteBroker(GenericBroker):
    name = "Notes"
    form = GenericQueryForm
    alert_submission_form = NoteForm

    def fetch_alerts(self, parameters):
        return iter(())

    def to_generic_alert(self, alert):
        raise NotImplementedError

    def submit_upstream_alert(self, target=None, observation_record=None, **kwargs):
        sent.append((target and target.name, kwargs))
        answer = answers.pop(0) if answers else True
        if isinstance(answer, type | BaseException):
            raise answer
        return answer


@pytest.fixture
def target(db, settings, client):
    sent.clear()
    answers.clear()
    settings.TOM_ALERT_CLASSES = [f"{__name__}.NoteBroker"]
    user = User.objects.create_user("owner", password="pw")
    made = SiderealTargetFactory(name="Ours", permissions="PRIVATE")
    grant_access(user, made)
    client.force_login(user)
    made.user = user
    return made


@pytest.fixture
def waiting(settings, transactional_db):
    settings.TOM_BACKGROUND = "thread"


def submit(client, target, **more):
    values = {"target": target.pk, "topic": "notes", "redirect_url": "/targets/", **more}
    return client.post(reverse("alerts:submit-alert", args=["Notes"]), values, follow=True)


def words(answer):
    return [str(message) for message in answer.context["messages"]]


def run():
    job = Job.objects.filter(state=Job.State.QUEUED).order_by("pk").first()
    assert jobs.claim(job)
    jobs.run_claimed(job, monitored=False)
    job.refresh_from_db()
    return job


def test_what_is_submitted_arrives_as_its_form_cleans_it(target, client, at_once):
    assert words(submit(client, target, night="2026-11-21")) == ["Notes has taken it."]
    assert sent == [("Ours", {"topic": "notes", "night": dt.date(2026, 11, 21)})]


def test_a_second_click_sends_nothing(target, client, at_once):
    submit(client, target)
    assert "nothing was sent a second time" in words(submit(client, target))[0]
    assert len(sent) == 1
    submit(client, target, topic="another")
    Job.objects.update(finished_at=timezone.now() - dt.timedelta(minutes=2))
    submit(client, target)
    assert len(sent) == 3


def test_a_second_click_leads_to_the_job_of_the_first(waiting, target, client):
    first, second = submit(client, target), submit(client, target)
    assert first.redirect_chain[-1] == second.redirect_chain[-1]
    assert Job.objects.count() == 1
    run()
    assert len(sent) == 1


@pytest.mark.parametrize("end", [JobStopped, KeyboardInterrupt])
def test_what_was_handed_over_when_the_process_ended_is_not_sent_again(waiting, target, client, end):
    submit(client, target)
    answers.append(end)
    try:
        job = run()
    except KeyboardInterrupt:
        job = Job.objects.get()
    Job.objects.update(state=Job.State.QUEUED)
    job = run()
    assert (job.state, len(sent)) == (Job.State.FAILED, 1)
    assert "may have arrived: look for it there" in job.error


def test_what_may_have_arrived_is_not_sent_again_with_all_that_failed(waiting, target, client):
    submit(client, target)
    answers.append(TimeoutError("no answer"))
    assert "Notes cannot be reached" in run().error
    jobs.retry_failed_jobs(target.user)
    assert "may have arrived" in run().error
    assert len(sent) == 1


@pytest.mark.parametrize("refusal", [AlertSubmissionException("The topic is closed."), False])
def test_what_the_broker_did_not_take_may_be_sent_again(waiting, target, client, refusal):
    submit(client, target)
    answers.append(refusal)
    assert run().error in ("The topic is closed.", "Notes did not take it.")
    jobs.retry_failed_jobs(target.user)
    assert run().state == Job.State.DONE
    assert len(sent) == 2


def test_only_who_may_change_the_target_submits(target, client, at_once):
    stranger = User.objects.create_user("stranger", password="pw")
    client.force_login(stranger)
    submit(client, target)
    grant_access(stranger, target, ["view_target"])
    submit(client, target)
    client.logout()
    submit(client, target)
    assert sent == []
    assert not Job.objects.exists()


def test_a_fault_is_told_at_its_field(target, client, at_once):
    assert words(submit(client, target, topic="")) == ["topic: This field is required."]
    assert words(submit(client, target, night="soon")) == ["night: Enter a valid date."]
    assert sent == []
