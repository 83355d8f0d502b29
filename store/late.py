"""Room store: changes of rows that wait until somebody looks, or until the transaction ends.

What happens to a call within a moment is many facts about the same few rows. Kept here,
they become one statement a row, and one round to the database for all rows alike; in the
end the rows are what they would have been. Nobody who reads by the session can miss
one: before any statement of its, any flush and the commit, they are written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import Insert, Table, Update, bindparam, event, func, insert, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.schema import sort_tables

Values = Mapping[str, Any]
_OURS = "late rows"
_KEY, _VALUE = "_key", "_{}"


@dataclass
class _Row:
    """What is to become of one row. `first`: only where the column has no value yet."""

    new: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    first: dict[str, Any] = field(default_factory=dict)


class LateRows:
    """Of one session; tables with a key of one column."""

    def __init__(self) -> None:
        self._rows: dict[tuple[Table, str], _Row] = {}

    def insert(self, table: Table, key: str, values: Values) -> None:
        """A row that is not there yet; `values` without its key."""
        self._rows[table, key] = _Row(new=True, values=dict(values))

    def update(self, table: Table, key: str, values: Values) -> None:
        """Change these columns, whatever they were."""
        row = self._rows.setdefault((table, key), _Row())
        row.values.update(values)

    def update_first(self, table: Table, key: str, column: str, value: Any) -> None:
        """Set this column where it has no value yet."""
        row = self._rows.setdefault((table, key), _Row())
        if row.new and row.values.get(column) is None:
            row.values[column] = value
        elif not row.new:
            row.first.setdefault(column, value)

    def write(self, session: Session) -> None:
        """Everything that waits; a row before those that point to it."""
        rows, self._rows = self._rows, {}
        alike: dict[tuple[Insert | Update, tuple[str, ...]], list[dict[str, Any]]] = {}
        order = {table: n for n, table in enumerate(sort_tables({table for table, _ in rows}))}
        for (table, key), row in sorted(rows.items(), key=lambda item: order[item[0][0]]):
            statement, values = _insert(table, key, row) if row.new else _update(table, key, row)
            alike.setdefault((statement, tuple(values)), []).append(values)
        for (statement, _), many in alike.items():
            session.connection().execute(statement, many)


def late_rows(session: AsyncSession) -> LateRows:
    """The session's own; made, and bound to what the session does, when first asked for."""
    found: LateRows | None = session.info.get(_OURS)
    if found is not None:
        return found
    rows = session.info[_OURS] = LateRows()
    event.listen(session.sync_session, "do_orm_execute", lambda asked: rows.write(asked.session))
    event.listen(session.sync_session, "before_flush", lambda written, *_: rows.write(written))
    event.listen(session.sync_session, "before_commit", rows.write)
    return rows


async def write_late_rows(session: AsyncSession) -> None:
    """Flush the session and write what waits: before and within a savepoint that may be undone."""
    await session.flush()
    await session.run_sync(late_rows(session).write)


def _insert(table: Table, key: str, row: _Row) -> tuple[Insert, dict[str, Any]]:
    return _inserting(table), {_key_of(table): key, **row.values}


def _update(table: Table, key: str, row: _Row) -> tuple[Update, dict[str, Any]]:
    # A parameter named as its column would be taken for a value of its own.
    given = {_VALUE.format(name): value for name, value in (row.values | row.first).items()}
    return _updating(table, tuple(row.values), tuple(row.first)), {_KEY: key, **given}


def _key_of(table: Table) -> str:
    [column] = table.primary_key.columns
    return column.name


# Made once for each set of columns: to make a statement costs as much as to run it.
@cache
def _inserting(table: Table) -> Insert:
    return insert(table)


@cache
def _updating(table: Table, columns: tuple[str, ...], first: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(_VALUE.format(name)) for name in columns}
    for name in first:
        kind = table.c[name].type
        given = bindparam(_VALUE.format(name), type_=kind)
        values[name] = func.coalesce(table.c[name], given, type_=kind)
    return update(table).where(table.c[_key_of(table)] == bindparam(_KEY)).values(values)
