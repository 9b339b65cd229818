"""Tables on disk reduced to counts: list pieces, profile a piece, sample rows. Pure functions of files."""
