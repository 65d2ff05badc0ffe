"""The 37 breeds of the Oxford-IIIT Pet dataset, and how users may spell them."""

from __future__ import annotations

import difflib

from petkeras.errors import PetkerasError
from petkeras.text import one_line

CATS = (
    "Abyssinian", "Bengal", "Birman", "Bombay", "British_Shorthair", "Egyptian_Mau", "Maine_Coon",
    "Persian", "Ragdoll", "Russian_Blue", "Siamese", "Sphynx",
)  # fmt: skip
DOGS = (
    "american_bulldog", "american_pit_bull_terrier", "basset_hound", "beagle", "boxer", "chihuahua",
    "english_cocker_spaniel", "english_setter", "german_shorthaired", "great_pyrenees", "havanese",
    "japanese_chin", "keeshond", "leonberger", "miniature_pinscher", "newfoundland", "pomeranian",
    "pug", "saint_bernard", "samoyed", "scottish_terrier", "shiba_inu",
    "staffordshire_bull_terrier", "wheaten_terrier", "yorkshire_terrier",
)  # fmt: skip
BREEDS = tuple(sorted(CATS + DOGS, key=str.lower))  # the dataset's own order
DEFAULT_BREEDS = ("shiba_inu", "samoyed")

SPECIES = {"cat": CATS, "cats": CATS, "dog": DOGS, "dogs": DOGS}


def resolve(breeds, available=BREEDS):
    """Return the class names for what a user wrote, as the dataset spells them.

    Args:
        breeds: names in any case, with spaces, hyphens or underscores: a sequence, or one
            comma-separated string. `all` means every class, `cats` and `dogs` those breeds.
        available: the class names to choose from.

    Returns:
        A tuple of class names, in the given order, without duplicates.

    Raises:
        PetkerasError: a name is unknown (similar ones are suggested), or there are fewer than two.

    Example:

    >>> from petkeras.data.breeds import resolve
    >>> resolve("Shiba Inu, SAMOYED")
    ('shiba_inu', 'samoyed')
    """
    asked = breeds.split(",") if isinstance(breeds, str) else list(breeds)
    by_key: dict[str, list[str]] = {}  # 'Tom' and 'tom' may both be classes
    for name in available:
        by_key.setdefault(_key(name), []).append(name)
    chosen = {}  # a dict keeps the order and drops duplicates
    for name in asked:
        key = _key(name)
        if name in available:
            chosen[name] = True
        elif len(by_key.get(key, [])) > 1:
            raise PetkerasError(
                f"'{one_line(name, 60)}' may be {' or '.join(map(repr, by_key[key]))}. "
                "Spell it exactly like one of them."
            )
        elif key in by_key:
            chosen[by_key[key][0]] = True
        elif key == "all":
            chosen.update(dict.fromkeys(available, True))
        elif key in SPECIES:
            chosen.update(dict.fromkeys((n for n in available if n in SPECIES[key]), True))
        else:
            raise PetkerasError(_unknown(name, available))
    if len(chosen) < 2:
        raise PetkerasError(
            "`breeds` must name two breeds or more. "
            f"Received: {one_line(', '.join(str(name).strip() for name in asked)) or 'none'}"
        )
    return tuple(chosen)


def _key(name):
    return str(name).strip().lower().replace(" ", "_").replace("-", "_")


def _unknown(name, available):
    """Return the message for a name that is not among the classes."""
    key = _key(name)
    by_key = {_key(breed): breed for breed in available}
    known = {_key(breed): breed for breed in BREEDS}
    if key in known:
        return f"This source has no '{known[key]}'. It has: {_some(available)}."
    near = difflib.get_close_matches(key, by_key, n=3, cutoff=0.5)
    hint = (
        f"Did you mean {' or '.join(repr(by_key[match]) for match in near)}?"
        if near
        else f"Available: {_some(available)}."
    )
    more = " petkeras.data.breeds.BREEDS lists all 37." if set(by_key) == set(known) else ""
    return f"Unknown breed '{one_line(str(name).strip(), 60)}'. {hint}{more}"


def _some(names, count=8):
    left = len(names) - count
    return ", ".join(names[:count]) + (f" and {left} more" if left > 0 else "")
