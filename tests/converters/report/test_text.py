from __future__ import annotations

from msgspec.structs import replace

from converters.report.text import (
    best,
    header,
    megabytes,
    milliseconds,
    notes,
    points,
    rows,
    summary,
    table,
    verdict,
    way,
)
from tests.helpers.reports import failed, full, latency, minimal, proven


def test_the_best_variant_is_the_fastest_that_is_proven() -> None:
    slow = proven("float32.tflite", latency=latency(3.0, 1.0))
    fast = proven("int8.tflite", latency=latency(1.0, 0.3))
    broken = replace(fast, failures=("int8.cosine: 0.9, at least 0.98 is demanded",))
    chosen = best(minimal(proven=(slow, fast)))
    assert chosen is not None
    assert way(chosen) == "int8.tflite on litert"
    assert best(minimal(proven=(slow, broken))) == slow
    assert best(minimal(proven=(broken,))) is None


def test_without_latencies_the_best_is_the_smallest() -> None:
    big, small = proven(bytes=9_000_000), proven("int8.tflite", bytes=2_000_000)
    assert best(minimal(proven=(big, small))) == small
    assert ("Best variant", "int8.tflite on litert: the smallest of 2 proven") in summary(
        minimal(proven=(big, small))
    )


def test_the_summary_names_size_accuracy_and_speed() -> None:
    facts = dict(summary(full()))
    assert facts["Best variant"] == "openvino/int8.xml on openvino: the fastest of 6 proven"
    assert facts["Size"] == "0.43 MB, 3.5 times smaller than float32"
    assert "top-1 accuracy 90.95 %, float reference 91.20 % (0.25 points lost)" in facts["Accuracy"]
    assert facts["Speed"].startswith("0.380 ms a picture (median; p95 0.456), 0.27 times")


def test_a_failed_report_says_why_in_its_first_notes() -> None:
    said = notes(failed())
    assert said[0] == ("Failed: 1 of 6 ways to run it breaks a gate, so no bundle was written.")
    assert said[1].strip() == (
        "int8.tflite on litert: int8.max_drop: 0.034, at most 0.01 is demanded"
    )


def test_of_many_reasons_the_first_are_shown_and_the_others_counted() -> None:
    broken = proven("int8.tflite", failures=tuple(f"int8.gate_{n}: 0" for n in range(9)))
    said = notes(minimal(passed=False, proven=(broken,)))
    assert said[5].strip() == "and 5 more"


def test_a_report_that_failed_without_a_broken_gate_does_not_claim_to_have_passed() -> None:
    assert verdict(minimal(passed=False)) == "Failed: no bundle was written."


def test_a_lowered_gate_is_not_kept_silent() -> None:
    lowered = proven("int8.tflite", lowered=("int8.cosine: 0.97, by default 0.98 is demanded",))
    assert "(1 only because it was lowered)" in verdict(minimal(proven=(proven(), lowered)))
    assert rows(minimal(proven=(lowered,)))[0][-1] == "LOWERED"


def test_the_table_has_no_column_for_what_was_not_measured() -> None:
    assert header(minimal()) == ["file", "backend", "MB", "agreement", "gates"]
    assert rows(minimal()) == [["float32.tflite", "litert", "1.50", "reference", "kept"]]


def test_every_row_of_the_table_has_a_cell_for_each_column() -> None:
    assert len(rows(full())) == len(full().proven)
    assert {len(row) for row in rows(full())} == {len(header(full()))}
    assert rows(failed())[3][-1] == "FAILED"
    assert table(full()) == (header(full()), rows(full()))


def test_what_failed_without_a_gate_is_said_as_the_reason_and_not_twice() -> None:
    said = notes(minimal(passed=False, warnings=("preprocessing differs: colours swapped",)))
    assert said[1].strip() == "preprocessing differs: colours swapped"
    assert sum("colours swapped" in line for line in said) == 1


def test_latencies_keep_their_digits_however_small() -> None:
    shown = [milliseconds(ms) for ms in (0.0123, 0.5, 1.234, 12.34, 345.6)]
    assert shown == ["0.012", "0.500", "1.23", "12.3", "345.6"]


def test_figures_are_written_with_their_units() -> None:
    assert (megabytes(4_990), megabytes(432_000)) == ("0.005", "0.43")
    assert (points(0.0034), points(-0.001), points(-0.0), points(None)) == (
        "+0.34",
        "-0.10",
        "+0.00",
        "-",
    )
