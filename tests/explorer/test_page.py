"""The page: its own script and style only, its data as text, and one file, written at once."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from explorer.small_runs import photographs

from petkeras.errors import PetkerasError
from petkeras.explorer.contents import make_contents, unpack
from petkeras.explorer.explored import open_explored
from petkeras.explorer.page import WEB, engine_text, joined_module, make_page, write_page
from petkeras.models import pet_net

HOSTILE = ("</title><script>alert(1)</script>", "<!-- $style ${policy}")


class Page(HTMLParser):
    """Note the tags with their attributes, and the text of each element."""

    CDATA_CONTENT_ELEMENTS = ("script", "style")

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), []))
        self.open.append(self.elements[-1])

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.open:
            self.open[-1][2].append(data)

    def all(self, tag):
        return [
            (attributes, "".join(text)) for name, attributes, text in self.elements if name == tag
        ]


@pytest.fixture(scope="module")
def contents():
    model = pet_net(image_size=16, seed=0)
    return make_contents(open_explored(model, photographs(2), class_names=HOSTILE))


@pytest.fixture(scope="module")
def page(contents):
    return Page(make_page(contents))


def hash_of(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_from_elsewhere(page):
    [policy] = [a["content"] for a, _ in page.all("meta") if "http-equiv" in a]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    [module] = [text for attributes, text in page.all("script") if attributes["type"] == "module"]
    [(_, style)] = page.all("style")
    assert rules.pop("default-src") == "'none'"
    assert rules.pop("script-src") == f"{hash_of(module)} 'wasm-unsafe-eval'"
    assert rules.pop("style-src") == hash_of(style)
    assert rules.pop("img-src") == "data: blob:"
    assert (rules.pop("base-uri"), rules.pop("form-action")) == ("'none'", "'none'")
    assert rules == {}  # the page starts no worker


def test_the_page_names_no_other_place(page):
    for tag, attributes, _ in page.elements:
        assert not {"src", "style", "onclick"} & set(attributes), tag
        assert attributes.get("href", "data:,") == "data:,"
    [(_, style)] = page.all("style")
    assert not re.search(r"url\(|@import", style)


def test_the_data_are_text_that_no_name_can_leave(page, contents):
    data = {a["id"]: text for a, text in page.all("script") if a["type"] == "text/plain"}
    assert set(data) == {"petkeras-contents", "petkeras-wasm"}
    assert not any("<" in text for text in data.values())
    assert unpack(data["petkeras-contents"]).manifest["class_names"] == list(HOSTILE)
    wasm = base64.b64decode(data["petkeras-wasm"])
    assert wasm == (WEB / "engine.wasm").read_bytes() == base64.b64decode(engine_text())


def test_a_class_called_script_is_shown_and_not_run(page, contents):
    assert len(page.all("script")) == 3
    [(_, title)] = page.all("title")
    assert title == contents.manifest["title"]


def test_a_line_is_shown_before_the_script_has_run_and_another_without_scripts(page):
    [(_, noscript)] = page.all("noscript")
    lines = [text for _, text in page.all("p")]
    assert any("being unpacked" in line for line in lines)
    assert any("needs JavaScript" in line for line in lines) or "needs JavaScript" in noscript
    assert page.all("html")[0][0]["lang"] == "en"


# The joined module


def test_the_joined_module_has_every_file_once_and_no_import():
    module = joined_module()
    assert not re.search(r"^import ", module, re.M)
    assert re.findall(r"^export .*", module, re.M) == ["export default { render };"]
    for file in WEB.glob("*.js"):
        last = file.read_text(encoding="utf-8").rstrip().splitlines()[-1]
        assert last in module, f"{file.name} is not imported from main.js"


def test_a_file_comes_after_those_that_it_imports():
    module = joined_module()
    places = [module.index(f"class {name} ") for name in ("Network", "App")]
    assert places == sorted(places)


def test_no_two_files_use_the_same_name():
    declared = re.findall(
        r"^(?:async )?(?:function\*?|class|const|let|var) (\w+)", joined_module(), re.M
    )
    assert sorted(declared) == sorted(set(declared))


def test_the_module_holds_nothing_that_would_end_its_element():
    assert not re.search(r"</script|<!--", joined_module(), re.I)


# Writing


def test_a_link_in_the_place_of_the_page_is_replaced_and_not_followed(contents, tmp_path):
    (tmp_path / "precious").write_text("mine")
    for name in ("explorer.html", "incomplete.html"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    file = write_page(contents, tmp_path / "explorer.html")
    assert (tmp_path / "precious").read_text() == "mine"
    assert not file.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"explorer.html", "precious"}


@pytest.mark.parametrize("name", ["folder", "no_such_folder/x.html"])
def test_what_cannot_be_written_is_reported_in_one_line(contents, tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(PetkerasError, match=rf"{name} cannot be written: .+\.$"):
        write_page(contents, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


# In a browser


def test_it_opens_from_the_disk_without_a_request_or_a_message(browser, contents, tmp_path):
    file = write_page(contents, tmp_path / "explorer.html")
    page, heard, requested = browser.new_page(), [], []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("dialog", lambda dialog: heard.append(dialog.message))
    page.on("request", lambda request: requested.append(request.url))
    page.goto(file.as_uri())
    page.get_by_role("tab").first.wait_for()
    assert page.get_by_role("tab").count() == 5
    text = page.inner_text("#petkeras-explorer")
    assert "being unpacked" not in text
    assert HOSTILE[0] in text.replace("\n", "")
    assert heard == []
    assert [url for url in requested if not url.startswith("data:")] == [file.as_uri()]
    page.close()


def test_a_damaged_page_says_so_in_one_line(browser, contents, tmp_path):
    file = tmp_path / "damaged.html"
    text = make_page(contents)
    start = text.index('id="petkeras-contents">') + 40
    file.write_text(text[:start] + "A" * 40 + text[start + 40 :], encoding="utf-8")
    page = browser.new_page()
    page.goto(file.as_uri())
    alert = page.get_by_role("alert").first
    alert.wait_for()
    assert "could not start" in alert.inner_text()
    page.close()
