"""Build backend of this project: setuptools, with the browser libraries brought in first.

A wheel without them would serve pages without style, so every build makes sure that they are there. Named in
``pyproject.toml`` (PEP 517, ``backend-path``).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from setuptools import build_meta

sys.path.insert(0, str(Path(__file__).resolve().parent))

import front_end_assets  # noqa: E402  stands beside this file, which is not on the path of an isolated build

prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable

Config = dict[str, Any] | None


def _npm_requirement() -> list[str]:
    """Give the wheel that brings npm, only where a build would need it."""
    if front_end_assets.is_current() or front_end_assets.npm_is_installed():
        return []
    lines = (front_end_assets.ROOT / "requirements" / "node.in").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _prepare() -> None:
    front_end_assets.install()
    # A module deleted since the last build would otherwise be packed again from here.
    shutil.rmtree(front_end_assets.ROOT / "build" / "lib", ignore_errors=True)


def get_requires_for_build_wheel(config_settings: Config = None) -> list[str]:
    """Give what building a wheel needs besides setuptools."""
    return build_meta.get_requires_for_build_wheel(config_settings) + _npm_requirement()


def get_requires_for_build_sdist(config_settings: Config = None) -> list[str]:
    """Give what building a source archive needs besides setuptools."""
    return build_meta.get_requires_for_build_sdist(config_settings) + _npm_requirement()


def get_requires_for_build_editable(config_settings: Config = None) -> list[str]:
    """Give what an editable install needs besides setuptools."""
    return build_meta.get_requires_for_build_editable(config_settings) + _npm_requirement()


def build_wheel(
    wheel_directory: str, config_settings: Config = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel that holds every static file."""
    _prepare()
    return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Config = None, metadata_directory: str | None = None
) -> str:
    """Install for development, with every static file in place."""
    _prepare()
    return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory: str, config_settings: Config = None) -> str:
    """Build a source archive from which a wheel can be built offline."""
    _prepare()
    return build_meta.build_sdist(sdist_directory, config_settings)
