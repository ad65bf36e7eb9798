"""The folder of a step: that of a run, with a folder for each stage of training inside.

| file            | content                                                                    |
|-----------------|----------------------------------------------------------------------------|
| config.json     | the step                                                                   |
| run.json        | versions, fingerprints of net, pictures and teachers, what was planned     |
| stage-1.keras   | the net as it went into the first stage of training                        |
| stage-1.json    | what was done to it before                                                 |
| stage-1/        | that training: a run folder as `edgecnn.training.run` has it               |
| ...             | further stages                                                             |
| log.jsonl       | a line an epoch, of all stages                                             |
| best.keras      | the net that came out                                                      |
| curves.png      | loss and accuracy over all epochs                                          |
| confusion.png   | what was taken for what by that net                                        |
| result.json     | before and after; written last, when all is done                           |
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import msgspec
import numpy as np

from edgecnn.errors import TrainingError
from edgecnn.evaluation.classification import confusion_matrix
from edgecnn.training import curves
from edgecnn.training.config import differences
from edgecnn.training.judging import predict
from edgecnn.training.quiet import to_numpy
from edgecnn.training.run import (
    ABOUT,
    BEST,
    CONFIG,
    CONFUSION,
    CURVES,
    LOG,
    RESULT,
    RunFolder,
    about,
    load_model,
)
from edgecnn.training.steps.config import Step
from edgecnn.training.steps.data import StepData
from edgecnn.training.steps.figures import Figures
from edgecnn.training.steps.reading import to_dict
from edgecnn.training.steps.result import StepResult

Line = dict[str, float]
PLAN = "plan"


class StepFolder(RunFolder):
    """Reads and writes the files of a step."""

    def start(
        self,
        step: Step,
        facts: Mapping[str, Any],
        *,
        plan: Mapping[str, Any] | None = None,
        source: str | None = None,
    ) -> None:
        """Make the folder of a new step.

        Args:
            step: What is done.
            facts: See `facts_of`.
            plan: What was found out before the beginning and must not be found out again.
            source: File of the net, so that resuming need not name it again.

        Raises:
            TrainingError: It holds a run already, or other things.
        """
        self.begin()
        self.write_json(ABOUT, {"source": source, PLAN: plan or {}, **facts})
        self.write_json(CONFIG, to_dict(step))

    def go_on(self, step: Step, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Check that a step that was begun is this one.

        Returns:
            Its plan.

        Raises:
            TrainingError: There is none, or something differs; the message lists what.
        """
        before, config = self.read_json(ABOUT), self.read_json(CONFIG)
        found = differences(config, to_dict(step))
        for name, value in facts.items():
            found += differences({name: before.get(name)}, {name: value})
        if found:
            raise TrainingError(
                f"{self.path} was begun with something else, so going on would give neither "
                f"result: {'; '.join(found)}. Resume with what it was begun with, or choose "
                "another folder."
            )
        plan: dict[str, Any] = before.get(PLAN, {})
        return plan

    def finished(self) -> StepResult | None:
        """The result, if there is one already."""
        if not (self.path / RESULT).exists():
            return None
        content = self.read_json(RESULT)
        before, after = Figures(**content.pop("before")), Figures(**content.pop("after"))
        model = load_model(self.path / BEST)
        return StepResult(model=model, folder=self.path, before=before, after=after, **content)

    def finish(
        self, result: StepResult, data: StepData, history: Sequence[Line], batch_size: int
    ) -> StepResult:
        """Write everything that a step ends with."""
        self.write_history(history)
        with self.replacing(CURVES) as file:
            curves.draw_curves(history, file)
        judged = data.judged
        named = predict(result.model, judged.images, batch_size).argmax(axis=1)
        with self.replacing(CONFUSION) as file:
            counts = confusion_matrix(judged.labels, named, len(judged.names))
            curves.draw_confusion(counts, judged.names, file)
        self.save_model(BEST, result.model)
        self.write_json(RESULT, result.to_dict())
        return result

    def write_history(self, history: Sequence[Line]) -> None:
        """Write the log of all stages so far."""
        with self.replacing(LOG) as file:
            file.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in history))


def begun_with(out: str | os.PathLike[str]) -> dict[str, Any]:
    """What a folder was begun with.

    Returns:
        ``step`` (tables for `edgecnn.training.steps.reading.change`) and ``source``, the file of
        the net, or None.

    Raises:
        TrainingError: The folder holds no step.
    """
    folder = RunFolder(out)
    return {"step": folder.read_json(CONFIG), "source": folder.read_json(ABOUT).get("source")}


def facts_of(model: keras.Model, data: StepData, lesson: Any) -> dict[str, Any]:
    """What a resumed step has to have in common with the one that was begun."""
    told = about(model, data.samples, None)
    return {
        "net": {**told["net"], "weights": weights_fingerprint(model)},
        "data": data.describe(),
        "teaching": None if lesson is None else lesson.describe(),
        "versions": told["versions"],
    }


def weights_fingerprint(model: keras.Model) -> str:
    """SHA-256 over the values of all weights."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(np.ascontiguousarray(to_numpy(weight)).data)
    return digest.hexdigest()
