"""Messages come in the language that was chosen, and the catalog has each of them."""

import importlib.util
from pathlib import Path

import pytest

from petkeras import PetkerasError, language
from petkeras.explorer.words import explorer_words
from petkeras.language import translate

SCRIPT = Path(__file__).parent.parent / "docs" / "translating_package.py"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def no_language(monkeypatch):
    for name in ("PETKERAS_LANG", *LOCALE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda *category: (None, None))
    yield
    language.use(None)


@pytest.fixture(scope="module")
def translating():
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("translating_package", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# The choice


def test_the_language_is_english_unless_something_says_otherwise():
    assert language.language() == "en"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("zh", "zh_CN"), ("zh_CN", "zh_CN"), ("zh-CN", "zh_CN"), ("en", "en"), ("klingon", "en")],
)
def test_the_variable_goes_before_the_locale(monkeypatch, value, expected):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8" if expected == "en" else "en_US.UTF-8")
    monkeypatch.setenv("PETKERAS_LANG", value)
    assert language.language() == expected


@pytest.mark.parametrize("name", LOCALE)
def test_a_chinese_locale_gives_chinese(monkeypatch, name):
    monkeypatch.setenv(name, "zh_CN.UTF-8")
    monkeypatch.setenv("PETKERAS_LANG", "")  # is like unset
    assert language.language() == "zh_CN"


def test_of_the_locale_the_first_variable_that_is_set_decides(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert language.language() == "en"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Chinese (Simplified)_China", "zh_CN"), ("English_United States", "en"), (None, "en")],
)
def test_where_no_variable_is_set_the_system_is_asked(monkeypatch, name, expected):
    monkeypatch.setattr("locale.getlocale", lambda *category: (name, "1252"))
    assert language.language() == expected


def test_a_locale_that_python_does_not_know_counts_as_english(monkeypatch):
    def getlocale(*category):
        raise ValueError("unknown locale: zh-CN")

    monkeypatch.setattr("locale.getlocale", getlocale)
    assert language.language() == "en"


@pytest.mark.parametrize(("name", "expected"), language.LANGUAGES.items())
def test_what_is_used_goes_before_the_variable(monkeypatch, name, expected):
    monkeypatch.setenv("PETKERAS_LANG", "en" if expected == "zh_CN" else "zh")
    language.use(name)
    assert language.language() == expected
    language.use(None)
    assert language.language() != expected


def test_a_language_for_a_block_ends_with_it():
    language.use("zh")
    with language.using("en"):
        assert language.language() == "en"
    with language.using(None):
        assert language.language() == "zh_CN"
    language.use(None)
    with pytest.raises(PetkerasError), language.using("zh"):
        raise PetkerasError(language.language())
    assert language.language() == "en"


def test_an_unknown_language_is_refused_and_changes_nothing():
    language.use("zh")
    with pytest.raises(PetkerasError) as error:
        language.use("fr")
    assert str(error.value) == (
        "`name` must be one of 'en', 'zh', 'zh_CN', 'zh-CN'. Received: name='fr'"
    )
    assert language.language() == "zh_CN"


@pytest.mark.parametrize("name", ["", "ZH", ["zh"], 7])
def test_what_is_no_name_of_a_language_is_refused(name):
    with pytest.raises(PetkerasError, match="`name` must be one of"):
        language.use(name)


# Messages


def test_a_message_is_translated_and_then_filled_in():
    text = "{count:,} weights. {hint}"
    assert translate(text, count=1234, hint="{x}") == "1,234 weights. {x}"
    language.use("zh_CN")
    assert translate(text, count=1234, hint="{x}") == "1,234 个权重。{x}"


@pytest.mark.parametrize("text", ["Nobody has said this.", "", "已经是中文了。"])
def test_what_the_catalog_does_not_have_stays_as_it_is(text):
    language.use("zh_CN")
    assert translate(text) == text


def test_all_translations_are_those_of_single_messages():
    assert language.translations() == {}
    language.use("zh")
    all_of_them = language.translations()
    assert "" not in all_of_them
    assert all(translate(text) == other for text, other in all_of_them.items())


def test_the_compiled_catalog_is_the_same_file_each_time(translating, monkeypatch, tmp_path):
    translations = {text: entry.string for text, entry in translating.read_catalog().items()}
    monkeypatch.setattr(translating, "CATALOG", tmp_path / "petkeras.po")
    files = []
    for _ in range(2):
        translating.update(translations)
        files.append([file.read_bytes() for file in sorted(tmp_path.iterdir())])
    assert files[0] == files[1]


def test_without_values_braces_stay():
    assert translate("{not a field}") == "{not a field}"


# The catalog


def test_the_catalog_has_each_message_and_fits_it(translating):
    found = list(translating.faults())
    assert not found, "\n".join([*found, "Run: python docs/translating_package.py update"])


@pytest.mark.parametrize(
    ("english", "chinese", "fault"),
    [
        ("Nobody has said this.", None, "not translated"),
        ("{number} of `them`.", "", "not translated"),
        ("{number} of `them`.", "`them`有 {count}。", "not the placeholders"),
        ("{number:g} of `them`.", "`them`有 {number}。", "not the placeholders"),
        ("{number} of `them`.", "他们有 {number}。", "not the code"),
        (None, "没有人说过。", "no longer in the package"),
    ],
)
def test_a_message_that_the_catalog_does_not_fit_is_found(
    translating, monkeypatch, tmp_path, english, chinese, fault
):
    monkeypatch.setattr(translating, "CATALOG", tmp_path / "petkeras.po")
    monkeypatch.setattr(translating, "all_messages", lambda: {english or "Said before.": ["x.py"]})
    translating.update({english or "Said before.": chinese or ""})
    if chinese is None:
        monkeypatch.setattr(translating, "read_catalog", dict)
    if english is None:
        monkeypatch.setattr(translating, "all_messages", dict)
    (line,) = translating.faults()
    assert fault in line


def test_a_fuzzy_message_and_an_old_compiled_catalog_are_found(translating, monkeypatch, tmp_path):
    monkeypatch.setattr(translating, "CATALOG", tmp_path / "petkeras.po")
    monkeypatch.setattr(translating, "all_messages", lambda: {"Right.": ["x.py"]})
    translating.update({"Right.": "答对了。"})
    assert not list(translating.faults())
    text = translating.CATALOG.read_text(encoding="utf-8")
    text = text.replace('msgid "Right."', '#, fuzzy\nmsgid "Right."').replace("答对", "对")
    translating.CATALOG.write_text(text, encoding="utf-8")
    fuzzy, old = translating.faults()
    assert "fuzzy" in fuzzy
    assert "petkeras.mo is not what petkeras.po says" in old


def test_messages_are_found_in_calls_and_in_a_check_in_lists_too(translating, tmp_path):
    code = '''
"""No message: a docstring."""
from petkeras.course.exercises.feedback import not_yet
from petkeras.language import translate

def exercise_1(n):
    """Check it, which is no message either."""
    if "two words" in n:
        return not_yet("It has {n}.", n=n)
    hints = [(1, "That is one.")]
    word = translate("few" if n < 2 else "many")
    return not_yet(find_hint(n, hints) or "Try again!", word=word)
'''
    module, check = tmp_path / "module.py", tmp_path / "chapter04.py"
    for file in (module, check):
        file.write_text(code, encoding="utf-8")
    in_calls = ["It has {n}.", "few", "many", "Try again!"]
    assert translating.messages(module) == in_calls
    assert translating.messages(check) == ["It has {n}.", "That is one.", *in_calls[1:]]


@pytest.mark.parametrize("line", ['translate(f"It has {n}.")', 'hints = [(1, f"It has {n}.")]'])
def test_an_f_string_is_refused(translating, tmp_path, line):
    file = tmp_path / "chapter04.py"
    file.write_text(f"from petkeras.language import translate\n{line}\n", encoding="utf-8")
    with pytest.raises(SyntaxError, match=r"chapter04.py, line 2: a message must not be an f-str"):
        translating.messages(file)


# The explorer's front end, in JavaScript


def test_the_explorer_has_words_for_all_that_its_front_end_says(translating):
    scripts = [file for file in translating.sources() if file.suffix == ".js"]
    said = {text for file in scripts for text in translating.messages(file)}
    assert len(said) > 300
    language.use("zh")
    assert said <= explorer_words().keys()


def test_messages_of_a_script_are_what_say_takes(translating, tmp_path):
    script = tmp_path / "some.js"
    script.write_text(
        """
import { say } from "./words.js";
export function say(sentence, values = {}) {}
make("p", { text: say("It has {n}.", { n }) }, say( "Two" +
  " lines"
  + ", or three." ), essay("none"));
const line = `${say("Within.")} ${now ? say("few") : say("many")}, ${say("few")}`;
""",
        encoding="utf-8",
    )
    expected = ["It has {n}.", "Two lines, or three.", "Within.", "few", "many"]
    assert translating.messages(script) == expected


@pytest.mark.parametrize(
    "call", ["say(name)", "say(`a ${b}`)", "say('a')", 'say(a ? "b" : "c")', 'say("a" + b)']
)
def test_what_is_no_text_is_refused_in_a_script(translating, tmp_path, call):
    script = tmp_path / "some.js"
    script.write_text(f"let a = 1;\n{call};\n", encoding="utf-8")
    with pytest.raises(SyntaxError, match=r"some\.js, line 2: `say` must take a text in double"):
        translating.messages(script)
