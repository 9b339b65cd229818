"""Plain views of the panes and screens; no terminal in here."""
