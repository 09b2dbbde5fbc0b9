"""Differential checks: the same packets through the NF's own source and through the generated NF."""
