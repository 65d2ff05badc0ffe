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
