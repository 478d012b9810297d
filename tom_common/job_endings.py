"""What tasks and those who run them raise to end a job; importable where ``tom_common`` is not installed."""

from __future__ import annotations


class JobCancelled(Exception):
    """Somebody cancelled the job; raised by ``check_cancelled`` in the task."""


class JobTimedOut(Exception):
    """The task ran for longer than its time limit; raised wherever it is at that moment."""


class JobOverdue(BaseException):
    """The task went on after its time was over: it took `JobTimedOut` for the fault of one of its items.

    No `Exception`, so that nothing takes it for one; raised half a minute later, and again.
    """


class JobStopped(BaseException):
    """The process that runs the job is asked to end; raised wherever the task is, which then runs again.

    No `Exception`: a task that goes on after one bad item must not go on after this.
    """


class InputRefused(Exception):
    """Raised by a task that can do nothing with what it was given; its text tells a person why.

    The job fails at once: nothing would change at another attempt.
    """


class RunAgain(Exception):
    """Raised by a task that waits for another machine: the job goes back to the queue and runs again later.

    Parameters
    ----------
    delay_s : float
        Seconds until then.
    message : str
        What the job page says meanwhile.
    """

    def __init__(self, delay_s: float, message: str = "") -> None:
        super().__init__(message)
        self.delay_s = delay_s
        self.message = message


class WaitsForTurn(RunAgain):
    """Raised where a job may not ask a service yet, since others do: it has done nothing so far.

    Its attempts stay as they were; after a `RunAgain` of the task, a step that succeeded, they begin anew.
    """
