"""Storage of static files under names that hold a hash of the content: browsers may keep them for good.

``collectstatic`` also writes a compressed copy beside each file, which WhiteNoise sends.
"""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Static files under hashed names once ``collectstatic`` has run; under their plain names before that.

    A page may ask for a file that is missing: one of a plugin that is not built, a vendor's before ``make
    setup``. That is a missing picture, never a broken page. Neither does a style sheet that names a missing
    file stop ``collectstatic``.
    """

    manifest_strict = False

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        """Return the name with the hash of the content; the plain name where the file does not exist."""
        try:
            return super().hashed_name(name, content, filename)
        except ValueError:
            return name

    def stored_name(self, name: str) -> str:
        """Return the hashed name from the manifest, or the plain name of a file that is not in it.

        The file of the storage itself is not looked at: before ``collectstatic`` the finders serve the file
        by its plain name, and afterwards the manifest holds every file there is.
        """
        return self.hashed_files.get(self.hash_key(self.clean_name(name)), name)
