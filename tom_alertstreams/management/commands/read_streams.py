"""``manage.py read_streams``: the older name of ``readstreams``."""

from tom_alertstreams.management.commands.readstreams import Command, logger

__all__ = ["Command", "logger"]
