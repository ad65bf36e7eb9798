from __future__ import annotations

from pathlib import Path

import pytest

from edgecnn.bundle import io
from edgecnn.errors import UnknownNameError
from edgecnn.zoo import catalogue
from edgecnn.zoo.card import summary, variant_bytes
from tests.helpers.models import save_mean_color


@pytest.fixture
def own_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "edgecnn" / "zoo"


def test_bundles_of_the_user_are_found_by_name(own_zoo: Path) -> None:
    save_mean_color(own_zoo / "my_model", name="my_model")
    assert "my_model" in catalogue.names()
    assert catalogue.find("my_model") == own_zoo / "my_model"
    assert catalogue.names() == sorted(catalogue.names())


def test_the_users_own_bundle_comes_before_that_of_the_same_name(
    own_zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_along = tmp_path / "assets"
    save_mean_color(came_along / "zoo" / "mean_color")
    monkeypatch.setattr(catalogue, "assets_path", lambda: came_along)
    assert catalogue.find("mean_color") == came_along / "zoo" / "mean_color"
    save_mean_color(own_zoo / "mean_color")
    assert catalogue.find("mean_color") == own_zoo / "mean_color"
    assert catalogue.names() == ["mean_color"]


def test_folders_without_a_manifest_are_no_bundles(own_zoo: Path) -> None:
    (own_zoo / "just_a_folder").mkdir(parents=True)
    (own_zoo / "a_file").write_text("")
    assert not {"just_a_folder", "a_file"} & set(catalogue.names())


@pytest.mark.parametrize("name", ["no_such_model", "", ".", "..", "../zoo/mean_color"])
def test_an_unknown_name_lists_the_known_ones(own_zoo: Path, name: str) -> None:
    save_mean_color(own_zoo / "mean_color")
    with pytest.raises(UnknownNameError, match="mean_color"):
        catalogue.find(name)


def test_assets_hold_photographs_and_every_one_has_its_licence() -> None:
    images = sorted((catalogue.assets_path() / "images").iterdir())
    readme = (catalogue.assets_path() / "README.md").read_text(encoding="utf-8")
    assert len(images) >= 20
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    named = {row.split("`")[1] for row in rows}
    assert {path.name for path in images} <= named
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert all(cells), row


def test_photographs_are_small() -> None:
    sizes = [path.stat().st_size for path in (catalogue.assets_path() / "images").iterdir()]
    assert max(sizes) <= 200_000
    assert sum(sizes) <= 5_000_000


def test_a_summary_counts_the_weights_of_an_ir(tmp_path: Path) -> None:
    bundle = io.load(save_mean_color(tmp_path / "mean_color"))
    (ir,) = [v for v in bundle.manifest.variants if v.file.endswith(".xml")]
    files = bundle.manifest.files
    expected = files["openvino/float32.xml"].bytes + files["openvino/float32.bin"].bytes
    assert variant_bytes(ir, bundle.manifest) == expected


def test_a_summary_is_one_line_of_variants(tmp_path: Path) -> None:
    made = summary(io.load(save_mean_color(tmp_path / "mean_color")))
    assert (made.name, made.task, made.licence) == ("mean_color", "classify", "Apache-2.0")
    assert made.figure == ""
    assert made.variants_line() == "float32 0.0, int8 0.0, float32 IR 0.0"
    assert made.to_dict()["variants"][0]["file"] == "float32.tflite"
