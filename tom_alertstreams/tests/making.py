"""Streams as their settings make them, for tests."""

from tom_alertstreams.alertstreams.hopskotch import HopskotchAlertStream

HOPSKOTCH = {"URL": "kafka://kafka.scimma.org/", "GROUP_ID": "me-1", "USERNAME": "me", "PASSWORD": "secret"}


def hopskotch(handler, **others):
    """Give a stream of Hopskotch with one topic, which goes to the handler at a dotted path."""
    return HopskotchAlertStream(**(HOPSKOTCH | {"TOPIC_HANDLERS": {"hermes.test": handler}} | others))
