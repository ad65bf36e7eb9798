from __future__ import annotations

from gui.catalogue import ModelCard, VariantCard, models_for
from gui.compare.pairs import first_pair
from gui.state import ModelChoice
from gui.tabs import TABS


def card(name: str, *variants: tuple[str, str]) -> ModelCard:
    made = tuple(
        VariantCard(ModelChoice(name, precision, backend, "f32"), 1.0, "", None, None)
        for precision, backend in variants
    )
    return ModelCard(name, name, "", "MIT", (), made)


def test_int8_is_held_against_float_on_the_same_backend() -> None:
    model = card("m", ("float16", "openvino"), ("int8", "litert"), ("int8", "openvino"))
    left, right = first_pair([model], ModelChoice("m", threads=2)) or (None, None)
    assert left == ModelChoice("m", "float16", "openvino", "f32", 2)
    assert right == ModelChoice("m", "int8", "openvino", "f32", 2)


def test_without_int8_the_other_backend_is_compared() -> None:
    model = card("m", ("float16", "litert"), ("float16", "openvino"))
    left, right = first_pair([model], ModelChoice("m")) or (None, None)
    assert (left and left.backend, right and right.backend) == ("litert", "openvino")


def test_a_single_variant_is_held_against_another_model() -> None:
    pair = first_pair([card("a", ("float32", "litert")), card("b", ("int8", "litert"))],
                      ModelChoice("a"))  # fmt: skip
    assert pair is not None
    assert [choice.model for choice in pair] == ["a", "b"]


def test_without_models_there_is_nothing_to_compare() -> None:
    assert first_pair([], ModelChoice("m")) is None


def test_every_tab_has_two_different_variants_to_compare() -> None:
    for tab in TABS.values():
        pair = first_pair(models_for(tab.task), ModelChoice(tab.model))
        assert pair is not None
        assert pair[0] != pair[1]
