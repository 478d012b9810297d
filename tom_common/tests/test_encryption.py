import pytest
from cryptography.fernet import InvalidToken
from django import forms
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core import serializers
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import connection
from django.forms import model_to_dict, modelform_factory
from django.http import QueryDict

from tom_common.encryption import EncryptedModelField, decrypt, encrypt
from tom_common.management.commands import rotate_encryption_key
from tom_common.session_utils import get_encrypted_field, set_encrypted_field
from tom_common.tests.rows import Credentials, OldCredentials

SECRET = "token-ÅÖ-42"
Form = modelform_factory(Credentials, fields=["name", "api_key"])


def _stored(instance, column="api_key"):
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {connection.ops.quote_name(column)} FROM {instance._meta.db_table} WHERE id = %s",
            [instance.pk],
        )
        value = cursor.fetchone()[0]
    return None if value is None else bytes(value)


def test_text_comes_back():
    assert decrypt(encrypt(SECRET)) == SECRET
    assert decrypt(memoryview(encrypt(SECRET))) == SECRET


def test_text_is_not_in_the_ciphertext():
    assert SECRET.encode() not in encrypt(SECRET)
    assert encrypt(SECRET) != encrypt(SECRET)


def test_old_key_decrypts_while_it_is_a_fallback(settings):
    token = encrypt(SECRET)
    settings.SECRET_KEY, old = "another key " + "y" * 50, settings.SECRET_KEY
    with pytest.raises(InvalidToken):
        decrypt(token)

    settings.SECRET_KEY_FALLBACKS = [old]
    assert decrypt(token) == SECRET


def test_field_reads_as_text_and_stores_ciphertext(credentials):
    row = credentials.objects.create(api_key=SECRET)

    assert credentials.objects.get().api_key == SECRET
    assert SECRET.encode() not in _stored(row)


@pytest.mark.parametrize("empty", ["", None])
def test_nothing_is_stored_as_null(credentials, empty):
    row = credentials.objects.create(api_key=empty)

    assert _stored(row) is None
    assert credentials.objects.filter(api_key__isnull=True).exists()


def test_only_isnull_can_be_asked(credentials):
    credentials.objects.create(api_key=SECRET)

    assert credentials.objects.filter(api_key__isnull=False).count() == 1
    for lookup in ("api_key", "api_key__exact", "api_key__icontains", "api_key__in"):
        with pytest.raises(FieldError, match="encrypted"):
            credentials.objects.filter(**{lookup: "x"}).count()


def test_value_of_another_key_is_an_error(credentials, settings):
    credentials.objects.create(api_key=SECRET)
    settings.SECRET_KEY = "another key " + "y" * 50

    with pytest.raises(InvalidToken):
        credentials.objects.get()


def test_migrations_hold_the_public_arguments():
    _, path, args, kwargs = EncryptedModelField(null=True, blank=True).deconstruct()

    assert path == "tom_common.encryption.EncryptedModelField"
    assert (args, kwargs) == ([], {"null": True, "blank": True, "editable": True})


def test_dumps_do_not_hold_the_secret(credentials):
    credentials.objects.create(name="mine", api_key=SECRET)
    dump = serializers.serialize("json", credentials.objects.all())

    assert SECRET not in dump
    assert EncryptedModelField.REDACTED in dump
    assert model_to_dict(credentials.objects.get())["api_key"] == EncryptedModelField.REDACTED


def test_redaction_loaded_from_a_dump_is_no_secret(credentials):
    row = credentials.objects.create(api_key=EncryptedModelField.REDACTED)

    assert _stored(row) is None


def test_form_stores_and_never_shows_the_secret(credentials):
    row = Form({"name": "mine", "api_key": SECRET}).save()
    html = Form(instance=credentials.objects.get()).as_p()

    assert credentials.objects.get(pk=row.pk).api_key == SECRET
    assert SECRET not in html
    assert 'name="api_key-clear"' in html
    assert "Leave this empty to keep it" in html


@pytest.mark.parametrize(
    ("sent", "expected"),
    [("name=new&api_key=", SECRET), ("name=new", SECRET), ("name=new&api_key=&api_key-clear=1", None)],
)
def test_form_sent_empty_keeps_unless_told_to_clear(credentials, sent, expected):
    credentials.objects.create(name="old", api_key=SECRET)
    form = Form(QueryDict(sent), instance=credentials.objects.get())

    assert form.is_valid()
    assert not form.cleaned_data["api_key"]
    form.save()
    stored = credentials.objects.get()
    assert (stored.name, stored.api_key) == ("new", expected)


def test_typed_secret_is_not_shown_after_an_error():
    form = Form({"name": "x" * 21, "api_key": SECRET})

    assert not form.is_valid()
    assert SECRET not in form.as_p()


def test_required_secret_must_be_given_once(credentials):
    class Strict(forms.ModelForm):
        api_key = EncryptedModelField().formfield()

        class Meta:
            model = Credentials
            fields = ("name", "api_key")

    assert "api_key" in Strict({"name": "x", "api_key": ""}).errors
    credentials.objects.create(api_key=SECRET)
    assert Strict({"name": "x", "api_key": ""}, instance=credentials.objects.get()).is_valid()


def test_changed_is_what_was_typed_or_cleared(credentials):
    row = credentials.objects.create(api_key=SECRET)
    changed = [
        Form(data, instance=row).changed_data
        for data in ({"api_key": ""}, {"api_key": "new"}, {"api_key-clear": "1"})
    ]

    assert changed == [[], ["api_key"], ["api_key"]]


@pytest.fixture
def old_credentials(_tables_of_tests, old_credentials_table):
    user = get_user_model().objects.create(username="eve")
    return OldCredentials.objects.create(user=user)


def test_old_property_is_set_and_read(old_credentials):
    assert set_encrypted_field(old_credentials.user, old_credentials, "password", SECRET) is True
    old_credentials.save()

    stored = OldCredentials.objects.get()
    assert get_encrypted_field(stored.user, stored, "password") == SECRET
    assert SECRET.encode() not in _stored(stored, "_password")
    assert not hasattr(stored, "_cipher")


def test_old_property_without_value_is_empty(old_credentials):
    set_encrypted_field(old_credentials.user, old_credentials, "password", "")

    assert old_credentials._password is None
    assert get_encrypted_field(old_credentials.user, old_credentials, "password") == ""


def test_old_property_of_another_key_is_none(old_credentials, caplog):
    old_credentials._password = b"gAAAAABnot-ours"

    assert get_encrypted_field(old_credentials.user, old_credentials, "password") is None
    assert "cannot be decrypted" in caplog.text


def test_old_property_without_cipher_says_how_to_read_it(old_credentials):
    old_credentials._password = encrypt(SECRET)
    with pytest.raises(AttributeError, match="get_encrypted_field"):
        _ = old_credentials.password


def test_old_properties_are_cleared(old_credentials):
    set_encrypted_field(old_credentials.user, old_credentials, "password", SECRET)
    old_credentials.clear_encrypted_fields()

    assert _stored(old_credentials, "_password") is None


@pytest.fixture
def rotated(settings, monkeypatch, old_credentials):
    """Store secrets with an old key, and make another the current one."""
    set_encrypted_field(old_credentials.user, old_credentials, "password", SECRET)
    old_credentials.save()
    row = Credentials.objects.create(api_key=SECRET)
    Credentials.objects.create(api_key=None)
    real = apps.get_models()
    monkeypatch.setattr(apps, "get_models", lambda *args, **kwargs: [*real, Credentials, OldCredentials])
    settings.SECRET_KEY, old = "another key " + "y" * 50, settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS = [old]
    yield row
    Credentials.objects.all().delete()


def test_rotation_needs_the_old_key_no_longer(rotated, settings, capsys):
    call_command("rotate_encryption_key")
    settings.SECRET_KEY_FALLBACKS = []

    assert "2 secrets" in capsys.readouterr().out
    assert Credentials.objects.get(pk=rotated.pk).api_key == SECRET
    old = OldCredentials.objects.get()
    assert get_encrypted_field(old.user, old, "password") == SECRET


def test_rotation_reports_what_no_key_fits(rotated, settings):
    settings.SECRET_KEY_FALLBACKS = []
    before = _stored(rotated)

    with pytest.raises(CommandError, match="2 secrets could not be decrypted"):
        call_command("rotate_encryption_key")
    assert _stored(rotated) == before


def test_rotation_keeps_what_is_saved_at_the_same_moment(rotated, settings, monkeypatch):
    saved = []

    def decrypt_slowly(token):
        if not saved:
            saved.append(Credentials.objects.filter(pk=rotated.pk).update(api_key="typed meanwhile"))
        return decrypt(token)

    monkeypatch.setattr(rotate_encryption_key, "decrypt", decrypt_slowly)
    call_command("rotate_encryption_key")
    settings.SECRET_KEY_FALLBACKS = []

    assert saved == [1]
    assert Credentials.objects.get(pk=rotated.pk).api_key == "typed meanwhile"
