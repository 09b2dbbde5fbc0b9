"""What the C functions that an NF calls mean: one module a header. Importing the package registers them all."""

from maestro.models import (
    checksum,
    cht,
    double_chain,
    double_map,
    expirator,
    files,
    libc,
    lpm_dir_24_8,
    map,
    packet,
    packet_sum,
    sketch,
    text,
    vector,
)
from maestro.models.context import MODELS, Context

__all__ = [
    "MODELS", "Context", "checksum", "cht", "double_chain", "double_map", "expirator", "files", "libc", "lpm_dir_24_8",
    "map", "packet", "packet_sum", "sketch", "text", "vector",
]  # fmt: skip
