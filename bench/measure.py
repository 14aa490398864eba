"""Measures a model's files and says which of them to ship."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from decant.artifacts import sha256, write_json
from decant.datasets import open_dataset
from decant.errors import DataError
from decant.files import EVIDENCE, GALLERY, REPORT
from decant.machine import HOST, this_machine, usable_cores
from decant.progress import track
from decant.provenance import provenance_of
from decant.runtime import describe, first_run

from . import evaluation
from .accuracy import predictions, prepare_set
from .choose import choose
from .data_set import describe_set
from .footprint import footprint
from .gallery import make_gallery
from .latency import measure_latency
from .model_file import ModelFile
from .profile import profile
from .schema import (
    Choice,
    Data,
    Entry,
    EvidenceFile,
    Parity,
    PyTorch,
    Quality,
    Report,
    Swapped,
    described_labels,
    described_metric,
)
from .verdict import on_machine, rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn

    from decant.paths import AnyPath
    from decant.spec import Spec
    from decant.tasks import Task

    from .accuracy import PreparedSet
    from .evaluation import Answers, Contestant, Sets
    from .original import Original
    from .schema import Latency

logger = logging.getLogger(__name__)

HOP_FIELDS = ("hop", "output", "max_relative", "rms_relative", "tolerance")


def measure(
    spec: Spec,
    out: AnyPath,
    *,
    files: Sequence[ModelFile],
    network: nn.Module | Original,
    parity: Sequence[Mapping[str, Any]] = (),
    threads: Sequence[int] = (),
) -> Report:
    """Measure files on the spec's data and choose one; writes report, evidence and gallery.

    Args:
        spec: Of the model.
        out: Folder to write into.
        files: The float reference first, then the candidates in the order of the recipes.
        network: The model that drops are counted from: a PyTorch module, or see `original`.
        parity: The conversion's own checks of the reference, hop by hop.
        threads: Settings to time; 1, all cores and those of the spec's limits when left out.

    Raises:
        DataError: If a data set or a file is missing or damaged, an output is NaN, or the metric
            of the requirements is not defined on a data set.
        InternalError: If a file crashes LiteRT.
    """
    # First of all: what changes from here on makes the report stale.
    made_from = provenance_of(spec)
    machine = this_machine()
    spec = on_machine(spec, machine)
    out = Path(out)
    entries = _costs(files, _threads(spec, threads))
    task = spec.open_task()
    sets, data = _prepare(spec, task)
    models = evaluation.contestants(files, network)
    hops = evaluation.parity(models, sets.validation)
    asked = evaluation.ask(models, sets, task)
    judged = evaluation.qualities(asked, task, spec.seed)
    _check_defined(spec, judged[evaluation.PYTORCH])
    converted = [Parity.model_validate({key: row.get(key) for key in HOP_FIELDS}) for row in parity]
    hops[entries[0].name] = (*converted, *hops[entries[0].name])
    entries = [_with_quality(each, judged[each.name], hops[each.name]) for each in entries]
    choice = choose(spec, entries)
    logger.info("chosen %s", choice.name)
    entries = [each.model_copy(update={"chosen": each.name == choice.name}) for each in entries]
    _write_pictures(out, task, sets.test, asked, {each.name: each for each in models}, entries)
    evidence_file = _write_evidence(out, asked[choice.name])
    report = Report(
        model=spec.model.name,
        machine=machine,
        metric=spec.task.metric_name,
        metrics={each.name: described_metric(each) for each in task.metrics},
        label_wording=described_labels(task.label_wording),
        serving=spec.requirements.serving,
        display_threshold=task.display_threshold,
        data=data,
        original=spec.model.runs_in,
        swapped=_swapped(spec),
        pytorch=PyTorch(**judged[evaluation.PYTORCH]),
        reference=entries[0],
        candidates=tuple(entries[1:]),
        choice=choice,
        verdict=rows(spec, entries, next(each for each in entries if each.chosen)),
        evidence=evidence_file,
        seed=spec.seed,
        made_from=made_from,
    )
    report.save(out / REPORT)
    return report


def measure_file(path: AnyPath, *, threads: Sequence[int] = ()) -> Report:
    """Measure what a bare file tells without data: size, latency, footprint and operators.

    It first runs where heap corruption is fatal, since nobody may have run it before.

    Args:
        path: Of the file.
        threads: Settings to time; 1 and all cores when left out.

    Raises:
        DataError: If LiteRT cannot run the file.
        InternalError: If it crashes LiteRT.
    """
    path = Path(path)
    first_run(path)
    signature = describe(path)
    file = ModelFile("float", path, signature.inputs, signature.outputs)
    (entry,) = _costs([file], _threads(None, threads))
    return Report(
        model=path.stem,
        machine=this_machine(),
        reference=entry.model_copy(update={"name": path.stem, "chosen": True}),
        choice=Choice(name=path.stem, reason="the only file measured"),
    )


def _swapped(spec: Spec) -> Swapped | None:
    """Say what the spec swaps, and what that cost if the checkpoint tells it."""
    from decant.swaps import read_cost

    model = spec.model
    if not model.swap:
        return None
    cost = None if model.checkpoint is None else read_cost(spec.path(model.checkpoint))
    if cost is None:
        return Swapped(modules=dict(model.swap), figures={})
    figures = {
        network: {name: value for name, value in found.items() if math.isfinite(value)}
        for network, found in cost.figures.items()
    }
    return Swapped(modules=dict(cost.modules), figures=figures)


def _check_defined(spec: Spec, original: Mapping[str, Quality]) -> None:
    """Refuse a data set on which nothing can be required: not even the original has the metric."""
    metric = spec.task.metric_name
    for part, quality in original.items():
        if metric not in quality.accuracy:
            raise DataError(
                f"data.{part}: {metric} of the {spec.model.runs_in} model is no finite number "
                "there, and the requirements are about it; add samples that define it, or correct "
                "the task's figures"
            )


def _threads(spec: Spec | None, asked: Sequence[int]) -> tuple[int, ...]:
    """List the thread settings to time, each once, one thread first."""
    limits = [] if spec is None else spec.requirements.latency
    required = {limit.threads for limit in limits if limit.device == HOST}
    return tuple(sorted({1, *required, *(asked or (usable_cores(),))}))


def _costs(files: Sequence[ModelFile], threads: Sequence[int]) -> list[Entry]:
    """Measure size, footprint, operators and latency; a file that crashes is found here."""
    loaded = track(files, "load time and memory: files finished", len(files))
    footprints = [footprint(file.path) for file in loaded]
    times: dict[str, dict[str, Latency]] = measure_latency(files, threads)
    return [
        Entry(
            name=file.name,
            file=file.path.name,
            sha256=sha256(file.path),
            size_bytes=file.path.stat().st_size,
            quantizer=file.quantizer,
            parts=file.parts,
            latency_ms=times[file.name],
            footprint=cost,
            profile=profile(file.path),
        )
        for file, cost in zip(files, footprints, strict=True)
    ]


def _prepare(spec: Spec, task: Task) -> tuple[Sets, Data]:
    """Open, resize and name both data sets."""
    prepared, described = {}, {}
    for split in ("test", "validation"):
        source = getattr(spec.data, split)
        dataset = open_dataset(
            source, task, spec.folder, inputs=spec.signature, jobs=usable_cores()
        )
        prepared[split] = prepare_set(dataset, spec.signature, f"reading {split} samples")
        described[split] = describe_set(source, dataset, prepared[split], task)
    return evaluation.Sets(**prepared), Data(**described)


def _with_quality(entry: Entry, quality: Mapping[str, Quality], hops: tuple[Parity, ...]) -> Entry:
    """Add to a file's costs how right it is."""
    test = quality["test"]
    return entry.model_copy(
        update={
            "accuracy": test.accuracy,
            "drop": test.drop,
            "slices": test.slices,
            "labels": test.labels,
            "confusion": test.confusion,
            "validation": quality["validation"],
            "parity": hops,
        }
    )


def _write_evidence(out: Path, chosen: Answers) -> EvidenceFile:
    path = out / EVIDENCE
    chosen.test.evidence.save(path)
    return EvidenceFile(file=path.name, sha256=sha256(path))


def _write_pictures(
    out: Path,
    task: Task,
    prepared: PreparedSet,
    asked: Mapping[str, Answers],
    models: Mapping[str, Contestant],
    entries: Sequence[Entry],
) -> None:
    """Show the chosen file beside the float file, or the first candidate where float was kept."""
    reference, *candidates = entries
    shown = next((each for each in candidates if each.chosen), (*candidates, reference)[0])
    pair = (reference.name, shown.name)
    if shown is reference:
        pair = (evaluation.PYTORCH, reference.name)

    def ask(name: str, number: int) -> Any:
        model = models[name]
        (said,) = predictions(
            *(model.predictor, prepared, [number], task), batch=model.batch, raw=model.raw
        )
        return said

    gallery = make_gallery(task, prepared, {name: asked[name].test for name in pair}, ask)
    write_json(out / GALLERY, gallery.model_dump(mode="json", exclude_defaults=True))
