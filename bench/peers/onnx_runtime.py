"""ONNX Runtime: predictions with a workload's network, through its Python call."""
from measured import Workload, arguments, report, time_predictions

given = arguments()  # --predict is what it does anyhow.
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

work = Workload(given.folder)
nodes, constants, last = [], [], "x"
for place, (weight, bias) in enumerate(work.parameters):
    constants.append(numpy_helper.from_array(weight, f"weight{place}"))
    constants.append(numpy_helper.from_array(bias, f"bias{place}"))
    nodes.append(helper.make_node("Gemm", [last, f"weight{place}", f"bias{place}"], [f"z{place}"]))
    last = f"z{place}"
    if place + 1 < len(work.parameters):
        kind = "Relu" if work.activation == "relu" else "Tanh"
        nodes.append(helper.make_node(kind, [last], [f"a{place}"]))
        last = f"a{place}"
if work.loss == "categorical_cross_entropy":
    nodes.append(helper.make_node("Softmax", [last], ["p"], axis=1))
    last = "p"
value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
graph = helper.make_graph(
    nodes, "net", [value("x", work.sizes[0])], [value(last, work.sizes[-1])], constants
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = given.threads
session = onnxruntime.InferenceSession(
    model.SerializeToString(), options, providers=["CPUExecutionProvider"]
)
figures = time_predictions(work, lambda rows: rows, lambda rows: session.run(None, {"x": rows}))
report(work, "ONNX Runtime", version=onnxruntime.__version__, **figures)
