"""HTTP requests to other machines: the one way in which our code makes them.

A request never waits for ever, a GET that found nobody is tried again, a POST never is (it may have been
obeyed), and what goes wrong is one of three errors whose text may be shown to a user. Credentials reach
neither a log nor an error text. A service that stays silent is left alone for a while (``record``).
"""

from tom_common.remote.errors import (
    RemoteBadReply,
    RemoteError,
    RemotePaused,
    RemoteRejected,
    RemoteUnavailable,
    plain_words,
    reported,
    translated,
)
from tom_common.remote.service import RemoteService

__all__ = [
    "RemoteBadReply",
    "RemoteError",
    "RemotePaused",
    "RemoteRejected",
    "RemoteService",
    "RemoteUnavailable",
    "plain_words",
    "reported",
    "translated",
]
