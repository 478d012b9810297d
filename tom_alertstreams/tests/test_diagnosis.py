"""Mistakes in ``ALERT_STREAMS`` are told in sentences: by the check, on the page, on the terminal."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tom_alertstreams import diagnosis
from tom_alertstreams.alertstreams.alertstream import AlertStream
from tom_alertstreams.alertstreams.kafka import KafkaAlertStream
from tom_alertstreams.checks import check_alert_streams
from tom_alertstreams.complaints import sentence_of
from tom_alertstreams.diagnosis import problems_of, usable_alert_streams
from tom_alertstreams.selectors import streams
from tom_alertstreams.tests.making import HOPSKOTCH

STREAMS = "tom_alertstreams.alertstreams."
KAFKA = {"URL": "broker:9092", "GROUP_ID": "us", "TOPICS": ["alerts"]}
LOGGER = "tom_alertstreams.alertstreams.gcn.alert_logger"
GCN = {"GCN_CLASSIC_CLIENT_ID": "us", "GCN_CLASSIC_CLIENT_SECRET": "s", "TOPIC_HANDLERS": {"gcn.x": LOGGER}}
HOP = HOPSKOTCH | {"TOPIC_HANDLERS": {"x": LOGGER}}


def kafka(**options):
    return {"NAME": f"{STREAMS}kafka.KafkaAlertStream", "OPTIONS": {**KAFKA, **options}}


def gcn(name="GCNClassicAlertStream", **options):
    return {"NAME": f"{STREAMS}gcn.{name}", "OPTIONS": {**GCN, **options}}


def hopskotch(**options):
    return {"NAME": f"{STREAMS}hopskotch.HopskotchAlertStream", "OPTIONS": {**HOP, **options}}


@pytest.mark.parametrize(
    "entry",
    [
        kafka(),
        kafka(SECURITY_PROTOCOL="SSL"),
        kafka(USERNAME="us", PASSWORD="p"),
        gcn(),
        hopskotch(),
        hopskotch(USERNAME="", PASSWORD="", SECURITY_PROTOCOL="PLAINTEXT"),
        {**kafka(URL=""), "ACTIVE": False},
    ],
)
def test_of_what_is_right_nothing_is_said(entry):
    assert problems_of(entry, thoroughly=True) == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("tom.Stream", "expected a dict with NAME and OPTIONS"),
        ({"OPTIONS": {}}, "lacks its NAME"),
        ({"NAME": "no.such.Stream"}, "no.such.Stream, which cannot be imported"),
        ({"NAME": f"{STREAMS}kafka.KafkaAlertStream", "OPTIONS": []}, "its OPTIONS are []; expected a dict"),
        (kafka(TOPIC_HANDLERS={"x": "no.such"}), "names a handler that cannot be used"),
        (kafka(GROUPID="x"), "does not know the option GROUPID; did you mean GROUP_ID?"),
        (kafka(TOPICS=""), "has no topic to read"),
        (kafka(URL=""), "its URL is empty; expected host:port"),
        (kafka(GROUP_ID=""), "its group is empty"),
        (kafka(START_POSITION="oldest"), "START_POSITION is 'oldest'; expected EARLIEST or LATEST"),
        (kafka(BATCH_SIZE="many"), "its options cannot be used, ValueError"),
        (kafka(PERMISSIONS="SECRET"), "permissions 'SECRET'; expected OPEN, PUBLIC or PRIVATE"),
        (kafka(SECURITY_PROTOCOL="SASL_SSL"), "sasl.username and sasl.password are empty"),
        (kafka(KAFKA={"session.timeout": 3}), 'No such configuration property: "session.timeout"'),
        (
            kafka(SECURITY_PROTOCOL="SSL", SSL_CA_LOCATION="/no/such.pem"),
            "The file of certificates /no/such.pem (ssl.ca.location) is not there",
        ),
        (kafka(SECURITY_PROTOCOL="TLS"), 'Invalid value "TLS"'),
        (hopskotch(PASSWORD=""), "it is to log in, and sasl.password are empty"),
        (gcn(GCN_CLASSIC_CLIENT_SECRET=""), "sasl.oauthbearer.client.secret are empty"),
        (gcn(CONFIG={"group_id": "x"}), 'No such configuration property: "group_id"'),
        (gcn(name="GCNAlertStream"), "lacks the options GCN_CLIENT_ID, GCN_CLIENT_SECRET"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(entry, words):
    (problem, *_) = problems_of(entry, thoroughly=True)
    assert words in problem


def test_the_check_names_the_stream(settings):
    settings.ALERT_STREAMS = [kafka(), {**kafka(URL=""), "LABEL": "Ours"}]
    (found,) = check_alert_streams()
    assert (
        found.msg
        == "settings.ALERT_STREAMS, Ours: its URL is empty; expected host:port, several separated by commas."
    )
    assert found.id == "tom_alertstreams.W001"


def test_passwords_are_in_no_sentence(settings):
    settings.ALERT_STREAMS = [hopskotch(PASSWORD="pa55word", KAFKA={"no.such": 1}, START_POSITION="x")]
    assert "pa55word" not in str(check_alert_streams())


def test_one_wrong_entry_keeps_no_other_from_being_read(settings, monkeypatch):
    made, problems = usable_alert_streams([kafka(), {"NAME": "no.such.Stream"}, kafka()])
    assert [one.label for one in made] == ["KafkaAlertStream", "KafkaAlertStream 2"]
    assert len(problems) == 1
    assert problems[0].startswith("Stream: settings.ALERT_STREAMS names no.such.Stream, which cannot be")


class RaisingStream(AlertStream):
    def __init__(self, **options):
        raise RuntimeError("no such observatory")

    def listen(self):
        """Not called."""


class RaisingKafka(KafkaAlertStream):
    made = 0

    def reader(self):
        type(self).made += 1
        raise RuntimeError("no such observatory")


@pytest.mark.parametrize("name", ["RaisingStream", "RaisingKafka"])
def test_a_plugin_that_raises_anything_is_told_by_check_and_page(admin_client, settings, name):
    settings.ALERT_STREAMS = [{**kafka(), "NAME": f"{__name__}.{name}"}, {**kafka(), "LABEL": "night"}]
    (found,) = check_alert_streams()
    assert found.msg.endswith(f"{name}: its class raises RuntimeError: no such observatory.")
    page = admin_client.get(reverse("alertstreams:streams")).content.decode()
    assert "its class raises RuntimeError: no such observatory" in page
    assert "night" in page


def test_the_page_does_not_make_the_class_of_a_plugin_each_time(db, settings, monkeypatch):
    monkeypatch.setattr(diagnosis, "_answers", {})
    monkeypatch.setattr(RaisingKafka, "made", 0)
    settings.ALERT_STREAMS = [{**kafka(), "NAME": f"{__name__}.RaisingKafka"}]
    errors = [one.error for _ in range(3) for one in streams()]
    assert len(errors) == 3
    assert all("no such observatory" in error for error in errors)
    assert RaisingKafka.made == 1
    monkeypatch.setattr(diagnosis, "ASK_AGAIN_S", 0.0)
    streams()
    assert RaisingKafka.made == 2


WRONG = [
    ("tom.Stream", "An entry of settings.ALERT_STREAMS is 'tom.Stream'; expected a dict"),
    (kafka(TOPICS=5), "its options cannot be used, TypeError"),
    ({**kafka(), "OPTIONS": None}, "KafkaAlertStream in settings.ALERT_STREAMS are None; expected a dict"),
    ({**kafka(), "OPTIONS": "x"}, "are 'x'; expected a dict"),
    (kafka(TOPIC_HANDLERS="x"), "its options cannot be used, AttributeError"),
    (kafka(TOPIC_HANDLERS={"x": 5}), "its options cannot be used, AttributeError"),
    ({"NAME": f"{__name__}.RaisingStream"}, "its class raises RuntimeError: no such observatory"),
]


@pytest.mark.parametrize(("entry", "words"), WRONG)
def test_an_entry_of_the_wrong_kind_is_told_and_the_others_are_read(entry, words):
    made, (problem,) = usable_alert_streams([entry, {**kafka(), "LABEL": "night"}])
    assert [one.label for one in made] == ["night"]
    assert words in problem


@pytest.mark.parametrize("entry", ["tom.Stream", {**kafka(), "OPTIONS": None}])
def test_the_page_shows_an_entry_of_the_wrong_kind_beside_the_others(admin_client, settings, entry):
    settings.ALERT_STREAMS = [entry, {**kafka(), "LABEL": "night"}]
    page = admin_client.get(reverse("alertstreams:streams")).content.decode()
    assert "expected a dict" in page
    assert "night" in page


def test_where_none_can_be_read_all_are_told(settings):
    settings.ALERT_STREAMS = [{"NAME": "no.such.Stream"}, {"NAME": "nor.this.One"}]
    with pytest.raises(CommandError, match=r"(?s)no\.such\.Stream.*nor\.this\.One"):
        call_command("readstreams", stdout=StringIO())


def test_the_page_tells_what_has_to_be_corrected(admin_client, settings):
    settings.ALERT_STREAMS = [kafka(URL="", START_POSITION="oldest")]
    page = admin_client.get(reverse("alertstreams:streams")).content.decode()
    assert "START_POSITION is &#x27;oldest&#x27;" in page
    assert "its URL is empty" in page


class Complaint:
    def __init__(self, code, text):
        self._code, self._text = code, text

    def code(self):
        return self._code

    def str(self):
        return self._text


@pytest.mark.parametrize(
    ("code", "text", "sentence"),
    [
        (
            3,
            "Subscribed topic not available: alerts: Broker: Unknown topic or partition",
            "has no topic alerts (yet)",
        ),
        (
            29,
            "Subscribed topic not available: alerts: Broker: x",
            "does not let this user read the topic alerts",
        ),
        (30, "GroupCoordinator: Broker: Group authorization failed", "check the name of the group"),
    ],
)
def test_what_a_broker_refuses_is_told_in_a_sentence(code, text, sentence):
    assert sentence in sentence_of(Complaint(code, text))
