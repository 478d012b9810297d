"""Version of the TOM; stands below every other package."""

__version__ = "0.1.0"
