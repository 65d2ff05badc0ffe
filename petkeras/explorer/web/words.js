/** Every sentence that a person sees, in the language of the page. */

const wordsTranslations = new Map();

/** Use a table of translations, from the English sentence to another language's. */
export function useWords(table) {
  wordsTranslations.clear();
  for (const [english, other] of Object.entries(table ?? {})) {
    wordsTranslations.set(english, other);
  }
}

/** Return `sentence`, translated, with each `{name}` replaced by `values.name`. */
export function say(sentence, values = {}) {
  const text = wordsTranslations.get(sentence) ?? sentence;
  return text.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );
}

/** Return sentences as one text, without empty ones: English has a space between them. */
export function sayAll(sentences) {
  const add = (before, next) => (before ? say("{before} {next}", { before, next }) : next);
  return sentences.filter(Boolean).reduce(add, "");
}

/** Return names or numbers, at least one, as a list with the language's own comma. */
export function sayList(names) {
  return names.reduce((before, next) => say("{before}, {next}", { before, next }));
}
