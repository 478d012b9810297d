"""What librdkafka hands out, for readers that are tested without a broker."""

from confluent_kafka import KafkaError


class KafkaMessage:
    """Stands for a message of topic ``a``, partition 0.

    Parameters
    ----------
    offset : int, optional
    value : bytes, optional
    error : KafkaError, optional
        It is no message, but says what is wrong.
    """

    def __init__(self, offset: int = 0, value: bytes = b"x", error: KafkaError | None = None) -> None:
        self._offset, self._value, self._error = offset, value, error

    def error(self) -> KafkaError | None:
        """Return what is wrong, None for a message."""
        return self._error

    def topic(self) -> str:
        """Return the name of the topic."""
        return "a"

    def partition(self) -> int:
        """Return the number of the partition."""
        return 0

    def offset(self) -> int:
        """Return the place in the partition."""
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        """Return that it bears no time."""
        return 0, 0

    def key(self) -> None:
        """Return that it has no key."""

    def headers(self) -> None:
        """Return that it has no headers."""

    def value(self) -> bytes:
        """Return the body."""
        return self._value
