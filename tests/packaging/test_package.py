"""What `make package` puts into its folder, held against what the program asks for by name."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest

from edgecnn import registry
from edgecnn.cli import VERBS
from gui.dialogs.about import _PARTS
from gui.tabs import TABS
from tests.test_imports import device_modules

ROOT = Path(__file__).parents[2]
PACKED_EXTRAS = ("faces", "gui", "openvino", "sign")


def load(name: str) -> ModuleType:
    """A file of the folder ``packaging``, which is no package."""
    spec = importlib.util.spec_from_file_location(f"package_{name}", ROOT / f"packaging/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


contents, licences, start = load("contents"), load("licences"), load("start")


def sources() -> Iterator[str]:
    """The text of every file of ours that is packed."""
    for name in contents.modules(ROOT):
        file = ROOT / Path(*name.split("."))
        yield (file / "__init__.py" if file.is_dir() else file.with_suffix(".py")).read_text()


def named_in_tables() -> dict[str, str]:
    """Module -> the table that names it: no import leads to these."""
    found = {module.partition(":")[0]: f"VERBS[{verb!r}]" for verb, (module, _) in VERBS.items()}
    for table in vars(registry).values():
        if isinstance(table, registry.Registry):
            for name, target in table._table.items():
                found[target.partition(":")[0]] = f"the {table.kind} {name!r}"
    for tab in TABS.values():
        if tab.panel:
            found[tab.panel.partition(":")[0]] = f"the tab {tab.title}"
    return found


def test_every_module_of_the_device_column_and_the_window_is_packed() -> None:
    window = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in (ROOT / "gui").rglob("*.py")
    }
    assert set(device_modules()) | window <= set(contents.modules(ROOT))


def test_what_tables_name_is_packed_or_left_out_on_purpose() -> None:
    packed = set(contents.modules(ROOT))
    left_out = tuple(f"{name}." for name in contents.NEVER)
    named = named_in_tables()
    assert any(module.startswith("gui.") for module in named)
    lost = {
        module: table
        for module, table in named.items()
        if module not in packed and not f"{module}.".startswith(left_out)
    }
    assert lost == {}


def test_nothing_that_is_packed_is_excluded_as_well() -> None:
    excluded = tuple(f"{name}." for name in contents.NEVER)
    both = [*contents.modules(ROOT), *contents.NAMED]
    assert [name for name in both if f"{name}.".startswith(excluded)] == []


def test_modules_of_others_that_are_asked_for_by_name_are_packed() -> None:
    pattern = re.compile(r"require\(\s*\"([\w.]+)\",\s*extra=\"(\w+)\"")
    asked = {found for text in sources() for found in pattern.findall(text)}
    wanted = {module for module, extra in asked if extra in PACKED_EXTRAS}
    assert "openvino" in wanted
    packed = {*contents.NAMED, *contents.modules(ROOT)}
    assert wanted - packed == set()


def test_parts_of_the_about_box_keep_their_metadata() -> None:
    assert set(_PARTS) <= set(contents.METADATA)


def test_modules_of_qt_that_the_window_imports_are_packed_and_no_others() -> None:
    imported = {
        name for text in sources() for name in re.findall(r"from PySide6\.(\w+) import", text)
    }
    assert "QtWidgets" in imported
    lost = [name for name in imported if not contents.is_wanted(f"PySide6/{name}.abi3.so")]
    assert lost == []
    assert not contents.is_wanted("PySide6/QtQml.abi3.so")


@pytest.mark.parametrize(
    "path",
    [
        "PySide6/Qt/lib/libQt6Gui.so.6",
        "PySide6/Qt/lib/libicudata.so.73",
        "PySide6/Qt/plugins/platforms/libqoffscreen.so",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "cv2/cv2.abi3.so",
        "openvino/libs/libopenvino.so.2641",
        "openvino/libs/libopenvino_intel_cpu_plugin.so",
        "openvino/libs/libtbb.so.12",
        "edgecnn/_assets/zoo/detect_nanodet/bundle.json",
    ],
)
def test_wanted(path: str) -> None:
    assert contents.is_wanted(path)


@pytest.mark.parametrize(
    "path",
    [
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/platforms/libqminimalegl.so",
        "PySide6/Qt/translations/qtbase_de.qm",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino/libs/libopenvino_onnx_frontend.so.2641",
        "openvino/libs/cache.json",
        "libopenvino.so.2641",
    ],
)
def test_left_out(path: str) -> None:
    assert not contents.is_wanted(path)


def test_libraries_of_graphics_stay_in_the_system() -> None:
    for name in (
        "libGL.so.1",
        "libgtk-3.so.0",
        "libstdc++.so.6",
        "libfontconfig.so.1",
        "libz.so.1",
    ):
        assert not contents.is_wanted(name, of_system=True), name
    for name in ("libcrypto.so.3", "libffi.so.8", "libxcb-cursor.so.0", "libpython3.11.so.1.0"):
        assert contents.is_wanted(name, of_system=True), name


def test_every_module_that_is_started_as_a_child_can_be_started_in_the_folder() -> None:
    started = {
        name for text in sources() for name in re.findall(r'"-m",\s*"(edgecnn[\w.]*)"', text)
    }
    assert started == set(start.CHILDREN)


def run_start(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "start.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )


def test_start_is_the_command_line_and_its_own_children() -> None:
    assert "Bundles" in run_start("zoo", "list").stdout
    assert run_start("-m", "edgecnn", "--version").stdout.startswith("edgecnn")


def test_start_refuses_other_modules() -> None:
    for arguments in (("-m", "json.tool"), ("-m",)):
        ran = run_start(*arguments)
        assert ran.returncode == 2
        assert "edgecnn.runtime.probe" in ran.stderr


def test_start_without_arguments_opens_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []
    monkeypatch.setattr("edgecnn.cli.main", lambda words: given.append(words) or 0)
    monkeypatch.setattr(sys, "argv", ["edgecnn"])
    assert start.main() == 0
    assert given == [["app"]]


def test_licences_are_gathered_from_where_each_file_came_from(tmp_path: Path) -> None:
    packed = [
        Path(str(distribution(name).locate_file(file)))
        for name, file in (
            ("click", "click/core.py"),
            ("opencv-python-headless", "cv2/__init__.py"),
            ("PySide6_Essentials", "PySide6/__init__.py"),
        )
    ]
    packed += [Path(re.__file__), ROOT / "edgecnn" / "__init__.py"]
    try:
        parts = licences.collect(packed, ROOT, tmp_path / "LICENSES")
    except licences.UnknownLicenceError as error:
        pytest.skip(f"this Python came without its licence: {error}")
    assert parts == ["PySide6_Essentials", "Python", "click", "edgecnn", "opencv-python-headless"]
    index = (tmp_path / "LICENSES" / "README.txt").read_text()
    for part in parts:
        assert f"\n{part} " in index
        assert any((tmp_path / "LICENSES" / part).iterdir()), part
    lesser = (tmp_path / "LICENSES" / "PySide6_Essentials" / "LGPL-3.0.txt").read_text()
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in lesser


def test_a_file_without_a_licence_fails_the_build(tmp_path: Path) -> None:
    stray = tmp_path / "libstray.so.1"
    stray.write_bytes(b"")
    with pytest.raises(licences.UnknownLicenceError, match="libstray"):
        licences.collect([stray], ROOT, tmp_path / "LICENSES")
    assert not (tmp_path / "LICENSES").exists()
