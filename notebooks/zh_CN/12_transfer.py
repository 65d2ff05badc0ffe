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
# # 12 · 迁移学习
#
# 假设每个品种你只有十张图片，再也没有了。这一章里，你把另一个网络学到的东西借过来，用几秒钟教会它认你的品种，再弄清结果里有多少是借来的。
#
# **学完本章，你能**
#
# - 把训练好的网络的最后一层切掉，换上一个新的来训练；
# - 说清什么是特征，以及冻结的网络为什么只需把特征算一次；
# - 用两个必不可少的比较，弄清预训练（pretraining）究竟值多少。
#
# *双核约一分半钟 · 对应原文“Conclusion”一节*
#
# 我们要用来学习的图片全在这里了，其余的都留作测试。每个品种看过十张以后，*你*能分清它们吗？

# %% tags=["nbval-ignore-output"]
import dataclasses

import petkeras as pk
from petkeras import visualize

pk.language.use("zh")
chosen = pk.course.settings()
four = "Bengal, Siamese, samoyed, shiba_inu"  # 你自己的文件夹有自己的品种
breeds = chosen.breeds or (four if chosen.source in ("sample", "oxford") else None)
few = pk.load_pets(breeds, chosen.source, chosen.image_size, test_fraction=0.95)
names = [few.class_names[label] for label in few.train.labels.argmax(axis=1)]
print(len(few.train), "张图片用来学习，", len(few.test), "张用来测试")
visualize.plot_pictures(few.train.images, names, columns=10)

# %% [markdown]
# ## 三种起点
#
# - **借来的**：petkeras 自带一个小网络 `drawn_pets`，它学会了分辨一百个*别的*品种。`pk.transfer` 给它换上新的最后一层，并且只训练这一层。
# - **随机的**：其他都一样，只是把网络学到的东西换成随机权重（weight）。新的最后一层只能将就着用。我们让它多训练几轮，学习率也更高，这样更适合它。
# - **从零开始**：用原文的网络，和第 08 章一样。它的权重一开始全是随机的，全都要从我们的图片里学；这些图片每次都会换个样：镜像、平移、改变明暗。这种起点花的时间最长。

# %% tags=["nbval-ignore-output"]
import keras

run_dir = pk.course.scratch()
recipe = dataclasses.replace(pk.TRANSFER, epochs=50, learning_rate=1e-2)
borrowed = pk.transfer("drawn_pets", few, recipe, run_dir, verbose=False)
keras.utils.set_random_seed(0)  # 决定那些随机权重
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
# 三种里面，哪一种在测试图片上最好？好多少？先拿定主意，再运行这个单元格。

# %% tags=["nbval-ignore-output"]
import matplotlib.pyplot as plt

ends = [borrowed.epochs[-1].test_accuracy, random.epochs[-1].test_accuracy, nothing]
plt.style.use(visualize.style.STYLE)  # petkeras 自己的图用的样式
figure, axes = plt.subplots(figsize=(8, 2.8))
axes.bar_label(axes.bar(["借来的", "随机的", "从零开始"], ends, width=0.5), fmt="%.2f")
axes.axhline(1 / len(few.class_names), color="gray", linestyle=":", label="瞎猜")
axes.set(title="测试图片上的准确率", ylim=(0, 1.15))
axes.legend(loc="upper right")
plt.close(figure)
numbers = ", ".join(f"{end:.2f}" for end in ends)
visualize.describe(figure, f"测试准确率的柱形图：{numbers}。")

# %% [markdown]
# 在画出来的宠物上，借来的卷积（convolution）十次里大约对九次。另外两种大约只对一半，甚至更少。（如果你选的是照片，你的柱形图会不一样。为什么会这样，后面会讲。）
#
# 那么，从零开始的网络难道什么也没学到吗？看看它在自己训练时用过的图片上答对多少：

# %% tags=["nbval-ignore-output"]
print(f"{known:.2f}")

# %% [markdown]
# 这些图片它全都背下来了，此外几乎什么也不会：图片这么少，很快就被死记硬背下来，和第 10 章里一样。
#
# 现在把三种里最好的那个拆开来看。图里标出的卷积都是借来的，一直保持原样。训练过的只有最后一层 `softmax`。

# %%
pk.course.where("conv1_1", "conv1_2", "conv2_1", "conv2_2", "softmax")

# %% [markdown]
# ## 它以前学过什么
#
# 那一百个品种是画图程序编出来的：毛色、脑袋、耳朵和斑点，都靠掷骰子决定。下面是其中二十个品种的图片，最后一行则是我们用来学习的图片中的十张。它们有什么共同点？网络能从前两行学到什么，来帮它认第三行？

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
# 它会不会早就见过我们的品种，只是换了一身打扮？不会：只要骰子掷出来的结果太像四个画出来的品种中的哪一个，就重掷。一百种毛色里，最接近的那一种离它们还有多远？一种颜色是三个 0 到 255 之间的数；这里算的是两种颜色之间的距离。

# %%
from petkeras.data.drawn.invented import coat_distance, invent_breed

rng = np.random.default_rng(0)
coats = [invent_breed(f"drawn-{number:03d}")(rng).back for number in range(100)]
print(round(min(coat_distance(coat) for coat in coats)))

# %% [markdown]
# ## 冻结
#
# `drawn_pets` 的最后一层是 `softmax`，它给那一百个编出来的品种各给一个答案。这对我们没有用，但它前面的一切都可能有用。所以换掉最后一层，其他层都*冻结*（frozen）：训练时不动它们的权重。
#
# **练习 1。** 在 Keras 里，每一层都有一个属性 `trainable`。这是原文的网络。改一改这个循环，让它只有最后一层还能学习。

# %% tags=["exercise"]
model = pk.pet_net(image_size=16)
for layer in model.layers:
    layer.trainable = True
pk.check.chapter12.exercise_1(model)

# %% [markdown]
# <details><summary>答案</summary>
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
# `drawn_pets` 在最后一层之前有四个卷积层，和原文的网络一样；接着对最后的 128 张特征图（feature map）各取均值。它没有 `fc1`。新的最后一层有多少个权重？整个网络又有多少个？运行单元格之前，先把第一个数算出来：128 个数和每个品种之间各有一个权重，每个品种还有一个偏置（bias）。

# %%
whole = pk.Run(run_dir).model
print(f"{whole.count_params():,} 个权重中的 {whole.get_layer('softmax').count_params():,} 个")

# %% [markdown]
# ## 切开
#
# 去掉最后一层的网络，叫做[主干网络](../../docs/glossary.md#backbone)（backbone）。不管什么图片，它都能变成一行数，也就是这张图片的[特征](../../docs/glossary.md#feature)（features）；品种的事它一概不知。只要它还冻结着，一张图片的特征就永远不变。所以 `pk.transfer` 只把特征算**一次**，然后拿特征而不是图片来训练最后一层：哪一步都不用再做卷积。

# %%
from petkeras.runs.transfer import open_backbone

backbone = open_backbone("drawn_pets", few)
features = backbone.features(few.train.images)
print(features.shape)

# %% [markdown]
# 特征就在下面。每一行是我们的一张图片，白线把各个品种隔开。每一列是 128 个特征中的一个；各列按它在哪个品种上最大来排序。新的一层要学的，只是哪些列支持哪个品种。

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
axes.set(title="用来学习的图片的特征", xlabel="特征")
axes.grid(visible=False)
figure.colorbar(heat, label="离均值几个标准差")
plt.close(figure)
visualize.describe(figure, "每张图片一行，共 128 个特征；每个品种都有一些明亮的列。")

# %% [markdown]
# **想一想。** 哪几行和同品种的其他行明显不同？怎样才能看到它们是哪些图片？
#
# <details><summary>参考回答</summary>
#
# 行号就是图片在 `few.train.images` 里的编号，所以 `visualize.plot_pictures(few.train.images[[5, 6]])` 显示的就是第 5 行和第 6 行的图片。在画出来的孟加拉猫里，这两张在孟加拉猫的那些列上几乎没有明亮的特征：图里的猫又小又暗，斑点几乎看不见。
#
# </details>

# %% [markdown]
# **练习 2。** 自己动手切掉最后一层。让 `cut` 在最后一层开始的地方结束，也就是以 `softmax` 的输入作为终点。（`model.get_layer(name).output` 是一层的输出。）

# %% tags=["exercise"]
model = pk.pet_net(image_size=16, seed=0)
cut = keras.Model(model.input, model.output)
pk.check.chapter12.exercise_2(model, cut)

# %% [markdown]
# <details><summary>答案</summary>
#
# ```python
# model = pk.pet_net(image_size=16, seed=0)
# cut = keras.Model(model.input, model.get_layer("drop3").output)
# pk.check.chapter12.exercise_2(model, cut)
# ```
#
# </details>

# %% [markdown]
# **练习 3。** 特征好，连训练都可以省。对每张新图片，看哪个品种的*特征均值向量*离它自己的特征最近，就判给哪个品种。`features` 的形状是 `(pictures, n)`；`classes` 里每张图片对应一个从 0 开始的整数；`new` 的形状是 `(other pictures, n)`。请为 `new` 的每一行返回一个类别。


# %% tags=["exercise"]
def nearest(features, classes, new):
    return np.zeros(len(new), int)


pk.check.chapter12.exercise_3(nearest)

# %% [markdown]
# <details><summary>答案</summary>
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
# 你的函数在测试图片上答对多少？如果它给所有图片的品种都一样，那就只是瞎猜。等函数通过了检查，再运行一次这个单元格。

# %%
answers = nearest(features, classes, backbone.features(few.test.images))
print(f"{np.mean(answers == few.test.labels.argmax(axis=1)):.2f}")

# %% [markdown]
# ## 预训练值多少？
#
# 只运行一次，可能是碰运气。所以我们用四个画出来的品种、五个随机种子，把三种起点都重复了一遍。随机种子决定每个品种用哪十张图片来学习，决定随机权重，也决定图片的顺序。配方是用另外的随机种子选出来的。
#
# | 起点 | 随机种子 0 | 1 | 2 | 3 | 4 | 均值及其 95% 置信区间 |
# |---|---|---|---|---|---|---|
# | 借来的 | 0.928 | 0.930 | 0.913 | 0.937 | 0.899 | **0.921** ± 0.019 |
# | 随机的 | 0.407 | 0.471 | 0.429 | 0.433 | 0.368 | **0.422** ± 0.047 |
# | 从零开始 | 0.491 | 0.522 | 0.480 | 0.472 | 0.462 | **0.486** ± 0.029 |
#
# 借来的比随机权重高 50 个百分点（± 4），比从零开始高 44 个百分点（± 3）。
#
# 中间那一行，是人们常常忘掉的比较。随机的卷积核（kernel）对边缘和颜色也有反应（第 05 章），所以在它们上面加一个新的最后一层，也比瞎猜强。只有*高出*这一行的部分，才是从那一百个品种里学来的。
#
# ## 从图画到照片
#
# 现在换成真实的照片，再做一遍：阿比西尼亚猫和美国斗牛犬，各用十张照片学习，378 张用来测试，五个随机种子。这里瞎猜能得 0.5。
#
# | 起点 | 均值及其 95% 置信区间 |
# |---|---|
# | 借来的，来自图画 | 0.744 ± 0.028 |
# | 随机的 | 0.670 ± 0.076 |
# | 从零开始 | 0.730 ± 0.084 |
#
# 借来的比随机权重高 7.5 个百分点（± 8.4），比从零开始高 1.4 个百分点（± 10.0）。两者都可能只是运气。网络从图画里学到的东西，对别的图画有帮助；对照片有没有帮助，我们没能证明。要借，就找和你自己的图片相像的图片，这样才划算。
#
# ## 大型预训练网络
#
# GoogLeNet (Inception)、VGG16 和它们的后继者，是用 1,000 类事物的 130 万张照片学出来的，其中有一百多个犬种。去掉最后一层，没有人教过的品种它们也能分辨。把这样的网络用作你的主干网络，只要一行。这一行在这里不运行，因为 Keras 第一次用到它时要下载权重（你也可以改用 `weights=` 传入一个文件）：
#
# ```python
# photographs = pk.load_pets(image_size=160)  # 774 MiB，只下载一次
# pk.transfer("mobilenet_v2", photographs, run_dir="runs/mobilenet")
# ```
#
# 也可以在终端里运行：`petkeras train --backbone mobilenet_v2 --image-size 160`。`"vgg16"` 和 `"inception_v3"` 也可以用。我们测过一个这样的主干网络：图片边长 160 像素的 MobileNetV2，先在 ImageNet 上训练，再用另外一些狗的照片微调。测的还是那些阿比西尼亚猫和美国斗牛犬，用 338 张照片学习。五个随机种子，每一个都把 60 张测试照片全部答对，双核上只用了大约十秒。作个比较：原文用两个犬种训练网络的全部权重，训练了 400 轮，达到 0.83。
#
# 这样一个主干网络，抵得上多少张照片？第 10 章画过从零开始的网络的学习曲线（learning curve）。这里再画一次，下面加上这个主干网络的。第三条曲线属于另一个从零开始的网络，它来自 keras.io 的例子“Image classification from scratch”，训练的秒数差不多一样多。（它的批归一化用的动量是 0.9，不是 0.99，因为它走的步数很少。）三个网络都用同样的十个随机种子、同样的划分、同样的测试照片。从零开始的网络要用多少张照片，才能和主干网络只用 20 张时一样好？

# %%
counts = np.array([20, 40, 80, 160, 338])  # 用来学习的照片张数
# 新照片答错的 %：十个随机种子的均值，以及其 95% 置信区间的一半。
curves = {
    "从零开始，keras.io": [[25.8, 21.0, 16.3, 12.0, 12.5], [7.7, 5.6, 5.7, 3.2, 2.5]],
    "从零开始，MODERN": [[26.8, 18.8, 13.0, 11.8, 8.8], [7.1, 4.5, 3.4, 2.2, 1.8]],
    "MobileNetV2 上的最后一层": [[0.7, 0.3, 0.0, 0.3, 0.0], [0.8, 0.5, 0.0, 0.5, 0.0]],
}

# %%
figure, axis = plt.subplots(figsize=(8, 3))
for name, (wrong, half) in curves.items():
    axis.errorbar(counts, wrong, half, fmt="o-", capsize=3, label=name)
axis.set(xscale="log", ylim=(0, None), xlabel="用来学习的照片张数", ylabel="答错的 %")
axis.set_xticks(counts, counts)
axis.minorticks_off()
axis.legend()
plt.close(figure)
visualize.describe(figure, "从零开始，答错 27% 到 9%；用 MobileNetV2，几乎没有答错的。")

# %% [markdown]
# 这幅图里，多少张照片都不够；沿着第 10 章那条直线走下去，要几十万张。ImageNet 的 130 万张照片，再加上另外那些狗的照片，在这里就值这么多。相比之下，从零开始用哪个网络，影响小得多：有 338 张照片时，MODERN 好 3.7 个百分点（1.0 到 6.4）；照片更少时，十个随机种子分不出两者的高下。
#
# ## 它在看哪里？
#
# `pk.transfer` 保存的是整个网络，从图片一直到 [logit](../../docs/glossary.md#logits)，所以我们在其他章里做过的事，对它都行得通。这些卷积只见过编出来的品种，面对我们的测试图片，它们会看哪里？越亮的地方，对答案越重要。

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
visualize.describe(figure, "测试图片；每张下方是它的答案来自哪些地方。")

# %% [markdown]
# ## 解冻
#
# 保存下来的网络里，已经没有冻结的层了。用很低的学习率把它的所有权重都稍微训练一下，叫做[微调](../../docs/glossary.md#fine-tuning)（fine-tuning）。等图片够多了，下一步通常就是它。图片的预处理要和当初为主干网络做的一样，用主干网络自己的均值图像。

# %% tags=["nbval-ignore-output"]
slow = dataclasses.replace(run.recipe, learning_rate=1e-5, epochs=10)
tuned = pk.Run(run_dir).model  # 单独的一份副本，单元格就能再次运行
pk.train(tuned, dataclasses.replace(few, mean=run.mean, test=few.train[::10]), slow, verbose=False)
after = evaluate_pictures(tuned, few.test, run.mean, slow)[1]
print(f"测试准确率：之前 {borrowed.epochs[-1].test_accuracy:.2f}，之后 {after:.2f}")

# %% [markdown]
# **改一改，看一看。** 每个品种十张图片，太少了，改进不了那些卷积；要毁掉它们，却绰绰有余：在最后一个单元格里，把学习率改成 `1e-3`，再改成 `1e-2`。十轮之后，借来的东西还剩多少？
#
# ## 三句话小结
#
# - 网络去掉最后一层，就能把图片变成特征；特征只算一次，换了别的品种也能用。
# - 新的最后一层只要很少的图片，因为它的权重很少。
# - 预训练值多少，要和随机权重、从零开始放在一起比，才看得出来；还要看旧图片和新图片有多像。

# %% [markdown]
# ## 延伸阅读
#
# - J. Yosinski, J. Clune, Y. Bengio, H. Lipson, *How transferable are features in deep neural networks?* (NeurIPS 2014)，第 4 节：哪些层是通用的，哪些层只适合自己的任务。
# - A. S. Razavian, H. Azizpour, J. Sullivan, S. Carlsson, *CNN Features off-the-shelf: an Astounding Baseline for Recognition* (CVPR workshops, 2014)：一个主干网络，许多任务。
# - F. Chollet, *Deep Learning with Python*（第 2 版，2021），第 8 章：用 Keras 做“特征只算一次”和微调。
#
# 这是最后一章。接下来，用你自己的图片吧：`petkeras train --source FOLDER` 接受一个文件夹，里面每个类别各有一个装图片的子文件夹；加上 `--backbone drawn_pets` 或 `--backbone mobilenet_v2`，只要几张图片就够了。以后再遇到别人训练好的网络，就用 `pk.explore` 打开它：现在你已经知道，自己看到的是什么了。
