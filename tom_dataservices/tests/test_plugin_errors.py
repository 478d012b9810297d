"""What users read of what plugins raise."""

import pytest

from tom_dataservices.exceptions import NotConfiguredError, QueryServiceError
from tom_dataservices.plugin_errors import PluginFailedError, plugin_reported


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            NotConfiguredError(
                'No key. </br> See the <a href="https://x.org/doc" target="_blank">manual</a>.'
            ),
            "No key. See the manual (https://x.org/doc).",
        ),
        (
            QueryServiceError("\n   Fill in\n   <strong>one</strong> field: a &lt; b, 1 < 2"),
            "Fill in one field: a < b, 1 < 2",
        ),
        (NotImplementedError("<p>Choose\n a class"), "Mine cannot do that: Choose a class"),
        (QueryServiceError(""), "Mine has no answer."),
        (TypeError("<lambda>() takes one."), "Mine failed: TypeError: <lambda>() takes one. Its plugin"),
        (KeyError("a"), "Mine failed: KeyError: 'a'. Its plugin may not fit the service any more."),
    ],
    ids=["link", "lines", "older broker", "no words", "signs of Python", "key"],
)
def test_what_a_plugin_raises_is_one_plain_sentence(error, words):
    with pytest.raises(PluginFailedError) as found, plugin_reported("Mine"):
        raise error
    assert str(found.value).startswith(words)
