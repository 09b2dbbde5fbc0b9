"""Speed: measured on this machine, and predicted for more cores; never mixed."""
