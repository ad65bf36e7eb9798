"""Every name that users can type leads somewhere: loops over the tables of `edgecnn.registry`."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from edgecnn import registry
from edgecnn.bundle.io import load
from edgecnn.cli import VERBS
from edgecnn.errors import UnknownNameError
from edgecnn.registry import BACKENDS, DECODERS, TASKS, ZOO_RECIPES, Registry

ZOO = Path(__file__).parents[1] / "assets" / "zoo"
TABLES = {name: table for name, table in vars(registry).items() if isinstance(table, Registry)}
TABLES["VERBS"] = Registry("verb", {verb: where for verb, (where, _) in VERBS.items()})
ENTRIES = [(table, name) for table, entries in TABLES.items() for name in entries]


def test_tables_are_found() -> None:
    assert {"BACKENDS", "DECODERS", "TASKS", "COMPOSITES", "ZOO_RECIPES"} <= set(TABLES)


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_name_resolves_to_something_callable(table: str, name: str) -> None:
    assert callable(TABLES[table][name])


@pytest.mark.parametrize(("table", "name"), ENTRIES)
def test_every_entry_explains_itself(table: str, name: str) -> None:
    assert inspect.getdoc(TABLES[table][name])


@pytest.mark.parametrize("table", TABLES)
def test_unknown_name_lists_the_known_ones(table: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        TABLES[table]["no such name"]
    message = str(caught.value)
    assert "'no such name'" in message
    assert TABLES[table].kind in message
    for known in TABLES[table]:
        assert known in message


@pytest.mark.parametrize("name", BACKENDS)
def test_backend_has_the_members_of_the_protocol(name: str) -> None:
    backend = BACKENDS[name]()
    assert backend.name == name
    assert set(backend.formats) <= {"tflite", "openvino"}
    assert backend.formats
    assert "f32" in backend.computes
    assert backend.missing() is None or "pip install" in backend.missing()
    assert backend.missing() is not None or backend.version()[0].isdigit()
    assert list(inspect.signature(backend.open).parameters) == ["model", "threads", "compute"]


@pytest.mark.parametrize("name", DECODERS)
def test_decoder_has_the_signature_of_the_protocol(name: str) -> None:
    decoder = DECODERS[name]
    assert list(inspect.signature(decoder).parameters) == ["manifest"]
    call = inspect.signature(decoder.__call__).parameters
    assert list(call)[1:3] == ["outputs", "placement"]
    for option in list(call.values())[3:]:
        assert option.kind in (option.KEYWORD_ONLY, option.VAR_KEYWORD)


@pytest.mark.parametrize("name", TASKS)
def test_task_is_a_class_whose_instances_are_called_with_a_picture_or_arrays(name: str) -> None:
    task = TASKS[name]
    assert inspect.isclass(task)
    first = list(inspect.signature(task.__call__).parameters)[1]
    assert first == ("arrays" if name == "tensors" else "picture")


def test_zoo_has_a_bundle_for_every_recipe_and_a_recipe_for_every_bundle() -> None:
    bundles = {folder.parent.name for folder in ZOO.glob("*/bundle.json")}
    assert bundles == set(ZOO_RECIPES)


@pytest.mark.parametrize("name", ZOO_RECIPES)
def test_bundle_of_every_recipe_is_whole_and_names_a_known_task_and_decoder(name: str) -> None:
    bundle = load(ZOO / name)
    bundle.verify()
    manifest = bundle.manifest
    assert manifest.name == name
    assert manifest.task in TASKS
    assert manifest.decoder.name in DECODERS
    assert manifest.golden
    for variant in manifest.variants:
        assert variant.backends
        assert set(variant.backends) <= set(BACKENDS)
