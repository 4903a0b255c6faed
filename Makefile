# make report | make test | make own FOLDER=... ; everything else serves these.
PYTHON ?= python3
FOLDER ?= data/raw/own
PRESET ?= mini
REV ?= HEAD
VENV := .venv
ENV := $(VENV)/.installed
PIP = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# `python -m`: the scripts of an environment do not start below a folder with a quote in its name;
# one run at a time; a lock that a killed run left behind is taken off
SNAKEMAKE = mkdir -p work && flock work/lock sh -c 'ls .snakemake/locks/* >/dev/null 2>&1 && python -m snakemake --unlock --quiet all; exec python -m snakemake --cores all "$$@"' snakemake

RATED = $(foreach set,clive biq2021 agiqa3k srcolor srij,results/data/human/sources/$(set).csv) \
	$(foreach name,dinov2_vits14 efficientnet_lite0 lpips_alex vgg16 dists brisque niqe steerable_sp5,data/weights/$(name)/card.json)
HEADS = $(foreach name,vgg16 dinov2_vits14,results/afine/mini/models/$(name)-full/all/card.json)

.PHONY: help env weights report report-full own human human-full check-human afine afine-full afine-people afine-sriqa afine-heads embedded test check-machines check-wheel faults mutants tiny browser check-report site-zip plots-diff clean-env

help:
	@echo "make report            environment, weights, mini data, methods, analysis, report"
	@echo "make report-full       the same with the slow methods, and the baselines retrained (18 min more)"
	@echo "make own FOLDER=PATH   the same report on a folder of yours (images.csv inside)"
	@echo "make human             what agrees with people on sets it was not trained on (40 min at first)"
	@echo "make human-full        SRIJ with parts left out, for FGResQ, baselines, ridges; says how long"
	@echo "make check-human       does the committed table of that tell all that it must?"
	@echo "make afine             imperfect references: A-FINE and its kin, on simulated data (12 min)"
	@echo "make afine-full        the same with slow methods, and FGResQ (wants make report)"
	@echo "make afine-people      where references are perfect and people judged (wants srij, srcolor, clive)"
	@echo "make afine-sriqa       the published numbers on SRIQA-Bench (wants it, and afine.pth, placed)"
	@echo "make afine-heads       the heads of A-FINE in the package, made again"
	@echo "make embedded          the model in the package, made again (5 min; wants data/raw/clive)"
	@echo "make test              all tests"
	@echo "make check-report      is the finished report whole? (PRESET=mini; PRESET=own and others)"
	@echo "make site-zip          the report of PRESET as one file to send: reports/site/PRESET.zip"
	@echo "make plots-diff        what changed since REV (HEAD): numbers here, accuracies as a page"
	@echo "make browser           what tests in a real browser need: chromium, LaTeX (as root, on Debian)"
	@echo "make check-machines    the mini data and pairs under a lower instruction set, compared"
	@echo "make check-wheel       the wheel in an empty environment, from an empty folder (1.8 GB)"
	@echo "make faults            plant each fault of tests/faults in a copy and see its tests fail"
	@echo "make mutants           change the pure modules bit by bit: do their tests notice?"
	@echo "make tiny              the whole graph on four small images, for a quick look"

env: $(ENV)

$(ENV): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("fgresq needs Python 3.11 or newer, this is %s; call make PYTHON=python3.11" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	@echo "installing the environment: about 2.4 GB, some minutes"
	@# torch with what its build needs on this machine, then the lock as it stands: nothing to resolve
	$(PIP) -c requirements.lock torch torchvision
	$(PIP) --no-deps -r requirements.lock
	$(PIP) --no-deps --no-build-isolation -e '.[pipeline]'
	touch $@

weights: $(ENV)
	@$(SNAKEMAKE) --quiet all --config only=weights

report: $(ENV)
	@$(SNAKEMAKE)

report-full: $(ENV)
	@$(SNAKEMAKE) --config full=True

own: $(ENV)
	@$(SNAKEMAKE) --config preset=own folder='$(FOLDER)'

tiny: $(ENV)
	@$(SNAKEMAKE) --config preset=tiny

test: weights
	ruff check .
	ruff format --check .
	python -m snakefmt --check Snakefile rules workflow
	python -m snakemake --lint
	python -m mypy
	python -m pytest

check-report: $(ENV)
	python -m workflow.check_report --preset '$(PRESET)'

plots-diff: $(ENV)
	python -m workflow.dvc_plots $(REV)

site-zip: $(ENV)
	python -m workflow.site_zip --preset '$(PRESET)'

browser: $(ENV)
	python -m workflow.browser

human: $(ENV)
	@$(SNAKEMAKE) results/human/transfer.csv
	python workflow/render_human.py --keep

human-full: $(ENV)
	@$(SNAKEMAKE) $(RATED) results/data/mini/sources/mini.csv results/pairs/mini/pairs.csv
	python -m benchmarks.human_ratings
	python workflow/render_ratings.py

check-human: $(ENV)
	python -m workflow.check_human

afine: $(ENV)
	@$(SNAKEMAKE) results/afine/$(PRESET)/accuracy.csv
	python workflow/keep_afine.py --preset '$(PRESET)'
	python -m fgresq step report --preset '$(PRESET)' --pages imperfect

afine-full: $(ENV)
	@$(SNAKEMAKE) results/afine/$(PRESET)/accuracy.csv --config full=True
	python workflow/keep_afine.py --preset '$(PRESET)'
	python -m fgresq step report --preset '$(PRESET)' --pages imperfect

afine-people: $(ENV)
	python -m fgresq step afine-people
	python workflow/keep_afine.py

afine-sriqa: $(ENV)
	python -m fgresq step afine-sriqa --out-dir results/afine/sriqa

afine-heads: $(ENV)
	@$(SNAKEMAKE) $(HEADS)
	python -m fgresq step afine-heads --models $(dir $(HEADS)) --out fgresq/data/afine

embedded: $(ENV)
	@$(SNAKEMAKE) results/data/human/sources/clive.csv data/weights/efficientnet_lite0/card.json
	python -m fgresq step embedded --images results/data/human/sources/clive.csv --out fgresq/data/embedded

check-machines: weights
	python -m workflow.check_machines

check-wheel: $(ENV)
	python -m workflow.check_wheel

faults: weights
	python -m tests.faults.run

mutants: $(ENV)
	python -m tests.mutants

dvc.yaml: $(ENV) $(wildcard fgresq/*.py fgresq/*/*.py workflow/*.py)
	python workflow/render_dvc.py

environment.yml: requirements.lock workflow/render_environment.py $(ENV)
	python workflow/render_environment.py
