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
# # 12 · Transfer learning
#
# Suppose that you have ten pictures of each breed, and no more. In this chapter you borrow what another network has
# learned, teach it your breeds in a few seconds, and find out how much of the result is borrowed.
#
# **After this chapter you can**
#
# - cut the last layer off a trained network, and train a new one in its place;
# - say what a feature is, and why the features of a frozen network are computed only once;
# - find out what pretraining is worth, with the two comparisons that belong to it.
#
# *A minute and a half on two cores · the article's section "Conclusion"*
#
# These are all the pictures that we will learn from. The others are kept for the test. Could *you* tell these breeds
# apart after seeing ten of each?

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

chosen = pk.course.settings()
four = "Bengal, Siamese, samoyed, shiba_inu"  # a folder of your own has breeds of its own
breeds = chosen.breeds or (four if chosen.source in ("sample", "oxford") else None)
few = pk.load_pets(breeds, chosen.source, chosen.image_size, test_fraction=0.95)
names = [few.class_names[label] for label in few.train.labels.argmax(axis=1)]
print(len(few.train), "pictures to learn from,", len(few.test), "for the test")
visualize.plot_pictures(few.train.images, names, columns=10)

# %% [markdown]
# ## Three ways to start
#
# - **Borrowed**: petkeras comes with a small network, `drawn_pets`, which has learned to tell a hundred *other* breeds
#   apart. `pk.transfer` gives it a new last layer, and trains nothing else.
# - **Random**: the same, but with random weights in place of what the network had learned. The new last layer has to
#   make do with them. It gets more epochs and a higher learning rate, which suit it better.
# - **From nothing**: the article's network, as in chapter 08. All its weights start at random, and all of them learn from
#   our pictures, which are mirrored, shifted and lit differently each time. This takes longest.

# %% tags=["nbval-ignore-output"]
import keras

run_dir = pk.course.scratch()
recipe = dataclasses.replace(pk.TRANSFER, epochs=50, learning_rate=1e-2)
borrowed = pk.transfer("drawn_pets", few, recipe, run_dir, verbose=False)
keras.utils.set_random_seed(0)  # decides the random weights
longer = dataclasses.replace(recipe, epochs=150, learning_rate=3e-2)
random = pk.transfer("drawn_pets", few, longer, weights=None, verbose=False)

# %% tags=["nbval-ignore-output"]
from petkeras.runs.evaluation import evaluate_pictures

modern = dataclasses.replace(
    pk.MODERN, epochs=60, warmup=10, learning_rate=3e-4, pixel_scale=300.0, film_every=0
)
model = pk.pet_net(len(few.class_names), chosen.image_size, modern, seed=0)
pk.train(model, dataclasses.replace(few, test=few.train[::10]), modern, verbose=False)
known, nothing = (evaluate_pictures(model, p, few.mean, modern)[1] for p in (few.train, few.test))

# %% [markdown]
# Which of the three will be the best on the test pictures, and by how much? Decide before you run the cell.

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

ends = [borrowed.epochs[-1].test_accuracy, random.epochs[-1].test_accuracy, nothing]
plt.style.use(visualize.style.STYLE)  # the style of petkeras's own figures
figure, axes = plt.subplots(figsize=(8, 2.8))
axes.bar_label(axes.bar(["borrowed", "random", "from nothing"], ends, width=0.5), fmt="%.2f")
axes.axhline(1 / len(few.class_names), color="gray", linestyle=":", label="guessing")
axes.set(title="accuracy on the test pictures", ylim=(0, 1.15))
axes.legend(loc="upper right")
plt.close(figure)
numbers = ", ".join(f"{end:.2f}" for end in ends)
visualize.describe(figure, f"Bars of the test accuracy: {numbers}.")

# %% [markdown]
# On the drawn pets, the borrowed convolutions are right about nine times out of ten. The other two are right about
# half of the time or less. (If you chose photographs, your bars look different. Why that is so comes further down.)
#
# Has the network that started from nothing learned nothing, then? This is how often it is right about the pictures
# that it was trained on:

# %% tags=["nbval-ignore-output"]
print(f"{known:.2f}")

# %% [markdown]
# It knows them all by heart, and little else: so few pictures are quickly memorized, as in chapter 10.
#
# Now let us take the best of the three apart. The convolutions marked here are borrowed, and stayed as they were. Only
# the last layer, `softmax`, was trained.

# %%
pk.course.where("conv1_1", "conv1_2", "conv2_1", "conv2_2", "softmax")

# %% [markdown]
# ## What it learned before
#
# The hundred breeds were invented by the drawing program, which threw dice for their coats, heads, ears and spots. Here
# are pictures of twenty of them, and in the last row ten of the pictures that we learn from. What do they have in
# common? What could a network learn from the first two rows that helps with the third?

# %% tags=["nbval-ignore-output"]
import numpy as np

from petkeras.data.drawn.pet import draw_pet

numbers = range(0, 40, 2)
invented = [draw_pet(f"drawn-{number:03d}", number).image for number in numbers]
shown = [np.array(picture.resize((64, 64))) for picture in invented]
ours = np.linspace(0, len(few.train) - 1, 10).astype(int)
titles = [f"drawn-{number:03d}" for number in numbers] + [names[place] for place in ours]
visualize.plot_pictures([*shown, *few.train.images[ours]], titles, columns=10)

# %% [markdown]
# Has it seen our breeds in disguise? No: whenever the dice came close to one of the four drawn breeds, they were thrown
# again. How far is the closest coat of a hundred from any of theirs? A color is three numbers from 0 to 255; this is the
# distance between two colors.

# %%
from petkeras.data.drawn.invented import coat_distance, invent_breed

rng = np.random.default_rng(0)
coats = [invent_breed(f"drawn-{number:03d}")(rng).back for number in range(100)]
print(round(min(coat_distance(coat) for coat in coats)))

# %% [markdown]
# ## Freeze
#
# The last layer of `drawn_pets`, `softmax`, gave an answer for each of the hundred invented breeds. It is of no use to
# us, but all that comes before it may be. So the last layer is replaced, and the others are *frozen*: training leaves
# their weights alone.
#
# **Exercise 1.** In Keras, each layer has an attribute `trainable`. Here is the article's network. Change the loop so
# that only its last layer can still learn.

# %% tags=["exercise"]
model = pk.pet_net(image_size=16)
for layer in model.layers:
    layer.trainable = True
pk.check.chapter12.exercise_1(model)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# model = pk.pet_net(image_size=16)
# for layer in model.layers[:-1]:
#     layer.trainable = False
# pk.check.chapter12.exercise_1(model)
# ```
#
# </details>

# %% [markdown]
# What comes before the last layer of `drawn_pets` are four convolutions, as in the article's network, and then the mean
# of each of their 128 last maps. There is no `fc1`. How many weights does the new last layer have, and how many
# the whole network? Work out the first number before you run the cell: a weight for each of the 128 numbers and each
# breed, and a bias for each breed.

# %%
whole = pk.Run(run_dir).model
print(f"{whole.get_layer('softmax').count_params():,} of {whole.count_params():,} weights")

# %% [markdown]
# ## Cut
#
# A network without its last layer is called a [backbone](../docs/glossary.md#backbone). It turns any picture into a
# row of numbers, the picture's [features](../docs/glossary.md#feature), and knows nothing about breeds. As long as it
# is frozen, the features of a picture never change. So `pk.transfer` computes them **once**, and trains the last
# layer on them instead of on the pictures: no step has to run a convolution.

# %%
from petkeras.runs.transfer import open_backbone

backbone = open_backbone("drawn_pets", few)
features = backbone.features(few.train.images)
print(features.shape)

# %% [markdown]
# Here they are. Each row is one of our pictures; the white lines are between the breeds. Each column is one of the 128
# features, and they are sorted by the breed for which they are the largest. All that the new layer has to learn is which
# columns speak for which breed.

# %% tags=["nbval-ignore-output"]
classes = few.train.labels.argmax(axis=1)
scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)
means = np.array([scaled[classes == label].mean(axis=0) for label in range(len(few.class_names))])
order = np.lexsort((-means.max(axis=0), means.argmax(axis=0)))

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(figsize=(8, 3.4))
heat = axes.imshow(scaled[:, order], cmap="viridis", vmin=-2, vmax=2, aspect="auto")
axes.hlines(np.flatnonzero(np.diff(classes)) + 0.5, -0.5, 127.5, color="white")
middles = [np.flatnonzero(classes == label).mean() for label in range(len(few.class_names))]
axes.set_yticks(middles, few.class_names)
axes.set(title="features of the pictures that we learn from", xlabel="feature")
axes.grid(visible=False)
figure.colorbar(heat, label="spreads from the mean")
plt.close(figure)
visualize.describe(figure, "A row of 128 features for each picture; each breed has bright columns.")

# %% [markdown]
# **Question.** Which rows stand out from the others of their breed? How could you see which pictures they are?
#
# <details><summary>An answer</summary>
#
# A row's number is the picture's number in `few.train.images`, so `visualize.plot_pictures(few.train.images[[5, 6]])`
# shows the pictures of rows 5 and 6. Among the drawn Bengals these two have hardly any bright feature in the
# Bengals' columns: the cats in them are small and dark, and you can hardly see their spots.
#
# </details>

# %% [markdown]
# **Exercise 2.** Cut the last layer off yourself. Make `cut` end where the last layer begins: at the numbers that
# `softmax` takes as its input. (`model.get_layer(name).output` is a layer's output.)

# %% tags=["exercise"]
model = pk.pet_net(image_size=16, seed=0)
cut = keras.Model(model.input, model.output)
pk.check.chapter12.exercise_2(model, cut)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# model = pk.pet_net(image_size=16, seed=0)
# cut = keras.Model(model.input, model.get_layer("drop3").output)
# pk.check.chapter12.exercise_2(model, cut)
# ```
#
# </details>

# %% [markdown]
# **Exercise 3.** With good features you need not even train. Give each new picture the breed whose *mean feature
# vector* is nearest to its own features. `features` is `(pictures, n)`, `classes` has an integer from 0 for each
# picture, and `new` is `(other pictures, n)`; return a class for each row of `new`.


# %% tags=["exercise"]
def nearest(features, classes, new):
    return np.zeros(len(new), int)


pk.check.chapter12.exercise_3(nearest)

# %% [markdown]
# <details><summary>Solution</summary>
#
# ```python
# def nearest(features, classes, new):
#     means = [features[classes == label].mean(axis=0) for label in np.unique(classes)]
#     distances = [np.linalg.norm(new - mean, axis=1) for mean in means]
#     return np.argmin(distances, axis=0)
#
#
# pk.check.chapter12.exercise_3(nearest)
# ```
#
# </details>

# %% [markdown]
# How often is your function right about the test pictures? As long as it gives all of them the same breed, it can only
# guess. Run the cell again once your function passes.

# %%
answers = nearest(features, classes, backbone.features(few.test.images))
print(f"{np.mean(answers == few.test.labels.argmax(axis=1)):.2f}")

# %% [markdown]
# ## What is pretraining worth?
#
# One run may be luck. So we repeated the three ways for five seeds, with the four drawn breeds. A seed decides which
# ten pictures of each breed are learned from, the random weights, and the order of the pictures. The recipes were chosen
# on other seeds.
#
# | start | seed 0 | 1 | 2 | 3 | 4 | mean, and its 95% interval |
# |---|---|---|---|---|---|---|
# | borrowed | 0.928 | 0.930 | 0.913 | 0.937 | 0.899 | **0.921** ± 0.019 |
# | random | 0.407 | 0.471 | 0.429 | 0.433 | 0.368 | **0.422** ± 0.047 |
# | from nothing | 0.491 | 0.522 | 0.480 | 0.472 | 0.462 | **0.486** ± 0.029 |
#
# Borrowing gains 50 points (± 4) on random weights and 44 points (± 3) on a start from nothing.
#
# The middle row is the comparison that people often forget. Random kernels respond to edges and colors, too (chapter
# 05), so a new last layer on top of them does better than guessing. Only what is *above* that row was learned from the
# hundred breeds.
#
# ## From drawings to photographs
#
# Now the same with real photographs: Abyssinian (a cat) and American bulldog, ten photographs of each to learn from, 378
# for the test, five seeds. Guessing gives 0.5 here.
#
# | start | mean, and its 95% interval |
# |---|---|
# | borrowed, from drawings | 0.744 ± 0.028 |
# | random | 0.670 ± 0.076 |
# | from nothing | 0.730 ± 0.084 |
#
# Borrowing gains 7.5 points (± 8.4) on random weights, and 1.4 points (± 10.0) on a start from nothing. Both could be
# luck. What a network has learned from drawings helps with other drawings; we could not show that it helps with
# photographs. It pays to borrow from pictures that are like your own.
#
# ## Large pretrained networks
#
# GoogLeNet (Inception), VGG16 and their successors learned from 1.3 million photographs of 1,000 kinds of things,
# including more than a hundred dog breeds. Without their last layers, they can tell apart breeds that they were never
# taught. It takes one line to use such a network as your backbone. The line is not executed here, because Keras downloads
# the weights on first use (you can pass a file as `weights=` instead):
#
# ```python
# photographs = pk.load_pets(image_size=160)  # 774 MiB, once
# pk.transfer("mobilenet_v2", photographs, run_dir="runs/mobilenet")
# ```
#
# or, in a terminal: `petkeras train --backbone mobilenet_v2 --image-size 160`. `"vgg16"` and `"inception_v3"` are
# available, too. We measured one such backbone, MobileNetV2 at 160 pixels, trained on ImageNet and fine-tuned on other
# photographs of dogs, on the same Abyssinians and bulldogs, with 338 photographs to learn from. It got all 60 test photographs
# right with each of five seeds, in about ten seconds on two cores. For comparison, the article trained all the weights
# of its network for 400 epochs on two dog breeds and reached 0.83.
#
# How many photographs is such a backbone worth? Chapter 10 has a learning curve of the network that starts from nothing.
# Here it is again, with the backbone's below it. The third curve is another network's that starts from nothing: it is the
# one of keras.io's example "Image classification from scratch", and it was trained about as many seconds. (Its batch
# normalization has a momentum of 0.9 in place of 0.99, because it takes so few steps.) All had the same ten seeds,
# splits and test photographs. How many photographs does a network from nothing need, to be as good as the backbone is
# with 20?

# %%
counts = np.array([20, 40, 80, 160, 338])  # photographs to learn from
# The % of new photographs that are wrong: the mean of ten seeds, and half of its 95% interval.
curves = {
    "from nothing, keras.io": [[25.8, 21.0, 16.3, 12.0, 12.5], [7.7, 5.6, 5.7, 3.2, 2.5]],
    "from nothing, MODERN": [[26.8, 18.8, 13.0, 11.8, 8.8], [7.1, 4.5, 3.4, 2.2, 1.8]],
    "last layer on MobileNetV2": [[0.7, 0.3, 0.0, 0.3, 0.0], [0.8, 0.5, 0.0, 0.5, 0.0]],
}

# %%
figure, axis = plt.subplots(figsize=(8, 3))
for name, (wrong, half) in curves.items():
    axis.errorbar(counts, wrong, half, fmt="o-", capsize=3, label=name)
axis.set(xscale="log", ylim=(0, None), xlabel="photographs to learn from", ylabel="% wrong")
axis.set_xticks(counts, counts)
axis.minorticks_off()
axis.legend()
plt.close(figure)
visualize.describe(figure, "From nothing, 27% to 9% are wrong; on MobileNetV2 hardly any.")

# %% [markdown]
# No number of photographs in this figure is enough, and along chapter 10's straight line it would take hundreds of
# thousands. That is what the 1.3 million photographs of ImageNet are worth here, and those of other dogs. Which network
# starts from nothing matters far less: with 338 photographs MODERN is 3.7 points better (1.0 to 6.4), and with
# fewer the ten seeds cannot tell the two apart.
#
# ## Where does it look?
#
# `pk.transfer` saves the whole network, from pictures to [logits](../docs/glossary.md#logits), so everything that we did
# in other chapters works with it. Where do convolutions that have only seen invented breeds look in our test
# pictures? The bright places count most for the answer.

# %% tags=["nbval-ignore-output"]
run = pk.Run(run_dir)
labels = few.test.labels.argmax(axis=1)
both = [np.flatnonzero(labels == label)[:2] for label in range(len(few.class_names))]
picked = np.concatenate(both)[:8]
images = few.test.images[picked]
maps = visualize.grad_cam(run.model, run.preprocess(images), "conv2_2")

# %% tags=["nbval-ignore-output"]
figure, axes = plt.subplots(2, len(images), figsize=(8, 2.3))
for column, (image, seen, place) in enumerate(zip(images, maps, picked, strict=True)):
    visualize.style.draw_image(axes[0, column], image)
    axes[0, column].set_title(few.class_names[labels[place]], fontsize=9)
    visualize.attribution.draw_attribution(axes[1, column], image, seen)
plt.close(figure)
visualize.describe(figure, "Test pictures, and below each the places that its answer comes from.")

# %% [markdown]
# ## Thaw it
#
# In the saved network nothing is frozen anymore. To train all of its weights a little, with a low learning rate, is called
# [fine-tuning](../docs/glossary.md#fine-tuning). It is the usual next step, once there are enough pictures. They have to
# be prepared as they were for the backbone, with its own mean image.

# %% tags=["nbval-ignore-output"]
slow = dataclasses.replace(run.recipe, learning_rate=1e-5, epochs=10)
tuned = pk.Run(run_dir).model  # a copy of its own, so that the cell can run again
pk.train(tuned, dataclasses.replace(few, mean=run.mean, test=few.train[::10]), slow, verbose=False)
after = evaluate_pictures(tuned, few.test, run.mean, slow)[1]
print(f"test accuracy: {borrowed.epochs[-1].test_accuracy:.2f} before, {after:.2f} after")

# %% [markdown]
# **Change this and look.** Ten pictures of each breed are too few to improve the convolutions. But they are enough to
# ruin them: in the last cell, make the learning rate `1e-3`, and then `1e-2`. How much of what was borrowed is left
# after ten epochs?
#
# ## In three lines
#
# - A network without its last layer turns pictures into features, which are computed once and can serve other breeds.
# - A new last layer needs few pictures, because it has few weights.
# - What pretraining is worth shows only beside random weights and a start from nothing; and it depends on how much the
#   old pictures are like the new ones.

# %% [markdown]
# ## What to read next
#
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson, *How transferable are features in deep neural
#   networks?* (NeurIPS 2014), section 4: which layers are general, and which are specific to their
#   task.
# - A. S. Razavian, H. Azizpour, J. Sullivan, S. Carlsson, *CNN Features off-the-shelf: an
#   Astounding Baseline for Recognition* (CVPR workshops, 2014): one backbone, many tasks.
# - F. Chollet, *Deep Learning with Python* (2nd edition, 2021), chapter 8: computing features once,
#   and fine-tuning, in Keras.
#
# This was the last chapter. From here, go on with pictures of your own: `petkeras train --source FOLDER` takes a folder
# that has one sub-folder of pictures for each class, and `--backbone drawn_pets` or `--backbone mobilenet_v2` makes a few
# of them enough. And whenever you meet a network that somebody else has trained, open it with `pk.explore`: you know
# now what you are looking at.
