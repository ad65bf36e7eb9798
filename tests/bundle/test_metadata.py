from __future__ import annotations

import io
import struct
import zipfile

import numpy as np
import pytest

from benchmarks.mutations import damage
from converters.bundles.pack import ModelVariant
from converters.forms.ssd import standard_ssd
from converters.metadata.write import with_metadata, with_rt_info, with_tflite_metadata
from edgecnn.bundle.flatbuffer import root_table
from edgecnn.bundle.metadata import (
    ENTRY_NAME,
    SelfDescription,
    decode_description,
    encode_description,
)
from edgecnn.bundle.metadata_openvino import read_rt_info
from edgecnn.bundle.metadata_tflite import metadata_content, read_tflite_metadata
from edgecnn.bundle.schema import DecoderSpec, EmbeddingSpec
from edgecnn.bundle.zip_tail import MAX_ENTRIES, MAX_ENTRY_BYTES, ZipTail
from edgecnn.errors import BundleError
from tests.helpers import tiny_ssd
from tests.helpers.metadata import (
    OUTPUTS,
    mean_color_facts,
    softmax_tflite,
    without_own_entry,
)
from tests.helpers.models import LABELS, mean_color_input, mean_color_ir, mean_color_tflite
from tests.helpers.tiny_ssd import tiny_ssd_facts, tiny_ssd_tflite

DESCRIPTION = SelfDescription(
    task="embed",
    input=mean_color_input(color="bgr", resize="letterbox", pad=114),
    decoder=DecoderSpec(name="embedding", parameters={"normalize": True}),
    labels=("a", "", "ü"),
    embedding=EmbeddingSpec(space="tiny", dimension=3, metric="cosine"),
    outputs={"means": "embedding"},
)


def _with_files(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO(mean_color_tflite())
    with zipfile.ZipFile(stream, "a", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _ir(model_info: str) -> bytes:
    rt_info = f"<rt_info><model_info>{model_info}</model_info></rt_info></net>"
    return mean_color_ir()[0].replace(b"</net>", rt_info.encode())


def test_a_file_that_says_nothing_of_itself() -> None:
    assert read_tflite_metadata(mean_color_tflite()) is None
    assert read_rt_info(mean_color_ir()[0]) is None


def test_our_description_comes_back_as_it_was() -> None:
    assert decode_description(encode_description(DESCRIPTION)) == DESCRIPTION


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_our_description_is_found_in_the_zip_however_it_is_packed(compression: int) -> None:
    model = _with_files({"other": b"x", ENTRY_NAME: encode_description(DESCRIPTION)}, compression)
    found = read_tflite_metadata(model)
    assert found is not None
    assert found.description == DESCRIPTION


def test_a_zip_whose_offsets_count_from_its_own_start_is_read() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("labels.txt", b"one\ntwo\n")
    model = mean_color_tflite()
    tail = ZipTail(model + stream.getvalue())
    assert tail.start == len(model)
    assert tail.read("labels.txt") == b"one\ntwo\n"
    assert tail.read("other.txt") is None


def test_a_description_with_more_fields_is_read_and_a_newer_one_refused() -> None:
    content = encode_description(DESCRIPTION)
    assert decode_description(content[:-1] + b',"later":[1]}') == DESCRIPTION
    with pytest.raises(BundleError, match="version 2; this edgecnn reads up to 1"):
        decode_description(content.replace(b'"version":1', b'"version":2'))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"task":1}', b"\xff\xfe", b'{"a":' * 100_000]
)
def test_a_damaged_description_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="description embedded in this model is damaged"):
        read_tflite_metadata(_with_files({ENTRY_NAME: content}))


def test_a_file_that_expands_without_end_is_refused() -> None:
    bomb = _with_files({ENTRY_NAME: bytes(4 * MAX_ENTRY_BYTES)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(BundleError, match="damaged or larger than"):
        read_tflite_metadata(bomb)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(BundleError, match="files are appended"):
        read_tflite_metadata(_with_files({f"{n}": b"" for n in range(MAX_ENTRIES + 1)}))


def test_an_altered_file_of_the_zip_is_refused() -> None:
    model = _with_files({ENTRY_NAME: encode_description(DESCRIPTION)})
    with pytest.raises(BundleError, match="damaged"):
        read_tflite_metadata(model.replace(b'"pad":114', b'"pad":115'))


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x10\0\0\0TFL3", b"\xff" * 64, b"PK\x05\x06"])
def test_what_is_no_flatbuffer_is_refused(content: bytes) -> None:
    with pytest.raises(BundleError, match="flatbuffer"):
        read_tflite_metadata(content)


def test_a_list_that_reaches_past_the_end_is_refused() -> None:
    # A root table with one field, which leads to a list said to have 2^31 entries.
    content = struct.pack("<I4sHHHHiII", 16, b"TFL3", 6, 8, 4, 0, 8, 4, 2**31)
    root = root_table(content, b"TFL3")
    for read in (root.content, root.text, root.floats, root.integers, root.targets):
        with pytest.raises(BundleError, match="reaches past its end"):
            list(read(0))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["own", "standard", "labels"])
def test_damaged_tflite_files_raise_nothing_else(kind: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    model = with_tflite_metadata(
        softmax_tflite() if kind == "labels" else mean_color_tflite(),
        mean_color_facts(),
        {} if kind == "labels" else OUTPUTS,
    )
    if kind != "own":
        model = without_own_entry(model)
    refused = 0
    for _ in range(100):
        try:
            read_tflite_metadata(damage(model, random))
        except BundleError:
            refused += 1
    assert 0 < refused < 100


def _segmenter() -> bytes:
    decoder = DecoderSpec(name="segmentation", parameters={"activation": "softmax"})
    facts = mean_color_facts(task="segment", decoder=decoder)
    return with_tflite_metadata(mean_color_tflite(), facts, {"means": "logits"})


def _detector() -> bytes:
    variant = ModelVariant(
        file="a.tflite",
        precision="float32",
        model=tiny_ssd_tflite(),
        backends=("litert",),
        outputs=tiny_ssd.OUTPUTS,
    )
    return with_metadata(*standard_ssd(variant, tiny_ssd_facts())).model


@pytest.mark.parametrize("kind", ["classifier", "segmenter", "detector"])
def test_damaged_metadata_inside_a_sound_model_raises_nothing_else(kind: str) -> None:
    whole = {
        "classifier": lambda: with_tflite_metadata(
            mean_color_tflite(), mean_color_facts(), OUTPUTS
        ),
        "segmenter": _segmenter,
        "detector": _detector,
    }[kind]()
    model = without_own_entry(whole)
    content = metadata_content(root_table(model, b"TFL3"))
    assert content is not None
    start = model.find(content)
    random = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        broken = damage(content, random)[: len(content)].ljust(len(content), b"\0")
        try:
            read_tflite_metadata(model[:start] + broken + model[start + len(content) :])
            outcomes.add("read")
        except BundleError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_damaged_irs_raise_nothing_else() -> None:
    xml = with_rt_info(mean_color_ir()[0], mean_color_facts(), OUTPUTS)
    random = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        try:
            read_rt_info(damage(xml, random))
            outcomes.add("read")
        except BundleError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}


def test_entities_and_document_types_are_refused() -> None:
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
    )
    for prologue in (f"<!DOCTYPE net [{laughs}]>", '<!DOCTYPE net SYSTEM "file:///etc/passwd">'):
        xml = f'<?xml version="1.0"?>{prologue}<net><layers>&l9;</layers></net>'
        with pytest.raises(BundleError, match="document type"):
            read_rt_info(xml.encode())


def test_endless_nesting_and_other_xml_are_refused() -> None:
    with pytest.raises(BundleError, match="nested too deeply"):
        read_rt_info(b"<net>" + b"<a>" * 1000)
    with pytest.raises(BundleError, match="not an OpenVINO IR"):
        read_rt_info(b"<html><body/></html>")
    with pytest.raises(BundleError, match="not an OpenVINO IR"):
        read_rt_info(b"<?xml version='1.0' encoding='nonsense'?><net/>")


def test_model_info_is_read_with_the_defaults_of_model_api() -> None:
    found = read_rt_info(_ir('<model_type value="Classification"/><labels value="a_b c"/>'))
    assert found is not None
    assert (found.mean, found.std, found.resize) == ((0.0,), (1.0,), "stretch")
    assert (found.labels, found.classifies, found.color) == (("a_b", "c"), "softmax", None)


def test_model_info_is_read_as_it_says() -> None:
    found = read_rt_info(
        _ir(
            '<model_type value="Classification"/><multilabel value="YES"/>'
            '<reverse_input_channels value="NO"/><mean_values value="1 2.5 3"/>'
            '<scale_values value="255"/><resize_type value="fit_to_window_letterbox"/>'
            '<pad_value value="114"/>'
        )
    )
    assert found is not None
    assert (found.classifies, found.color) == ("sigmoid", "bgr")
    assert (found.mean, found.std) == ((1.0, 2.5, 3.0), (255.0,))
    assert (found.resize, found.pad) == ("letterbox", 114)


@pytest.mark.parametrize("text", ["a b c", "1 nan 2", "1e999", ""])
def test_numbers_that_are_none_are_not_taken(text: str) -> None:
    found = read_rt_info(_ir(f'<mean_values value="{text}"/>'))
    assert found is not None
    assert found.mean == ()


def test_a_resize_that_we_do_not_have_is_not_taken_for_another() -> None:
    found = read_rt_info(_ir('<resize_type value="fit_to_window"/>'))
    assert found is not None
    assert found.resize is None


def test_a_layer_of_the_ir_that_ends_in_softmax_is_seen() -> None:
    xml = _ir('<labels value="a b c"/>').replace(b'type="ReduceMean"', b'type="SoftMax"')
    found = read_rt_info(xml)
    assert found is not None
    assert found.last_step == "softmax"


def test_labels_with_carriage_returns_are_cleaned() -> None:
    model = with_tflite_metadata(mean_color_tflite(), mean_color_facts(), OUTPUTS)
    tail = ZipTail(model)
    stream = io.BytesIO(model[: tail.start])
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr("labels.txt", "\r\n".join(LABELS))
    found = read_tflite_metadata(stream.getvalue())
    assert found is not None
    assert found.labels == LABELS
