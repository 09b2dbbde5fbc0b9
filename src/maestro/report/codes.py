"""What every code means. The texts are those of docs/reference/reasons.md, which comes with the package.

The page's form: a ``##`` heading a group, a ``###`` heading a code; below it what the code means, then paragraphs that
start with ``*Example*:`` (C may follow) and ``*Hint*:``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache

from maestro.bundle import reasons
from maestro.diagnostics import UserError
from maestro.ir.plan import Reason

GOOD_TO_KNOW = "Good to know"
"""The group of reasons that are no refusals."""

_CODE = re.compile(r"^### `([a-z0-9-]+)`\n", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@dataclass(frozen=True)
class Explanation:
    """``group``: the page's heading. ``meaning``, ``example``, ``hint``: Markdown, without their labels."""

    code: str
    group: str
    meaning: str
    example: str
    hint: str

    @property
    def summary(self) -> str:
        """The first sentence, or what of it stands before a colon."""
        text = " ".join(self.meaning.split())
        return re.split(r"\. |: ", re.sub(r"^R\d\. ", "", text))[0].rstrip(".:") + "."

    @property
    def is_refusal(self) -> bool:
        return self.group not in (GOOD_TO_KNOW, "Notes")


@cache
def explanations() -> Mapping[str, Explanation]:
    """Every code of the page, in its order."""
    found: dict[str, Explanation] = {}
    for section in re.split(r"^## ", reasons(), flags=re.MULTILINE)[1:]:
        group, _, body = section.partition("\n")
        _, *parts = _CODE.split(body)
        for code, text in zip(parts[::2], parts[1::2], strict=True):
            found[code] = _explanation(code, group, _LINK.sub(r"\1", text))
    return found


def _explanation(code: str, group: str, text: str) -> Explanation:
    meaning, _, rest = text.partition("*Example*:")
    example, _, hint = rest.partition("*Hint*:")
    return Explanation(code, group, meaning.strip(), example.strip(), hint.strip())


def is_refusal(reason: Reason) -> bool:
    """Whether ``reason`` stands in the way of something better; the others are good to know. Unknown codes do."""
    found = explanations().get(reason.code)
    return found is None or found.is_refusal


@cache
def rules() -> Mapping[str, tuple[str, str]]:
    """R1 to R7: name and what the rule says, from the page's table."""
    found = re.findall(r"^\| (R\d) ([^|]+) \| ([^|]+) \|$", reasons(), re.MULTILINE)
    return {rule: (name, text) for rule, name, text in found}


def explain(code: str) -> Explanation:
    """Raises UserError (``unknown-code``) with the codes most like ``code``."""
    known = explanations()
    wanted = code.strip("[]").lower()
    if wanted in known:
        return known[wanted]
    words = set(wanted.split("-"))
    similar = [*get_close_matches(wanted, known, n=3, cutoff=0.6), *(c for c in known if words & {*c.split("-")})]
    close = list(dict.fromkeys(similar))[:4]
    hint = f"did you mean {' or '.join(close)}?" if close else "`maestro explain` alone lists all codes"
    raise UserError(f"unknown code '{code}'", hint=hint, code="unknown-code")
