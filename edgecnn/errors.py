"""Every error that edgecnn raises on purpose.

Each message answers three questions: what came, what was expected, what to do about it. All of
them derive from `EdgeCNNError`, so that a program can catch the family; those that mean "wrong
argument" are also `ValueError`, the way Python users expect.
"""

from __future__ import annotations


class EdgeCNNError(Exception):
    """Base of every error raised on purpose by edgecnn."""


class BundleError(EdgeCNNError):
    """A bundle or bare model file is missing, altered, malformed or not understood."""


class BackendError(EdgeCNNError):
    """An inference backend is missing, refuses a model, or fails while running one."""


class ConversionError(EdgeCNNError):
    """A model could not be converted."""


class ParityError(ConversionError):
    """A converted model does not give the answers of its source within the named threshold."""


class TrainingError(EdgeCNNError):
    """A training run cannot start, go on or be resumed."""


class GalleryError(EdgeCNNError):
    """A gallery of people cannot be read, written, or used with this embedder."""


class PassphraseError(GalleryError):
    """The passphrase, or the key in the system keyring, is missing or not that of the gallery."""


class DamagedError(GalleryError):
    """A gallery file was cut off, damaged or altered."""


class SourceError(EdgeCNNError):
    """A picture, video, camera or stream cannot be opened or read."""


class ImageError(EdgeCNNError, ValueError):
    """An array handed in as a picture has the wrong shape, type, size or no colour order."""


class OptionError(EdgeCNNError, ValueError):
    """An option or argument has a value that cannot be used."""


class UnknownNameError(EdgeCNNError, ValueError):
    """A name is in no registry; the message lists the names that are."""


class MissingExtraError(EdgeCNNError, ImportError):
    """A feature needs an optional dependency; the message holds the command that installs it."""
