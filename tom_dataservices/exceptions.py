"""What a data service raises; the texts are shown to users."""


class MissingDataException(Exception):  # noqa: N818  public name
    """A service has nothing to make a target or data of."""


class NotConfiguredError(Exception):
    """A service lacks its entry in ``DATA_SERVICES``."""


class QueryServiceError(Exception):
    """A service did not answer a query; the text says why."""
