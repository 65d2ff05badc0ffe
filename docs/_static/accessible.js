// What the theme leaves open for those who use a keyboard or a screen reader.
const scrolled = "pre, table, div.math, .table-wrapper, .cell_output, .cell_output > div";
const labels = {
  en: { ".sidebar-drawer": "All pages", ".toc-drawer": "On this page" },
  "zh-CN": {
    ".sidebar-drawer": "所有页面",
    ".toc-drawer": "本页内容",
    "#__navigation": "打开或收起所有页面",
    "#__toc": "打开或收起本页内容",
    ".theme-toggle": "切换浅色、深色或跟随系统",
  },
}[document.documentElement.lang] ?? {};

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
    for (const part of document.querySelectorAll(selector)) {
      part.setAttribute("aria-label", label);
    }
  }
  giveTabStops();
});
addEventListener("resize", giveTabStops);
