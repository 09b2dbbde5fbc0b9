"""The state that cores have in common in C: ``struct nf_shared``, its creation and release, and ``nf_packet`` over
the two forms of the tree (``maestro.codegen.locking``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from maestro.codegen.locking import Common
from maestro.codegen.state import create_call, fill, rows
from maestro.codegen.text import aligned
from maestro.ir.model import Model

_NOTHING = [
    "struct nf_shared {",
    "  char none; /* the cores have no state in common */",
    "};",
]
_STRUCT = ["struct nf_shared {", "  struct locks locks;"]
_HTM_MEMBER = "  struct htm_common *htm;"
_CREATE_NOTHING = [
    "struct nf_shared *nf_shared_create(unsigned cores) {",
    "  (void)cores;",
    "  return maestro_alloc(sizeof(struct nf_shared));",
    "}",
    "",
    "void nf_shared_destroy(struct nf_shared *shared) {",
    "  free(shared);",
    "}",
]


def struct(model: Model, members: Mapping[str, str], common: Common) -> list[str]:
    """The definition of ``struct nf_shared``."""
    if not common.objects:
        return _NOTHING
    objects = [o for o in model.objects if o.name in common.objects]
    lines = [line for text, comment in aligned(rows(objects, members, common)) for line in _under(text, comment)]
    return ["/* What the cores have in common. */", *_STRUCT, *([_HTM_MEMBER] if common.htm else []), *lines, "};"]


def _under(text: str, comment: str) -> list[str]:
    return ([f"  {comment}"] if comment else []) + [text]


def create(model: Model, members: Mapping[str, str], common: Common) -> list[str]:
    """``nf_shared_create`` and ``nf_shared_destroy``."""
    if not common.objects:
        return _CREATE_NOTHING
    objects = [o for o in model.objects if o.name in common.objects]
    calls = ["locks_create(&shared->locks, cores)"]
    calls += ["(shared->htm = htm_create(nf_name))"] if common.htm else []
    calls += [create_call(o, members, None, "shared", aged=o.name in common.aged) for o in objects]
    lines = [
        "struct nf_shared *nf_shared_create(unsigned cores) {",
        "  struct nf_shared *shared = maestro_alloc(sizeof *shared);",
        "  if (!shared) {",
        "    return NULL;",
        "  }",
        *refuse(calls, "nf_shared_destroy(shared)"),
    ]
    for o in objects:
        lines += fill(o, members[o.name], "shared", aged=o.name in common.aged)
    lines += ["  return shared;", "}", "", "void nf_shared_destroy(struct nf_shared *shared) {"]
    lines += ["  if (!shared) {", "    return;", "  }", "  locks_destroy(&shared->locks);"]
    lines += ["  free(shared->htm);"] if common.htm else []
    for o in objects:
        lines.append(f"  {'shared_' if o.name in common.aged else ''}{o.kind}_destroy(&shared->{members[o.name]});")
    return "\n".join([*lines, "  free(shared);", "}"]).split("\n")


def refuse(calls: Sequence[str], undo: str) -> list[str]:
    """``if (!call || !call …) { undo; return NULL; }``."""
    listed = " ||\n      ".join(f"!{c}" for c in calls)
    return [f"  if ({listed}) {{", f"    {undo};", "    return NULL;", "  }"]


_MOMENT = [
    "struct nf_moment nf_moment(const struct nf_core *nf) {",
    "  return (struct nf_moment){nf->turn.time, nf->turn.order};",
    "}",
]
_HTM_ANSWERS = [
    "struct nf_htm nf_htm(const struct nf_core *nf) {",
    "  return htm_counts(&nf->htm);",
    "}",
    "",
    "void nf_record(struct nf_shared *shared) {",
    "  shared->htm->recorded = true;",
    "}",
]


def moment(common: Common) -> list[list[str]]:
    """What can be asked of a core after a packet."""
    return [_MOMENT, _HTM_ANSWERS] if common.htm else [_MOMENT]


_PACKET = [
    "/* See include/maestro/nf.h. */",
    "uint16_t nf_packet(struct nf_core *nf, uint16_t port, uint8_t *packet, uint16_t length,",
    "                   int64_t now) {",
    "  now = turn_begin(&nf->turn, now);",
]
_TRANSACTION = """\
  for (unsigned left = htm_tries(&nf->htm, now); left > 0;) {
    const uint32_t status = rtm_begin();
    if (status == RTM_STARTED) {
      return (uint16_t)nf_write(nf, port, packet, length, htm_enter(&nf->htm, &nf->turn));
    }
    left = htm_aborted(&nf->htm, &nf->turn, status, left);
  }
""".splitlines()
_TRY_TO_READ = """\
  if (!nf->htm.common->present) {
    const uint32_t verdict = nf_read(nf, port, packet, length, now);
    if (verdict != NF_AGAIN) {
      return (uint16_t)verdict;
    }
  }
""".splitlines()


def packet(*, reads: bool, writes: bool, htm: bool) -> list[str]:
    """``nf_packet`` over the forms that there are."""
    if htm:
        lines = [*_PACKET, *_TRANSACTION, *(_TRY_TO_READ if reads else [])]
        lines.append("  now = htm_lock_all(&nf->htm, &nf->turn, now);")
        return [*lines, "  return (uint16_t)nf_write(nf, port, packet, length, now);", "}"]
    lines = list(_PACKET)
    write = [
        "now = lock_all(&nf->turn, now);",
        "verdict = nf_write(nf, port, packet, length, now);",
        "unlock_all(&nf->turn);",
    ]
    if reads:
        lines.append("  uint32_t verdict = nf_read(nf, port, packet, length, now);")
    else:
        lines += [f"  {write[0]}", f"  const uint32_t {write[1]}", f"  {write[2]}"]
    if reads and writes:
        lines += ["  if (verdict == NF_AGAIN) {", *(f"    {line}" for line in write), "  }"]
    return [*lines, "  return (uint16_t)verdict;", "}"]
