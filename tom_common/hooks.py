"""Events that a project can answer with a function of its own, named in the setting ``HOOKS``."""

import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tom_common import conf

logger = logging.getLogger(__name__)


def import_method(path: str) -> Callable[..., Any]:
    """Return the function with a dotted path.

    Raises
    ------
    ImportError
        If the module, or the name in it, does not exist; the message holds the path.
    """
    module_path, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module_path), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImportError(f"Could not import {path}: {error}") from error


def run_hook(name: str, *args: Any, **kwargs: Any) -> Any:
    """Call the function that the project named for an event.

    Parameters
    ----------
    name : str
        Key of the setting ``HOOKS``.
    *args, **kwargs
        Handed to the function.

    Returns
    -------
    object
        What the function returns; None where the project names none.

    Raises
    ------
    ImportError
        If the path in the setting cannot be imported.
    """
    path = conf.hooks().get(name)
    if not path:
        return None
    return import_method(path)(*args, **kwargs)


def target_post_save(target: Any, created: bool) -> None:
    """Note that a target was saved; the default for the hook ``target_post_save``."""
    logger.info("Target post save hook: %s created: %s", target, created)


def observation_change_state(observation: Any, previous_status: str) -> None:
    """Note that an observation changed its status; the default for the hook ``observation_change_state``."""
    logger.info(
        "Observation change state hook: %s from %s to %s",
        observation,
        previous_status,
        getattr(observation, "status", None),
    )
