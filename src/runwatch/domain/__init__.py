"""Plain frozen data: what the rest of the house talks about. No I/O; imports nothing of ours."""
