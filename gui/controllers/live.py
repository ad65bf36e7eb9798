"""The stream behind the window: opens sources, loads models, joins both, off the GUI thread.

Nothing here waits and nothing here knows Qt. The window tells its wishes with `open`, `use`,
`adjust` and `freeze`, and looks with `shot` on a timer: the newest picture wins, nothing piles up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from edgecnn.core.results import Classification, Detections, Faces, Result, Segmentation, Tensors
from edgecnn.errors import EdgeCNNError, OptionError
from edgecnn.video.answer import Answer
from edgecnn.video.frame import Frame
from edgecnn.video.live import LiveSource
from edgecnn.video.pipeline import Pipeline
from edgecnn.video.stats import Stats
from edgecnn.video.status import Reason, State, Status
from gui.controllers.models import Load, Models, load_model, load_quickly
from gui.controllers.options import task_options
from gui.controllers.pace import Pace
from gui.controllers.recorder import Recorder
from gui.controllers.shot import ModelState, Shot
from gui.controllers.sources import open_word, title_of
from gui.controllers.tap import Seen, Tap
from gui.faces.guard import FaceGuard
from gui.faces.recognizing import Recognizing
from gui.faces.veil import Veil
from gui.state import TabState
from gui.tabs import TABS
from gui.workers.jobs import Jobs

_log = logging.getLogger(__name__)

_STALE_S = 2.0
"""An answer older than this is not painted over a newer picture any more."""

_RESULTS: dict[str, type] = {
    "classify": Classification,
    "detect": Detections,
    "detect_faces": Faces,
    "segment": Segmentation,
}


class NoModel:
    """Stands in while a model is loaded: says nothing, so that the picture is there already."""

    timing = None

    def __call__(self, picture: Any, /) -> Result:
        """Nothing."""
        return Tensors({})

    def close(self) -> None:
        """There is nothing to close."""


class Live:
    """One source, one task, and what they say.

    Methods are for one thread, the window's; they return at once.

    Args:
        open_source: Word and mirror -> source, not started.
        load, load_quickly: Load a model; see `gui.controllers.models`.
        smooth: Whether results are calmed down over time.
        recognizing: See below; None for the usual one.
        guard: Looks for faces where the model of the tab does not; None for the usual one.

    Attributes:
        load: As given, for others who load models the same way.
        recognizing: Gives names to faces while a gallery is open.
        veil: Takes away what must not be shown or saved of faces and names.
    """

    def __init__(
        self,
        *,
        open_source: Callable[[str, bool], LiveSource] = open_word,
        load: Load = load_model,
        load_quickly: Load = load_quickly,
        smooth: bool = True,
        recognizing: Recognizing | None = None,
        guard: FaceGuard | None = None,
    ) -> None:
        self.smooth = smooth
        self.recorder = Recorder()
        self.recognizing = Recognizing() if recognizing is None else recognizing
        self.guard = FaceGuard() if guard is None else guard
        self.veil = Veil(self.recognizing.access, self.guard)
        self._open_source = open_source
        self.load = load
        self._models = Models(load, load_quickly)
        self._loading = Jobs("edgecnn-models")
        self._opening = Jobs("edgecnn-sources")
        self._closing = threading.Event()
        self._lock = threading.Lock()
        # Below: shared with the threads of the jobs, under the lock.
        self._pipeline: Pipeline | None = None
        self._tap: Tap | None = None
        self._task: Any = None
        self._task_key = ""
        self._status: Status | None = None
        self._source_name = ""
        self._model = ModelState()
        self._wish: tuple[str, TabState] | None = None
        self._asked: tuple[Frame, Result | None, str] | None = None
        self._asking = False
        self._looked: Answer | None = None
        # Below: of the window's thread alone.
        self._word: tuple[str, bool] | None = None
        self._pace = Pace()
        self._shot = Shot()
        self._frozen = False
        self._resting = False
        self._last_index = -1

    # -- wishes

    def open(self, word: str, *, mirror: bool = False) -> None:
        """Show another source. The last picture stays until the new one has come."""
        self._word = (word, mirror)
        with self._lock:
            self._status = Status(State.OPENING, None, "")
            self._source_name = title_of(word)
        self._frozen = False
        self._pace = Pace()
        self._opening.submit("open", lambda: self._do_open(word, mirror))

    def retry(self) -> None:
        """Open the same source again."""
        if self._word is not None:
            self.open(self._word[0], mirror=self._word[1])

    def use(self, key: str, tab: TabState) -> None:
        """Answer with the model of a tab; the one before answers until it is there."""
        with self._lock:
            self._wish = (key, tab)
            self._model = replace(
                self._model, wanted=tab.choice, loading_since_s=time.monotonic(), error=""
            )
        self._loading.submit("use", lambda: self._do_use(key, tab))

    def adjust(self, key: str, tab: TabState) -> None:
        """Another threshold, other classes: the next picture shows it; a frozen one is redone."""
        with self._lock:
            self._wish = (key, tab)
            if self._task is None or self._task_key != key:
                return
            _set_options(self._task, key, tab)
        self.recorder.look(tab.effect, tab.threshold)
        self.ask_again()

    def ask_again(self) -> None:
        """Have a picture that stands still answered once more: what is known has changed."""
        if self._held:
            self._ask_again()

    def freeze(self, frozen: bool) -> None:
        """Hold the picture, or go on."""
        if frozen == self._frozen:
            return
        self._frozen = frozen
        with self._lock:
            pipeline, self._asked = self._pipeline, None
        if pipeline is None:
            return
        if frozen:
            pipeline.pause()
        else:
            pipeline.resume()

    def rest(self, resting: bool) -> None:
        """Show pictures and ask nothing about them, while something else does; or go on."""
        with self._lock:
            self._resting = resting
            if self._pipeline is not None:
                self._pipeline.swap(self._at_work())

    def close(self, timeout_s: float = 2.0) -> bool:
        """End everything, whatever is in progress; returns whether all of it has ended in time."""
        self._closing.set()
        end_s = time.monotonic() + timeout_s
        self.recorder.stop()
        opened = self._opening.close(self._do_stop, timeout_s)
        return self._loading.close(self._release, max(0.1, end_s - time.monotonic())) and opened

    # -- what is there to show

    @property
    def frozen(self) -> bool:
        """Whether the picture is held."""
        return self._frozen

    @property
    def _held(self) -> bool:
        """Whether the picture stands still: frozen, or the last of a source that has ended."""
        status = self._shot.status
        return self._frozen or (status is not None and status.state is State.ENDED)

    @property
    def model(self) -> ModelState:
        """How the model is."""
        with self._lock:
            return self._model

    @property
    def newest(self) -> Frame | None:
        """The newest frame of the source, asked about or not, with nothing hidden in it."""
        with self._lock:
            seen = None if self._tap is None else self._tap.newest
        return None if seen is None else seen.frame

    @property
    def stats(self) -> Stats | None:
        """Counts, rates and times; None without a source."""
        with self._lock:
            pipeline = self._pipeline
        return None if pipeline is None else pipeline.stats

    def shot(self) -> Shot:
        """The newest picture, what was said of it, and how the source is."""
        now_s = time.monotonic()
        with self._lock:
            pipeline, tap, asked = self._pipeline, self._tap, self._asked
            # What the model of another tab says is not shown while this tab's is being loaded.
            front = "" if self._wish is None else self._wish[0]
            key = self._task_key if self._task_key == front else ""
            status, name = self._status, self._source_name
        before = self._shot
        answer = None if pipeline is None else pipeline.latest()
        if self.veil.hides_live:
            answer = self._looked  # the newest in whose picture faces were looked for
        seen = None if tap is None else tap.newest
        if pipeline is not None:
            status = pipeline.status
        frame, result = before.frame, before.result
        if self._frozen and frame is not None:
            if not key:
                result = None  # what another tab says of it is not shown either
            elif asked is not None and asked[0] is frame:
                result = asked[1] if asked[2] == key else None
            new_answer = result is not before.result
        elif status is not None and status.state is State.ENDED and seen is not None:
            frame, result = seen.frame, self._word_on(seen.frame, answer, asked, key)
            new_answer = result is not before.result
        else:
            new_answer = answer is not None and answer.index != self._last_index
            if answer is not None and new_answer:
                self._last_index = answer.index
                if answer.results and not _says_nothing(answer):
                    self._pace.answered(answer.answered_s)
            frame, result = self._pick(answer, seen, key, now_s)
            if frame is None:
                frame = before.frame  # another source is being opened: the last picture stays
        named, result = result, self.veil.last_look(result)
        # A picture that stands still is asked about once more each time; its names are gone.
        new_answer = new_answer and (result is named or result is not before.result)
        changed = frame is not before.frame or result is not before.result
        self._shot = Shot(
            serial=before.serial + changed,
            answers=before.answers + (new_answer and result is not None),
            frame=frame,
            result=result,
            status=status,
            source=name,
            facts=None if tap is None else tap.facts,
            still=tap is not None and tap.count == 1,
            trouble="" if answer is None else next(iter(answer.errors.values()), ""),
        )
        return self._shot

    def _word_on(
        self,
        frame: Frame,
        answer: Answer | None,
        asked: tuple[Frame, Result | None, str] | None,
        key: str,
    ) -> Result | None:
        """What is known of the last picture of a source; the model is asked when nothing is."""
        if not key:
            return None
        if asked is not None and asked[0] is frame and asked[2] == key:
            return asked[1]
        if answer is not None and answer.frame is frame:
            result = _result_of(answer, key)
            looked = not self.veil.hides_live or self.veil.has_looked(frame, result)
            if result is not None and looked:
                return result
        if not self._asking and not self._resting:
            self._ask_again()
        return None

    def _pick(
        self, answer: Answer | None, seen: Seen | None, key: str, now_s: float
    ) -> tuple[Frame | None, Result | None]:
        """Picture and result that go together at this moment."""
        result = _result_of(answer, key)
        paired = self._pace.look(now_s)
        if self.veil.hides_live:
            return (None, None) if answer is None else (answer.frame, result)
        if answer is not None and result is not None and paired:
            return answer.frame, result
        if seen is None:
            return None, None
        if answer is not None and now_s - answer.answered_s > _STALE_S:
            result = None
        return seen.frame, result

    # -- on the thread of sources

    def _do_open(self, word: str, mirror: bool) -> None:
        self._do_stop()
        if self._closing.is_set():
            return
        try:
            tap = Tap(self._open_source(word, mirror))
            with self._lock:
                task = self._at_work()
                # A tap has all that a source has, though its attributes cannot be set.
                pipeline = Pipeline(
                    cast("LiveSource", tap),
                    task,
                    smooth=self.smooth or None,
                    on_result=self._take_answer,
                )
                self._pipeline, self._tap = pipeline, tap
                # A file is named by its whole path, which nobody wants to read.
                self._source_name = title_of(word) if tap.name == word else tap.name
                self._last_index = -1
            pipeline.start()
        except EdgeCNNError as error:
            with self._lock:
                self._pipeline = self._tap = None
                self._status = Status(State.FAILED, Reason.NOT_FOUND, str(error))
        except Exception as error:  # noqa: BLE001 (a mistake of ours: the window must not hang)
            _log.exception("A source could not be opened")
            with self._lock:
                self._pipeline = self._tap = None
                self._status = Status(State.FAILED, Reason.BROKEN, _unexpected(error))

    def _at_work(self) -> Any:
        """What answers the next frame; called under the lock."""
        return NoModel() if self._resting or self._task is None else self._task

    def _do_stop(self) -> None:
        with self._lock:
            pipeline, self._pipeline, self._tap = self._pipeline, None, None
        if pipeline is not None:
            pipeline.stop()
        self._looked = None

    # -- on the thread of models

    def _release(self) -> None:
        self.recognizing.close()
        self.guard.close()
        self._models.close()

    def _do_use(self, key: str, tab: TabState) -> None:
        try:
            quick = self._models.quick(tab.choice)
            if quick is not None:
                _check_task(quick, key)
                self._put_to_work(quick, key, tab, still_loading=True)
            task = self._models.get(tab.choice)
            _check_task(task, key)
        except EdgeCNNError as error:
            with self._lock:
                self._model = replace(self._model, loading_since_s=None, error=str(error))
            return
        except Exception as error:  # noqa: BLE001 (a mistake of ours: the window must not hang)
            if self._closing.is_set():
                return  # Python is being taken down: whatever it says now is no news
            _log.exception("A model could not be loaded")
            with self._lock:
                self._model = replace(self._model, loading_since_s=None, error=_unexpected(error))
            return
        self._put_to_work(task, key, tab, still_loading=False)
        self._models.trim(task)
        if self._held:
            self._do_ask()

    def _put_to_work(self, task: Any, key: str, tab: TabState, *, still_loading: bool) -> None:
        """Let a loaded task answer the next frame."""
        if not still_loading:
            task = self.recognizing.dress(task)
        with self._lock:
            wish = self._wish
            if wish is not None and (wish[0], wish[1].choice) == (key, tab.choice):
                tab = wish[1]  # the threshold may have moved while the model was loaded
            elif wish is not None:
                still_loading = True
            _set_options(task, key, tab)
            self._task, self._task_key = task, key
            if self._pipeline is not None:
                self._pipeline.swap(self._at_work())
            self._model = ModelState(
                wanted=self._model.wanted,
                info=task.info,
                labels=tuple(task.labels),
                loading_since_s=self._model.loading_since_s if still_loading else None,
            )
        self.recorder.look(tab.effect, tab.threshold)

    def _ask_again(self) -> None:
        self._asking = True
        self._loading.submit("ask", self._do_ask)

    def _do_ask(self) -> None:
        """The model's word on the picture that is held."""
        frame = self._shot.frame
        with self._lock:
            task, key = self._task, self._task_key
        if frame is None or task is None:
            self._asking = False
            return
        result, words = None, ""
        try:
            result = task(frame)
        except EdgeCNNError as error:
            words = str(error)
        except Exception as error:  # noqa: BLE001 (a mistake of ours: it must be said, not lost)
            _log.exception("A model failed on the picture that is held")
            words = _unexpected(error)
        if self.veil.hides_live:
            self.veil.look(frame, result)
        with self._lock:
            self._asked, self._asking = (frame, result, key), False
            if words:
                self._model = replace(self._model, error=words)

    # -- on the thread of results

    def _take_answer(self, answer: Answer) -> None:
        result = None if _says_nothing(answer) else answer.result
        hides = self.veil.hides_live
        if hides:
            self.veil.look(answer.frame, result)
        self._looked = answer if hides else None
        if self.recorder.path is None:
            self.veil.note(answer.frame, result)
        else:
            frame, shown = self.veil.for_saving(answer.frame, result)
            self.recorder.write(frame, shown, hidden=frame is not answer.frame)


def _unexpected(error: Exception) -> str:
    words = " ".join(str(error).split()) or "no message"
    return f"Error inside edgecnn, {type(error).__name__}: {words}. Please report it."


def _check_task(task: Any, key: str) -> None:
    """Refuse a model of another kind, which only an edited settings file can ask for."""
    if task.info.task != TABS[key].task:
        raise OptionError(
            f"{task.info.name} is a model for {task.info.task!r}, but the tab {TABS[key].title} "
            f"needs one for {TABS[key].task!r}. Switch to another model."
        )


def _set_options(task: Any, key: str, tab: TabState) -> None:
    options = task_options(TABS[key].task, tab, task.labels)
    if options is not None:
        task.options = options


def _says_nothing(answer: Answer) -> bool:
    return not answer.results or isinstance(next(iter(answer.results.values())), Tensors)


def _result_of(answer: Answer | None, key: str) -> Result | None:
    """The result, if it is of the kind that the tab in front shows."""
    if answer is None or not answer.results or key not in TABS:
        return None
    result = next(iter(answer.results.values()))
    return result if isinstance(result, _RESULTS[TABS[key].task]) else None
