"""Processors that come with the TOM."""
