"""Classes that a project names in its settings: brokers, facilities, processors and the like.

Each kind of plugin has one `PluginRegistry`, made by the app that owns the interface. The setting is read at
every use, so that ``override_settings`` works, and a broken entry never takes a page down: pages list what
works, the system check names what does not.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from tom_common.conf import setting

logger = logging.getLogger(__name__)
_broken: dict[str, str] = {}  # path -> reason; a module that fails is not executed again at each request


class PluginError(ImproperlyConfigured, ImportError):
    """A plugin named in the settings cannot be used."""


def _forget_broken(**_: Any) -> None:
    _broken.clear()


setting_changed.connect(_forget_broken, dispatch_uid="tom_common.plugins")


class PluginRegistry:
    """The classes of one kind of plugin, by name.

    Parameters
    ----------
    setting_name : str
        Setting that lists them: a list of dotted paths, or a dict from name to a dotted path or to a dict
        with a key ``class``.
    base : str, optional
        Dotted path of the class that every plugin must extend.
    default : list or dict, optional
        Value while the project does not give the setting.
    contribution : str, optional
        Method of the AppConfigs that offers further classes: a list of ``{"class": path}`` or of paths.
    aliases : sequence of str, optional
        Older names of the setting, read where the first is absent.
    remark : callable, optional
        Called with a class that can be used; returns what it lacks for its full use, as the end of a sentence
        such as "has no form", or nothing.
    """

    instances: list[PluginRegistry] = []

    def __init__(
        self,
        setting_name: str,
        *,
        base: str | None = None,
        default: Iterable[str] | Mapping[str, Any] = (),
        contribution: str | None = None,
        aliases: Iterable[str] = (),
        remark: Callable[[type[Any]], str] = lambda cls: "",
    ) -> None:
        self.setting_name = setting_name
        self.base = base
        self.default = default
        self.contribution = contribution
        self.aliases = tuple(aliases)
        self.remark = remark
        PluginRegistry.instances.append(self)

    def entries(self) -> list[tuple[str | None, str, dict[str, Any]]]:
        """Return (name or None, dotted path, configuration) of every entry, in the order of the setting."""
        value = self.default
        for name in (self.setting_name, *self.aliases):
            given = setting(name)
            if given is not None:
                value = given
                break
        found: list[tuple[str | None, str, dict[str, Any]]] = []
        if isinstance(value, Mapping):
            for key, entry in value.items():
                config = dict(entry) if isinstance(entry, Mapping) else {}
                found.append((str(key), str(config.get("class", "") if config else entry), config))
        else:
            found.extend((None, str(path), {}) for path in value)
        known = {path for _, path, _ in found}
        found.extend((None, path, {}) for path in self._contributed() if path not in known)
        return found

    def get(self, name: str) -> type[Any]:
        """Return the class with a name.

        Raises
        ------
        PluginError
            If no entry has this name, or the one that should cannot be imported.
        """
        classes, broken = self._load()
        if name in classes:
            return classes[name]
        if name in broken:
            raise PluginError(broken[name])
        listed = ", ".join(sorted(classes)) or "nothing usable"
        reasons = "".join(f"; {reason}" for reason in broken.values())
        raise PluginError(f"no plugin {name!r} in settings.{self.setting_name}; it has: {listed}{reasons}")

    def all(self) -> dict[str, type[Any]]:
        """Return the classes that can be used, by name; broken entries are left out and logged once."""
        return self._load()[0]

    def names(self) -> list[str]:
        """Return the names of the classes that can be used, in the order of the setting."""
        return list(self.all())

    def choices(self) -> list[tuple[str, str]]:
        """Return (name, label) pairs for a form field; hand over this method itself, not its value."""
        return [(name, str(getattr(cls, "verbose_name", None) or name)) for name, cls in self.all().items()]

    def config(self, name: str) -> dict[str, Any]:
        """Return the dict that the setting holds for a name; empty where it holds a path only."""
        return next((config for key, _, config in self.entries() if key == name), {})

    def problems(self) -> list[str]:
        """Return one sentence for each entry that cannot be used."""
        return list(self._load()[1].values())

    def remarks(self) -> list[str]:
        """Return one sentence for each class that can be used but lacks something."""
        found = []
        for cls in self.all().values():
            path = f"{cls.__module__}.{cls.__qualname__}"
            if words := self.remark(cls):
                found.append(f"{self._named(path)}, which {words}")
        return found

    def _named(self, path: str) -> str:
        """Return the beginning of a sentence about an entry: who names it."""
        if path in self._contributed():
            return f"an app's {self.contribution}() names {path!r}"
        return f"settings.{self.setting_name} names {path!r}"

    def _contributed(self) -> list[str]:
        if self.contribution is None:
            return []
        from tom_common.contributions import collect

        paths = []
        for _, item in collect(self.contribution):
            path = item.get("class") if isinstance(item, Mapping) else item
            if path:
                paths.append(str(path))
        return paths

    def _load(self) -> tuple[dict[str, type[Any]], dict[str, str]]:
        classes: dict[str, type[Any]] = {}
        broken: dict[str, str] = {}
        for key, path, _ in self.entries():
            try:
                cls = self._import(path)
            except PluginError as error:
                broken[key or path] = str(error)
                continue
            classes[key or str(getattr(cls, "name", "") or cls.__name__)] = cls
        return classes, broken

    def _import(self, path: str) -> type[Any]:
        if path in _broken:
            raise PluginError(_broken[path])
        try:
            cls = import_string(path)
            self._require_base(cls, path)
        except Exception as error:  # noqa: BLE001  a plugin's module may raise anything while it is imported
            reason = (
                str(error)
                if isinstance(error, PluginError)
                else f"{self._named(path)}: {type(error).__name__}: {error}"
            )
            _broken[path] = reason
            logger.warning("%s", reason)
            raise PluginError(reason) from error
        return cls

    def _require_base(self, cls: Any, path: str) -> None:
        if not inspect.isclass(cls):
            raise PluginError(f"{self._named(path)}, which is not a class")
        if self.base and not issubclass(cls, import_string(self.base)):
            raise PluginError(f"{self._named(path)}, which does not extend {self.base}")
        if missing := sorted(getattr(cls, "__abstractmethods__", ())):
            raise PluginError(f"{self._named(path)}, which lacks what it must define: {', '.join(missing)}")
