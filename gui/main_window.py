"""The main window: joins state, controllers and widgets, and pulls news on two timers.

Nothing is pushed at the window: a timer looks for the newest picture, a slower one for numbers.
So a fast camera or a slow machine can never fill an event queue.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from edgecnn.runtime.threads import available_cores
from gui.actions import add_actions
from gui.controllers.desk import Desk
from gui.controllers.live import Live
from gui.controllers.memory import recall, recent, remember
from gui.controllers.recorder import cannot_save
from gui.controllers.shot import Shot
from gui.controllers.sources import DEMO, title_of
from gui.dialogs.about import About
from gui.dialogs.address import AddressDialog
from gui.dialogs.settings import SettingsDialog
from gui.dialogs.shortcuts import ShortcutSheet
from gui.dropped import dropped_files
from gui.faces.reception import COMMANDS as FACE_COMMANDS
from gui.faces.reception import SETTINGS as FACE_SETTINGS
from gui.faces.reception import Reception
from gui.faces.session import FaceSession
from gui.icons import IconFiles
from gui.notices import notice_for
from gui.overlays.scene import Look
from gui.performance import Meter
from gui.placement import remember_place, restore_place
from gui.rows import Rows
from gui.settings import Settings, SettingsError, save_folder
from gui.state import AppState, Store
from gui.tabs import TABS
from gui.theme import THEMES, put_on
from gui.visits import compare_dialog, is_model, models_dialog
from gui.widgets.background_panel import BackgroundPanel
from gui.widgets.performance_strip import PerformanceStrip
from gui.widgets.side_panel import SidePanel
from gui.widgets.toast import Toast
from gui.widgets.top_bar import TopBar
from gui.widgets.video_view import Corner, VideoView
from gui.widgets.welcome import Welcome

_log = logging.getLogger(__name__)

LOOK_MS = 8
"""How often the window looks for a new picture: a quarter of the time between two at 30 fps."""
NUMBERS_MS = 250
"""Numbers change four times a second, no oftener."""
SIZE_WH = (1280, 800)
LEAST_WH = (1020, 640)
_RED = (255, 80, 72)


class MainWindow(QMainWindow):
    """The window.

    Args:
        settings: What the user set, and what the app remembers.
        live: The stream.
        desk: Lists and snapshots.
        source: Word to open; None opens what was open the last time.
        session: The gallery of people; None for the user's own.
    """

    def __init__(
        self,
        settings: Settings,
        live: Live,
        desk: Desk,
        *,
        source: str | None = None,
        session: FaceSession | None = None,
    ) -> None:
        super().__init__()
        self.setWindowTitle("edgecnn")
        self.setMinimumSize(*LEAST_WH)
        self.resize(*SIZE_WH)
        self.setAcceptDrops(True)
        self.settings, self.live, self.desk = settings, live, desk
        self.store = Store(recall(settings))
        self._files = IconFiles()
        self._meter = Meter()
        self._rows = Rows(smooth=bool(settings["smooth"]))
        self._last = Shot()
        self._painted = 0
        self._said = ""
        self._trouble = ("", "")
        self._welcomed = bool(settings.memory.get("welcomed")) or source is not None
        self._dialogs: dict[str, QDialog] = {}
        self._build()
        self.faces = Reception(self, session)
        self._add_actions()
        self._connect()
        self.apply_theme(str(settings["theme"]))
        restore_place(self, settings.memory)
        self._show_state(self.store.state)
        self.store.subscribe(self._state_changed)
        self.desk.look_for_cameras()
        self._use_model()
        first = source if source is not None else self.store.state.source
        if not self._welcomed:
            self.welcome.show()
            self.welcome.demo.setFocus()
        elif first is not None:
            self.open_source(first)
        if self._welcomed:
            self.view.setFocus()
        self._looking = self._timer(LOOK_MS, self._look, precise=True)
        self._counting = self._timer(NUMBERS_MS, self._count)
        self._count()

    # -- building

    def _build(self) -> None:
        self.top = TopBar()
        self.view = VideoView()
        self.toast = Toast(self.view, lambda: self.view.corner_bottom_px)
        self.side = SidePanel(available_cores())
        self.strip = PerformanceStrip()
        self.strip.setObjectName("strip")
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addWidget(self.view, 1)
        middle.addWidget(self.side)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top)
        layout.addLayout(middle, 1)
        layout.addWidget(self.strip)
        self.setCentralWidget(content)
        self.welcome = Welcome(content)
        self.welcome.hide()

    def _add_actions(self) -> None:
        self._commands: dict[str, Callable[[], object]] = {
            "source": self.top.source.showMenu,
            "freeze": self.toggle_freeze,
            "snapshot": self.save_snapshot,
            "record": self.toggle_recording,
            "full_screen": self.toggle_full_screen,
            "model": self.side.model.open_picker,
            "compare": self.open_compare,
            "models": lambda: self.open_models(),
            "raise": lambda: self._nudge(0.05),
            "lower": lambda: self._nudge(-0.05),
            "classes": self._open_classes,
            "panel": lambda: self.store.update(side_open=not self.store.state.side_open),
            "strip": lambda: self.store.update(strip_open=not self.store.state.strip_open),
            "theme": self.toggle_theme,
            **{name: partial(self.faces.do, name) for name in FACE_COMMANDS},
            "settings": self.open_settings,
            "shortcuts": self.open_shortcuts,
            "about": self.open_about,
            "quit": self.close,
        }
        for key in TABS:
            self._commands[f"tab_{key}"] = lambda k=key: self.store.update(tab=k)  # type: ignore[misc]
        add_actions(self, self.do, self._leave)

    def _connect(self) -> None:
        self.top.wished.connect(self.do)
        self.top.source.chosen.connect(self.open_source)
        self.top.source.asked.connect(self.ask_for_source)
        self.top.source.opening.connect(self.desk.look_for_cameras)
        self.side.changed.connect(lambda changes: self.store.update_tab(**changes))
        self.side.model.compared.connect(lambda: self.do("compare"))
        self.strip.toggled.connect(lambda: self.do("strip"))
        self.view.acted.connect(self._notice_acted)
        self.view.full_screen_wished.connect(self.toggle_full_screen)
        self.welcome.chosen.connect(self._welcome_chosen)

    def _timer(
        self, milliseconds: int, slot: Callable[[], None], *, precise: bool = False
    ) -> QTimer:
        timer = QTimer(self)
        if precise:
            timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setInterval(milliseconds)
        timer.timeout.connect(slot)
        timer.start()
        return timer

    # -- commands

    def do(self, name: str) -> None:
        """Do what a button, a menu entry or a key stands for."""
        if self.welcome.isVisible() and name not in ("theme", "quit", "about"):
            return
        self._commands[name]()

    def open_source(self, word: str) -> None:
        """Show another source."""
        self._end_welcome()
        self.store.update(source=word, frozen=False)
        self.live.open(word, mirror=bool(self.settings["mirror"]))
        self._rows.clear()
        self._show_choices()

    def ask_for_source(self, kind: str) -> None:
        """Let the user choose a file or folder, or type an address."""
        if kind == "address":
            dialog = AddressDialog(self)
            dialog.accepted.connect(lambda: self.open_source(dialog.address))
            self.open_dialog("address", dialog)
            return
        title = self.tr("Folder of pictures") if kind == "folder" else self.tr("Video or picture")
        chosen = (
            QFileDialog.getExistingDirectory(self, title)
            if kind == "folder"
            else QFileDialog.getOpenFileName(self, title)[0]
        )
        if chosen:
            self.open_source(chosen)

    def toggle_freeze(self) -> None:
        """Hold the picture, or go on."""
        if self.view.frame is not None:
            self.store.update(frozen=not self.store.state.frozen)

    def save_snapshot(self) -> None:
        """Save what the view shows, in full size."""
        if self._last.frame is None:
            self.toast.say(self.tr("There is no picture to save yet."))
            return
        tab = self.store.state.current
        self.desk.snapshot(
            save_folder(self.settings),
            self._last.frame,
            self._last.result,
            tab.effect,
            tab.threshold,
            self.desk.backdrop.backdrop,
            self.live.veil.for_saving,
        )

    def toggle_recording(self) -> None:
        """Start or stop recording."""
        recorder = self.live.recorder
        if recorder.path is not None:
            done = recorder.stop()
            words = recorder.problem or self.tr("Nothing was recorded.")
            self.toast.say(recorder.saved_words(done) if done else words)
        elif self.view.frame is None:
            self.toast.say(self.tr("There is no picture to record yet."))
        else:
            try:
                recorder.start(save_folder(self.settings))
            except OSError as error:
                self.toast.say(cannot_save(save_folder(self.settings), error))
        self._show_doing()

    def toggle_full_screen(self) -> None:
        """The view alone on the whole screen, or the window again."""
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()
        self._show_parts(self.store.state)

    def toggle_theme(self) -> None:
        """Dark or light."""
        self.settings["theme"] = "light" if self.settings["theme"] == "dark" else "dark"
        self.apply_theme(str(self.settings["theme"]))

    def apply_theme(self, name: str) -> None:
        """Colours, icons and stylesheet of a theme."""
        theme = THEMES[name]
        app = QApplication.instance()
        if isinstance(app, QApplication):
            put_on(app, theme, self._files.path)
        self.view.background = QColor(theme.view)
        self.top.show_theme(theme)
        self.welcome.show_theme(theme)
        self.view.update()

    def open_settings(self) -> None:
        """The settings."""
        dialog = SettingsDialog(self.settings, self)
        dialog.changed.connect(self._setting_changed)
        self.open_dialog("settings", dialog)

    def open_shortcuts(self) -> None:
        """The sheet of shortcuts."""
        self.open_dialog("shortcuts", ShortcutSheet(self))

    def open_about(self) -> None:
        """Version and licences."""
        self.open_dialog("about", About(self))

    def open_compare(self) -> None:
        """Two variants side by side on the frames of the source."""
        dialog = compare_dialog(self)
        if dialog is None:
            self.toast.say(self.tr("The list of models is still being read."))
        else:
            self.open_dialog("compare", dialog)

    def open_models(self, path: Path | None = None) -> None:
        """All models; with a path, that one is brought in."""
        self.open_dialog("models", models_dialog(self, path))

    def open_dialog(self, name: str, dialog: QDialog) -> None:
        """Open without blocking, one of a kind at a time."""
        old = self._dialogs.pop(name, None)
        if old is not None:
            old.close()
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(lambda _: self._dialogs.pop(name, None))
        self._dialogs[name] = dialog
        dialog.open()

    @property
    def open_dialogs(self) -> tuple[QDialog, ...]:
        """The other windows that are open now."""
        return tuple(self._dialogs.values())

    def _open_classes(self) -> None:
        if self.side.classes.isVisible():
            self.side.classes.open_popup()

    def _nudge(self, step: float) -> None:
        now = self.store.state.current.threshold
        self.store.update_tab(threshold=round(min(max(now + step, 0.01), 0.99), 2))

    def _leave(self) -> None:
        if self.isFullScreen():
            self.toggle_full_screen()

    def _notice_acted(self, key: str) -> None:
        if key == "choose":
            self.top.source.showMenu()
        else:
            self.live.retry()

    def _welcome_chosen(self, key: str) -> None:
        if key == "file":
            self.ask_for_source("file")
        elif key == "camera" and self.desk.cameras:
            self.open_source(self.desk.cameras[0].id)
        else:
            self.open_source(DEMO)

    def _end_welcome(self) -> None:
        if not self.settings.memory.get("welcomed"):
            self.settings.memory["welcomed"] = True
            self._save()
        if not self.welcome.isHidden():
            self.welcome.hide()
            self.view.setFocus()

    def _save(self) -> None:
        try:
            self.settings.save()
        except SettingsError as error:
            _log.warning("%s", error)
            self.toast.say(str(error))

    def set_setting(self, key: str, value: object) -> None:
        """Change a setting from outside of its dialog."""
        self.settings[key] = value
        self._setting_changed(key)

    def _setting_changed(self, key: str) -> None:
        self._save()
        if key == "theme":
            self.apply_theme(str(self.settings["theme"]))
        elif key == "smooth":
            self._rows.smooth = self.live.smooth = bool(self.settings["smooth"])
            self.live.retry()
        elif key in FACE_SETTINGS:
            self.faces.setting_changed(key)
        elif key == "mirror" and self.store.state.source is not None:
            self.live.open(self.store.state.source, mirror=bool(self.settings["mirror"]))

    # -- the state and what follows from it

    def _state_changed(self, before: AppState, after: AppState) -> None:
        if before.tab != after.tab or before.current.choice != after.current.choice:
            self._use_model()
            self._rows.clear()
        elif before.current != after.current:
            self.live.adjust(after.tab, after.current)
        if before.frozen != after.frozen:
            self.live.freeze(after.frozen)
            self._list_anew()
        self._show_state(after)

    def _list_anew(self) -> None:
        """List what is shown now and nothing of before: a frozen picture shows no past."""
        self._rows.clear()
        self._rows.feed(self._last.result, self.store.state.current.threshold, time.monotonic())

    def _use_model(self) -> None:
        state = self.store.state
        self.live.use(state.tab, state.current)

    def use_model_of(self, tab: str) -> None:
        """Have the model of a tab asked anew, if that tab is in front."""
        if self.store.state.tab == tab:
            self._use_model()

    def _show_state(self, state: AppState) -> None:
        self.top.show_tab(state.tab)
        self.top.source.show_source(state.source)
        self.side.show_state(state)
        self.faces.show_state()
        self.strip.set_open(state.strip_open)
        self._show_parts(state)
        self._show_doing()
        self.view.show_look(self._look_now())
        self._show_model()
        self.desk.choose_backdrop(state.current.background)
        tab = TABS[state.tab].title
        where = "" if state.source is None else f" · {title_of(state.source)}"
        self.setWindowTitle(f"{self.tr(tab)}{where} · edgecnn")

    def _show_parts(self, state: AppState) -> None:
        whole = not self.isFullScreen()
        self.top.setVisible(whole)
        self.strip.setVisible(whole)
        self.side.setVisible(whole and state.side_open)
        self.top.show_panel(state.side_open)

    def _show_doing(self) -> None:
        recorder = self.live.recorder
        recording = recorder.path
        self.top.show_doing(frozen=self.store.state.frozen, recording=recording is not None)
        if recording is not None:
            took = f"{recorder.seconds // 60:.0f}:{recorder.seconds % 60:02.0f}"
            self.view.show_corner(Corner(self.tr("Recording %s") % took, recording.name, _RED))
        elif self.store.state.frozen:
            self.view.show_corner(Corner(self.tr("Frozen"), self.tr("F goes on")))
        else:
            self.view.show_corner(None)
        self.toast.keep_clear()

    def _show_model(self) -> None:
        state = self.store.state
        models = self.desk.models(TABS[state.tab].task)
        stats = self.live.stats
        infer = None if stats is None else stats.stages.get("infer")
        model = self.live.model
        # One picture that fails is counted in the strip; what lasts is said.
        if all(self._trouble) and not model.error:
            words = self.tr("It fails on the pictures: %s") % self._trouble[-1]
            model = replace(model, error=words)
        self.side.show_model(state, models, model, infer.p50_ms if infer else 0.0)

    def _show_choices(self) -> None:
        remember(self.settings, self.store.state)
        self.top.source.show_choices(self.desk.cameras, recent(self.settings))
        self.welcome.show_cameras(len(self.desk.cameras))

    def _look_now(self) -> Look:
        tab = self.store.state.current
        return Look(tab.effect, tab.threshold, self._rows.rows, self.desk.backdrop.backdrop)

    # -- pulling news

    def _look(self) -> None:
        """Show the newest picture, if there is a new one."""
        now_s = time.monotonic()
        if self.view.painted != self._painted:
            self._painted = self.view.painted
            self._meter.shown(now_s)
        shot = self.live.shot()
        if shot.answers != self._last.answers:
            if self.store.state.frozen:
                self._rows.clear()
            self._rows.feed(shot.result, self.store.state.current.threshold, now_s)
        if shot.serial != self._last.serial:
            self._show_picture(shot)
        self._last = shot
        if not self.welcome.isVisible():
            self.view.show_notice(notice_for(shot.status, shot.source, now_s, still=shot.still))

    @property
    def shot(self) -> Shot:
        """What was there when the window looked last, with nothing hidden in its picture."""
        return self._last

    def show_anew(self) -> None:
        """Show the picture of now by other rules: names or faces that were shown may be gone."""
        self._last = self.live.shot()
        self._show_picture(self._last)
        self._list_anew()
        self.side.show_rows(self._rows.rows, self._nothing(self.store.state))

    def _show_picture(self, shot: Shot) -> None:
        frame = shot.frame
        if frame is not None:
            frame = self.live.veil.for_view(frame, shot.result)
        self.view.show_frame(frame, shot.result, self._look_now())

    def _count(self) -> None:
        """Show numbers, news and lists."""
        now_s = time.monotonic()
        state = self.store.state
        self.strip.show_readings(self._meter.readings(now_s, self.live.stats))
        self.side.show_rows(self._rows.rows, self._nothing(state))
        self._trouble = (self._trouble[-1], self._last.trouble)
        self._show_model()
        self._show_choices()
        self.faces.tick()
        self._show_backdrop(state)
        for words in self.desk.news():
            self.toast.say(words)
        problem = self.live.recorder.problem
        if problem and problem != self._said:
            self.toast.say(problem)
        self._said = problem
        self._show_doing()

    def _show_backdrop(self, state: AppState) -> None:
        """The picture behind people, once it was read."""
        self.live.recorder.backdrop = self.desk.backdrop.backdrop
        self.view.show_look(self._look_now())
        panel = self.side.extra(state.tab)
        if isinstance(panel, BackgroundPanel):
            panel.show_choice(self.desk.backdrop)

    def _nothing(self, state: AppState) -> str:
        """What the empty list says."""
        if self._last.result is None:
            return ""
        return self.tr(TABS[state.tab].nothing)

    # -- the window itself

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The welcome page covers everything, the toast stays at the head of the view."""
        super().resizeEvent(event)
        content = self.centralWidget()
        if content is not None:
            self.welcome.setGeometry(content.rect())
            self.welcome.raise_()
        self.toast.place()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders may be dropped."""
        if dropped_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped: a source, or a model to bring in."""
        paths = dropped_files(event)
        if paths:
            event.acceptProposedAction()
            if is_model(paths[0]):
                self.open_models(paths[0])
            else:
                self.open_source(str(paths[0]))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember, then end everything within two seconds, whatever is in progress."""
        self._looking.stop()
        self._counting.stop()
        for dialog in self.open_dialogs:
            dialog.close()
        remember(self.settings, self.store.state)
        remember_place(self, self.settings.memory)
        self._save()
        self.hide()  # at once: what is in progress may take the whole two seconds
        self.faces.close()
        self.live.close()
        self.desk.close()
        self._files.close()
        super().closeEvent(event)
