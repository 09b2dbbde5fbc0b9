"""The state that cores have in common in C: ``struct nf_shared``, its creation and release."""

from __future__ import annotations

NOTHING = [
    "struct nf_shared {",
    "  char none; /* the cores have no state in common */",
    "};",
    "",
    "struct nf_shared *nf_shared_create(unsigned cores) {",
    "  (void)cores;",
    "  return maestro_alloc(sizeof(struct nf_shared));",
    "}",
    "",
    "void nf_shared_destroy(struct nf_shared *shared) {",
    "  free(shared);",
    "}",
]
