"""What the C functions that an NF calls mean: one module a header. Importing the package registers them all."""

from maestro.models import double_chain, expirator, libc, map, packet, vector
from maestro.models.context import MODELS, Context

__all__ = ["MODELS", "Context", "double_chain", "expirator", "libc", "map", "packet", "vector"]
