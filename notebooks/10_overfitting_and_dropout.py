# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags
#     formats: ipynb,py:percent
#     notebook_metadata_filter: kernelspec,jupytext,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · Overfitting and dropout
#
# You will see the article's network learn its pictures by heart, apply the article's cure, dropout,
# test what it claims, and train the same layers in another way. It takes about a minute.
#
# The article's section "Evaluating". [Open in Colab](https://colab.research.google.com/github/petkeras/petkeras/blob/main/notebooks/10_overfitting_and_dropout.ipynb)

# %% tags=["nbval-ignore-output"]
# On Colab, install petkeras first: %pip install -q petkeras
import dataclasses
import tempfile

import petkeras as pk
from petkeras import visualize

# %% tags=["nbval-ignore-output"]
data = pk.course.load()
size = data.mean.shape[0]
runs = tempfile.mkdtemp()

# %% [markdown]
# ## By heart
#
# The article's recipe to the letter, without its [dropout](../docs/glossary.md#dropout). Only the
# learning rate is ten times higher, as there is a minute here and not a day. Watch the dashed line
# of the accuracy: how near does it come to 1?

# %%
without = dataclasses.replace(
    pk.ARTICLE, learning_rate=1e-4, epochs=8, conv_dropout=0.0, dense_dropout=0.0
)

# %% tags=["nbval-ignore-output"]
model = pk.pet_net(image_size=size, recipe=without, seed=0)
pk.train(model, data, without, runs + "/without", verbose=False)
visualize.plot_curves(runs + "/without")

# %% [markdown]
# Now compare it on all pictures that it learned from with those that it never saw. (The lines above
# are smoothed over many steps; these are figures of the network as it is at the end.)


# %%
def right(model, recipe):
    """Return the shares of the training and of the test pictures that a network gets right."""
    parts = (data.train, data.test)
    return [pk.training.evaluate(model, part, data.mean, recipe)[1] for part in parts]


trained, tested = right(model, without)
print("better on the pictures it knows:", trained > tested)

# %% tags=["nbval-ignore-output"]
print(f"training {trained:.1%}, test {tested:.1%}")
low, high = pk.losses.accuracy_interval(tested * len(data.test), len(data.test))
print(f"with {len(data.test)} test pictures: somewhere between {low:.0%} and {high:.0%}")

# %% [markdown]
# **Question.** With no idea the loss is 0.69 (chapter 08). Here the test loss is dozens of times as
# high, though most of the test pictures are right. How can both be?
#
# <details><summary>An answer</summary>
#
# The loss asks how *sure* a wrong answer was, the accuracy only whether it was wrong. With logits
# of hundreds (chapter 06) the network is sure of everything, and a single wrong picture can cost
# more than a hundred.
#
# </details>
#
# ## Dropout
#
# The article's repair: while training, 80% of the values after each pool are dropped at random, and
# half of those after `fc1`. No unit can rely on any other. It slows learning down: compare the two
# dashed lines of the accuracy.

# %%
with_dropout = dataclasses.replace(pk.ARTICLE, learning_rate=1e-4, epochs=8)

# %% tags=["nbval-ignore-output"]
model_dropout = pk.pet_net(image_size=size, recipe=with_dropout, seed=0)
pk.train(model_dropout, data, with_dropout, runs + "/dropout", verbose=False)
visualize.plot_curves({"without": runs + "/without", "dropout": runs + "/dropout"}, weight=0.95)

# %% [markdown]
# With dropout the network no longer knows its pictures by heart. Whether that already helps on
# the test pictures after so few epochs is another matter: it has learned less of everything.

# %%
trained_dropout, tested_dropout = right(model_dropout, with_dropout)
print("knows its pictures less well:", trained_dropout < trained)

# %% tags=["nbval-ignore-output"]
print(f"training {trained_dropout:.1%}, test {tested_dropout:.1%}")

# %% [markdown]
# **Question.** Dropout is off when the network is tested. Why can the test accuracy be *above* the
# training accuracy in the curves?
#
# <details><summary>An answer</summary>
#
# The dashed line is of a network that lacks most of its numbers, others at each step. Whole, the
# same network gets more of its training pictures right: that is the figure printed last.
#
# </details>
#
# ## Better starts, and more pictures out of few
#
# The very same layers, trained in another way: pixels scaled down, kernels that start with a spread
# that keeps numbers equally large from layer to layer
# ([He](../docs/glossary.md#he-initialization)), a learning rate that rises and falls, and
# [augmentation](../docs/glossary.md#augmentation): every picture mirrored, shifted, turned and lit
# differently each time it is shown.

# %% tags=["nbval-ignore-output"]
modern = dataclasses.replace(pk.MODERN, epochs=8)
model_modern = pk.pet_net(image_size=size, recipe=modern, seed=0)
pk.train(model_modern, data, modern, runs + "/modern", verbose=False)
visualize.plot_curves({"without": runs + "/without", "modern": runs + "/modern"}, weight=0.95)

# %% tags=["nbval-ignore-output"]
recipes = {"without": without, "dropout": with_dropout, "modern": modern}
for name, m in {"without": model, "dropout": model_dropout, "modern": model_modern}.items():
    trained, tested = right(m, recipes[name])
    low, high = pk.losses.accuracy_interval(tested * len(data.test), len(data.test))
    print(f"{name:8s} training {trained:.1%}  test {tested:.1%} ({low:.0%} to {high:.0%})")

# %% [markdown]
# **Question.** The intervals are wide. Which of the three differences would you bet on?
#
# <details><summary>An answer</summary>
#
# Not on one run. We repeated this with five seeds, each with a split, a start and an order of its
# own. Right of 300 test pictures, in brackets the intervals:
#
# | | drawn pets | photographs (Abyssinian, American bulldog) |
# |---|---|---|
# | without | 83% (79% to 87%) | 72% (67% to 77%) |
# | dropout | 74% (69% to 79%) | 67% (62% to 72%) |
# | modern | 90% (86% to 93%) | 89% (85% to 92%) |
#
# So we bet on the modern recipe. Dropout after so few epochs is behind on the drawn pets; on the
# photographs 300 pictures cannot tell it from its opponent.
#
# </details>
#
# ## Which pictures are hard
#
# The test pictures to whose own breed the last network gave the lowest probability: the wrong ones,
# the worst first, and then those that it was least sure of. Would you have known?

# %% tags=["nbval-ignore-output"]
logits = pk.training.evaluate(model_modern, data.test, data.mean, modern)[2]
test = data.test
visualize.plot_worst(test.images, test.labels, logits, data.class_names, count=8)

# %% [markdown]
# ## The article's claims, measured
#
# On real photographs of Abyssinian cats and American bulldogs at 224 pixels, 338 to learn from and
# 60 for the test, we measured what the article claims of its two breeds of dog. Its learning rate
# is as it was, 1e-5. In brackets are 95% intervals after Wilson. One run each: they say how far
# such a run can be trusted.
#
# | the article's claim | what we measure |
# |---|---|
# | without dropout it knows its pictures by heart: 100% in training, 80% on the test | after 12 epochs 98.5% in training (99.7% one epoch before), and **75%** on the test (63% to 84%; 80% one epoch before): as claimed |
# | with dropout the test accuracy is near 90% | not after 30 of its 400 epochs: **70%** (57% to 80%). After all 400, in bfloat16, **90.0%** (54 of 60; 80% to 95%), and in training, with dropout off, 88.2% (84% to 91%): as claimed (the curve is in `docs/measured.md`). In the article's own stored run the training accuracy was 90%, and the test ended at 83% (72% to 91%) |
# | the price is many more epochs | 70% on the test takes 26 epochs with dropout; without it there are 77% after four. The test loss is 240 after the 30 epochs, though, and 1.8 after the 400; without dropout it is never below 307 |
# | the network has more than 100 million weights | 102,827,554, of which 102,760,960 are in `fc1` |
# | the first kernels hardly change | by 0.27% of their length in 12 epochs; but the other convolutions by 0.24% to 0.26%, no more (chapter 11) |
#
# And the modern recipe: `pk.MODERN` reaches 88% in 20 epochs (mean of five splits, 84% to 91%).
#
# ## Exercises

# %% [markdown]
# **1.** The article speaks of the part that is *kept*, Keras of the `rate` that is dropped. The article
# keeps 0.2 after each pool. Which rate is that?

# %% tags=["exercise"]
rate = None
pk.check.chapter10.exercise_1(rate)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# rate = 1 - 0.2
# pk.check.chapter10.exercise_1(rate)
# ```
#
# </details>

# %% [markdown]
# **2.** Write dropout: set a random part of the values to 0 and scale up the rest, so that their sum
# stays the same on average. Take the random numbers from `rng.random(x.shape)`.


# %% tags=["exercise"]
def dropout(x, rate, rng):
    """Drop a part `rate` of the values of x, and scale up the rest."""
    return x


pk.check.chapter10.exercise_2(dropout)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def dropout(x, rate, rng):
#     """Drop a part `rate` of the values of x, and scale up the rest."""
#     kept = rng.random(x.shape) >= rate
#     return x * kept / (1 - rate)
# pk.check.chapter10.exercise_2(dropout)
# ```
#
# </details>

# %% [markdown]
# **3.** Between two runs the test accuracy differs by 5 points, each on 60 pictures. Find how many test
# pictures are needed for an interval (`pk.losses.accuracy_interval`) no wider than 5 points in all
# when 90% are right. Any number of which that is true, and of which it is not of half as many.

# %% tags=["exercise"]
pictures = None
pk.check.chapter10.exercise_3(pictures)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# pictures = 60
# while True:
#     low, high = pk.losses.accuracy_interval(0.9 * pictures, pictures)
#     if high - low <= 0.05:
#         break
#     pictures += 1
# pk.check.chapter10.exercise_3(pictures)
# ```
#
# </details>

# %% [markdown]
# ## What to read next
#
# - N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR
#   15 (2014).
# - C. Shorten, T. Khoshgoftaar, "A survey on Image Data Augmentation for Deep Learning", Journal of
#   Big Data 6 (2019).
# - K. He et al., "Delving Deep into Rectifiers" (2015), section 2.2: the start that `pk.MODERN`
#   takes.
