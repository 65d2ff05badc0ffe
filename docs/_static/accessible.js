// What the theme leaves open for those who use a keyboard or a screen reader.
const scrolled = "pre, table, div.math, .table-wrapper, .cell_output, .cell_output > div";
const labels = { ".sidebar-drawer": "All pages", ".toc-drawer": "On this page" };

/** Give what is wider than its place a tab stop, so that the arrow keys can scroll it. */
function giveTabStops() {
  for (const part of document.querySelectorAll(scrolled)) {
    if (part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== "visible") {
      part.tabIndex = 0;
    } else {
      part.removeAttribute("tabindex");
    }
  }
}

addEventListener("load", () => {
  for (const [selector, label] of Object.entries(labels)) {
    document.querySelector(selector)?.setAttribute("aria-label", label);
  }
  giveTabStops();
});
addEventListener("resize", giveTabStops);
