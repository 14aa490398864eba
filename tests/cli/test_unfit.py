"""`decant tflite` passes over a file that has lost part of an output, whatever it scores."""

from bench_reports import LOST

from decant.bench import load_report
from decant.fidelity import broken
from decant.pipeline.stages import Stages

THIRD = """
    lost = torch.nn.Linear(width, 1)
    with torch.no_grad():
{weights}
        net.head.weight.mul_(100)
        net.head.bias.mul_(100)
    net.head.weight = torch.nn.Parameter(torch.cat([net.head.weight, lost.weight]))
    net.head.bias = torch.nn.Parameter(torch.cat([net.head.bias, lost.bias]))
    return net.eval()
"""
# A third score that is far below the others, and varies by far less than a step of theirs.
FAR = """
        lost.bias.fill_(-3000)
"""
# One that every form loses: float16 holds 2049 as 2048, and so does int8 at that scale.
CANCELLING = """
        for each in net.features[2].parameters():
            each[1] = each[0]
        net.head.weight[:, 1] = net.head.weight[:, 0]
        lost.weight.zero_()
        lost.weight[0, :2] = torch.tensor([2049.0, -2048.0])
        lost.bias.fill_(-3000)
"""


def add_score(project, weights):
    """Let the project's network give a third score, of a label that never comes up."""
    network, spec = project / "net.py", project / "model.toml"
    text = network.read_text().replace(
        "    return net.eval()\n", THIRD.format(weights=weights.strip("\n"))
    )
    network.write_text(text)
    spec.write_text(spec.read_text().replace('"light"]', '"light", "never"]'))


def test_int8_that_lost_a_score_is_not_chosen_though_its_accuracy_is_whole(decant, project):
    add_score(project, FAR)
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    report = load_report(project / "build/bright/report.json")
    (lost,) = [entry for entry in report.entries if not entry.fit]
    assert lost.name == "static_int8"
    assert lost.validation.accuracy["top1"].value == 1
    assert not lost.chosen
    (part,) = broken(lost.parts)
    assert part.where == "[:, 2]"
    assert f"its {part.fault}" in ended.out
    assert "static_int8 (unfit)" in ended.out
    assert f"warning: model_int8.tflite is unfit: {part.fault}" in ended.err
    page = (project / "build/bright/report.html").read_text()
    assert f"{part.snr_db:.1f} dB, broken<br>" in page


def test_float_is_kept_where_every_candidate_lost_a_score(decant, project):
    add_score(project, CANCELLING)
    ended = decant("tflite", "model.toml")
    assert ended.code == 0, ended.err
    report = load_report(project / "build/bright/report.json")
    assert [entry.fit for entry in report.entries] == [True, False, False, False]
    assert report.choice.name == "float"
    assert "every candidate has lost part of an output, so the float file is kept" in ended.out
    assert report.chosen.file == "model_fp32.tflite"


def test_gpus_are_given_no_file_that_has_lost_something():
    described = [
        {"name": name, "parts": [part.model_dump() for part in parts]}
        for name, parts in (("float", ()), ("static_int8", ()), ("float16", LOST))
    ]
    kept = {each["name"]: {"status": "met"} for each in described}
    stages = Stages(project=None)
    stages.__dict__["_described"] = described
    stages.__dict__["_float"] = described[0]
    stages.__dict__["_report"] = {"verdict": [{"requirement": "max_drop", "candidates": kept}]}
    assert stages._for_gpu(described[1])["name"] == "float"
    described[2]["parts"] = []
    assert stages._for_gpu(described[1])["name"] == "float16"
