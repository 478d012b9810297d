"""Loads the rules of the test-suite for every app's tests; they stand in ``tests/house_rules.py``."""

pytest_plugins = ["pytester", "tests.house_rules"]
