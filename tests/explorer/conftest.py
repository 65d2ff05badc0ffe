"""One browser for all tests of the explorer; they are skipped where there is no Chromium."""

import pytest

from explorer.browser import open_browser


@pytest.fixture(scope="session")
def browser():
    with open_browser() as chromium:
        yield chromium
