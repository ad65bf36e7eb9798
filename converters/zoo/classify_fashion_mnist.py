"""Fashion-MNIST, ten kinds of clothes: the end of ``edgecnn compress examples/fashion_mnist.toml``.

The source is the folder of that work, finished:

    edgecnn compress examples/fashion_mnist.toml --out runs/fashion
    edgecnn zoo build classify_fashion_mnist --source runs/fashion

The recipe has proven its files already. What is left is to see that it was that recipe, that the
files are as small and as good as promised, and to say what a recipe cannot know.
"""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from converters.compress.folder import WorkFolder
from converters.compress.recipe import Recipe, read_recipe
from converters.compress.summary import Summary
from edgecnn.bundle import io
from edgecnn.errors import ConversionError, TrainingError

MOST_BYTES = 60_000
"""Of the ``.tflite``."""
LEAST_TOP1 = 0.925
"""Of the 10,000 test pictures, for every file."""
_ROOT = Path(__file__).resolve().parents[2]
_NOT_SHIPPED = ("report.html", "report.json", "report.md", "conversion.log")
_NO_BIAS = "Not measured by the conversion."
_BIAS = """\
The pictures are a shop's photographs of single pieces, in grey, shrunk to 28 x 28: people, worn
clothes, colours and backgrounds are not in them, nor clothes that this shop did not sell. A share
of the labels cannot be told from the picture (shirt, T-shirt, pullover and coat differ in a few
pixels): shirts are confused most."""
_NOTICE = """\
The network was trained on Fashion-MNIST, and golden/ holds four of its pictures:

Copyright (c) 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

The network itself:
"""


def build(source: Path, out: Path) -> Path:
    """Make the bundle.

    Args:
        source: Folder of the finished work.
        out: Folder or ``.edge`` file to write; replaced.

    Returns:
        ``out``.

    Raises:
        ConversionError: The work is not there, not finished, of another recipe, or its files are
            larger or worse than promised.
        BundleError: Its bundle is damaged.
    """
    folder = WorkFolder(source)
    try:
        summary, done = folder.finished(), folder.recipe()
    except TrainingError as error:
        raise ConversionError(f"{source} is no work of `edgecnn compress`: {error}") from error
    if summary is None:
        raise ConversionError(
            f"{source} is not finished; go on with `edgecnn compress --out {source} --resume`."
        )
    check_recipe(done)
    check_figures(summary)
    bundle = io.load(folder.bundle)
    bundle.verify()
    files = {name: bundle.read(name) for name in bundle.manifest.files if name not in _NOT_SHIPPED}
    card = files["CARD.md"].decode().replace(_NO_BIAS, _BIAS)
    report = " Everything that was measured is in `report.md`."
    files["CARD.md"] = card.replace(report, "").encode()
    apache = (_ROOT / "LICENSE").read_text("utf-8")
    files["LICENSE"] = f"{_NOTICE}\n{apache}".encode()
    return io.save(bundle.manifest, files, out, force=True)


def check_recipe(done: Recipe) -> None:
    """Refuse the work of another recipe.

    Raises:
        ConversionError: It is not that of the example.
    """
    expected = read_recipe(_ROOT / "examples" / "fashion_mnist.toml")
    if msgspec.json.encode(done) != msgspec.json.encode(expected):
        names = [
            name
            for name, value in json.loads(msgspec.json.encode(expected)).items()
            if json.loads(msgspec.json.encode(done)).get(name) != value
        ]
        raise ConversionError(
            "The folder was made by another recipe than examples/fashion_mnist.toml: "
            f"{', '.join(names)} differ. Do that one."
        )


def check_figures(summary: Summary) -> None:
    """Refuse files that are larger or worse than promised.

    Raises:
        ConversionError: One is; the message names it.
    """
    for row in summary.files:
        if row.accuracy is None or row.accuracy < LEAST_TOP1:
            raise ConversionError(
                f"{row.file} names {row.accuracy} of the test pictures right; at least "
                f"{LEAST_TOP1} is expected."
            )
        if row.file.endswith(".tflite") and row.bytes > MOST_BYTES:
            raise ConversionError(
                f"{row.file} has {row.bytes:,} bytes; at most {MOST_BYTES:,} are expected."
            )
