"""Search in Chinese, which writes no spaces between words: pairs of characters are its words.

A text is in the index by each of its Chinese characters and by each pair of neighbors; a query is
split into pairs. So a search for any part of a sentence finds the sentence, without a dictionary.
"""

import re

from sphinx.search.zh import SearchChinese

HAN = re.compile("[\u4e00-\u9fff]+")


class ChinesePairs(SearchChinese):
    """Split Chinese into single characters and pairs; Latin words stay as Sphinx treats them."""

    js_splitter_code = r"""
function splitQuery(query) {
  const found = [];
  for (const [run] of query.matchAll(/[\u4e00-\u9fff]+|[\p{Letter}\p{Number}_]+/gu)) {
    const chinese = /^[\u4e00-\u9fff]{2,}$/.test(run);
    found.push(...(chinese ? Array.from(run.slice(1), (letter, place) => run[place] + letter) : [run]));
  }
  return found;
}
"""

    def split(self, text):
        """Return the words of the index in a text."""
        pairs = []
        for run in HAN.findall(text):
            pairs += [*run, *map("".join, zip(run, run[1:], strict=False))]
        return pairs + super().split(text)

    def word_filter(self, word):
        """Return True if a word belongs in the index: a single Chinese character does, too."""
        return HAN.fullmatch(word) is not None or super().word_filter(word)
