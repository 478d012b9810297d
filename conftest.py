"""Loads the rules of the test-suite for every app's tests; they stand in ``tests/house_rules.py``."""

pytest_plugins = ["pytester", "tests.house_rules"]


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name a test by the argument where its value is bytes: xdist wants the same names in each worker."""
    return argname if isinstance(val, bytes) else None
