"""Errors of tom_dataproducts that plugins raise and catch; public."""


class InvalidFileFormatException(Exception):  # noqa: N818  public name
    """A file cannot be read as what it is said to be; the text is shown to its owner."""
