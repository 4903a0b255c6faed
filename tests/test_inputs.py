"""What rules ask: files and values of a job, the runs of a preset, the targets of a call."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fgresq.errors import UserError
from fgresq.human.declared import Declared
from fgresq.human.tower_names import DEPTHS
from fgresq.parsing import parse
from fgresq.presets import Config, Preset, load, merge
from fgresq.sections import Tower
from fgresq.settings import read_yaml
from workflow.inputs import REPORT_READS, Inputs, glob_of
from workflow.runs import Runs, reported
from workflow.settings import Settings, read_settings
from workflow.values import Values, folders_of

CARD = "results/stage2/{preset}/{variant}/{run}/card.json"


def of(**wildcards: str) -> SimpleNamespace:
    """Give the wildcards of a job."""
    return SimpleNamespace(**{"preset": "p", **wildcards})


def make_preset(**more: Any) -> Preset:
    """Give the settings of a preset: those of mini with what is asked for here laid over."""
    over = {
        "sources": ["made", "own"],
        "methods": ["psnr", "lpips", "liqe", "fgresq"],
        "full_methods": ["dbcnn"],
        "stand_in": None,
        "runs": {"full": ["0", "pairs"], "variants": ["1"]},
        "tower": {"device": "cpu", "pretrained": None, "tower": "dinov2_vits14"},
        "mini": {"tasks": ["denoising", "dehazing"]},
        "baselines": {"dbcnn": {"backbone": "vgg16", "second": "efficientnet_lite0"}},
        **more,
    }
    variants = {
        "full": {},
        "plain": {"stage2": {"lr_heads": 0.3}},
        "other": {"stage1": {"lr_heads": 0.2}},
    }
    under = {**load().presets["mini"].record(), "variants": variants}
    return Preset.model_validate(merge(under, over))


def change(settings: Settings, preset: str, **over: Any) -> None:
    """Lay settings over those of a preset of a call; lists take their place."""
    presets = settings.config.presets
    presets[preset] = Preset.model_validate(merge(presets[preset].record(), over))


def of_call(settings: Settings, **over: Any) -> Settings:
    """Give the settings of another call."""
    return replace(settings, config=settings.config.model_copy(update=over))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Give the settings of a call in an empty folder."""
    presets = {
        "p": make_preset(),
        "mini": make_preset(methods=["psnr", "lpips"], sources=["made"]),
        "paper": make_preset(stand_in="mini", sources=["own"]),
        "public": make_preset(sources=["own"], stand_in=None),
    }
    config = Config(preset="auto", defaults=presets["p"], presets=presets)
    monkeypatch.chdir(tmp_path)
    sources = {
        "made": {"adapter": "made", "path": "nowhere"},
        "own": {"adapter": "folder", "path": "raw/own"},
        "csiq": {"adapter": "csiq", "path": "raw/csiq", "labels": {"package": "scores"}},
    }
    methods = {
        "psnr": {"trained": False, "role": None},
        "lpips": {"trained": False, "role": None, "weights": ["alex", "hub"], "workers": 2},
        "cvvdp": {"trained": False, "role": None},
        "fgresq": {"trained": True, "role": None},
    }
    weights = {"alex": {"package": "p"}, "hub": {"fetch": {}}, "scores": {"package": "q"}}
    return Settings(config, sources, methods, weights)


@pytest.fixture
def bench() -> Declared:
    """Give a bench: a ridge on a made and a placed set, one method, and a set that selects."""
    sets = {"made": "train", "own": "select", "csiq": "test"}
    rows: list[dict[str, Any]] = [
        {"name": "lpips", "kind": "method"},
        {
            "name": "r",
            "kind": "ridge",
            "tower": "lite0",
            "blocks": [1],
            "train": [{"set": "made", "labels": "psnr"}],
        },
    ]
    given = {"seed": 0, "refits": 1, "bootstrap": 1, "penalty": 1, "near": 6, "depth": 1}
    told = {name: {"role": role, "settings": 0} for name, role in sets.items()}
    return parse(Declared, {**given, "views": 1, "sets": told, "rows": rows}, "bench")


@pytest.fixture
def inputs(settings: Settings, bench: Declared) -> Inputs:
    """Give the input functions of the call."""
    return Inputs(Runs(settings), bench)


@pytest.fixture
def values(settings: Settings, bench: Declared) -> Values:
    """Give the params functions of the call."""
    return Values(settings, bench)


def test_the_bench_reads_its_sets_and_what_frozen_towers_give_of_those_asked(
    inputs: Inputs, values: Values
) -> None:
    made, own, test = inputs.tables_of_bench(of())
    assert made == "results/data/mini/sources/made.csv"
    assert own == "results/data/human/sources/own.csv" == inputs.table_of_bench(of(rated="own"))
    features = [
        Path(name).relative_to("results/human/features") for name in inputs.features_of_bench(of())
    ]
    asked = {tower: sorted(f.stem for f in features if f.parent.name == tower) for tower in DEPTHS}
    # what a row is neither trained nor measured on is looked at by no network
    assert asked == {"dinov2": [], "random": ["made", "own"], "lite0": ["made", "own"]}
    assert sorted(f.stem for f in features if f.parent.name == "glance") == ["csiq", "made", "own"]
    assert inputs.weights_of_bench(of()) == ["data/weights/alex/card.json"]
    assert inputs.weights_of_tower(of(frozen="random")) == []
    lite0 = ["data/weights/efficientnet_lite0/card.json"]
    assert inputs.weights_of_tower(of(frozen="lite0")) == lite0
    assert len(values.methods_of_bench(of())) == 16


def test_rows_that_are_trained_read_the_pairs_of_the_embedded_data_alone_where_it_teaches(
    settings: Settings, bench: Declared
) -> None:
    rows = [{"name": "f", "kind": "fgresq", "train": [{"set": "made"}]}]
    more = parse(Declared, {**bench.record(), "rows": [*bench.record()["rows"], *rows]}, "bench")
    inputs, values = Inputs(Runs(settings), more), Values(settings, more)
    assert inputs.models_of_bench(of()) == ["results/human/fgresq/f/card.json"]
    assert inputs.simulated(of(row="f")) == ["results/pairs/mini/pairs.csv"]
    given = values.given("--simulated", "simulated")
    assert given(of(), SimpleNamespace(simulated=["p.csv"])) == "--simulated p.csv"
    assert given(of(), SimpleNamespace(simulated=[])) == ""
    glances = [Path(name).stem for name in inputs.glances_of_bench(of())]
    assert glances == ["made", "own", "csiq"]
    before = values.learnt_by_row(of(row="f")), values.lent_to_rows(of())
    more.sets["own"] = more.sets["own"].model_copy(update={"settings": 9})  # tells nothing of it
    assert (values.learnt_by_row(of(row="f")), values.lent_to_rows(of())) == before
    more.sets["own"] = more.sets["own"].model_copy(update={"images": 9})
    assert values.learnt_by_row(of(row="f")) != before[0]


def test_a_source_is_read_anew_where_the_list_of_its_files_is_another(inputs: Inputs) -> None:
    inputs.settings.sources["own"]["files"] = "clive"
    (path,) = inputs.released_files(of(source="own"))
    assert path.endswith("fgresq/data/files/clive.txt.gz") and Path(path).exists()
    assert inputs.released_files(of(source="csiq")) == []


def place(path: str, text: str = "x") -> Path:
    """Write a file with its folders."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_stage_2_builds_on_its_own_stage_1_only_where_its_variant_changes_it(
    inputs: Inputs,
) -> None:
    for variant, expected in (("full", "full"), ("plain", "full"), ("other", "other")):
        card = inputs.stage1_card(of(variant=variant, run="1"))
        assert card == f"results/stage1/p/{expected}/1/card.json"


def test_patterns_are_filled_for_what_the_preset_names(inputs: Inputs) -> None:
    assert inputs.of_sources("{preset}/{source}.csv")(of()) == ["p/made.csv", "p/own.csv"]
    assert inputs.of_sources("{source}")(of(preset="paper")) == ["own"]
    assert inputs.of_methods("{preset}/{method}")(of(preset="mini")) == ["mini/psnr", "mini/lpips"]
    assert inputs.mini_tasks(of()) == [
        "results/data/p/mini/denoising.csv",
        "results/data/p/mini/dehazing.csv",
    ]


def test_every_training_run_is_read_and_the_full_models_alone_where_asked(inputs: Inputs) -> None:
    runs = ["full/0", "full/pairs", "plain/1", "other/1"]
    assert inputs.trained("{preset}/{variant}/{run}")(of()) == [f"p/{run}" for run in runs]
    full = inputs.trained("{variant}/{run}", only_full=True)
    assert full(of()) == ["full/0", "full/pairs"]
    first = inputs.trained("{stage1}/{run}")(of())
    assert first == ["full/0", "full/pairs", "full/1", "other/1"]


def test_a_preset_whose_sources_are_absent_has_one_run_that_says_so(settings: Settings) -> None:
    runs = Runs(settings)
    assert not runs.placed("paper") and runs.placed("p")
    assert [run["run"] for run in runs.trainings("paper")] == ["0"]
    assert runs.baseline_runs("paper") == [{"baseline": "liqe", "run": "0"}]
    place("raw/own/images.csv")
    assert runs.placed("paper") and len(runs.trainings("paper")) == 4
    assert [run["run"] for run in runs.baseline_runs("paper")] == ["0", "pairs"]
    assert runs.trainings("mini") == [] and runs.baseline_runs("mini") == []


def test_rankings_are_read_where_a_ranking_head_is_trained(inputs: Inputs) -> None:
    assert inputs.rankings(of()) == ["results/scores/p/fgresq.ranking.csv"]
    assert inputs.rankings(of(preset="mini")) == []


def test_the_label_source_moves_with_the_measure(settings: Settings, bench: Declared) -> None:
    """Its weights are read where images are made; made sources' values are not computed again."""
    inputs, values = Inputs(Runs(settings), bench), Values(settings, bench)
    for measure, method, other, weights in (
        ("lpips", "lpips", "cvvdp", ["data/weights/alex/card.json"]),
        ("jod", "cvvdp", "lpips", []),
    ):
        change(settings, "p", labels={"measure": measure})
        assert values.measure(of()) == measure and inputs.weights_of_measure(of()) == weights
        assert values.made_by_method(of(method=method)) == ["made"]
        assert (
            values.made_by_method(of(method=other))
            == values.made_by_method(of(method="psnr"))
            == []
        )
    assert values.made_by_method(of(preset="paper", method="lpips")) == []  # it reads `own` alone


def test_weights_out_of_packages_are_inputs_and_those_of_the_hub_are_not(inputs: Inputs) -> None:
    assert inputs.weights_of_method(of(method="lpips")) == ["data/weights/alex/card.json"]
    assert inputs.weights_of_method(of(method="psnr")) == []
    assert inputs.backbones(of(baseline="liqe")) == []
    cards = [f"data/weights/{name}/card.json" for name in ("efficientnet_lite0", "vgg16")]
    assert inputs.backbones(of(baseline="dbcnn")) == cards


def test_labels_of_a_package_are_read_once_the_images_are_placed(inputs: Inputs) -> None:
    assert inputs.packaged_labels(of(source="csiq")) == inputs.packaged_labels(of(source="own"))
    place("raw/csiq/a.png")
    place("raw/own/a.png")
    assert inputs.packaged_labels(of(source="csiq")) == ["data/weights/scores/card.json"]
    assert inputs.packaged_labels(of(source="own")) == []


def test_a_towers_file_is_an_input_once_it_is_there(inputs: Inputs) -> None:
    assert inputs.tower_file(of()) == []
    change(inputs.settings, "p", tower={"pretrained": "data/clip.pt"})
    assert inputs.tower_file(of()) == []
    place("data/clip.pt")
    assert inputs.tower_file(of()) == ["data/clip.pt"]


def test_cards_of_all_baselines_or_of_one(inputs: Inputs) -> None:
    change(inputs.settings, "p", methods=["liqe", "dbcnn"])
    cards = inputs.cards_of_baselines(of())
    assert len(cards) == 4 and cards[0] == "results/baselines/p/dbcnn/0/card.json"
    one = inputs.cards_of_baselines(of(baseline="liqe"))
    assert one == [f"results/baselines/p/liqe/{run}/card.json" for run in ("0", "pairs")]


def test_what_stands_in_is_read_of_the_preset_that_does(inputs: Inputs) -> None:
    scores, states = "s/{preset}/{method}.csv", "s/{preset}/methods.json"
    assert inputs.stand_in(scores)(of()) == []
    paper = of(preset="paper")
    assert inputs.stand_in(scores)(paper) == ["s/mini/psnr.csv", "s/mini/lpips.csv"]
    assert inputs.stand_in(states)(paper) == ["s/mini/methods.json"]


def test_the_report_reads_each_phases_tables(inputs: Inputs) -> None:
    files = inputs.report_tables(of())
    assert len(files) == sum(map(len, REPORT_READS.values())) == len(set(files))
    assert "results/pairs/p/folds.csv" in files and "results/labels/p/nulls.csv" in files


def test_options_are_sections_by_their_names(values: Values) -> None:
    preset = values.settings.preset("p")
    assert json.loads(values.options("stage2")(of())) == {"stage2": preset.stage2.record()}
    several = json.loads(values.options("stage2", "labels")(of()))
    assert several == {"stage2": preset.stage2.record(), "labels": preset.labels.record()}
    assert Preset.model_validate(json.loads(values.preset(of()))) == preset
    assert values.alpha(of()) == 0.05


def test_a_variants_settings_are_laid_over_those_of_its_stage(values: Values) -> None:
    for stage, variant, rate in (
        ("stage2", "plain", 0.3),
        ("stage2", "other", values.settings.preset("p").stage2.lr_heads),
        ("stage1", "other", 0.2),
    ):
        given = json.loads(values.training_options(stage)(of(variant=variant)))
        assert given[stage]["lr_heads"] == rate and set(given) == {"tower", stage}


def test_what_is_required_is_told_to_who_reads_it(values: Values) -> None:
    assert values.required(of()) == values.required_source(of(source="own")) == ""
    own = of_call(values.settings, require=("own", "psnr", "csiq"))
    values = Values(own, values.bench)
    assert values.required(of()) == "--require own psnr"
    assert values.required_source(of(source="own")) == "--required"
    assert values.required_source(of(source="made")) == ""


def test_placed_data_is_named_by_content(values: Values) -> None:
    assert values.raw(of(source="own")) == values.placed_labels(of()) == "absent"
    file = place("raw/own/a.png")
    before = values.raw(of(source="own"))
    os.utime(file)
    assert values.raw(of(source="own")) == before
    file.write_text("other")
    assert values.raw(of(source="own")) not in (before, "absent")
    place("data/labels/t.csv")
    assert values.placed_labels(of()) != "absent"


def test_a_towers_weights_of_the_hub_are_named_and_those_in_a_file_are_an_input(
    values: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflow.values.state_of_clip", lambda *_: "in the Hub's cache")
    assert values.placed_for_tower(of(), ["results/none.json"]) == "in the Hub's cache"
    change(values.settings, "p", tower={"pretrained": "data/clip.pt"})
    assert values.placed_for_tower(of(), ["results/none.json"]) == ""


def test_a_run_that_had_no_network_is_tried_again(values: Values) -> None:
    change(values.settings, "p", tower={"pretrained": "data/clip.pt"})
    card = place("results/card.json", '{"absent": {"code": "no_weights"}}')
    assert values.placed_for_tower(of(), [str(card)]) == ""
    card.write_text('{"absent": {"code": "no_network"}}')
    assert values.placed_for_tower(of(), [str(card)]) == str(card.stat().st_mtime_ns)


def test_processes_and_gpus_follow_the_settings(values: Values) -> None:
    assert values.workers(of(method="lpips")) == 2 and values.workers(of(method="psnr")) == 1
    assert values.gpus(of()) == 0
    change(values.settings, "p", tower={"device": "cuda"})
    assert values.gpus(of()) == 1 and values.gpus(of(preset="mini")) == 0
    assert values.named("full_methods")(of()) == ["dbcnn"]


def test_the_stand_in_is_named(values: Values) -> None:
    assert values.stand_in(of()) == ""
    assert values.stand_in(of(preset="paper")) == "--stand-in mini"


def test_folders_of_an_input_are_listed_once() -> None:
    given = SimpleNamespace(runs=["a/1/card.json", "a/0/card.json", "a/1/history.csv"])
    assert folders_of("runs")(of(), given) == ["a/0", "a/1"]
    assert folders_of("runs")(of(), SimpleNamespace(runs=[])) == []


def test_files_of_a_pattern_come_in_order(settings: Settings) -> None:
    for name in ("b", "a", "c"):
        place(f"paper/{name}.csv")
    assert glob_of("paper/*") == ["paper/a.csv", "paper/b.csv", "paper/c.csv"]


def test_a_gpu_brings_the_presets_that_can_show_something(settings: Settings) -> None:
    runs = Runs(settings)
    assert runs.wanted(gpus=0) == ["mini"]
    assert runs.wanted(gpus=1) == ["mini", "paper"]
    place("raw/own/images.csv")
    assert runs.wanted(gpus=1) == ["mini", "paper", "public"]
    runs = Runs(of_call(settings, preset="paper"))
    assert runs.chosen(gpus=0) == ["paper"] and runs.wanted(gpus=0) == ["mini", "paper"]


def test_targets_are_the_files_of_every_run_of_every_preset(settings: Settings) -> None:
    runs = Runs(settings)
    assert runs.targets("stage1", ["p"]) == [
        f"results/stage1/p/{run}/card.json" for run in ("full/0", "full/1", "full/pairs", "other/1")
    ]
    assert len(runs.targets("stage2", ["p"])) == 4 and runs.targets("stage2", ["mini"]) == []
    assert runs.targets("scores", ["mini"]) == [
        f"results/scores/mini/{name}" for name in ("lpips.csv", "methods.json", "psnr.csv")
    ]
    assert len(runs.targets("baselines", ["p"])) == 2
    pages = [f"reports/site/{preset}/index.html" for preset in ("mini", "p")]
    assert runs.targets("report", ["p", "mini"]) == pages
    assert "data/weights/dinov2_vits14/card.json" in runs.targets("weights", ["p"])


def test_a_call_tells_of_the_reports_that_are_whole(tmp_path: Path) -> None:
    for name in ("a/index.html", "a/absences.json", "b/index.html"):
        place(str(tmp_path / name))
    assert reported(["a", "b", "c"], tmp_path) == ["a"]


def test_a_gpus_training_is_refused_without_one_where_all_else_is_here(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fgresq.networks import clip
    from fgresq.training import ready

    def refuse(tower: Tower) -> None:
        raise UserError("config", "no GPU", "Take another preset")

    monkeypatch.setattr(ready, "check_device", refuse)
    runs, at_hand = Runs(settings), [True]
    monkeypatch.setattr(clip, "clip_at_hand", lambda *_: at_hand[0])
    runs.refuse_to_train(["p", "mini"])  # on the CPU
    change(settings, "p", tower={"device": "cuda"})
    with pytest.raises(UserError, match="no GPU"):
        runs.refuse_to_train(["p"])
    at_hand[0] = False
    runs.refuse_to_train(["p"])
    change(settings, "paper", tower={"device": "cuda"})
    at_hand[0] = True
    runs.refuse_to_train(["paper"])  # none of its sources is placed


def test_the_kinds_of_methods_and_sources(settings: Settings) -> None:
    assert settings.untrained == ["psnr", "lpips", "cvvdp"]
    assert settings.made == ["made"] and len(settings.phases) > 5
    settings = of_call(settings, only="pairs")
    assert settings.phases == ["pairs"]


def test_the_call_lays_its_own_over_the_settings_files() -> None:
    given = read_yaml("config/config.yaml")
    plain = read_settings({**given, "preset": "mini"})
    full = read_settings({**given, "full": True, "folder": "my/images"})
    more = set(full.preset("mini").methods) - set(plain.preset("mini").methods)
    assert more and more <= set(full.preset("mini").full_methods)
    assert full.sources["own"]["path"] == "my/images" != plain.sources["own"]["path"]
    with pytest.raises(UserError, match="unknown phase 'pears'. Did you mean 'pairs'"):
        read_settings({**given, "only": "pears"})
