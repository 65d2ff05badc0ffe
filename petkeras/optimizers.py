"""Adam, its equations in sight and its update in one fused operation."""

from __future__ import annotations

import math
import numbers

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="petkeras")
class Adam(keras.optimizers.Optimizer):
    """Move each weight against its gradient, by a step that adapts to it.

    With the gradient g of step t, and m and v both starting at 0:

        m     = beta_1 * m + (1 - beta_1) * g           the gradient's running mean
        v     = beta_2 * v + (1 - beta_2) * g * g       the running mean of its square
        alpha = learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)
        w     = w - alpha * m / (sqrt(v) + epsilon)

    All four lines are one call of TensorFlow's `ResourceApplyAdam`, which goes through w, m, v and
    g once. Written with separate operations, each line makes a temporary as large as the weights:
    411 MB for `fc1`.

    Args:
        learning_rate: a number, or a `keras.optimizers.schedules.LearningRateSchedule`.
        beta_1: how much of m is kept at each step, in [0, 1).
        beta_2: how much of v is kept at each step, in [0, 1).
        epsilon: keeps the division finite; in the paper, "epsilon hat" of section 2.
        **kwargs: the rest of `keras.optimizers.Optimizer`: `clipnorm`, `weight_decay`, ...

    Raises:
        ValueError: an argument is out of range, or the weights are of 16 bits.

    Example:

    >>> import tensorflow as tf
    >>> from petkeras.optimizers import Adam
    >>> w = tf.Variable([1.0])
    >>> Adam(learning_rate=0.1).apply([tf.constant([5.0])], [w])
    >>> round(float(w[0]), 4)  # the first step is the learning rate, whatever the gradient
    0.9

    Reference: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm 1
        in the order of section 2's last paragraph.
    """

    def __init__(
        self,
        learning_rate=1e-3,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-7,
        name="adam",
        **kwargs,
    ):
        if isinstance(learning_rate, numbers.Real) and not 0 <= learning_rate < math.inf:
            raise ValueError(
                "Adam: `learning_rate` must be a finite number, 0 or more, or a schedule. "
                f"Received: learning_rate={learning_rate!r}"
            )
        for argument, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            if not isinstance(value, numbers.Real) or not 0 <= value < 1:
                raise ValueError(
                    f"Adam: `{argument}` must be in [0, 1). Received: {argument}={value!r}"
                )
        if not isinstance(epsilon, numbers.Real) or not 0 < epsilon < math.inf:
            raise ValueError(
                f"Adam: `epsilon` must be a finite number above 0. Received: epsilon={epsilon!r}"
            )
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, var_list):
        """Make m and v, both 0, for each variable."""
        if self.built:
            return
        for variable in var_list:
            if tf.as_dtype(variable.dtype).size < 4:  # 0.999 is 1 in bfloat16: nothing would move
                raise ValueError(
                    "Adam: the weights must be float32 or float64; of 16 bits they are too coarse "
                    "for `beta_2`. Under a policy such as 'mixed_bfloat16' the layers compute with "
                    f"16 bits and keep their weights in float32. Received: dtype={variable.dtype}"
                )
        super().build(var_list)
        self._momentums, self._velocities = self.add_optimizer_variables(
            var_list, ["momentum", "velocity"]
        )

    def update_step(self, gradient, variable, learning_rate):
        """Apply one step to one variable."""
        index = self._get_variable_index(variable)
        dtype = variable.dtype
        t = tf.cast(self.iterations + 1, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.cast(self.beta_1, dtype) ** t,
            beta2_power=tf.cast(self.beta_2, dtype) ** t,
            lr=tf.cast(learning_rate, dtype) * self._rounding(dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )

    def _rounding(self, dtype):
        """Return what makes up for `1 - beta_2`, which the operation takes in the weights' dtype.

        In float32, 1 - 0.999 is 0.00099998713. Unmended, v would be 13 parts in a million smaller
        than Keras's Adam has it, and each step 6 parts in a million longer.
        """
        rounded = tf.as_dtype(dtype).as_numpy_dtype(self.beta_2)
        return float(np.sqrt((1 - float(rounded)) / (1 - self.beta_2)))

    def get_config(self):
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
