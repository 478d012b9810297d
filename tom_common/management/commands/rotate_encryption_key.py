from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import BinaryField, ExpressionWrapper, F

from tom_common.encryption import EncryptedModelField, all_ciphers, current_cipher, decrypt


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret anew with SECRET_KEY. Put the old key into SECRET_KEY_FALLBACKS before,"
        " and take it out afterwards."
    )

    def handle(self, **options):
        written = failed = 0
        for model in apps.get_models():
            if model._meta.proxy or not model._meta.managed:
                continue
            for field in model._meta.local_concrete_fields:
                if isinstance(field, EncryptedModelField):
                    done, bad = self._rotate_field(model, field)
                    written, failed = written + done, failed + bad
            if hasattr(model, "reencrypt_model_fields"):
                done, bad = self._rotate_properties(model)
                written, failed = written + done, failed + bad
        self.stdout.write(f"{written} secrets encrypted with the current key.")
        if failed:
            raise CommandError(
                f"{failed} secrets could not be decrypted with SECRET_KEY or SECRET_KEY_FALLBACKS;"
                " they are unchanged."
            )

    def _rotate_field(self, model, field):
        done = bad = 0
        # The field itself would decrypt, and end the loop at the first row that cannot be.
        stored = ExpressionWrapper(F(field.name), output_field=BinaryField())
        rows = model._base_manager.filter(**{f"{field.name}__isnull": False}).annotate(stored_token=stored)
        for pk in list(rows.values_list("pk", flat=True)):
            try:
                done += self._rotate_one(rows.filter(pk=pk), field)
            except InvalidToken:
                bad += 1
                self.stderr.write(f"{model._meta.label} {pk}: {field.name} cannot be decrypted")
        return done, bad

    @staticmethod
    def _rotate_one(row, field):
        """Encrypt one secret anew; what somebody saves at the same moment is not overwritten."""
        while (token := row.values_list("stored_token", flat=True).first()) is not None:
            if row.filter(stored_token=bytes(token)).update(**{field.name: decrypt(token)}):
                return True
        return False

    def _rotate_properties(self, model):
        done = bad = 0
        for instance in model._base_manager.all():
            try:
                with transaction.atomic():
                    instance.reencrypt_model_fields(all_ciphers(), current_cipher())
            except InvalidToken:
                bad += 1
                self.stderr.write(f"{model._meta.label} {instance.pk} cannot be decrypted")
                continue
            done += 1
        return done, bad
