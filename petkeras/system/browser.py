"""What a browser lets a page of petkeras do: run its own script and style, and ask for nothing."""

from __future__ import annotations

import base64
import hashlib


def page_policy(script, style, also="", images="data:"):
    """Return the content security policy of a page that holds all that it needs.

    Args:
        script, style: the texts of the page's only script and only style, which are allowed by
            their hashes.
        also: what else scripts may do, such as `"'wasm-unsafe-eval'"`.
        images: where images may come from.

    Example:

    >>> from petkeras.system.browser import page_policy
    >>> page_policy("let x = 1;", "p { margin: 0; }").split("; ")[0]
    "default-src 'none'"

    Reference: https://www.w3.org/TR/CSP3/
    """
    rules = {
        "default-src": "'none'",
        "script-src": f"'{_hash(script)}' {also}".rstrip(),
        "style-src": f"'{_hash(style)}'",
        "img-src": images,
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{rule} {allowed}" for rule, allowed in rules.items())


def _hash(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
