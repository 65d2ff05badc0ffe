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
# # 08 · 训练
#
# 训练听上去神秘，其实只是一个几行代码的循环。这一章里，你会把其中一步拆开来看，自己写出这个循环，再确认它做的事和 `pk.train` 完全一样。
#
# **学完本章，你能**
#
# - 写出一个训练步：前向计算、损失、梯度、更新；
# - 看懂一次运行的曲线，分清网络是真学会了，还是在死记硬背；
# - 说出一个答案来自网络的哪些单元。
#
# *双核约一分钟 · 对应原文“Training”一节*
#
# 网络要学的就是这些图片。它们是**画出来的**，除非你在第 01 章选了照片。先别交给网络，自己看一看：换成*你*，会凭什么来认？颜色、轮廓，还是脸？

# %% tags=["nbval-ignore-output"]
import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
data = pk.course.load()
size = data.mean.shape[0]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# 这一章从答案往回走，走到权重（weight）。*损失*（loss）告诉我们答案错得多厉害，*梯度*（gradient）告诉我们每个权重该往哪边挪，再由*优化器*（optimizer）去挪。

# %%
pk.course.where("probabilities", "loss", "gradients", "optimizer")

# %% [markdown]
# ## 走一步
#
# 一个[批次](../../docs/glossary.md#batch)（batch）是十张图片和它们的标签。每张图片都已经减去了全部训练图片的均值。标签用[独热](../../docs/glossary.md#one-hot)（one-hot）表示：一行 0，只在这个品种的位置上有一个 1。配方（recipe）是我们的设置清单，它要求训练二十轮（epoch），一轮就是把所有图片过一遍；这里八轮就够了。

# %%
import dataclasses

recipe = dataclasses.replace(pk.MODERN, epochs=8)

# %% [markdown]
# 一个批次里有什么，只取决于配方、随机种子（seed）和第几步。

# %%
from petkeras.data.pipeline import steps_per_epoch, training_batches
from petkeras.schedules import learning_rate_schedule

batches = training_batches(data.train, data.mean, recipe, seed=0)
images, labels = next(iter(batches))
print(images.shape, labels.shape)

# %% [markdown]
# 网络把十张图片变成十行，每行两个数，这就是 [logit](../../docs/glossary.md#logits)（未归一化得分）。两个数里哪个大，它就答哪个。它还什么都没学过，所以别指望它比抛硬币强。

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
logits = model(images, training=False)
print(logits.shape)
print(f"{model.count_params():,} 个权重")

# %% [markdown]
# **想一想。** 图片边长是 224 像素时，同一个网络有 102,827,554 个权重。哪一层会随着图片一起变大？
#
# <details><summary>参考回答</summary>
#
# `fc1`。它要接收 `pool2` 每张特征图（feature map）上的每一个数，而图片越大，特征图也越大。卷积（convolution）不同：它在图片各处用的都是同一个卷积核（kernel）。
#
# </details>

# %% [markdown]
# **练习 1。** 一[轮](../../docs/glossary.md#epoch)就是把全部训练图片过一遍，每轮的顺序都是新的。每张图片正好出现一次，最后一个批次可能小一些。有 340 张图片，批大小是 16，一轮有多少步？

# %% tags=["exercise"]
steps = None
pk.check.chapter08.exercise_1(steps)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# steps = -(-340 // 16)  # 21 个满批次，外加一个 4 张的
# pk.check.chapter08.exercise_1(steps)
# ```
#
# </details>

# %% [markdown]
# ## 错得多厉害？
#
# *损失*是一个数，它告诉我们这十个答案错得多厉害。它是 $-\log p$ 的均值，这里的 $p$ 是网络给正确品种的概率。毫无头绪的网络会给出 $p = 1/2$，而 $\log 2 \approx 0.69$。我们的网络还什么都没学过。它的损失是多少？

# %%
import math

import tensorflow as tf

loss = tf.reduce_mean(pk.losses.softmax_cross_entropy(labels, logits))
print(f"毫无头绪：{math.log(2):.2f}，这个网络：{loss:.2f}")

# %% [markdown]
# **练习 2。** 毫无头绪的网络会把概率平均分给各个品种。如果要在 Oxford-IIIT Pet 数据集的全部 37 个品种里选，它的损失是多少？（`math.log` 是自然对数。）

# %% tags=["exercise"]
loss = None
pk.check.chapter08.exercise_2(loss)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# loss = -math.log(1 / 37)
# pk.check.chapter08.exercise_2(loss)
# ```
#
# </details>

# %% [markdown]
# ## 完整的一步
#
# 现在来看这一步本身。`GradientTape`（梯度带）把各个运算记录下来。之后它就能为每个权重算出：如果这个权重变了，损失会怎么变。然后优化器 Adam 把每个权重朝着降低损失的方向挪一点点。训练就是这么一回事，`pk.train` 运行的也正是这段代码。

# %%
import inspect

source = inspect.getsource(pk.train_step)
print(source[source.index("    with tf.GradientTape") :])

# %% [markdown]
# **练习 3。** 自己写出这一步。检查程序会给它一个小网络和一个批次，再把所有权重和 `pk.train_step` 得到的权重作比较。


# %% tags=["exercise"]
def my_step(model, optimizer, images, labels):
    """用一个批次训练网络，返回损失。"""


pk.check.chapter08.exercise_3(my_step)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def my_step(model, optimizer, images, labels):
#     """用一个批次训练网络，返回损失。"""
#     with tf.GradientTape() as tape:
#         logits = model(images, training=True)
#         loss = tf.reduce_mean(pk.losses.softmax_cross_entropy(labels, logits))
#     gradients = tape.gradient(loss, model.trainable_variables)
#     optimizer.apply(gradients, model.trainable_variables)
#     return loss
#
#
# pk.check.chapter08.exercise_3(my_step)
# ```
#
# </details>

# %% [markdown]
# 现在，在同一个批次上走二十步。你猜损失会变成什么样？

# %% tags=["nbval-ignore-output"]
adam = pk.optimizers.Adam(learning_rate=1e-3)
losses = [float(pk.train_step(model, adam, images, labels)[0]) for _ in range(20)]
print(f"从 {losses[0]:.2f} 到 {losses[-1]:.2f}")

# %% [markdown]
# **想一想。** 它是学会了这两个品种长什么样，还是只记住了这几张图片？你有什么办法弄清楚？
#
# <details><summary>参考回答</summary>
#
# 拿它没见过的图片去问它。能学的图片只有十张，它多半只是记住了这十张。
#
# </details>

# %% [markdown]
# ## 循环
#
# 循环，就是在这一步外面再套一行。我们从一个新网络开始，先走二十步。

# %%
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
total = steps_per_epoch(data.train, recipe) * recipe.epochs
adam = pk.optimizers.Adam(learning_rate_schedule(recipe, total_steps=total))

by_hand = []
for images, labels in batches.take(20):
    loss, accuracy, gradients = pk.train_step(model, adam, images, labels)
    by_hand.append(float(loss))

# %% [markdown]
# `pk.train` 走的是同样的步，只是用 `tf.function` 编译过，跑得更快（见第 09 章）。它的循环是 `petkeras/training.py` 里的 `Loop.run`，一屏就能放下：它一步步训练，每轮结束后用测试图片评估网络。其他事情都交给 Keras 的回调（callback），循环一路走，一路调用它们。它们负责显示进度、写 TensorBoard 记录、把滤波器（filter）拍成影片、保存检查点（checkpoint）和训练历史，出了问题就让运行停下来。你还可以加上自己的回调：`pk.train(..., callbacks=[...])`。
#
# 请盯住两列：训练时的准确率（accuracy）和测试准确率（test accuracy）。它们是一起上升的吗？

# %% tags=["nbval-ignore-output"]
run_dir = pk.course.scratch()
model = pk.pet_net(image_size=size, recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, seed=0)

# %% [markdown]
# 如果两个循环真的一样，那么最初几步的损失也应该一致，只是编译后的代码舍入时可能略有不同。下面先是我们的循环的损失，再是 `pk.train` 的损失。

# %% tags=["nbval-ignore-output"]
for losses in (by_hand, history.step_losses):
    print(*[f"{loss:.2f}" for loss in losses[:8]], "...")

# %% [markdown]
# ## 结果怎么样？
#
# 浅色的线是单个批次的结果，虚线是把它平滑之后的样子。圆点是每轮结束后在整个测试集上的结果。训练曲线是开着随机失活（dropout，见第 05 章）、在做过数据增强（augmentation）的图片（镜像、平移、旋转）上测的；测试曲线两样都没有。所以，网络在测试时可能比训练时*更好*。

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% [markdown]
# 抛硬币大约能猜对一半。网络比它强多少？

# %% tags=["nbval-ignore-output"]
print(f"测试图片答对了 {history.epochs[-1].test_accuracy:.0%}")

# %% [markdown]
# ## 答案从哪里来
#
# 一个品种的得分，是 `fc1` 的 512 个单元加起来的和：每个单元找到了多少，乘以它对这个品种的权重。在探索器（explorer）里选一张图片，看看哪几根长条最长：哪些单元支持它的品种，哪些反对？然后选一个单元，看它盯着图片的哪个部分。（运行这个单元格之前，你看到的只是探索器的一张图片。）

# %%
pk.explore(run_dir, data=data, layer="softmax", tab="answer")

# %% [markdown]
# **想一想。** 选一张网络答错的图片。是少数几个单元说了算，还是许多单元各加了一点点？

# %% [markdown]
# ## 试试你自己的照片
#
# 把照片放进这个笔记本所在的文件夹，把文件名写进方括号里，比如 `["rex.jpg"]`，再运行一次这个单元格。

# %%
run = pk.Run(run_dir)
photographs = []
for file, probabilities in zip(photographs, run.predict(photographs), strict=True):
    print(file, *[f"{n} {p:.0%}" for n, p in zip(run.class_names, probabilities, strict=True)])

# %% [markdown]
# ## 保存了什么
#
# 所有东西都在运行文件夹（run folder）里。有了配方和随机种子，你就能重做这次运行。曲线存成了表格，训练好的网络在这里，TensorBoard 要读的文件也在这里。（把文件夹的名字传给 `tensorboard --logdir`。）还有一个文件 `lock`，下面没有列出：训练正在进行时，它不让另一次训练插进来。

# %%
names = sorted(path.name for path in run_dir.iterdir())
print(*[name for name in names if name != "lock"], sep="\n")

# %% [markdown]
# 保存下来的网络，算出的数和训练好的网络一模一样。下面是两者 logit 之间的最大差别：

# %%
difference = run.model(images) - model(images)
print(float(tf.reduce_max(tf.abs(difference))))

# %% [markdown]
# **想一想。** 要想明天接着训练，你需要其中哪些文件？要认出另一张照片里的品种，又需要哪些？
#
# <details><summary>参考回答</summary>
#
# 接着训练：需要 `checkpoints`，里面有权重、Adam 的移动平均和步数；还需要 `config.json`，里面有配方和随机种子。认照片：需要 `model.keras`、`mean.npy` 里的均值图像（mean image），还有 `config.json`，里面有品种的名字。
#
# </details>

# %% [markdown]
# **改一改，看一看。** 把配方的学习率（learning rate）改成 0.1：`dataclasses.replace(pk.MODERN, epochs=8, learning_rate=0.1)`，再把所有单元格运行一遍。步子太大时，曲线是什么样子？改成 0.00001 呢？
#
# ## 三句话小结
#
# - 一步就是：前向计算，算损失，用梯度带算梯度，再把每个权重挪一点点。
# - 训练就是重复这一步；网络是不是学到了这些图片以外的东西，要看测试图片。
# - 答案是一个和：你能看到哪些单元支持它。

# %% [markdown]
# ## 延伸阅读
#
# - L. Bottou, F. E. Curtis, J. Nocedal, "Optimization Methods for Large-Scale Machine Learning"
#   (2018)，第 1 到 3 节：为什么随机的小批次就够了。
# - A. Karpathy, "A Recipe for Training Neural Networks"
#   (2019)：训练之前、训练当中和训练之后，该看些什么。
#
# 下一章：[09 · 计算图](09_the_graph.ipynb)。走短路线的话：[11 · 滤波器的演变](11_filters_evolve.ipynb)。
