"""This machine: its disks, memory, load, GPUs, and the processes that belong to runs. Nothing is written."""

from runwatch.machine.processes import ProcessFinder, process_of
from runwatch.machine.reading import MachineReader

__all__ = ["MachineReader", "ProcessFinder", "process_of"]
