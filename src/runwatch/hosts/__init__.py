"""Other machines' runs on this board: runwatch starts itself there, over the user's own ssh."""
