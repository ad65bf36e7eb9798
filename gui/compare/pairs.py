"""Which two variants are compared first: the question people have is what int8 costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gui.catalogue import ModelCard, VariantCard
from gui.state import ModelChoice

_FLOATS = ("float32", "float16")


def first_pair(
    models: Sequence[ModelCard], now: ModelChoice
) -> tuple[ModelChoice, ModelChoice] | None:
    """A float variant of the model in use and its int8 one; or what comes nearest to that.

    Args:
        models: All models of a task.
        now: What the tab runs; its number of threads is that of both.

    Returns:
        None where there is nothing to choose from.
    """
    card = next((model for model in models if model.name == now.model), None)
    if card is None or not card.variants:
        card = next((model for model in models if model.variants), None)
    if card is None:
        return None
    variants = [one for one in card.variants if one.choice.compute in (None, "f32")]
    left = next((one for one in variants if one.choice.precision in _FLOATS), variants[0])
    right = _opposite(left, variants) or _elsewhere(models, card) or left
    return replace(left.choice, threads=now.threads), replace(right.choice, threads=now.threads)


def _opposite(left: VariantCard, variants: Sequence[VariantCard]) -> VariantCard | None:
    """The int8 file on the same backend, or another backend with the same file."""
    others = [one for one in variants if one is not left]
    smaller = [one for one in others if one.choice.precision == "int8"]
    for group in (smaller, others):
        for one in group:
            if one.choice.backend == left.choice.backend:
                return one
        if group:
            return group[0]
    return None


def _elsewhere(models: Sequence[ModelCard], card: ModelCard) -> VariantCard | None:
    return next(
        (model.variants[0] for model in models if model is not card and model.variants), None
    )
