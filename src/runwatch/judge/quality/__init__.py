"""Data quality: profiles, a sample and facts about rows in, faults out. One file a check in ``checks/``."""
