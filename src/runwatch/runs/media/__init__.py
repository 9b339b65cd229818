"""What runs logged besides scalars. A kind of file is one module here, found by its place: ``NAME``,
``takes``, ``scan`` and ``content`` (``base.MediaReader``)."""
