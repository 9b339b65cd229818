"""This machine: its disks, memory, load, GPUs, and the processes that belong to runs. Nothing is written."""
