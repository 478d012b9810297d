"""FITS images of any size: headers, previews, parts of them, and where they lie on the sky."""
