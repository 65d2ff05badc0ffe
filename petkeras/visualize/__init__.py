"""What people look at: each function draws from live data what the operations themselves compute.

`plot_...` returns a matplotlib `Figure`, `animate_...` an `Animation`; both are shown inline by
Jupyter, and have a way to be saved. Functions named for a quantity compute it.
"""

from petkeras.visualize.activation_maximization import maximize, plot_excitation, to_picture
from petkeras.visualize.activations import feature_maps, plot_before_after, plot_feature_maps
from petkeras.visualize.animation import Animation
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
    cascade,
    energy_inside,
    plot_sanity_check,
    randomize,
    sanity_check,
    similarity,
)
from petkeras.visualize.top_patches import Strongest, patches, strongest

__all__ = [
    "Animation",
    "Evolution",
    "Strongest",
    "animate_convolution",
    "animate_evolution",
    "animate_max_pool",
    "animate_max_pool_paddings",
    "apply_kernel",
    "article_kernels",
    "cascade",
    "confusion_matrix",
    "cost_table",
    "costs",
    "energy_inside",
    "feature_maps",
    "grad_cam",
    "gradient_field",
    "graph_edges",
    "graph_scopes",
    "layer_kernels",
    "maximize",
    "occlusion",
    "patches",
    "plot_annotations",
    "plot_architecture",
    "plot_attribution",
    "plot_before_after",
    "plot_confusion",
    "plot_costs",
    "plot_curves",
    "plot_excitation",
    "plot_feature_maps",
    "plot_graph",
    "plot_kernels",
    "plot_movement",
    "plot_pictures",
    "plot_receptive_field",
    "plot_sanity_check",
    "plot_worst",
    "randomize",
    "read_scalars",
    "receptive_field",
    "receptive_fields",
    "saliency",
    "sanity_check",
    "similarity",
    "smooth",
    "smooth_grad",
    "strongest",
    "to_picture",
]
