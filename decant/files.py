"""The files that stages meet at: what each is called, and the number of its schema if it has one.

`docs/reference/files.md` says what they hold. A reader refuses another number than it knows.
"""

from __future__ import annotations

from typing import Final

# What a user brings.
SPEC: Final = "model.toml"

# Of the conversion.
ONNX: Final = "model.onnx"
ONNX_FLOAT32: Final = "model_float32.onnx"
ONNX_NUMBERS: Final = "model_numbers.onnx"
SAVED_MODEL: Final = "saved_model"
SAVED_MODEL_PB: Final = "saved_model.pb"
"""Of a SavedModel, its graph."""
FLOAT_FILE: Final = "model_fp32.tflite"
UNVERIFIED_FILE: Final = "model_fp32.unverified.tflite"
TRACE: Final = "trace.json"
TRACE_SCHEMA: Final = 1
CONVERSION: Final = "convert.json"
CONVERSION_SCHEMA: Final = 2
CONVERTED: Final = (
    ONNX, ONNX_NUMBERS, ONNX_FLOAT32, SAVED_MODEL, FLOAT_FILE, TRACE, CONVERSION,
)  # fmt: skip
"""All that a conversion writes."""
SIGNATURES: Final = "signatures.json"
SIGNATURES_SCHEMA: Final = 1
SIGNATURES_FOLDER: Final = "signatures"
ROUTES: Final = "routes.json"
ROUTES_SCHEMA: Final = 1
BEST_FILE: Final = "model_best.tflite"

# Of quantization.
FLOAT16_FILE: Final = "model_fp16.tflite"
DYNAMIC_INT8_FILE: Final = "model_int8_dynamic.tflite"
STATIC_INT8_FILE: Final = "model_int8.tflite"
INT16X8_FILE: Final = "model_int16x8.tflite"
INT8_WEIGHTS_FILE: Final = "model_int8_weights.tflite"
PURE_INT8_FILE: Final = "model_int8_pure.tflite"
PLAN_FILE: Final = "model_plan.tflite"
PLAN_GOOD_FILE: Final = "model_plan_good.tflite"
PLAN_FIT_FILE: Final = "model_plan_fit.tflite"
NOISE: Final = "noise.json"
STATISTICS: Final = ".statistics.safetensors"
"""End of the name of what calibration has seen of activations."""
PLAN_STATE: Final = ".plan"
"""Of a search for plans: what an interrupted one goes on from."""
QDQ_SUFFIX: Final = ".qdq.onnx"
"""In place of `.tflite`: the ONNX form of a quantized file."""
RECIPE: Final = "recipe.json"
RECIPE_SCHEMA: Final = 1
CORRECTIONS: Final = ".corrections.safetensors"
"""End of the name of what a recipe's corrections have found, beside its file."""
QUANTIZATION: Final = "quantize.json"
QUANTIZATION_SCHEMA: Final = 2
QAT: Final = "qat.json"
QAT_SCHEMA: Final = 1
QUANTIZED_SIGNATURES: Final = "quantize_signatures.json"
QUANTIZED_SIGNATURES_SCHEMA: Final = 1
OPERATOR_COSTS: Final = "operator_costs.json"
OPERATOR_COSTS_SCHEMA: Final = 1

# Of the measurement.
REPORT: Final = "report.json"
REPORT_SCHEMA: Final = 3
EVIDENCE: Final = "evidence.npz"
GALLERY: Final = "gallery.json"
PAGE: Final = "report.html"

# Of the release.
SHIPPED: Final = "model.tflite"
SIDECAR: Final = "model.json"
SIDECAR_SCHEMA: Final = 4
GOLDEN: Final = "golden"
MANIFEST: Final = "manifest.json"
MANIFEST_SCHEMA: Final = 2

# Of the gate.
GATE_JUNIT: Final = "gate.xml"
GATE_SUMMARY: Final = "gate.md"

# Of what a command prints for --json: the number rises when a field goes or comes to mean another.
STDOUT: Final = "stdout"
STDOUT_SCHEMA: Final = 1

# Of the training.
TRAINING: Final = "training"
QAT_FOLDER: Final = "qat"
"""In the former, of `decant distill --qat`."""
COMPARISON: Final = "comparison.json"

# Of what users of the app say.
ARCHIVE_MANIFEST: Final = "manifest.json"
ARCHIVE_SCHEMA: Final = 2
FEEDBACK: Final = "feedback.json"
FEEDBACK_SCHEMA: Final = 2
CANDIDATES: Final = "candidates.json"
