"""What a file is by its first bytes, where its type of data product says what it has to be."""

from __future__ import annotations

_PICTURES = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"BM": "BMP",
}
_FITS, _GZIP = b"SIMPLE  =", b"\x1f\x8b"
_OTHERS = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"%PDF": "a PDF",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
_PACKED_FITS = (".fits.gz", ".fit.gz", ".fts.gz")


def why_not_of_type(head: bytes, name: str, data_product_type: str) -> str:
    """Return why a file cannot be a data product of a type, or ''.

    Only ``fits_file`` and ``image_file`` say what a file has to be; the columns of photometry and spectra are
    recognised by those who read them, and any other type takes any file.

    Parameters
    ----------
    head : bytes
        The first bytes of the file.
    name : str
    data_product_type : str
    """
    if data_product_type == "fits_file" and not _is_fits(head, name):
        return f"{name} is no FITS file: it is {_what(head)}. Choose another type, or “Plain file”."
    if data_product_type == "image_file" and not (_is_picture(head) or _is_fits(head, name)):
        return (
            f"{name} is no picture (PNG, JPEG, GIF, WebP, TIFF, BMP or FITS): it is {_what(head)}."
            " Choose another type, or “Plain file”."
        )
    return ""


def _is_fits(head: bytes, name: str) -> bool:
    if head.startswith(_FITS):
        return True
    return head.startswith(_GZIP) and name.lower().endswith(_PACKED_FITS)


def _is_picture(head: bytes) -> bool:
    is_webp = head.startswith(b"RIFF") and head[8:12] == b"WEBP"
    return is_webp or any(head.startswith(magic) for magic in _PICTURES)


def _what(head: bytes) -> str:
    """Say what a file looks like."""
    if head.startswith(_FITS):
        return "FITS"
    for magic, words in {**_PICTURES, **_OTHERS, _GZIP: "packed with gzip"}.items():
        if head.startswith(magic):
            return words
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<svg", b"<?xml")) and b"<svg" in text:
        return "SVG, which may hold scripts"
    if text.startswith((b"<!doctype html", b"<html", b"<script", b"<body")):
        return "HTML"
    if text.startswith(b"<"):
        return "XML"
    return "something else" if b"\0" in head else "text"
