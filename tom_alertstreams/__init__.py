"""Streams of alerts: Kafka topics into targets and data, each message once."""

from tom_base import __version__

__all__ = ["__version__"]
