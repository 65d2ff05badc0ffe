"""Run the explorer's JavaScript modules in a real browser, with arrays going in and coming out."""

import base64
import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest

import petkeras

WEB = Path(petkeras.__file__).parent / "explorer" / "web"
ORIGIN = "http://petkeras.test"  # no server: the requests are answered from the files
BLANK = "<!doctype html><title>petkeras</title>"
TYPES = {".js": "text/javascript", ".wasm": "application/wasm"}

# Arrays travel as base64; the names of types in JavaScript are those of NumPy, capitalized.
SCRIPT = """async ({script, modules, values}) => {
  const decode = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(decode);
    if (!value.base64_array) {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, decode(part)]));
    }
    const bytes = Uint8Array.from(atob(value.base64_array), (c) => c.charCodeAt(0));
    const Type = {float32: Float32Array, float64: Float64Array, int8: Int8Array, uint8: Uint8Array,
      int32: Int32Array}[value.dtype];
    return new Type(bytes.buffer);
  };
  const encode = (value) => {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return value.map(encode);
    if (!ArrayBuffer.isView(value)) {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, encode(part)]));
    }
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) {
      text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    }
    const dtype = value.constructor.name.replace("Array", "").replace("Clamped", "").toLowerCase();
    return {base64_array: btoa(text), dtype};
  };
  const loaded = {};
  for (const name of modules) loaded[name] = await import(`/${name}.js`);
  return encode(await eval(script)(loaded, decode(values)));
}"""


@contextlib.contextmanager
def open_browser():
    """Start Chromium, and skip the test where it or Playwright is missing."""
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def open_page(browser, html=BLANK):
    """Return a page of its own, made of `html`, that can import the modules of `web/`."""
    page = browser.new_page()
    page.route("**/*", lambda route: _answer(route, html))
    page.goto(f"{ORIGIN}/")
    return page


def _answer(route, html):
    name = route.request.url.removeprefix(f"{ORIGIN}/")
    file = WEB / name
    if not name:
        route.fulfill(body=html, content_type="text/html")
    elif file.parent == WEB and file.suffix in TYPES and file.exists():
        route.fulfill(path=file, content_type=TYPES[file.suffix])
    else:
        route.abort()


def call(page, modules, script, **values):
    """Return what a JavaScript function returns in the page.

    Args:
        page: from `open_page`.
        modules: names of modules in `web/`, such as "engine network".
        script: `({engine, network}, {x, y}) => result`, a function of the modules and the values.
        values: numbers, text, lists, dicts and arrays; arrays become typed arrays without a shape.

    Returns:
        What it returned, with each typed array as a 1-D array.
    """
    names = modules.split()
    return _decode(
        page.evaluate(SCRIPT, _encode({"script": script, "modules": names, "values": values}))
    )


def _encode(value):
    if isinstance(value, np.ndarray):
        raw = np.ascontiguousarray(value).tobytes()
        return {"base64_array": base64.b64encode(raw).decode(), "dtype": str(value.dtype)}
    if isinstance(value, dict):
        return {key: _encode(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(part) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _decode(value):
    if isinstance(value, list):
        return [_decode(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "base64_array" in value:
        return np.frombuffer(base64.b64decode(value["base64_array"]), value["dtype"])
    return {key: _decode(part) for key, part in value.items()}
