"""Mails about candidates: each is a job that is tried again until a server takes it."""

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from tom_alerts import tasks
from tom_alerts.actions import act_on_due
from tom_alerts.filter_models import Candidate
from tom_alerts.tests.filters.making import bright, ingest, made_filter, maker
from tom_common.models import Job, Notification

pytestmark = pytest.mark.django_db
NEWS = {"tells": True, "mails": True, "digest": "now"}


class NoServer(EmailBackend):
    """A mail server that is away."""

    def send_messages(self, messages):
        raise ConnectionRefusedError("no mail server")


def job():
    return Job.objects.get(task=tasks.mail_news.path)


def test_a_mail_waits_for_its_server_as_a_job(settings, at_once):
    settings.EMAIL_BACKEND = "tom_alerts.tests.filters.test_mails.NoServer"
    made_filter(maker(), **NEWS)
    ingest(bright("ZTF26aaaaaaa"))
    act_on_due()
    assert Notification.objects.count() == 1 and not mail.outbox
    assert job().attempts_allowed == 31 and "no mail server" in job().error
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    arguments = job().arguments["kwargs"]
    assert tasks.mail_news(**arguments) == {"sent": 1}
    assert tasks.mail_news(**arguments) == {"sent": 1}  # ended between the sending and the marking
    assert len({message.message()["Message-ID"] for message in mail.outbox}) == 1


def test_a_mail_is_written_down_with_the_notification_or_not_at_all(monkeypatch):
    def fails(**told):
        raise RuntimeError

    made_filter(maker(), **NEWS)
    ingest(bright("ZTF26aaaaaaa"))
    with monkeypatch.context() as patched:
        patched.setattr(tasks.mail_news, "submit", fails)
        with pytest.raises(RuntimeError):
            act_on_due()
    assert not Notification.objects.exists() and not Job.objects.filter(task=tasks.mail_news.path).exists()
    act_on_due()
    assert Notification.objects.count() == 1 and job().state == Job.State.QUEUED


def test_a_mail_tells_what_its_reader_may_see_when_it_is_sent():
    user = maker()
    one = made_filter(user, **NEWS)
    ingest(bright("ZTF26aaaaaaa", "ZTF26bbbbbbb"))
    act_on_due()
    arguments = job().arguments["kwargs"]
    Candidate.objects.get(name="ZTF26aaaaaaa").delete()
    tasks.mail_news(**arguments)
    assert mail.outbox[0].subject.endswith("Bright: 1 new candidate")
    assert "ZTF26bbbbbbb" in mail.outbox[0].body and "ZTF26aaaaaaa" not in mail.outbox[0].body
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert tasks.mail_news(**arguments) == {"sent": 0}
    one.delete()
    assert tasks.mail_news(**arguments) == {"sent": 0}
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("url", "origins", "link"),
    [
        ("https://tom.example.org/", [], "https://tom.example.org/alerts/triage/"),
        ("", ["https://*.example.org", "https://tom.example.org"], "https://tom.example.org/alerts/triage/"),
        ("", [], " /alerts/triage/"),
    ],
)
def test_a_mail_leads_to_the_page_of_triage(settings, url, origins, link):
    settings.TOM_URL, settings.CSRF_TRUSTED_ORIGINS = url, origins
    one = made_filter(maker(), **NEWS)
    ingest(bright("ZTF26aaaaaaa"))
    act_on_due()
    tasks.mail_news(**job().arguments["kwargs"])
    assert f"{link}?filter={one.pk}" in mail.outbox[0].body
