"""Errors that several apps raise and the middleware understands."""


class ImproperCredentialsException(Exception):
    """A remote service refused our credentials; the argument is the name of the service."""
