"""The Chinese course says what the English one says: no message is missing, or out of date."""

import importlib.util
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted((ROOT / "notebooks").glob("*.py"))
UPDATE = "Run: python docs/translating.py update, and translate what `check` then names"
MAKE = "Run: python docs/translating.py make, and execute the chapter"


@pytest.fixture(scope="module")
def translating():
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("translating", ROOT / "docs" / "translating.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
class TestChapter:
    def test_has_every_message_translated(self, translating, chapter):
        assert list(translating.faults(chapter)) == [], UPDATE

    def test_is_made_from_english_and_catalog(self, translating, chapter):
        made = jupytext.read(translating.TRANSLATED / chapter.name)
        expected = translating.make(chapter)
        assert [cell.source for cell in made.cells] == [c.source for c in expected.cells], MAKE

    def test_chooses_the_language_once(self, translating, chapter):
        made = "\n".join(cell.source for cell in translating.make(chapter).cells)
        assert made.count('\npk.language.use("zh")\n') == 1


def test_the_glossary_is_made_from_english_and_catalog(translating):
    made = (translating.TRANSLATED / "glossary.md").read_text(encoding="utf-8")
    assert made == translating.make_glossary(), MAKE


@pytest.mark.parametrize(
    ("english", "changed"),
    [
        ("don't expect it to do better", "do not expect it to do better"),
        ("# 21 full batches", "# 21 whole batches"),
        ('f"no idea: ', 'f"guessing: '),
        ("](../docs/glossary.md#logits)", "](../docs/glossary.md#logit)"),
    ],
    ids=["sentence", "comment", "printed words", "link"],
)
def test_a_change_of_the_english_is_noticed(translating, tmp_path, english, changed):
    text = (ROOT / "notebooks" / "08_training.py").read_text(encoding="utf-8")
    assert english in text
    chapter = tmp_path / "08_training.py"  # it has the catalog of the chapter with this name
    chapter.write_text(text.replace(english, changed), encoding="utf-8")
    missing, left_over = translating.faults(chapter)
    assert missing.startswith("course/08_training.po: not translated: ")
    assert changed in missing
    assert left_over.startswith("course/08_training.po: no longer in the English: ")
    assert english in left_over


def test_a_translation_that_loses_a_link_is_noticed(translating, tmp_path, monkeypatch):
    chapter = tmp_path / "01_a.py"
    chapter.write_text("# %% [markdown]\n# One [kernel](a.md#kernel).\n", encoding="utf-8")
    monkeypatch.setattr(translating, "CATALOGS", tmp_path)
    text = "One [kernel](a.md#kernel)."
    translating.write_catalog(translating.catalog_of(chapter), {text: "一个卷积核。"})
    assert list(translating.faults(chapter)) == [
        "course/01_a.po: ['](a.md#kernel)'] missing in '一个卷积核。'"
    ]


@pytest.mark.parametrize(
    ("code", "numbers"),
    [
        ("x = 1\nprint(x)", set()),
        ("x = 1  # one\ny = 2", {0}),
        ("ax.plot(x, label='test')", {0}),
        ("print(f'{x} of\\n{y}')", {0}),
        ("print(\n    'one line',\n    x,\n)", {1}),
        ("w = ...  # what?\n%time f()  # how long?", {0, 1}),  # no valid Python
    ],
)
def test_lines_with_comments_or_words_are_messages(translating, code, numbers):
    assert translating.lines_with_words(code) == numbers
