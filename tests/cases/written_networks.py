"""Small ONNX files with weights of normal noise."""

import numpy as np
import onnx

# Two outputs of a small picture.
PICTURES = """<ir_version: 10, opset_import: ["" : 21]>
net (float[1, 3, 8, 12] image) => (float[1, 4, 8, 12] edges, float[1, 4] level)
<float[4, 3, 3, 3] kernel>
{
    edges = Conv <pads = [1, 1, 1, 1]> (image, kernel)
    positive = Relu (edges)
    axes = Constant <value_ints = [2, 3]> ()
    level = ReduceMean <keepdims = 0> (positive, axes)
}"""


def write_network(path, text, **shapes):
    """Write a network whose weights are normal noise."""
    model = onnx.parser.parse_model(text)
    generator = np.random.default_rng(0)
    del model.graph.initializer[:]
    for name, shape in shapes.items():
        weights = generator.normal(size=shape).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(weights, name))
    onnx.save(model, path)
