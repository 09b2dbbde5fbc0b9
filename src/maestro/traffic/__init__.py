"""Traffic: captures in and out, and generators of packets that reach what network functions do."""
