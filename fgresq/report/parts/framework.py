"""The framework of the model (Figure 5 of the paper), drawn from what was trained."""

from __future__ import annotations

from matplotlib.axes import Axes

from fgresq.report.parts.diagram import (
    DATA,
    FROZEN,
    TRAINED,
    Box,
    arrow,
    canvas,
    chain,
    draw_box,
    note,
)
from fgresq.report.parts.model_facts import DEGRADATION, GENERAL, ModelFacts
from fgresq.report.parts.svg import Picture, picture, style
from fgresq.report.trained import Trained

WIDTH, HEIGHT = 8.4, 5.9  # inches
STAGE1, UPPER, LOWER, LOSSES = 49.0, 30.5, 21.0, 8.0  # heights of the rows, tenths of an inch


def framework_figure(trained: Trained) -> Picture | None:
    """Draw both stages: blocks, widths, losses, what is trained and what is frozen."""
    record = trained.record.get("architecture")
    if not record:
        return None
    facts = ModelFacts(record)
    with style():
        figure, axes = canvas(WIDTH, HEIGHT)
        draw_stage1(axes, facts)
        draw_stage2(axes, facts)
        words = "Solid blue frame: trained in the stage. Dashed: frozen. Thin: data and losses."
        note(axes, (0.5, 1.2), f"{words} F: features of an image, by their length.")
        caption = f"{facts.finding()} Drawn from the settings and the tensors of the trained run."
        return picture(figure, "fig-framework", caption, f"Framework. {facts.finding()}")


def encoder(facts: ModelFacts, prefix: str, y: float) -> list[Box]:
    """Give the boxes of an encoder: what stays frozen, what is trained."""
    trained, depth = len(facts.blocks_in(prefix)), facts.depth
    below, name = depth - trained, str(facts.tower["tower"])[:20]
    if not below:
        return [Box(28.5, y, 26, 6.4, TRAINED, [span(1, depth), "trained", name])]
    if not trained:
        return [Box(28.5, y, 26, 6.4, FROZEN, [span(1, depth), "frozen", name])]
    return [
        Box(22, y, 13, 6.4, FROZEN, [span(1, below), "frozen", name]),
        Box(36.5, y, 10, 6.4, TRAINED, [span(below + 1, depth), "trained"]),
    ]


def span(first: int, last: int) -> str:
    """Name blocks from the first to the last."""
    return f"block {last}" if first == last else f"blocks {first}–{last}"


def view(facts: ModelFacts, y: float) -> Box:
    """Give the box of the image that goes in."""
    tower = facts.tower
    views = "one view" if tower["grid"] == 1 else f"{tower['grid'] ** 2} views"
    return Box(6.5, y, 11, 5, DATA, ["image", views if tower["crop"] == "native" else "a crop"])


def pooled(facts: ModelFacts, name: str, width: int, y: float) -> Box:
    """Give the box of an encoder's features: their name, length and the blocks they are of."""
    levels = ", ".join(map(str, facts.tower["levels"])) if facts.stands_in else str(facts.depth)
    words = "blocks" if "," in levels else "block"
    return Box(48.5, y, 9, 5.6, DATA, [name, str(width), f"{words} {levels}"])


def draw_stage1(axes: Axes, facts: ModelFacts) -> None:
    """Draw the training of the degradation encoder."""
    settings = facts.record["stage1"]
    if settings is None:
        note(axes, (0.5, STAGE1), "Stage 1: not recorded")
        return
    rates = f"learning rate {settings['lr_encoder']:g}, heads {settings['lr_heads']:g}"
    note(axes, (0.5, STAGE1 + 7.5), "Stage 1: which restoration made this image?", bold=True)
    told = f"{settings['epochs']} epochs of batches of {settings['batch']}, {rates}"
    note(axes, (0.5, STAGE1 + 5.3), told)
    tasks = len(settings["tasks"])
    features = pooled(facts, "F_d", facts.width_degradation, STAGE1)
    if facts.record["objective"] == "classifier":
        last = Box(61, STAGE1, 12, 5, TRAINED, ["classifier", facts.layer("classifier"), "trained"])
        loss = Box(76.5, STAGE1, 14, 5, DATA, ["cross-entropy", f"of {tasks} tasks"])
    else:
        words = ["projection", facts.layer("visual.projection"), "trained"]
        last = Box(61, STAGE1, 12, 5.6, TRAINED, words)
        targets = str(settings["targets"]).replace("_", " ")
        loss = Box(76.5, STAGE1, 14, 5, DATA, ["contrastive loss", f"targets: {targets}"])
        kind = "fixed vectors" if facts.stands_in else "texts"
        texts = Box(76.5, STAGE1 - 7.6, 14, 5, FROZEN, [f"{tasks} tasks", f"{kind}, frozen"])
        draw_box(axes, texts)
        arrow(axes, (texts.x, texts.y + 2.5), (loss.x, loss.y - 2.5))
    chain(axes, [view(facts, STAGE1), *encoder(facts, DEGRADATION, STAGE1), features, last, loss])


def draw_stage2(axes: Axes, facts: ModelFacts) -> None:
    """Draw the quality model: both branches, what they join to, both heads."""
    settings = facts.record["stage2"]
    note(axes, (0.5, UPPER + 7), "Stage 2: how good is it, and which of two is better?", bold=True)
    rates = f"learning rate {settings['lr_encoder']:g}, heads {settings['lr_heads']:g}"
    told = f"{settings['epochs']} epochs of batches of {settings['batch']} pairs, {rates}"
    note(axes, (0.5, UPPER + 4.8), told)
    general = pooled(facts, "F_g", facts.width_general, UPPER)
    chain(axes, [view(facts, UPPER), *encoder(facts, GENERAL, UPPER), general])
    joined = Box(76, UPPER, 15.5, 5, DATA, [facts.fused, str(facts.fused_width)])
    draw_box(axes, joined)
    arrow(axes, general.right, joined.left)
    if facts.prompted:
        draw_degradation(axes, facts, joined)
    draw_heads(axes, facts, joined)


def draw_degradation(axes: Axes, facts: ModelFacts, joined: Box) -> None:
    """Draw the branch of the degradation encoder, and the prompt block."""
    lines = ["degradation encoder of stage 1", f"frozen, {facts.depth} blocks"]
    frozen = Box(28.5, LOWER, 26, 5, FROZEN, lines)
    features = pooled(facts, "F_d", facts.width_degradation, LOWER)
    widths = facts.shape("task_mlp.0.weight"), facts.shape("prompt_mlp.weight")
    first, last = (shape or [0, 0] for shape in widths)
    prompt = [
        "prompt block, trained",
        f"MLP {first[1]} → {first[0]}, softmax",
        f"× P ({facts.width('prompt_block.prompt')}), MLP → e ({last[0]})",
    ]
    block = Box(69.5, LOWER, 22, 6.4, TRAINED, prompt)
    chain(axes, [view(facts, LOWER), frozen, features, block])
    arrow(axes, (joined.x, LOWER + 3.2), (joined.x, UPPER - 2.5))


def draw_heads(axes: Axes, facts: ModelFacts, joined: Box) -> None:
    """Draw both heads, fed along the right edge, each with its loss and the weight of it."""
    settings, edge = facts.record["stage2"], joined.x + 6.5
    score = ["score head, trained", *beside(facts, "score")]
    pair = ["comparison head, trained", f"{facts.compared}: {beside(facts, 'compare')[0]}"]
    for y, lines, loss, weight in (
        (LOSSES + 3.3, score, settings["scene_loss"], settings["lambda_scene"]),
        (LOSSES - 2.9, pair, "ranking", settings["lambda_rank"]),
    ):
        head = Box(55, y, 36, 4.6, TRAINED, lines)
        end = Box(22, y, 18, 4.6, DATA, [f"{loss} loss", f"weight {weight:g}"])
        draw_box(axes, head)
        draw_box(axes, end)
        arrow(axes, (edge, joined.y - 2.5), (edge, y), head.right)
        arrow(axes, head.left, end.right)


def beside(facts: ModelFacts, name: str) -> list[str]:
    """Write the widths of a head, and the hidden layer beside it where there is one."""
    hidden = facts.shape(f"{name}_beside.0.weight")
    return [facts.layer(f"{name}_head") + (f", beside it {hidden[0]} hidden" if hidden else "")]
