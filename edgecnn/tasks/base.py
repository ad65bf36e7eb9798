"""What tasks share: a picture goes in, is prepared, run and decoded, and a result comes out."""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

from edgecnn.bundle.io import Bundle
from edgecnn.closing import Closing
from edgecnn.core.image import Pixels, check_pixels, read_image
from edgecnn.core.placement import Placement
from edgecnn.core.results import Result
from edgecnn.errors import ImageError, OptionError
from edgecnn.registry import DECODERS
from edgecnn.runtime.decode import Decoder
from edgecnn.runtime.opening import open_session
from edgecnn.runtime.policy import Choice
from edgecnn.runtime.preprocess import Prepared, Preprocessor
from edgecnn.runtime.session import Inference, Session
from edgecnn.video.frame import Frame

Picture = Any
"""A path, a `Frame`, or a uint8 array together with its colour order."""

ResultT = TypeVar("ResultT", bound=Result)
OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of one call went, in milliseconds.

    Attributes:
        pre_ms: Checking and resizing the picture (reading a file excluded).
        wait_ms: Waiting for the engine.
        infer_ms: Filling the input tensor and running the network.
        post_ms: Decoding the outputs.
        total_ms: From the picture in memory to the result.
    """

    pre_ms: float
    wait_ms: float
    infer_ms: float
    post_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What answers, and why it was chosen."""

    name: str
    title: str
    task: str
    file: str
    precision: str
    backend: str
    backend_version: str
    compute: str
    threads: int
    reason: str


def as_pixels(picture: Picture, color: str | None) -> tuple[Pixels, str]:
    """Checked pixels and colour order of whatever a user may hand in.

    Raises:
        SourceError: A path that cannot be read as a picture.
        ImageError: Not a picture, an array without its colour order, or a colour order given
            where it is known already.
    """
    if isinstance(picture, Frame):
        if color is not None and color != picture.color:
            raise ImageError(f"The frame is {picture.color}, but color={color!r} was given.")
        return picture.pixels, picture.color
    if isinstance(picture, str | os.PathLike):
        if color is not None:
            raise ImageError("color belongs to an array; a file knows its own colour order.")
        return read_image(picture), "bgr"
    return check_pixels(picture, color), cast("str", color)


class Pending(Generic[ResultT]):
    """An answer on its way: `result` waits for the engine and decodes on the caller's thread.

    Args:
        future: The run.
        finish: From what the run gave to the result.
        release: Called once when the run is over, whether it succeeded or not.
    """

    def __init__(
        self,
        future: Future[Inference],
        finish: Callable[[Inference], tuple[ResultT, Timing]],
        release: Callable[[], None] | None = None,
    ) -> None:
        self._future = future
        self._finish = finish
        self._release = release
        self._result: ResultT | None = None
        self.timing: Timing | None = None

    def done(self) -> bool:
        """Whether `result` would return without waiting for the engine."""
        return self._future.done()

    def result(self) -> ResultT:
        """The result; raises what went wrong in the engine."""
        if self._result is not None:
            return self._result
        try:
            inference = self._future.result()
        finally:
            if self._release is not None:
                self._release()
                self._release = None
        self._result, self.timing = self._finish(inference)
        return self._result


class LoadedModel(Closing, Generic[ResultT, OptionsT]):
    """A bundle's model, opened: what `Task` and `edgecnn.tasks.tensors.TensorModel` share.

    Args:
        bundle: The opened bundle.
        choice: What to run of it.
        options: Options of the task; None for its defaults.
        session: Opened already, with the tensors that the chosen variant has; None opens it.

    Attributes:
        options: May be replaced at any time; the next call uses them.
        timing: Where the time of the last finished call went.
    """

    options_type: type[OptionsT]

    def __init__(
        self,
        bundle: Bundle,
        choice: Choice,
        options: OptionsT | None = None,
        *,
        session: Session | None = None,
    ) -> None:
        if options is not None and not isinstance(options, self.options_type):
            raise OptionError(
                f"{type(self).__name__} takes {self.options_type.__name__}, but got "
                f"{type(options).__name__}."
            )
        self.bundle = bundle
        self.options: OptionsT = options if options is not None else self.options_type()
        self.timing: Timing | None = None
        # A decoder says what is wrong with a bundle before the model is opened for nothing.
        self._decoder: Decoder = DECODERS[bundle.manifest.decoder.name](bundle.manifest)
        self._session = open_session(bundle, choice) if session is None else session
        self._choice = choice

    @property
    def info(self) -> TaskInfo:
        """What answers, and why it was chosen."""
        manifest, choice = self.bundle.manifest, self._choice
        return TaskInfo(
            name=manifest.name,
            title=manifest.title,
            task=manifest.task,
            file=choice.variant.file,
            precision=choice.variant.precision,
            backend=choice.backend,
            backend_version=self._session.engine.info.version,
            compute=choice.compute,
            threads=choice.threads,
            reason=choice.reason,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their ids."""
        return self.bundle.manifest.labels

    def _timed(
        self, inference: Inference, decode: Callable[[], ResultT], start_s: float, pre_ms: float
    ) -> tuple[ResultT, Timing]:
        """Decode a run, and account for the time of the whole call."""
        decode_s = time.perf_counter()
        result = decode()
        end_s = time.perf_counter()
        timing = Timing(
            pre_ms,
            inference.wait_ms,
            inference.infer_ms,
            (end_s - decode_s) * 1e3,
            (end_s - start_s) * 1e3,
        )
        self.timing = timing
        return result, timing

    def close(self) -> None:
        """Release the model; later calls raise. Closing twice is harmless."""
        self._session.close()


class Task(LoadedModel[ResultT, OptionsT]):
    """A loaded model that answers about pictures.

    Made by `edgecnn.load`. May be called from several threads; close it, or use it in a ``with``
    statement, to release the model early. Arguments and attributes as of `LoadedModel`.
    """

    def __init__(
        self,
        bundle: Bundle,
        choice: Choice,
        options: OptionsT | None = None,
        *,
        session: Session | None = None,
    ) -> None:
        spec = bundle.manifest.picture_input
        super().__init__(bundle, choice, options, session=session)
        tensor = self._session.input
        self._input_name = tensor.name
        self._preprocessor = Preprocessor(spec, tensor)

    def __call__(
        self, picture: Picture, color: str | None = None, *, options: OptionsT | None = None
    ) -> ResultT:
        """Answer about one picture.

        Args:
            picture: A path, a `Frame`, or a uint8 array: (H, W, 3), or (H, W) when grey.
            color: For an array: ``"bgr"``, ``"rgb"`` or ``"gray"``.
            options: For this call only.

        Raises:
            ImageError: Not a picture, or an array without its colour order.
            SourceError: A file that is not there or cannot be decoded.
            BackendError: The engine failed.
        """
        pixels, order = as_pixels(picture, color)
        start_s, prepared, pre_ms = self._prepare(pixels, order)
        try:
            inference = self._session.infer({self._input_name: prepared.fill})
        finally:
            prepared.release()
        chosen = options if options is not None else self.options
        return self.finish(inference, prepared.placement, chosen, start_s, pre_ms)[0]

    def submit(
        self, picture: Picture, color: str | None = None, *, options: OptionsT | None = None
    ) -> Pending[ResultT]:
        """Start answering: the picture is prepared now, the engine runs on its own thread."""
        pixels, order = as_pixels(picture, color)
        return self._submit(pixels, order, options)

    def _submit(self, pixels: Pixels, color: str, options: OptionsT | None) -> Pending[ResultT]:
        start_s, prepared, pre_ms = self._prepare(pixels, color)
        try:
            future = self._session.submit({self._input_name: prepared.fill})
        except BaseException:
            prepared.release()
            raise
        chosen = options if options is not None else self.options
        finish = partial(
            self.finish,
            placement=prepared.placement,
            options=chosen,
            start_s=start_s,
            pre_ms=pre_ms,
        )
        return Pending(future, finish, prepared.release)

    def _prepare(self, pixels: Pixels, color: str) -> tuple[float, Prepared, float]:
        """When it started (s), the prepared picture, and how long that took (ms)."""
        start_s = time.perf_counter()
        prepared = self._preprocessor.prepare(pixels, color)
        return start_s, prepared, (time.perf_counter() - start_s) * 1e3

    def finish(
        self,
        inference: Inference,
        placement: Placement,
        options: OptionsT,
        start_s: float,
        pre_ms: float,
    ) -> tuple[ResultT, Timing]:
        """Decode a run, and account for the time of the whole call."""

        def decode() -> ResultT:
            return self.decode(inference, placement, options)

        return self._timed(inference, decode, start_s, pre_ms)

    def decode(self, inference: Inference, placement: Placement, options: OptionsT) -> ResultT:
        """From raw outputs to the task's result."""
        result = self._decoder(inference.outputs, placement, **self._decoder_options(options))
        return cast("ResultT", result)

    @abstractmethod
    def _decoder_options(self, options: OptionsT) -> dict[str, Any]:
        """The options that concern decoding, as the decoder's keyword arguments."""
