"""Which detection belongs to which track: the exact answer, without SciPy on the device."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def assign(costs: Floats, limit: float) -> tuple[Ints, Ints]:
    """Pairs of rows and columns with the least sum of costs.

    Each row and each column is in one pair at most. Leaving a row and a column apart costs
    ``limit``, so that a pair that costs as much or more is never made. Greedy pairing would be as
    quick for the few boxes of a picture, but lets a box that crosses two others take the wrong one.

    Reference: Kuhn 1955, "The Hungarian method for the assignment problem", as shortest augmenting
    paths (Jonker and Volgenant 1987). Time grows with the cube of the number of rows that have
    something to choose; pairs without rivals are made beforehand.

    Args:
        costs: (N, M); what is not finite cannot be paired.
        limit: Least cost that is too much.

    Returns:
        Rows (K,) and columns (K,) int64, by rising row.
    """
    if costs.size == 1:  # one box and one track: what a live picture has most of the time
        pair = np.zeros(int(-np.inf < costs[0, 0] < limit), np.int64)
        return pair, pair
    costs = np.where(np.isfinite(costs), costs, np.inf)
    possible = costs < limit
    per_row, per_column = possible.sum(axis=1), possible.sum(axis=0)
    alone = possible & (per_row[:, None] == 1) & (per_column == 1)
    rows, columns = alone.nonzero()
    # Boxes lie far apart mostly: what is left to solve is small, or nothing.
    if len(rows) == np.count_nonzero(per_row):
        return rows, columns
    open_rows = np.flatnonzero((per_row > 0) & ~alone.any(axis=1))
    open_columns = np.flatnonzero((per_column > 0) & ~alone.any(axis=0))
    if len(open_rows):
        part = np.minimum(costs[np.ix_(open_rows, open_columns)], limit)
        flipped = len(open_rows) > len(open_columns)
        first, second = _solve(part.T if flipped else part)
        in_rows, in_columns = (second, first) if flipped else (first, second)
        made = part[in_rows, in_columns] < limit
        rows = np.concatenate([rows, open_rows[in_rows[made]]])
        columns = np.concatenate([columns, open_columns[in_columns[made]]])
    order = np.argsort(rows, kind="stable")
    return rows[order].astype(np.int64), columns[order].astype(np.int64)


def _solve(costs: Floats) -> tuple[Ints, Ints]:
    """A column for every row of (N, M), N <= M, with the least sum.

    Row potentials and column potentials keep all reduced costs at 0 or more. Each row in turn looks
    for the cheapest path to a free column, and along it everybody moves by one.
    """
    rows, columns = costs.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1)
    for start in range(rows):
        reached = np.zeros(columns, np.bool_)
        distance = np.full(columns, np.inf)
        before = np.full(columns, -1)
        row, column, so_far = start, -1, 0.0
        while True:
            through = so_far + costs[row] - row_price[row] - column_price
            shorter = ~reached & (through < distance)
            distance[shorter] = through[shorter]
            before[shorter] = column
            column = int(np.argmin(np.where(reached, np.inf, distance)))
            so_far = float(distance[column])
            reached[column] = True
            if owner[column] < 0:
                break
            row = int(owner[column])
        passed = reached.copy()
        passed[column] = False
        row_price[start] += so_far
        row_price[owner[passed]] += so_far - distance[passed]
        column_price[passed] -= so_far - distance[passed]
        while column >= 0:
            previous = int(before[column])
            owner[column] = owner[previous] if previous >= 0 else start
            column = previous
    taken = np.flatnonzero(owner >= 0)
    return owner[taken].astype(np.int64), taken.astype(np.int64)
