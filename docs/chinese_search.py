"""Search in Chinese, which writes no spaces between words: pairs of characters are its words.

A text is in the index by each of its Chinese characters and by each pair of neighbors; a query is
split into pairs. So a search for any part of a sentence finds the sentence, without a dictionary.
"""

import itertools
import re

from sphinx.search.zh import SearchChinese

HAN = re.compile("[\u4e00-\u9fff]+")


class ChinesePairs(SearchChinese):
    """Split Chinese into single characters and pairs; Latin words stay as Sphinx treats them."""

    # The page calls the stemmer by this name, and the one for Chinese text is that of English.
    language_name = "English"
    js_splitter_code = r"""
function splitQuery(query) {
  const runs = query.match(/[\u4e00-\u9fff]+|[\w\u00c0-\u024f]+/g) ?? [];
  const pairs = (run) => Array.from(run.matchAll(/(?=(..))/g), ([, pair]) => pair);
  return runs.flatMap((run) => (/^[\u4e00-\u9fff]{2}/.test(run) ? pairs(run) : [run]));
}
"""

    def split(self, text):
        """Return the words of the index in a text."""
        pairs = []
        for run in HAN.findall(text):
            pairs += [*run, *map("".join, itertools.pairwise(run))]
        return pairs + super().split(text)

    def word_filter(self, word):
        """Return True if a word belongs in the index: a single Chinese character does, too."""
        return HAN.fullmatch(word) is not None or super().word_filter(word)
