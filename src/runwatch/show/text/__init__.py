"""Answers as text for the command line."""
