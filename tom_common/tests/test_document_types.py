"""XML that declares a document type is told, in whatever encoding it comes."""

import io

import pytest

from tom_common.document_types import declares_document_type

HARMFUL = '<?xml version="1.0"{}?><!-- a remark --><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
PLAIN = '<?xml version="1.0"{}?><!-- <!DOCTYPE a> --><a b="1"><![CDATA[<!DOCTYPE a [<!ENTITY b "c">]>]]></a>'


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("utf-16-be", ""),
        ("utf-16", ' encoding="UTF-16"'),
        ("latin-1", ' encoding="ISO-8859-1"'),
        ("cp1252", ' encoding="windows-1252"'),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_a_document_type_is_found_in_each_encoding(encoding, told, as_file):
    wrap = io.BytesIO if as_file else bytes
    assert declares_document_type(wrap(HARMFUL.format(told).encode(encoding)))
    assert not declares_document_type(wrap(PLAIN.format(told).encode(encoding)))


@pytest.mark.parametrize(
    "content", [b"", b"no XML", b"<", b'<?xml version="1.0" encoding="nonsense"?><a/>', b"\0" * 100]
)
def test_what_is_no_xml_declares_nothing(content):
    assert not declares_document_type(content)


def test_a_document_type_behind_a_long_remark_is_found_and_the_rest_is_not_read():
    remark = "<!--" + "x" * 300_000 + "-->"
    assert declares_document_type(f"{remark}<!DOCTYPE a><a/>".encode())
    file = io.BytesIO(b"<a>" + b"x" * 10_000_000)
    assert not declares_document_type(file)
    assert file.tell() < 100_000
