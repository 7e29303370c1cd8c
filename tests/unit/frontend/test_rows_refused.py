"""Every op says what is wrong with a call: the rows' error cases."""

from __future__ import annotations

import pytest

from support.messages import message
from support.records import Record, Refusal
from support.rows import ROWS

CASES = [
    pytest.param(refusal, id=f"{row.name}-{index}")
    for row in ROWS
    for index, refusal in enumerate(row.refused)
]
# What takes every operand has no error case, for this reason.
EXEMPT = {
    "square": "multiplies one operand by itself, whatever its data type is",
}


@pytest.mark.parametrize("refusal", CASES)
def test_refusal(refusal: Refusal) -> None:
    with pytest.raises(refusal.error) as caught:
        refusal.call()
    assert message(caught.value) == refusal.text


def test_every_op_has_an_error_case() -> None:
    without = {_op(row) for row in ROWS} - {_op(row) for row in ROWS if row.refused}
    assert without == EXEMPT.keys()


def _op(row: Record) -> str:
    return row.name.partition("/")[0]
