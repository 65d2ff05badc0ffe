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
# # 09 · 计算图
#
# 一个网络，可以画成一个个方框，中间连上箭头。这一章由 TensorFlow 提供这张图，你会看到，名字怎样让几百个运算变得井井有条。
#
# **学完本章，你能**
#
# - 说出 `tf.function` 把 Python 代码变成了什么，什么时候又得重新来一遍；
# - 看懂网络的计算图（graph），查出训练要从每一层拿走什么；
# - 在 TensorBoard 里查看任何一次运行的计算图。
#
# *双核约十五秒 · 对应原文“Visualizing the graph”一节*
#
# 这张图要从上往下看。图片从上面进来，每一层接过前一层的输出。箭头旁边的文字是数据的形状（shape），`?` 是批次（batch）那一维。右边的方框 `train`，装着只有训练才需要的一切。它为什么几乎从每一层都要拿点东西？

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
data = pk.course.load()
size, classes = data.mean.shape[0], len(data.class_names)
model = pk.pet_net(classes, size, pk.MODERN, seed=0)
graph = pk.callbacks.graph.scoped_graph(model)
visualize.plot_graph(graph)

# %% [markdown]
# 要算一层的梯度（gradient），就得知道这一层的输入和卷积核（kernel）。这些都要一直留在内存里，直到反向传播（backpropagation），也就是从损失（loss）走回权重（weight）的那段路。所以，训练用的内存比预测多得多。

# %% [markdown]
# **想一想。** 哪一层什么也没有交给 `train`？`train` 为什么没有它也行？
#
# <details><summary>参考回答</summary>
#
# `drop2`。在 `pk.MODERN` 里，它的失活率是 0，所以它什么也不做；它后面的 `flatten` 也只是把数重新排一排。算这两层的梯度，用不着它们的值。`fc1` 需要的东西，由 `flatten` 提供。
#
# </details>

# %% [markdown]
# 课程的示意图里，这些部分在计算图中都有：

# %%
pk.course.where(
    "picture", "conv1_1", "pool2", "fc1", "probabilities", "loss", "gradients", "optimizer"
)

# %% [markdown]
# 箭头上的形状，就是各层自己的输出形状。这里看两个，是从 `fc1` 到最后一层的：

# %%
edges = visualize.graph_edges(graph)
layers = model.layers[1:]
print(edges["fc1", "drop3"], edges["drop3", "softmax"])

# %% [markdown]
# 数据在哪里变少，在哪里变多？每根柱子表示一层为一张图片往下交出多少个数。

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt
import numpy as np

plt.style.use(visualize.style.STYLE)  # petkeras 自己的图用的样式
figure, axes = plt.subplots(figsize=(8, 3))
axes.bar([layer.name for layer in layers], [np.prod(layer.output.shape[1:]) for layer in layers])
axes.set(yscale="log", ylabel="数的个数")
axes.tick_params(axis="x", rotation=45)
plt.close(figure)
visualize.describe(figure, "每层一根柱子：开头有许多数，最后只剩两个。")

# %% [markdown]
# **练习 1。** 图片边长是 64 像素时，从 `flatten` 到 `fc1` 要走 16,384 个数，每个数对 512 个单元中的每一个都有一个权重。图片边长是多少时，只有 4,096 个数走到那里？

# %% tags=["exercise"]
image_size = 64
pk.check.chapter09.exercise_1(image_size)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# image_size = 32
# pk.check.chapter09.exercise_1(image_size)
# ```
#
# 边长减半，面积就是四分之一。池化（pooling）遇到除不尽时会进一，所以 29、30、31 得到的数也一样。
#
# </details>

# %% [markdown]
# ## 先跟踪，再运行
#
# 在 2017 年，你要先搭好一张[计算图](../../docs/glossary.md#graph)，再运行它。今天，运算（operation）会马上执行，除非它写在一个带装饰器 `@tf.function` 的函数里。这样的函数会被[跟踪](../../docs/glossary.md#tracing)（tracing）：Python 把它走一遍，该放数的地方先放占位符（placeholder），TensorFlow 把每个运算都记录下来。从此以后，TensorFlow 运行的是这份记录，就没有 Python 的事了。注意看，这个函数打印了几次：

# %%
import tensorflow as tf


@tf.function
def double(x):
    print("跟踪，形状是", x.shape)
    return tf.nn.relu(2 * x)


double(tf.constant([1.0, 2.0, 3.0]))
double(tf.constant([4.0, 5.0, 6.0]))
print(double(tf.constant([7.0, -8.0, 9.0])).numpy())

# %% [markdown]
# 调用三次，只跟踪一次。换一个形状的张量（tensor），就得重新跟踪：

# %%
double(tf.constant([1.0, 2.0]))
print(double.experimental_get_tracing_count(), "次跟踪")

# %% [markdown]
# **想一想。** 如果在函数里写 `print(x)`，会显示什么？是数吗？如果函数用 NumPy 取一个随机数，又会怎样？
#
# <details><summary>参考回答</summary>
#
# 是一个占位符，有名字、形状和数据类型（dtype），但是没有数。NumPy 只会在跟踪的时候取一次随机数，以后每次调用，用的都是这同一个数。
#
# </details>

# %% [markdown]
# 这就是那份记录。`Placeholder` 代表一个输入。每个运算都有名字和类型，并把其他运算的输出当作自己的输入。

# %%
recording = double.get_concrete_function(tf.TensorSpec((None,), tf.float32)).graph
for operation in recording.get_operations():
    print(f"{operation.name:9}{operation.type:12}", [x.op.name for x in operation.inputs])

# %% [markdown]
# **练习 3。** 每遇到一个新的批大小（batch size），这个函数就要重新跟踪一遍。图片是 8 乘 8 像素，有三个颜色通道（channel），类型是 float32。请让它只跟踪一次，就能用于所有的批大小。


# %% tags=["exercise"]
@tf.function
def total(images):
    return tf.reduce_sum(images)


pk.check.chapter09.exercise_3(total)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 3), tf.float32)])
# def total(images):
#     return tf.reduce_sum(images)
#
#
# pk.check.chapter09.exercise_3(total)
# ```
#
# </details>

# %% [markdown]
# 跟踪有什么好处？我们分别用不跟踪和跟踪的办法，调用整个网络，看看十个批次、每批十张各要多少秒。

# %% tags=["nbval-ignore-output"]
import time

traced = tf.function(model)
x = tf.zeros((10, size, size, 3))
for name, function in (("原样", model), ("跟踪后", traced)):
    function(x)  # 先调用一次，免得把跟踪也计时
    start = time.perf_counter()
    for _ in range(10):
        function(x)
    print(f"{name}: {time.perf_counter() - start:.2f} s")

# %% [markdown]
# 不管用哪种办法，卷积（convolution）花的时间都一样。跟踪省下的，是花在 Python 上的时间；图片越小，省下的这点时间就越要紧。

# %% [markdown]
# ## 名字和名称作用域
#
# 网络的计算图有几百个运算。要是每个运算都画一个方框，谁也看不懂。原文把每一层都放进一个*名称作用域*（name scope）：这一层的运算，名字都以层名加一个斜杠开头。前缀相同的东西，TensorBoard 就画成一个方框。原文说，这极其有用。我们来数一数。

# %%
scopes = visualize.graph_scopes(graph)
operations = graph.get_operations()
print(len(scopes), "个作用域：", *scopes)

# %% tags=["nbval-ignore-output"]
print(f"{len(operations)} 个运算，分在 {len(scopes)} 个方框里")

# %% [markdown]
# 各层出现的次序，就是数据流过它们的次序。Keras 自己不会给 TensorBoard 写这样的计算图：它的回调（callback）略去了这一步。而如果把一个 Keras 模型整个拿来跟踪，所有的运算都会归到模型的名字下面。所以，`scoped_graph` 一层一层地调用，每一层都放在用自己的名字命名的作用域里。作为比较，下面是把模型整个拿来跟踪的结果：

# %% tags=["nbval-ignore-output"]
from collections import Counter

whole = traced.get_concrete_function(tf.TensorSpec((None, size, size, 3), tf.float32)).graph
print(Counter(operation.name.split("/")[0] for operation in whole.get_operations()))

# %% [markdown]
# ## 方框里面
#
# 在 TensorBoard 里，双击就能打开一个方框。下面是第一个卷积的方框里的东西：它的卷积核和偏置（bias），也就是那两个占位符，还有三个运算，第 05 章把它们都写了出来。

# %%
inside = [operation for operation in operations if operation.name.startswith("conv1_1/")]
print(*[operation.type for operation in inside], sep=", ")

# %% [markdown]
# 再看一个随机失活（dropout）层，下面是它的方框里的几个运算。它为每个值取一个随机数，和失活率比一比；这个随机数不小于失活率，值就留下：

# %%
inside = [operation for operation in operations if operation.name.startswith("drop3/")]
kinds = {operation.type for operation in inside}
print(sorted(kinds & {"StatelessRandomUniformV2", "GreaterEqual", "SelectV2"}))

# %% [markdown]
# **练习 2。** 写一个函数，列出一个顶层作用域里各个运算的类型，次序和它们在计算图里出现的次序一样。


# %% tags=["exercise"]
def kinds_in(graph, scope):
    return [operation.type for operation in graph.get_operations()]


pk.check.chapter09.exercise_2(kinds_in)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def kinds_in(graph, scope):
#     operations = graph.get_operations()
#     return [op.type for op in operations if op.name.startswith(scope + "/")]
#
#
# pk.check.chapter09.exercise_2(kinds_in)
# ```
#
# </details>

# %% [markdown]
# 每个方框里有多少个运算？

# %% tags=["nbval-ignore-output"]
held = Counter(operation.name.split("/")[0] for operation in operations)
figure, axes = plt.subplots(figsize=(8, 3))
axes.bar(scopes, [held[scope] for scope in scopes])
axes.set(ylabel="运算个数")
axes.tick_params(axis="x", rotation=60)
plt.close(figure)
visualize.describe(figure, "每个作用域一根柱子：train 里的运算远远多于其他。")

# %% [markdown]
# `train` 里的运算比别处多得多：有梯度，它们没有一个需要人手写；还有 Adam 更新，每个权重数组一个。

# %%
steps = [operation.name for operation in operations if operation.type == "ResourceApplyAdam"]
print(len(steps), "个更新，对应", len(model.trainable_weights), "个权重数组。第一个：", steps[0])

# %% [markdown]
# ## 在 TensorBoard 里
#
# `pk.train` 在每次运行开始的时候，把这张计算图写一次。想自己写，调用一次就行：

# %%
folder = str(pk.course.scratch())
with tf.summary.create_file_writer(folder).as_default():
    tf.summary.graph(graph)

# %% [markdown]
# 再把它读回来。少了多少个运算？

# %%
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.graph_pb2 import GraphDef

events = EventAccumulator(folder).Reload()
read = GraphDef.FromString(events.Graph().SerializeToString())
print(len({operation.name for operation in operations} - {node.name for node in read.node}))

# %% [markdown]
# 想看它，就运行 `tensorboard --logdir RUN`，把 RUN 换成运行文件夹，打开 *Graphs* 标签页，在 *Run* 里选名字以 `train` 结尾的那一个。双击一个方框就能打开它，再双击就合上。单击它，右上角会显示它的输入和输出。打开 *Trace inputs*，就只有选中的方框所依赖的那些方框还有颜色。拿 `accuracy` 试一试，`train` 会变成灰色。如果网页说没有计算图，那是你选了测试的文件夹。怎样从另一台机器打开 TensorBoard，第 07 章有说明。

# %% [markdown]
# **改一改，看一看。** 在第一个单元格里，给网络换一个配方：把 `pk.MODERN` 换成 `pk.ARTICLE`。它的 dropout 不是 0。通向 `train` 的箭头里，哪一个是新的？
#
# ## 三句话小结
#
# - `tf.function` 让 Python 走一遍，记录下所有运算，以后运行的就是这份记录。
# - 名称作用域把一层的运算变成一个方框。
# - 训练在往回走的路上，还要用到每一层的输入和卷积核，所以要占内存。

# %% [markdown]
# ## 延伸阅读
#
# - M. Abadi 等，"TensorFlow: A System for Large-Scale Machine Learning", OSDI 2016，第 3 节和第 4 节：为什么要用计算图。
# - K. Wongsuphasawat 等，"Visualizing Dataflow Graphs of Deep Learning Models in
#   TensorFlow", IEEE Transactions on Visualization and Computer Graphics 24 (2018)，1-12：作用域怎样变成方框。
# - A. Agrawal 等，"TensorFlow Eager: A Multi-Stage, Python-Embedded DSL for Machine
#   Learning", SysML 2019：跟踪是怎么回事，由写出 `tf.function` 的人来讲。
#
# 下一章：[10 · 过拟合与 dropout](10_overfitting_and_dropout.ipynb)。
