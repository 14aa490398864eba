"""Every public function that takes a path takes it as `str` too."""

import dataclasses
import inspect
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from documented import named_files
from feedback_archives import EXPECTED, record, write_archive
from pydantic import BaseModel
from scipy.io import wavfile
from training_cases import SETTINGS, QuadrantRecipe

from decant import (
    bench,
    bundle,
    convert,
    datasets,
    distill,
    feedback,
    inputs,
    network,
    quantize,
    runtime,
    source,
    spec,
    training,
)
from decant.contract import images, predictor, sidecar
from decant.quantize import lint

MODULES = (
    *(bench, bundle, convert, datasets, distill, feedback, images, inputs, lint, network),
    *(predictor, quantize, runtime, sidecar, source, spec, training),
)


def public_functions():
    """Yield every public function and method, and constructors written by hand, by name."""
    for module in MODULES:
        own = [name for name, each in vars(module).items() if defined_in(module, each)]
        for name in getattr(module, "__all__", own):
            each = getattr(module, name)
            if inspect.isfunction(each):
                yield f"{module.__name__}.{name}", each
            elif inspect.isclass(each):
                yield from methods(f"{module.__name__}.{name}", each)


def defined_in(module, each):
    named = inspect.isfunction(each) or inspect.isclass(each)
    return named and each.__module__ == module.__name__ and not each.__name__.startswith("_")


def methods(name, kind):
    made = dataclasses.is_dataclass(kind) or issubclass(kind, BaseModel)
    for key, each in vars(kind).items():
        by_hand = key == "__init__" and not made
        if inspect.isfunction(each) and (by_hand or not key.startswith("_")):
            yield f"{name}.{key}".removesuffix(".__init__"), each


def parameters(function, word):
    """List the parameters whose annotation holds a word."""
    found = inspect.get_annotations(function).items()
    return [name for name, annotation in found if name != "return" and word in str(annotation)]


def test_no_public_function_wants_a_path_object():
    wanting = {name: parameters(each, "Path") for name, each in public_functions()}
    any_path = {name: parameters(each, "AnyPath") for name, each in public_functions()}
    assert wanting == any_path


NUMBERS = inputs.ArraySection(kind="array", shape=(1, 3))
SOUND = inputs.AudioSection(kind="audio", shape=(1, 100), rate=8000)
CALLS = {
    "decant.bench.Report.save": lambda: bench.load_report(f"{OUT}/report.json").save("r.json"),
    "decant.bench.gate": lambda: bench.gate(
        OUT, spec.load_spec("model.toml"), baseline=f"{OUT}/report.json", out="gated"
    ),
    "decant.bench.load_report": lambda: bench.load_report(f"{OUT}/report.json"),
    "decant.bench.measure": lambda: bench.measure(
        spec.load_spec("model.toml"),
        "measured",
        files=[model_file()],
        network=network.load_network(spec.load_spec("model.toml")),
        threads=[1],
    ),
    "decant.bench.measure_file": lambda: bench.measure_file(f"{OUT}/model.tflite", threads=[1]),
    "decant.bench.render": lambda: bench.render(OUT),
    "decant.bundle.Bundle.copy_to": lambda: bundle.open_bundle(f"{OUT}/model.json").copy_to("b"),
    "decant.bundle.find_bundle": lambda: bundle.find_bundle(OUT),
    "decant.bundle.open_bundle": lambda: bundle.open_bundle(f"{OUT}/model.json"),
    "decant.convert.to_signatures": lambda: convert.to_signatures(
        f"{OUT}/model.onnx", "united", {"only": convert.EntryPoint()}, operators=["../scale.py"]
    ),
    "decant.convert.to_tflite": lambda: convert.to_tflite(
        f"{OUT}/model.onnx", "converted", operators=["../scale.py"]
    ),
    "decant.datasets.open_dataset": lambda: datasets.open_dataset(
        spec.load_spec("model.toml").data.test,
        spec.load_spec("model.toml").open_task(),
        os.getcwd(),
    ),
    "decant.datasets.DataSource.files_in": lambda: spec.load_spec("model.toml").data.test.files_in(
        "path", os.getcwd()
    ),
    "decant.distill.distill": lambda: distill.distill(
        QuadrantRecipe(), teacher(), "distilled", settings=SHORT
    ),
    "decant.distill.rehearse": lambda: distill.rehearse(
        QuadrantRecipe(), settings=SHORT, teacher_checkpoint=teacher()
    ),
    "decant.distill.train_variant": lambda: distill.train_variant(
        "distilled", QuadrantRecipe(), teacher(), "variant", SHORT
    ),
    "decant.feedback.Archive.extract_images": lambda: archive().extract_images([], "."),
    "decant.feedback.import_archives": lambda: feedback.import_archives(
        [archive().path.name], EXPECTED, "imported"
    ),
    "decant.feedback.known_model": lambda: feedback.known_model(f"{OUT}/model.json"),
    "decant.feedback.read_archive": lambda: archive(),
    "decant.feedback.read_wordings": lambda: feedback.read_wordings([register()]),
    "decant.contract.images.load_image": lambda: images.load_image("test/dark/0.png"),
    "decant.inputs.ArraySection.read": lambda: NUMBERS.read("numbers.npy"),
    "decant.inputs.AudioSection.read": lambda: SOUND.read("sound.wav"),
    "decant.inputs.ImageSection.read": lambda: next(
        iter(spec.load_spec("model.toml").signature.values())
    ).read("test/dark/0.png"),
    "decant.inputs.InputSection.read": lambda: NUMBERS.read("numbers.npy"),
    "decant.inputs.PhotoReader.read": lambda: inputs.PhotoReader().read("test/dark/0.png"),
    "decant.inputs.Reader.read": lambda: SOUND.read("sound.wav"),
    "decant.inputs.load_arrays": lambda: inputs.load_arrays("samples.npz"),
    "decant.inputs.open_arrays": lambda: inputs.open_arrays("samples.npz"),
    "decant.network.load_weights": lambda: network.load_weights(
        QuadrantRecipe().model("teacher"), teacher()
    ),
    "decant.network.read_weights": lambda: network.read_weights(teacher()),
    "decant.contract.predictor.Predictor": lambda: predictor.Predictor(f"{OUT}/model.json"),
    "decant.contract.predictor.Predictor.predict": lambda: predictor.Predictor(
        f"{OUT}/model.json"
    ).predict("test/dark/0.png"),
    "decant.contract.predictor.check_fit": lambda: predictor.check_fit(
        f"{OUT}/model.json", sidecar.read_sidecar(f"{OUT}/model.json"), f"{OUT}/model.tflite"
    ),
    "decant.contract.predictor.check_golden": lambda: predictor.check_golden(
        f"{OUT}/model.json", sidecar.read_sidecar(f"{OUT}/model.json"), 0
    ),
    "decant.quantize.lint.lint": lambda: lint.lint(f"{OUT}/model_fp32.tflite"),
    "decant.quantize.load_recipes": lambda: quantize.load_recipes(f"{OUT}/recipe.json"),
    "decant.quantize.quantize": lambda: quantize.quantize(
        f"{OUT}/model_fp32.tflite", "quantized", recipes=[quantize.FLOAT16]
    ),
    "decant.quantize.quantize_signatures": lambda: quantize.quantize_signatures(
        f"{OUT}/model_fp32.tflite", "quantized", recipes=[quantize.FLOAT16]
    ),
    "decant.runtime.LiteRtModel": lambda: runtime.LiteRtModel(f"{OUT}/model.tflite"),
    "decant.runtime.describe": lambda: runtime.describe(f"{OUT}/model.tflite"),
    "decant.runtime.first_run": lambda: runtime.first_run(f"{OUT}/model.tflite"),
    "decant.runtime.run_each": lambda: runtime.run_each(
        f"{OUT}/model.tflite", None, None, [runtime.LiteRtModel(f"{OUT}/model.tflite").sample()]
    ),
    "decant.runtime.open_interpreter": lambda: runtime.open_interpreter(f"{OUT}/model.tflite"),
    "decant.contract.sidecar.read_sidecar": lambda: sidecar.read_sidecar(f"{OUT}/model.json"),
    "decant.contract.sidecar.read_tensor": lambda: sidecar.read_tensor(
        OUT, sidecar.read_sidecar(f"{OUT}/model.json").golden[0].pixels
    ),
    "decant.source.find_source": lambda: source.find_source("model.toml", "spec"),
    "decant.spec.load_spec": lambda: spec.load_spec("model.toml"),
    "decant.training.fit": lambda: training.fit(
        training.Supervised(QuadrantRecipe(), QuadrantRecipe().model("student")),
        QuadrantRecipe(),
        SHORT,
        "fitted/student",
    ),
    "decant.training.save_weights": lambda: teacher(),
    "decant.training.train": lambda: training.train(QuadrantRecipe(), "trained", settings=SHORT),
}
OUT = "build/bright"
SHORT = dataclasses.replace(SETTINGS, steps=1)


def model_file():
    border = runtime.describe(f"{OUT}/model_fp32.tflite")
    described = json.loads(Path(OUT, "convert.json").read_text())
    layouts = [each["layout"] for each in described["inputs"]]
    infos = tuple(
        info.model_copy(update={"layout": layout})
        for info, layout in zip(border.inputs, layouts, strict=True)
    )
    return bench.ModelFile("float", f"{OUT}/model_fp32.tflite", infos, border.outputs)


def teacher():
    training.save_weights(QuadrantRecipe().model("teacher"), "teacher.safetensors")
    return "teacher.safetensors"


def archive():
    write_archive("feedback.zip", record(1))
    return feedback.read_archive("feedback.zip", EXPECTED)


def register():
    Path("wordings.json").write_text(json.dumps({"1": "5a" * 32}))
    return "wordings.json"


def test_every_function_that_takes_a_path_is_called_below():
    taking = {name for name, each in public_functions() if parameters(each, "AnyPath")}
    assert taking == CALLS.keys()


@pytest.mark.parametrize("name", CALLS)
def test_a_str_will_do(name, built):
    (built.parent / "scale.py").write_text(named_files("docs/how-to/own-op.md")["scale.py"])
    np.savez(built / "samples.npz", image=np.zeros((1, 3, 32, 48), np.float32))
    np.save(built / "numbers.npy", np.zeros(3))
    wavfile.write(built / "sound.wav", 8000, np.zeros(100, np.int16))
    torch.manual_seed(0)
    CALLS[name]()
