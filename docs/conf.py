"""Configure Sphinx: it builds the site from local files, without running a notebook."""

import inspect
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math import latex2mathml

sys.path.insert(0, str(Path(__file__).parent))
import chinese_search
import site_pages
import sphinx.locale

import petkeras

site_pages.write(site_pages.DOCS / "course", site_pages.chapters())
site_pages.write(site_pages.DOCS / "api", site_pages.api_pages())

project = "petkeras"
copyright = "the authors of petkeras, under the Apache License 2.0"
version = release = petkeras.__version__
html_title = "petkeras"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "**/.ipynb_checkpoints", "README.zh-CN.md"]

# `-D language=zh_CN` builds the site in Chinese, with a catalog for each page.
language = "en"
locale_dirs = ["locale"]
gettext_compact = False
gettext_location = False
gettext_uuid = False

# Show the notebooks as they were executed and committed.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_update_mathjax = False

# Docstrings are in Google's format, with Keras's headings; `x` in single backquotes is code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # Keras's own methods are documented by Keras
autodoc_preserve_defaults = True
autodoc_typehints = "none"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_custom_sections = [
    ("Call arguments", "params_style"),
    "Input shape",
    "Output shape",
    "Reference",
]

html_theme = "furo"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_extra_path = ["explorer.html"]  # made by make_explorer.py
html_css_files = ["petkeras.css"]
html_js_files = ["accessible.js"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5cad", "color-brand-content": "#0b5cad"},
    "dark_css_variables": {"color-brand-primary": "#7db7ff", "color-brand-content": "#7db7ff"},
}
pygments_style = "a11y-high-contrast-light"  # Furo comes with both
pygments_dark_style = "a11y-high-contrast-dark"
html_math_renderer = "mathml"


def show_math(writer, node):
    """Write a formula as MathML, which browsers show without a script."""
    display = isinstance(node, nodes.math_block)
    tree = str(latex2mathml.tex2mathml(node.astext(), as_block=display))
    space = '<mspace width="0.17em"></mspace>'  # as in "log p"; "log(p)" needs no space
    tree = re.sub(r"<mo>&ApplyFunction;</mo>(?!\s*<mo[^>]*>\()", space, tree)
    writer.body.append(f'<div class="math">{tree}</div>' if display else tree)
    raise nodes.SkipNode


def mend_sidebar(app, page, template, context, doctree):
    """Give the captions, which are headings, a level, and translate the labels of the arrows."""
    tree = context.get("furo_navigation_tree", "")
    tree = tree.replace('role="heading"', 'role="heading" aria-level="2"')
    label = "Toggle navigation of"
    context["furo_navigation_tree"] = tree.replace(label, sphinx.locale._(label))


def choose_language(app, config):
    """Translate what is set above, and leave the explorer to `write_explorer`."""
    if config.language != "en":
        config.html_extra_path = []
        config.copyright = sphinx.locale._(config.copyright)


def choose_notebook_folder(app):
    """Keep the files that MyST-NB writes for each language out of the folder with the pages."""
    folder = site_pages.DOCS / "_build" / "jupyter_execute" / app.config.language
    app.env.mystnb_config = app.env.mystnb_config.copy(output_folder=str(folder))


def read_page(app, page, source):
    """Give Sphinx the chapter's notebook in the site's language, and pages without dead links."""
    language = app.config.language
    if page.startswith("course/") and language != "en":
        notebook = site_pages.translated_notebook(page, language)
        app.env.note_dependency(notebook)  # also if there is none yet
        if notebook.exists():
            source[0] = site_pages.chapter_text(notebook, language=language)
    elif not page.startswith(("course/", "api/")):
        text = site_pages.relink(source[0])
        source[0] = site_pages.translate_around_explorer(text, sphinx.locale._)


def write_explorer(app, exception):
    """Write the explorer of a site in another language."""
    if exception is None and app.config.language != "en" and app.builder.name == "html":
        page = site_pages.explorer(app.config.language)
        (app.outdir / "explorer.html").write_text(page, encoding="utf-8")


def add_language_switch(app, page, template, context, doctree):
    """Tell the templates where the page is in the other language, and whether it is translated."""
    up = "../" * page.count("/")
    in_english = app.config.language == "en"
    context["other_language"] = "zh-CN" if in_english else "en"
    context["other_page"] = f"{up}zh_CN/{page}.html" if in_english else f"{up}../{page}.html"
    context["english_only"] = bool(
        doctree and not in_english and not site_pages.is_translated(page, app.config.language)
    )


def setup(app):
    """Register how formulas, pages, docstrings and captions are converted, and both languages."""
    app.add_html_math_renderer("mathml", (show_math, None), (show_math, None))
    app.add_search_language(chinese_search.ChinesePairs)

    def convert(app, what, name, value, options, lines):
        lines[:] = site_pages.convert_docstring(value, lines)

    def show_arguments(app, what, name, value, options, signature, returned):
        if (
            what == "class" and signature == "(*args, **kwargs)"
        ):  # the signature that Keras gives its layers
            arguments = list(inspect.signature(value.__init__).parameters.values())[1:]
            return str(inspect.Signature(arguments)), returned

    app.connect("config-inited", choose_language)
    app.connect("builder-inited", choose_notebook_folder, priority=900)  # after MyST-NB
    app.connect("source-read", read_page)
    app.connect("autodoc-process-signature", show_arguments)
    app.connect("autodoc-process-docstring", convert, priority=400)  # before napoleon
    app.connect("html-page-context", mend_sidebar, priority=900)  # after the theme
    app.connect("html-page-context", add_language_switch)
    app.connect("build-finished", write_explorer)
