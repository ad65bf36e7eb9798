from __future__ import annotations

import msgspec
import pytest

from converters.report.schema import decode, encode
from tests.helpers.reports import failed, full, minimal


@pytest.mark.parametrize("report", [full(), failed(), minimal()], ids=["full", "failed", "minimal"])
def test_a_report_survives_json(report: object) -> None:
    assert decode(encode(report)) == report  # type: ignore[arg-type]


def test_a_misspelt_key_is_refused() -> None:
    content = encode(minimal()).replace(b'"passed"', b'"pased"')
    with pytest.raises(msgspec.ValidationError, match="pased"):
        decode(content)
