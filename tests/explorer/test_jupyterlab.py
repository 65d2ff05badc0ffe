"""The widget in JupyterLab, used in Chromium as a person does. Slow: run it with `-m slow`."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
from conftest import picture_bytes
from explorer.small_runs import photographs
from PIL import Image

import petkeras as pk
from petkeras.explorer.edits import compute_outputs, read_edits
from petkeras.explorer.explored import open_explored

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("anywidget")
pytest.importorskip("jupyterlab")
pytestmark = pytest.mark.slow

ROUNDED = 5.1e-4  # a probability is shown with three decimals
COMPUTED = "Computed by TensorFlow."
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]
LETTERS = ("d", "d", "a", "b", "x", "y", "m", "0", "0", "Shift+M", "Shift+Enter")


class Lab:
    """Hold a notebook that is open in JupyterLab.

    Args:
        page: Playwright's page.
    """

    def __init__(self, page):
        self.page, self.problems = page, []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message):
        if message.type == "error":
            self.problems.append(message.text)

    def menu(self, top, item):
        self.page.locator(f".lm-MenuBar-itemLabel:text-is('{top}')").click()
        self.page.locator(f".lm-Menu-itemLabel:text-is('{item}')").click()

    def accept(self):
        self.page.locator(".jp-Dialog button.jp-mod-accept").click()

    def run_all(self):
        """Run all cells, and return the seconds until both explorers are there."""
        begin = time.monotonic()
        self.menu("Run", "Run All Cells")
        for number in (0, 1):
            self.explorer(number).tabs.first.wait_for(timeout=60_000)
        return time.monotonic() - begin

    def cells(self):
        """Return the cells' prompts, such as `[2]:`: one is other where a cell was run again."""
        return self.page.locator(".jp-Notebook .jp-InputPrompt").all_inner_texts()

    def explorer(self, number):
        return Shown(self.page, self.page.locator(".petkeras-explorer").nth(number))


class Shown:
    """Hold one explorer in the notebook.

    Args:
        page: Playwright's page.
        root: the locator of the explorer.
    """

    def __init__(self, page, root):
        self.page, self.root = page, root
        self.tabs = root.get_by_role("tab")
        self.map = root.get_by_role("application", name="Arrow keys move the pixel")
        self.failure = root.locator("> .px-failure")
        self.cell = root.locator(".px-kernel .px-cell-field").nth(4)  # the middle of 3 x 3

    def tab(self, name):
        self.root.get_by_role("tab", name=name, exact=True).click()

    def button(self, name):
        return self.root.get_by_role("button", name=name)

    def text(self, selector):
        return self.root.locator(selector).first.inner_text()

    def rest(self):
        """Wait until it has drawn what was changed."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def probabilities(self):
        """Wait for Python's answer, and return the probabilities that are shown."""
        self.rest()
        hint = self.root.locator(".px-answer-hint", has_text=COMPUTED)
        hint.wait_for(timeout=20_000)
        return [float(text) for text in self.root.locator(".px-bar-number").all_inner_texts()]

    def start_again(self):
        """Undo all changes, and choose the first photograph and the first tab."""
        self.root.locator(".px-strip-item").first.click()
        self.tab("Change")
        if self.button("Reset all").is_enabled():
            self.button("Reset all").click()
        self.tab("Look")
        self.rest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, trained):
    """A folder with a notebook: one explorer of a run, and one of the same on other pictures."""
    notebooks = tmp_path_factory.mktemp("jupyter") / "notebooks"
    notebooks.mkdir()
    np.save(notebooks / "photographs.npy", photographs(3))
    cells = [
        "import numpy as np\nimport petkeras as pk",
        f"run = pk.Run({os.fspath(trained)!r})\npictures = np.load('photographs.npy')",
        "pk.explore(run, pictures, layer='conv1_1', filter=3)",
        "pk.explore(run, pictures[1:], layer='conv2_1', filter=5, tab='answer')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
    nbformat.write(notebook, notebooks / "explorer.ipynb")
    return notebooks


@pytest.fixture(scope="module")
def address(folder):
    """The address of a JupyterLab with settings of its own."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    names += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: os.fspath(folder.parent / name) for name in names}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", *OPTIONS]
    command += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={folder}"]
    url = f"http://localhost:{port}"
    with (folder.parent / "server.txt").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)
        try:
            wait_for_server(server, url)
            yield url
        finally:
            server.terminate()  # it ends its kernels, too
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()


def wait_for_server(server, url):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/api").close()
            return
        except OSError:
            assert server.poll() is None, "JupyterLab has ended: see its server.txt."
            time.sleep(0.1)
    raise TimeoutError("JupyterLab did not start within 30 seconds.")


@pytest.fixture(scope="module")
def opened(browser, address):
    """The notebook with all its cells run."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    lab = Lab(page)
    page.goto(f"{address}/lab/tree/explorer.ipynb")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    seconds = lab.run_all()
    print(f"\nFrom Run All to two explorers, imports included: {seconds:.1f} s")
    yield lab
    page.close()


@pytest.fixture
def lab(opened):
    """The notebook; the first explorer has nothing changed."""
    opened.explorer(0).start_again()
    opened.problems.clear()
    yield opened
    assert opened.problems == []


@pytest.fixture(scope="module")
def network(trained):
    """What the first explorer of the notebook shows."""
    return open_explored(trained, photographs(3))


def expected(network, edits, pixels=None):
    """Return the probabilities that TensorFlow gives for changes in JSON."""
    read = read_edits(edits, network.chain, len(network.photographs))
    pixels = network.photographs.pixels[read.photograph] if pixels is None else pixels
    outputs = compute_outputs(network.chain, network.preprocess(pixels[None]), read)
    return tf.nn.softmax(outputs[-1])[0].numpy()


def test_the_widget_comes_without_an_error(opened):
    assert opened.page.locator(".petkeras-explorer").count() == 2
    assert opened.problems == []


def test_the_sum_follows_the_pointer(lab, network):
    shown = lab.explorer(0)
    maps = compute_outputs(network.chain, network.preprocess(network.photographs.pixels[:1]))
    shown.map.scroll_into_view_if_needed()
    seen = set()
    for y, x in ((2, 3), (7, 9), (15, 0)):
        box = shown.map.bounding_box()
        height, width = box["height"] / 16, box["width"] / 16
        shown.map.hover(position={"x": (x + 0.5) * width, "y": (y + 0.5) * height})
        compared = shown.root.locator(".px-compare", has_text=re.compile(r"TensorFlow: −?\d"))
        shown.rest()
        compared.wait_for(timeout=20_000)
        value = maps[0][0, y, x, 3].numpy()
        terms = shown.root.locator(".px-term-value").all_inner_texts()
        assert float(terms[-1].replace("−", "-")) == pytest.approx(value, abs=5.1e-5)
        number = compared.inner_text().replace("−", "-").removeprefix("TensorFlow: ")
        assert float(number.split(",")[0]) == pytest.approx(value, abs=5.1e-7)
        seen.add(terms[0])
    assert len(seen) == 3


def test_keys_in_the_explorer_do_nothing_to_the_cells(lab):
    shown, page = lab.explorer(0), lab.page
    cells = lab.cells()
    shown.root.evaluate("(root) => (root.tabIndex = -1)")

    def press_in(part):
        part.focus()
        for key in LETTERS:
            page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert lab.cells() == cells
        assert page.locator(".jp-Dialog").count() == 0
        assert lab.explorer(0).root.count() == 1

    for part in (shown.root, shown.map, shown.tabs.first):
        press_in(part)
    shown.tab("Change")
    press_in(shown.button("Gray patch"))
    press_in(shown.cell)
    shown.tab("Time")
    press_in(shown.root.get_by_role("slider", name="Time"))


def test_the_same_keys_outside_of_the_explorer_do_change_the_cells(lab):
    cells = lab.cells()
    lab.page.locator(".jp-Notebook .jp-InputPrompt").nth(1).click()
    lab.page.keyboard.press("b")
    lab.page.wait_for_function(
        "(count) => document.querySelectorAll('.jp-Notebook .jp-Cell').length === count",
        arg=len(cells) + 1,
    )
    lab.page.keyboard.press("d")
    lab.page.keyboard.press("d")
    lab.page.wait_for_timeout(300)
    assert lab.cells() == cells


def test_python_answers_an_edit_of_a_kernel(lab, network):
    shown = lab.explorer(0)
    assert shown.probabilities() == pytest.approx(expected(network, {}), abs=ROUNDED)
    shown.tab("Change")
    channel = int(shown.root.locator(".px-kernel select").first.input_value())
    kernel = np.array(network.chain.layers[0].weights["kernel"][..., 3])  # (3, 3, 3)
    kernel[1, 1, channel] = -25
    shown.cell.fill("-25")
    bias = float(network.chain.layers[0].weights["bias"][3])
    edit = {"layer": 0, "filter": 3, "kernel": kernel.ravel(), "size": [3, 3], "bias": bias}
    answer = expected(network, {"filters": [edit]})
    assert np.abs(answer - expected(network, {})).max() > 4 * ROUNDED
    assert shown.probabilities() == pytest.approx(answer, abs=ROUNDED)


def test_the_cards_of_dense_layers_show_what_python_computed(lab):
    shown = lab.explorer(0)
    for name, colors in (("fc1", 10), ("softmax", 2)):
        card = shown.root.locator(".px-card", has_text=name)
        card.scroll_into_view_if_needed()
        lab.page.wait_for_function(
            """([canvas, colors]) => {
              const { width, height } = canvas;
              const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
              return new Set(new Uint32Array(data.buffer)).size >= colors;
            }""",
            arg=[card.locator("canvas").element_handle(), colors],
            timeout=10_000,
        )
        assert "px-absent" not in card.get_attribute("class")


def test_the_slider_goes_back_in_time_and_returns(lab, network):
    shown = lab.explorer(0)
    shown.tab("Time")
    slider = shown.root.get_by_role("slider", name="Time")
    slider.press("Home")
    shown.rest()
    assert slider.get_attribute("aria-valuetext") == "step 0"
    assert shown.text(".px-bar-number") == "–"
    assert "film" in shown.text(".px-answer-hint")
    slider.press("End")
    assert shown.probabilities() == pytest.approx(expected(network, {}), abs=ROUNDED)


def test_a_photograph_of_ones_own_is_answered_as_predict_answers(lab, trained, tmp_path):
    shown = lab.explorer(0)
    large = np.random.default_rng(0).integers(0, 256, (1700, 1700, 3), np.uint8)
    Image.fromarray(large).save(tmp_path / "large.png", compress_level=0)  # 8.7 MB
    (tmp_path / "mine.jpg").write_bytes(picture_bytes(3, size=(80, 50)))
    for name in ("mine.jpg", "large.png"):
        file = tmp_path / name
        shown.root.locator("input[type=file]").set_input_files(file)
        shown.root.locator(".px-caption", has_text=file.name).wait_for(timeout=20_000)
        [answer] = pk.Run(trained).predict([file])
        assert shown.probabilities() == pytest.approx(answer, abs=ROUNDED)


def test_a_file_that_is_no_picture_is_named(lab, tmp_path):
    shown = lab.explorer(0)
    file = tmp_path / "letter.txt"
    file.write_text("Dear network")
    shown.root.locator("input[type=file]").set_input_files(file)
    problem = shown.root.locator(".px-own .px-problem", has_text="letter.txt")
    problem.wait_for(timeout=20_000)


def test_two_explorers_answer_each_for_itself(lab, network):
    first, second = lab.explorer(0), lab.explorer(1)
    ids = lab.page.locator(".petkeras-explorer [id]").evaluate_all("(all) => all.map((e) => e.id)")
    assert len(ids) == len(set(ids)) >= 20
    assert first.probabilities() == pytest.approx(expected(network, {}), abs=ROUNDED)
    other = expected(network, {"photograph": 1})
    assert second.probabilities() == pytest.approx(other, abs=ROUNDED)
    assert second.tabs.nth(4).get_attribute("aria-selected") == "true"
    second.tab("Change")
    second.cell.fill("9")
    second.button("Reset all").click()
    assert second.probabilities() == pytest.approx(other, abs=ROUNDED)


def test_a_second_view_of_a_widget_answers_for_itself(lab, network):
    first = lab.explorer(0)
    first.root.locator(".px-heading").click(button="right")
    lab.page.locator(".lm-Menu-itemLabel:text-is('Create New View for Cell Output')").click()
    view = Shown(lab.page, lab.page.locator(".jp-LinkedOutputView .petkeras-explorer"))
    view.root.locator(".px-strip-item").nth(1).click()
    other = expected(network, {"photograph": 1})
    assert view.probabilities() == pytest.approx(other, abs=ROUNDED)
    view.tab("Change")
    view.cell.fill("30")
    assert view.probabilities() != pytest.approx(other, abs=ROUNDED)
    assert first.probabilities() == pytest.approx(expected(network, {}), abs=ROUNDED)
    lab.page.locator(".lm-TabBar-tab.lm-mod-current .lm-TabBar-tabCloseIcon").last.click()


def test_a_restarted_kernel_is_told_of_and_the_cells_can_be_run_again(lab, network):
    shown = lab.explorer(0)
    lab.menu("Kernel", "Restart Kernel…")
    lab.accept()
    gone = "has ended or was restarted"
    shown.failure.filter(has_text=gone).wait_for(timeout=20_000)
    shown.tab("Change")
    shown.cell.fill("7")
    shown.rest()
    assert "computed in the notebook" in shown.text(".px-answer-hint")
    seconds = lab.run_all()
    print(f"\nFrom Run All to two explorers in a restarted kernel: {seconds:.1f} s")
    assert shown.failure.is_hidden()
    assert shown.probabilities() == pytest.approx(expected(network, {}), abs=ROUNDED)
