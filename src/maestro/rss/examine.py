"""``maestro rss check``: a key, on a NIC that hashes the fields as they are or in a symmetric mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from maestro.rss import nonlinear
from maestro.rss.check import Checked, check, known_table
from maestro.rss.profile import Profile
from maestro.rss.requirement import Requirement
from maestro.rss.symmetric import applied, available


def examine(
    profile: Profile,
    keys: Mapping[int, bytes],
    requirements: Sequence[Requirement],
    types: Mapping[int, frozenset[str]],
    table: int,
    field_set: str | None,
    symmetric: str,
) -> Checked:
    """As ``check.check``; raises UserError for a mode that the NIC does not have as well."""
    match symmetric:
        case "none":
            return check(profile, keys, requirements, types, table, field_set)
        case "xor":
            found = check(applied(profile, symmetric), keys, requirements, types, table, field_set, masks=False)
            return replace(found, symmetric=symmetric)
        case _:
            known_table(profile, table)
            return nonlinear.check(
                available(profile, symmetric), keys, requirements, types, table, field_set, symmetric
            )
