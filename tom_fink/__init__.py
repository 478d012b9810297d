"""The Fink broker: its streams, and its science portal as a service that can be asked."""

from tom_base import __version__

__all__ = ["__version__"]
