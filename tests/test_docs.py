from tools.docs import ROOT, bad_fragments, bad_records, broken_links, unlisted_pages


def test_every_link_leads_somewhere():
    assert broken_links(ROOT) == []


def test_every_page_is_listed_in_its_room():
    assert unlisted_pages(ROOT) == []


def test_every_decision_tells_context_choice_and_price():
    assert bad_records(ROOT) == []


def test_every_change_fragment_is_a_sentence():
    assert bad_fragments(ROOT) == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text("# Page\n[a](gone.md) [b](page.md#page) [c](page.md#other)\n")
    assert broken_links(tmp_path) == [
        "docs/page.md: gone.md leads nowhere",
        "docs/page.md: page.md#other names no heading",
    ]
