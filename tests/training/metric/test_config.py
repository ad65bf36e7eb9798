from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgecnn.errors import OptionError
from edgecnn.training.config import TrainConfig, change, to_dict
from edgecnn.training.metric.config import (
    EmbedConfig,
    change_embed,
    make_embed_config,
    read_embed_config,
)


def test_a_file_has_one_group_more(tmp_path: Path) -> None:
    file = tmp_path / "embed.toml"
    file.write_text(
        'preset = "small_pictures"\n[net]\nname = "lenet5"\n'
        '[metric]\nloss = "arcface"\nunseen = ["a", "b"]\n'
    )
    config = read_embed_config(file)
    assert config.net.name == "lenet5"
    assert config.metric.loss == "arcface"
    assert config.metric.unseen == ("a", "b")
    assert config.metric.margin_or_usual == 0.5
    assert make_embed_config(to_dict(config)) == config


def test_plain_configs_become_those_of_embedders() -> None:
    plain = change(TrainConfig(), {"fit": {"epochs": 3}})
    config = make_embed_config(plain)
    assert isinstance(config, EmbedConfig)
    assert config.fit.epochs == 3
    assert config.metric.margin_or_usual == 0.2


def test_changes_are_merged() -> None:
    config = make_embed_config({"metric": {"dimension": 16}})
    changed = change_embed(config, {"metric": {"margin": 0.4}, "fit": {"seed": 7}})
    assert (changed.metric.dimension, changed.metric.margin) == (16, 0.4)
    assert changed.fit.seed == 7


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"metric": {"loss": "contrastive"}}, "loss"),
        ({"metric": {"dimension": 1}}, "dimension"),
        ({"metric": {"unseen": ["a"]}}, "names 1 classes"),
        ({"metric": {"classes_per_batch": 64, "pictures_per_class": 8}}, "batches of 512"),
        ({"metric": {"unknown": 1}}, "unknown"),
        ({"data": {"augment": {"mix": "mixup"}}}, "augment.mix has no meaning"),
        ({"data": {"balance": "weights"}}, "data.balance has no meaning"),
        ({"schedule": {"name": "plateau"}}, "plateau' has no meaning"),
        ({"transfer": {"source": "net.keras"}}, "transfer.source has no meaning"),
    ],
)
def test_values_that_cannot_be_used_are_named(content: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        make_embed_config(content)
