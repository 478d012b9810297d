"""Where reports go: the sandbox of TNS and the test topic of Hermes by default."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from tom_dataservices import conf
from tom_dataservices.clients import hermes_messages, tns_reports
from tom_dataservices.exceptions import NotConfiguredError


def tns_settings() -> dict[str, Any]:
    """Return ``DATA_SERVICES['TNS']``; empty without."""
    return conf.data_service_settings("TNS") or {}


def tns_url() -> str:
    """Return the address of the TNS that gets reports (``report_url``)."""
    return str(tns_settings().get("report_url") or tns_reports.SANDBOX).rstrip("/")


def tns() -> tns_reports.TnsReports:
    """Return the TNS that gets reports.

    Raises
    ------
    NotConfiguredError
    """
    return tns_reports.TnsReports(tns_settings())


def hermes_settings() -> dict[str, Any]:
    """Return what is set of Hermes: ``DATA_SERVICES['Hermes']``, else the settings that plugins use."""
    sharing = (getattr(settings, "DATA_SHARING", None) or {}).get("hermes") or {}
    plugin = getattr(settings, "HERMES_CONFIGURATION", None) or {}
    own = conf.data_service_settings("Hermes") or {}
    return {
        "base_url": own.get("base_url") or plugin.get("HERMES_BASE_URL") or sharing.get("BASE_URL"),
        "api_key": own.get("api_key") or plugin.get("HERMES_API_TOKEN") or sharing.get("HERMES_API_KEY"),
        "topics": list(own.get("topics") or sharing.get("USER_TOPICS") or ()),
        "topic": own.get("topic") or plugin.get("DEFAULT_TOPIC"),
        "authors": own.get("default_authors") or sharing.get("DEFAULT_AUTHORS"),
    }


def hermes_url() -> str:
    """Return the address of the interface of Hermes."""
    url = str(hermes_settings()["base_url"] or hermes_messages.HERMES).rstrip("/")
    return url if "/api/" in f"{url}/" else f"{url}/api/v0"


def hermes_topics() -> list[str]:
    """Return the topics that a message may go to, the proposed one first."""
    found = hermes_settings()
    topics = [*([found["topic"]] if found["topic"] else []), hermes_messages.TEST_TOPIC, *found["topics"]]
    if not found["topic"]:
        topics = [hermes_messages.TEST_TOPIC, *found["topics"]]
    return list(dict.fromkeys(str(topic) for topic in topics))


def hermes() -> hermes_messages.HermesMessages:
    """Return Hermes.

    Raises
    ------
    NotConfiguredError
        If there is no token.
    """
    token = hermes_settings()["api_key"]
    if not token:
        raise NotConfiguredError(
            "Hermes wants to know who sends: set api_key in DATA_SERVICES['Hermes'], from your profile there."
        )
    return hermes_messages.HermesMessages(hermes_url(), str(token))
