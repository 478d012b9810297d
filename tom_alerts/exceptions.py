"""What a broker raises; the texts are shown to users."""


class AlertSubmissionException(Exception):  # noqa: N818  public name
    """A broker did not take what was sent to it."""
