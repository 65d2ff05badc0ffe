"""Every figure, drawn from a small network and the folder of a run of it."""

import numpy as np

import petkeras as pk
from petkeras.callbacks.tensorboard import scoped_graph

pkv = pk.visualize
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
X = IMAGES.astype("float32") / 1000
TRIMAP = np.repeat([1, 2, 3, 2], 64).reshape(16, 16)
CLASSES = ("above", "below")
NUMBERS = np.arange(25).reshape(5, 5)

PLOTS = {
    "plot_activation_maximization": lambda net, run: pkv.plot_activation_maximization(
        net, X, IMAGES, "conv", [0, 1]
    ),
    "plot_annotations": lambda net, run: pkv.plot_annotations(IMAGES[0], TRIMAP, (2, 2, 9, 9)),
    "plot_answer": lambda net, run: pkv.plot_answer(net, X[:1], IMAGES[0], CLASSES),
    "plot_architecture": lambda net, run: pkv.plot_architecture(net, X[:1], IMAGES[0]),
    "plot_attribution": lambda net, run: pkv.plot_attribution(
        IMAGES, {"saliency": pkv.saliency(net, X)}, ["a", "b", "c"]
    ),
    "plot_before_after": lambda net, run: pkv.plot_before_after(IMAGES[0] / 255, IMAGES[1] / 255),
    "plot_confusion": lambda net, run: pkv.plot_confusion(np.array([[5, 1], [2, 4]]), CLASSES),
    "plot_costs": lambda net, run: pkv.plot_costs(net),
    "plot_curves": lambda net, run: pkv.plot_curves(run),
    "plot_feature_maps": lambda net, run: pkv.plot_feature_maps(
        pkv.feature_maps(net, X)["conv"][0], "conv"
    ),
    "plot_graph": lambda net, run: pkv.plot_graph(scoped_graph(pk.pet_net(image_size=8))),
    "plot_kernels": lambda net, run: pkv.plot_kernels(pkv.article_kernels(), IMAGES[0]),
    "plot_movement": lambda net, run: pkv.plot_movement(run),
    "plot_pictures": lambda net, run: pkv.plot_pictures(IMAGES, ["dog", "cat", "dog"]),
    "plot_receptive_field": lambda net, run: pkv.plot_receptive_field(
        net, X[0], IMAGES[0], ["conv"]
    ),
    "plot_sanity_check": lambda net, run: pkv.plot_sanity_check(
        net, X[:1], IMAGES[0], pkv.saliency
    ),
    "plot_worst": lambda net, run: pkv.plot_worst(
        IMAGES, np.eye(2)[[0, 1, 1]], X[:, 0, 0, :2], CLASSES
    ),
}
ANIMATIONS = {
    "animate_convolution": lambda net, run: pkv.animate_convolution(NUMBERS, np.eye(3)),
    "animate_evolution": lambda net, run: pkv.animate_evolution(run),
    "animate_max_pool": lambda net, run: pkv.animate_max_pool(NUMBERS, padding="same"),
    "animate_max_pool_paddings": lambda net, run: pkv.animate_max_pool_paddings(NUMBERS),
}
