"""Models run on data, in a process of their own: ``work.score`` starts it, ``worker`` is it."""
