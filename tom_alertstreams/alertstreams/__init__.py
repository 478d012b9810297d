"""Streams of alerts: the interface, and the kinds that come with the TOM."""
