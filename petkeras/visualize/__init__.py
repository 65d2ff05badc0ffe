"""Figures: each function draws what the operations of a network compute from live data.

`plot_...` returns a matplotlib `Figure`, `animate_...` an `Animation`; Jupyter shows both inline,
and both can be saved. Functions named for a quantity return it.
"""

from petkeras.visualize.activation_maximization import (
    maximize_activation,
    plot_activation_maximization,
    stretch_contrast,
)
from petkeras.visualize.activations import feature_maps, plot_before_after, plot_feature_maps
from petkeras.visualize.animation import Animation
from petkeras.visualize.answer import plot_answer
from petkeras.visualize.architecture import plot_architecture
from petkeras.visualize.arithmetic import (
    animate_convolution,
    animate_max_pool,
    animate_max_pool_paddings,
)
from petkeras.visualize.attribution import (
    grad_cam,
    occlusion,
    plot_attribution,
    saliency,
    smooth_grad,
)
from petkeras.visualize.confusion import confusion_matrix, plot_confusion, plot_worst
from petkeras.visualize.costs import cost_table, costs, plot_costs
from petkeras.visualize.curves import plot_curves, read_scalars, smooth
from petkeras.visualize.description import describe, description
from petkeras.visualize.evolution import Evolution, animate_evolution, plot_movement
from petkeras.visualize.graph import graph_edges, graph_scopes, plot_graph
from petkeras.visualize.kernels import apply_kernel, article_kernels, layer_kernels, plot_kernels
from petkeras.visualize.pictures import plot_annotations, plot_pictures
from petkeras.visualize.receptive import (
    gradient_field,
    plot_receptive_field,
    receptive_field,
    receptive_fields,
)
from petkeras.visualize.sanity import (
    cascading_randomization,
    plot_sanity_check,
    randomize,
    rank_correlation,
    sanity_check,
    share_inside,
)
from petkeras.visualize.top_patches import TopActivations, crop_patches, top_activations

__all__ = [
    "Animation", "Evolution", "TopActivations", "animate_convolution", "animate_evolution",
    "animate_max_pool", "animate_max_pool_paddings", "apply_kernel", "article_kernels",
    "cascading_randomization", "confusion_matrix", "cost_table", "costs", "crop_patches",
    "describe", "description", "feature_maps", "grad_cam", "gradient_field", "graph_edges",
    "graph_scopes", "layer_kernels", "maximize_activation", "occlusion",
    "plot_activation_maximization", "plot_annotations", "plot_answer", "plot_architecture",
    "plot_attribution", "plot_before_after", "plot_confusion", "plot_costs", "plot_curves",
    "plot_feature_maps", "plot_graph", "plot_kernels", "plot_movement", "plot_pictures",
    "plot_receptive_field", "plot_sanity_check", "plot_worst", "randomize", "rank_correlation",
    "read_scalars", "receptive_field", "receptive_fields", "saliency", "sanity_check",
    "share_inside", "smooth", "smooth_grad", "stretch_contrast", "top_activations",
]  # fmt: skip
