"""Adam: its four equations, and a Keras optimizer that computes them in one fused operation."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from petkeras.errors import check_argument, is_number


def adam_equations(
    w, m, v, gradient, t, learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-7
):
    """Return a weight and its two moments after step t of Adam, by the paper's equations.

    Args:
        w: the weight, a number or an array.
        m: the running mean of its gradient, 0 before the first step.
        v: the running mean of the squared gradient, 0 before the first step.
        gradient: the loss's gradient with respect to the weight.
        t: the number of the step, 1 or more.
        learning_rate: the length of each step as long as the gradient stays the same.
        beta_1: the fraction of m that is kept at each step, in [0, 1).
        beta_2: the fraction of v that is kept at each step, in [0, 1).
        epsilon: keeps the division finite.

    Returns:
        The new w, m and v.

    Example:

    >>> from petkeras.optimizers import adam_equations
    >>> w, m, v = adam_equations(w=1.0, m=0.0, v=0.0, gradient=5.0, t=1, learning_rate=0.1)
    >>> round(w, 4)  # the first step is as long as the learning rate, whatever the gradient
    0.9

    Reference: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015), algorithm
        1, in the order given at the end of section 2.
    """
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    alpha = learning_rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    return w - alpha * m / (v**0.5 + epsilon), m, v


@keras.saving.register_keras_serializable(package="petkeras")
class Adam(keras.optimizers.Optimizer):
    """Move each weight against its gradient, by a step that adapts to it.

    Here the equations of `adam_equations` are a single call to TensorFlow's `ResourceApplyAdam`,
    which reads and writes w, m and v once. As separate operations, each equation would make a
    temporary array as large as the weights: 411 MB for `fc1`.

    Args:
        learning_rate: a number, or a `keras.optimizers.schedules.LearningRateSchedule`.
        beta_1: the fraction of m that is kept at each step, in [0, 1).
        beta_2: the fraction of v that is kept at each step, in [0, 1).
        epsilon: keeps the division finite; in the paper, "epsilon hat" of section 2.
        **kwargs: other arguments of `keras.optimizers.Optimizer`, such as `clipnorm`.

    Raises:
        ValueError: an argument is out of range, or the weights are 16-bit.

    Example:

    >>> import tensorflow as tf
    >>> from petkeras.optimizers import Adam
    >>> w = tf.Variable([1.0])
    >>> Adam(learning_rate=0.1).apply([tf.constant([5.0])], [w])
    >>> round(float(w[0]), 4)
    0.9

    Reference: D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization" (2015).
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
        is_rate = not is_number(learning_rate) or 0 <= learning_rate < math.inf
        expected = "a finite number, 0 or more, or a schedule"
        check_argument("Adam", "learning_rate", learning_rate, is_rate, expected)
        for argument, value in (("beta_1", beta_1), ("beta_2", beta_2)):
            is_fraction = is_number(value) and 0 <= value < 1
            check_argument("Adam", argument, value, is_fraction, "in [0, 1)")
        is_positive = is_number(epsilon) and 0 < epsilon < math.inf
        check_argument("Adam", "epsilon", epsilon, is_positive, "a finite number above 0")
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, var_list):
        """Make m and v, both 0, for each variable."""
        if self.built:
            return
        for variable in var_list:
            if tf.as_dtype(variable.dtype).size < 4:  # bfloat16 rounds 0.999 to 1: nothing moves
                raise ValueError(
                    "Adam: the weights must be float32 or float64; 16 bits are too coarse for "
                    "`beta_2`. With a dtype policy such as 'mixed_bfloat16' the layers compute in "
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
            lr=tf.cast(learning_rate, dtype) * self._correct_rounding(dtype),
            beta1=tf.cast(self.beta_1, dtype),
            beta2=tf.cast(self.beta_2, dtype),
            epsilon=tf.cast(self.epsilon, dtype),
            grad=tf.cast(tf.convert_to_tensor(gradient), dtype),
        )

    def _correct_rounding(self, dtype):
        """Return the factor that corrects `1 - beta_2`, which is computed in the weights' dtype.

        In float32, 1 - 0.999 is 0.00099998713. Uncorrected, v would be 13 parts in a million
        smaller than in Keras's Adam, and each step 6 parts in a million longer.
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
