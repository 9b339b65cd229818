"""Optuna's storages: SQLite files and journals."""
