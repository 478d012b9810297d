"""The step that brings the browser libraries: what it makes, and that it does nothing twice."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import front_end_assets as assets  # noqa: E402  a script beside the project, not a package


def test_the_lock_pins_hashes_and_holds_no_address():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert len(packages) >= 6
    assert all(facts["integrity"].startswith("sha512-") for facts in packages.values())
    assert not any("resolved" in facts for facts in packages.values())


def test_nothing_is_done_when_nothing_changed(monkeypatch):
    monkeypatch.setattr(assets, "install_modules", lambda *_, **__: pytest.fail("npm was asked"))
    assert assets.is_current()
    assert assets.install() is False


def test_a_changed_icon_list_makes_the_files_old(monkeypatch, tmp_path):
    changed = tmp_path / "icons.txt"
    changed.write_text("star\n")
    monkeypatch.setattr(assets, "INPUTS", (changed, *assets.INPUTS[:3]))
    assert not assets.is_current()


def test_served_files_name_no_file_that_is_not_served():
    served = [*assets.VENDOR.rglob("*.css"), *assets.VENDOR.rglob("*.js"), assets.HTMX]
    assert len(served) >= 6
    for path in served:
        text = path.read_text()
        assert "sourceMappingURL" not in text
        for name in assets.re.findall(r"url\(['\"]?(?!data:)([^)'\"#?]+)", text):
            assert (path.parent / name).is_file(), f"{path.name} names {name}"


def test_the_sprite_holds_the_listed_icons():
    text = (assets.VENDOR / "bootstrap-icons" / "sprite.svg").read_text()
    assert assets.re.findall(r'<symbol id="([\w-]+)"', text) == assets.icon_names()


def test_an_unknown_icon_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "icon_names", lambda: ["no-such-icon"])
    with pytest.raises(assets.AssetError, match="no-such-icon"):
        assets.sprite(tmp_path)


def test_a_style_sheet_without_the_expected_font_is_refused():
    with pytest.raises(assets.AssetError, match="font-face"):
        assets._with_one_font("body{color:red}")


def test_every_library_has_its_licence_text():
    entries = json.loads((assets.VENDOR / "licences.json").read_text())
    assert [entry["name"] for entry in entries] == list(assets.LICENSED)
    assert all(len(entry["text"]) > 100 and entry["version"] for entry in entries)


def test_a_failing_npm_is_told_in_words(monkeypatch, capsys):
    def fail(*_, **__):
        raise assets.AssetError("`npm ci` failed with status 1")

    monkeypatch.setattr(assets, "install_modules", fail)
    monkeypatch.setattr(sys, "argv", ["front_end_assets.py", "--force"])
    assert assets.main() == 1
    assert "npm ci" in capsys.readouterr().err
