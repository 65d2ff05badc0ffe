"""The 37 breeds, and how users may spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petkeras.data.breeds import BREEDS, CATS, DOGS, resolve
from petkeras.errors import PetkerasError


def test_breeds_are_those_of_tensorflow_datasets_in_its_order():
    from tensorflow_datasets.datasets.oxford_iiit_pet import (
        oxford_iiit_pet_dataset_builder as builder,
    )

    assert list(BREEDS) == builder._LABEL_CLASSES
    assert (len(CATS), len(DOGS)) == (12, 25)


@given(
    breeds=st.lists(st.sampled_from(BREEDS), min_size=2, max_size=5, unique=True),
    change=st.sampled_from([str.upper, str.lower, str.title]),
    joint=st.sampled_from([" ", "-", "_"]),
)
def test_names_are_found_in_any_case_and_with_any_joint(breeds, change, joint):
    written = [f" {change(breed).replace('_', joint)} " for breed in breeds]
    assert resolve(written) == tuple(breeds)
    assert resolve(",".join(written)) == tuple(breeds)


def test_all_and_species_stand_for_many():
    assert resolve("all") == BREEDS
    assert set(resolve("Cats")) == set(CATS)
    assert set(resolve("dogs")) == set(DOGS)
    assert resolve("samoyed, cat") == ("samoyed", *(b for b in BREEDS if b in CATS))
    assert resolve("dogs", ("Siamese", "samoyed", "pug")) == ("samoyed", "pug")


def test_a_name_that_comes_twice_counts_once():
    assert resolve("pug, Samoyed, PUG") == ("pug", "samoyed")


@pytest.mark.parametrize(
    ("breeds", "available", "parts"),
    [
        (
            "samoid,pug",
            BREEDS,
            ["Unknown breed 'samoid'", "Did you mean 'samoyed'?", "BREEDS lists all 37"],
        ),
        ("zzz,pug", BREEDS, ["Unknown breed 'zzz'", "Available: Abyssinian", "29 more"]),
        ("pug,homer", ("pug", "Homer J"), ["Unknown breed 'homer'", "Did you mean 'Homer J'?"]),
        ("pug,beagle", ("pug", "boxer"), ["This source has no 'beagle'", "pug, boxer"]),
        ("pug", BREEDS, ["`breeds` must name two breeds or more", "Received: pug"]),
        ("pug,PUG", BREEDS, ["`breeds` must name two breeds or more"]),
        ("", BREEDS, ["Unknown breed ''"]),
        ([], BREEDS, ["`breeds` must name two breeds or more", "Received: none"]),
        ("cats", ("pug", "beagle"), ["`breeds` must name two breeds or more", "Received: cats"]),
    ],
)
def test_unusable_breeds_are_reported_in_one_line(breeds, available, parts):
    with pytest.raises(PetkerasError) as raised:
        resolve(breeds, available)
    assert "\n" not in str(raised.value)
    for part in parts:
        assert part in str(raised.value)


@given(st.one_of(st.text(st.characters()), st.lists(st.text(st.characters()))))
def test_any_text_gives_breeds_or_one_line(written):
    message = ""
    try:
        assert set(resolve(written)) <= set(BREEDS)
    except PetkerasError as error:
        message = str(error)
    assert message.isprintable()
    assert len(message) < 500


def test_classes_that_differ_in_case_alone_are_distinguished():
    available = ("Tom", "tom", "jerry")
    assert resolve("tom, jerry", available) == ("tom", "jerry")
    assert resolve(["Tom", "tom"], available) == ("Tom", "tom")
    with pytest.raises(PetkerasError, match=r"'TOM' may be 'Tom' or 'tom'\. Spell it exactly"):
        resolve("TOM, jerry", available)
