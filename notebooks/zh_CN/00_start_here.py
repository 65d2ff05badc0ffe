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
# # 00 · 从这里开始
#
# 接下来的一分钟里，你自己的电脑会学会区分两个品种的狗，还会让你看到它是怎么做到的。（本课程里说的*原文*，是指 2017 年的文章“Visualizing Convolutional Neural Networks”，课程就是跟着它走的。）
#
# **学完本章，你能**
#
# - 训练一个网络，并看懂它的曲线；
# - 说出网络读进去的是什么、一路上变成了什么、最后给出的又是什么；
# - 动一动网络的任何一个部分，看它的答案怎么变。
#
# *双核约一分钟 · 一页看完整门课程*
#
# 运行下面的单元格：点进去，按住 Shift，再按 Enter。它会训练一个网络，需要等一会儿，然后让你看到网络怎样处理一张图片。代码现在还不用看懂。

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
data, run_dir = pk.course.load(), pk.course.scratch()
recipe = dataclasses.replace(pk.MODERN, epochs=8, film_every=10)
model = pk.pet_net(image_size=data.mean.shape[0], recipe=recipe, seed=0)
history = pk.train(model, data, recipe, run_dir, verbose=False)
image = data.test.images[0]
x = pk.preprocess(image[None], data.mean, recipe)
visualize.plot_answer(model, x, image, data.class_names)

# %% [markdown]
# 左边是送进去的图片。网络把它变成**特征图**（feature map）。特征图也是图片：网络在哪里找到了自己要找的东西，哪里就亮。右边是答案：每个品种一个概率。紧挨在答案前面，你能看到这个答案来自图片的哪些部分。
#
# 这门课程会把这一行拆开，一块一块地讲。下面是各个部分和它们的名字。现在还不用记住：`conv` 代表卷积（convolution），`fc` 代表全连接（fully connected）。每一章都会标出它讲的是哪些部分。

# %%
pk.course.where("picture", "probabilities")

# %% [markdown]
# ## 进去的是什么
#
# 网络学习用的图片，这里挑了几张。它们是 petkeras **画**出来的，所以什么都不用下载；第 01 章会讲怎么换成真实照片。（没错，有些萨摩耶犬是粉色的。每张画里的光线都不一样，网络得学会应付。）*你*自己是怎么区分这两个品种的？

# %% tags=["nbval-ignore-output"]
shown = range(0, len(data.train), len(data.train) // 11)
names = [data.class_names[data.train.labels[number].argmax()] for number in shown]
visualize.plot_pictures(data.train.images[list(shown)], names)

# %% [markdown]
# **练习 1。** 对电脑来说，一张图片就是一张数字表。我们的图片高 64 像素，宽 64 像素，每个像素有三个数：红色一个，绿色一个，蓝色一个。网络看一张图片，要读多少个数？

# %% tags=["exercise"]
numbers = None
pk.check.chapter00.exercise_1(numbers)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# numbers = 64 * 64 * 3
# pk.check.chapter00.exercise_1(numbers)
# ```
#
# </details>

# %% [markdown]
# ## 途中变成什么
#
# 这就是整个网络，按比例画出来。每一摞是一层，一张张薄片是它的特征图（每八张画一张）。下面写着它的大小：高 x 宽 x 特征图的张数。从左到右，特征图越来越小，张数越来越多。接着，一根由 512 个数组成的长条把它们汇总起来；最后一根长条里，每个品种有一个数。

# %% tags=["nbval-ignore-output"]
visualize.plot_architecture(model, x, image)

# %% [markdown]
# ## 它是怎么学会的
#
# 一开始，网络只能猜。它有几百万个可以学习的数，叫做[权重](../../docs/glossary.md#weight)（weight）。在每一*步*（step）里，网络看十张图片，*损失*（loss）说出它的答案错得有多厉害。然后每个权重都挪动一点点，好让这些答案错得少一些。全部 340 张图片，它看了八遍。
#
# 看看准确率（accuracy）那张图。准确率就是答对的比例。圆点是在 60 张**测试图片**上的准确率。网络从来没有用这些图片学习过，所以它们能告诉你：网络是真的懂了一些东西，还是只把学过的图片死记硬背下来了。（浅色的线是每一步那十张图片的准确率，虚线把它变得平滑。）

# %% tags=["nbval-ignore-output"]
visualize.plot_curves(run_dir)

# %% tags=["nbval-ignore-output"]
print(f"测试图片认对了 {history.epochs[-1].test_accuracy:.0%}")

# %% [markdown]
# **练习 2。** 当心偷懒的网络。假设 60 张测试图片里，有 45 张是萨摩耶犬，另外 15 张是柴犬。一个什么都没学到的网络，可能看都不看，对每张图片都说 "samoyed"。它的准确率是多少？请写成 0 到 1 之间的数。

# %% tags=["exercise"]
accuracy = None
pk.check.chapter00.exercise_2(accuracy)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# accuracy = 45 / 60
# pk.check.chapter00.exercise_2(accuracy)
# ```
#
# </details>

# %% [markdown]
# ## 它学会了看什么
#
# 每张特征图都由一个[滤波器](../../docs/glossary.md#filter)（filter）生成。滤波器是一小组权重（第 04 章会讲它怎样工作）。下面是第二层 `conv1_2` 里八个滤波器的特征图，在它们学习的时候拍成了影片。没有人告诉它们要找什么。哪些一直是老样子，哪些变暗了？

# %% tags=["nbval-ignore-output"]
visualize.animate_evolution(run_dir, "conv1_2")

# %% [markdown]
# ## 动手试试
#
# 到现在为止，你只是在看。在**探索器**（explorer）里，你可以亲手碰一碰网络。它把图片、所有的层和答案排成一行；你在下面选择要做什么。
#
# 试试看：选择“灰色方块”，让它在动物身上滑动，观察两个概率。盖住哪个部分，答案不变？哪个部分决定了答案？（运行这个单元格之前，你看到的只是探索器的一张图片。）

# %%
pk.explore(run_dir, data=data, tab="change")

# %% [markdown]
# ## 它在看哪里
#
# 你刚才亲手做的事，[遮挡](../../docs/glossary.md#occlusion)（occlusion）会在整张图片上到处做一遍。它盖住一处，再盖住下一处，每次都测量答案的概率下降了多少。[Grad-CAM](../../docs/glossary.md#grad-cam) 用 `conv2_2` 的特征图，得到类似的图。亮的地方就是起作用的地方。网络看的是动物吗？

# %% tags=["nbval-ignore-output"]
some = [0, len(data.test) - 1]
pictures = data.test.images[some]
x = pk.preprocess(pictures, data.mean, recipe)
maps = {
    "Grad-CAM": visualize.grad_cam(model, x, "conv2_2"),
    "occlusion": visualize.occlusion(model, x, window=16, stride=8),
}
visualize.plot_attribution(pictures, maps)

# %% [markdown]
# **想一想。** 如果网络答对了，理由却是错的，你怎样才能发现？
#
# <details><summary>参考回答</summary>
#
# 那个理由一旦不在，它就会答错。让同样的动物站到别的背景前面，再测试它，或者把背景盖住。
#
# 那么，它看的是动物吗？我们用五个网络和边长 224 像素的照片测量过。平均来说，动物占图片的 29%，而 Grad-CAM 点亮的部分有 38% 落在动物身上。换成一张随机数的图，会有 29% 落在动物身上。所以答案是：只有一部分是。
#
# </details>

# %% [markdown]
# ## 试试你自己的照片
#
# 把一张照片放进这个笔记本所在的文件夹，把 `None` 换成它的文件名，比如 `"me.jpg"`，再运行一次这个单元格。对着一只猫，或者对着你，网络会怎么说？（在探索器里，按钮“你自己的图片 …”的作用一样。）

# %% tags=["nbval-ignore-output"]
file = None
run = pk.Run(run_dir)
image = run.read([file])[0] if file else data.test.images[-1]
visualize.plot_answer(run.model, run.preprocess(image[None]), image, run.class_names)

# %% [markdown]
# **想一想。** 它只认识两个品种，别的都不认识。对一张猫的照片，它能说什么？口气会有多肯定？
#
# <details><summary>参考回答</summary>
#
# 它只能把 100% 分给它的两个品种，而且常常几乎全都给其中一个。概率高，意思是“更像这个品种，不太像那个”，并不是“这是一只狗”。
#
# </details>
#
# **改一改，看一看。** 在第一个单元格里把 `epochs=8` 改成 `epochs=1`，再运行一遍所有单元格（*Run > Run All Cells*）。现在曲线是什么样子？对你那张图片的答案又有什么变化？

# %% [markdown]
# **练习 3。** 最后一层给每个品种算出一个数，然后这些数才变成概率。在那之前，它们叫做 [logit](../../docs/glossary.md#logits)（未归一化得分），哪个品种的 logit 最大，哪个品种就是答案。写一个函数，它接收形状为 `(pictures, classes)` 的 logit：每张图片一行，每个品种一列。对每一行，它返回 logit 最大的那一列的编号。（NumPy 的 `argmax` 能帮上忙。）


# %% tags=["exercise"]
def answers(logits):
    """返回每一行里最大的数的下标。"""


pk.check.chapter00.exercise_3(answers)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# def answers(logits):
#     """返回每一行里最大的数的下标。"""
#     return logits.argmax(axis=1)
#
#
# pk.check.chapter00.exercise_3(answers)
# ```
#
# </details>

# %% [markdown]
# ## 三句话小结
#
# - 图片以数的形式进去，变成特征图，出来时是每个品种的概率。
# - 训练把网络的每个权重挪动一点点，一次又一次，直到它错得少一些。
# - 真正算数的，是在它从没学过的图片上的准确率。
#
# ## 你的电脑上一切都能运行吗？
#
# 每一行说明在你的电脑上查到了什么；如果有问题，还会告诉你该怎么办。在终端里运行 `petkeras doctor`，打印出来的内容一样。

# %% tags=["nbval-ignore-output"]
from petkeras.hardware.doctor import examine, line
from petkeras.hardware.probe import look

for fact in examine(look()):
    if fact.topic != "data":
        print(line(fact))

# %% [markdown]
# ## 接下来去哪里
#
# 各章跟着原文走，一次讲一个部分。遇到不认识的词，就到[术语表](../../docs/glossary.md#accuracy)里查一查。
#
# 如果你有一个小时，就读这几章：[04 · 手算卷积与池化](04_convolution_and_pooling.ipynb)、[08 · 训练](08_training.ipynb)和 [11 · 滤波器的演变](11_filters_evolve.ipynb)。
#
# ## 延伸阅读
#
# - J. Francis, "Visualizing Convolutional Neural Networks" (2017)：原文，也就是这门课程跟着走的那篇文章。
# - F. Chollet, "Deep Learning with Python"（第 2 版，2021），第 8 章和第 9 章。
#
# 下一章：[01 · 认识图片](01_the_pictures.ipynb)
