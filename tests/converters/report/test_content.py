from __future__ import annotations

from msgspec.structs import replace

from converters.report.content import sections
from converters.report.int8 import confused_pairs, worst_layers
from converters.report.section import Section
from tests.helpers.reports import confusion, full, layers, minimal, output, proven, repair


def section(report: object, key: str) -> Section:
    return next(one for one in sections(report) if one.key == key)  # type: ignore[arg-type]


def test_empty_parts_have_no_section() -> None:
    assert [one.key for one in sections(minimal())] == ["variants", "outputs", "about"]


def test_a_full_report_has_a_section_for_each_part() -> None:
    assert [one.key for one in sections(full())] == [
        "variants",
        "gates",
        "outputs",
        "repair-0",
        "layers-0",
        "confusion-0",
        "preprocessing",
        "inputs",
        "skipped",
        "about",
    ]


def test_tables_are_rectangular_and_hold_something() -> None:
    for one in sections(full()):
        for table in one.tables:
            assert table.rows
            assert {len(row) for row in table.rows} == {len(table.head)}
            assert all(0 <= index < len(table.rows) for index in table.marked)


def test_of_several_outputs_the_worst_is_told_first_and_then_all() -> None:
    both = (output(), output(output="boxes", snr_db=9.0, cosine=0.9))
    worst, everything = section(minimal(proven=(proven(outputs=both),)), "outputs").tables
    assert [row[2] for row in worst.rows] == ["boxes"]
    assert [row[2] for row in everything.rows] == ["probabilities", "boxes"]


def test_only_gates_that_something_was_held_against_are_listed() -> None:
    (table,) = section(full(), "gates").tables
    assert [row[0] for row in table.rows] == ["cosine", "max_drop"]
    assert table.head == ("gate", "float32", "int8")
    assert table.rows[0] == ("cosine", "0.99999", "0.98")


def test_a_repair_says_how_much_of_the_loss_was_won_back() -> None:
    text = section(full(), "repair-0").text[0]
    assert text.endswith("0.907 in the end: 88 % of the loss was won back.")
    nothing_lost = repair(float_score=0.9, plain_score=0.9, final_score=0.9)
    assert section(full(repairs=(nothing_lost,)), "repair-0").text[0].endswith("in the end.")


def test_layers_of_a_repaired_file_are_told_once() -> None:
    report = full(layers={"int8.tflite": layers(), "openvino/int8.xml": layers(9)})
    titles = [one.title for one in sections(report) if "layer" in one.key]
    assert titles == ["Error of each layer: openvino/int8.xml"]


def test_the_worst_layers_come_first() -> None:
    worst = worst_layers(layers(), 5)
    assert len(worst) == 5
    errors = [layer.rmse_over_scale for layer in worst]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == max(layer.rmse_over_scale for layer in layers())


def test_a_merged_layer_goes_by_its_first_name() -> None:
    (first, *_) = layers(1)
    merged = replace(first, name="net/relu/Relu6;net/bn/add;;net/conv/BiasAdd")
    (table,) = section(full(layers={"a.tflite": (merged,)}), "layers-0").tables
    assert table.rows[0][1] == "net/relu/Relu6 and 2 merged"
    assert table.caption.endswith("Names in full are in report.json.")


def test_confused_pairs_leave_the_diagonal_out_and_start_with_the_most_frequent() -> None:
    one = confusion(class_ids=(3, 7), counts=((90, 2), (5, 80)))
    assert confused_pairs(one) == [(7, 3, 5), (3, 7, 2)]


def test_a_class_without_a_label_goes_by_its_number() -> None:
    one = confusion(class_ids=(3, 700), counts=((90, 2), (0, 80)))
    (table,) = section(full(confusion=(one,)), "confusion-0").tables
    assert table.rows == (("Dress", "class 700", "2"),)
