"""PyTorch at its fastest: gather, forward, loss, backward and update as one compiled graph, through
its C++ wrapper, and with MKL's AVX-512 path, which its wheel does not take on AMD by itself."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measured import Workload, arguments, report, time_epochs

given = arguments()
opener = Path(tempfile.gettempdir()) / "chainrule_peers_open_mkl.so"
if "LD_PRELOAD" not in os.environ:
    code = "int mkl_serv_intel_cpu_true(void){return 1;} int mkl_serv_intel_cpu(void){return 1;}"
    compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(opener)]
    subprocess.run(compiler, input=code.encode(), check=True)
    os.environ["LD_PRELOAD"] = str(opener)
    os.execv(sys.executable, [sys.executable, *sys.argv])

import torch
import torch._inductor.config
import torch.nn.functional as functional

torch.set_num_threads(given.threads)
torch._inductor.config.cpp_wrapper = True
work = Workload(given.folder)
x, y = torch.from_numpy(work.x), torch.from_numpy(work.y)
parameters = [torch.from_numpy(array.copy()) for pair in work.parameters for array in pair]
first = [torch.zeros_like(parameter) for parameter in parameters]
second = [torch.zeros_like(parameter) for parameter in parameters]
time = torch.zeros(())
losses = {
    "mse": functional.mse_loss,
    "binary_cross_entropy": functional.binary_cross_entropy_with_logits,
    "categorical_cross_entropy": functional.cross_entropy,
}
activation = functional.relu if work.activation == "relu" else torch.tanh


def loss_of(parameters, rows, targets):
    for place in range(0, len(parameters), 2):
        rows = rows @ parameters[place] + parameters[place + 1]
        if place + 2 < len(parameters):
            rows = activation(rows)
    return losses[work.loss](rows, targets)


def step(batch):
    gradients = torch.func.grad(loss_of)(tuple(parameters), x[batch], y[batch])
    if work.optimizer == "adam":
        time.add_(1)
        small, large = 1 - 0.9**time, torch.sqrt(1 - 0.999**time)
        for parameter, m, v, gradient in zip(parameters, first, second, gradients):
            m.mul_(0.9).add_(gradient, alpha=0.1)
            v.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
            parameter.sub_(work.rate * (m / small) / (v.sqrt() / large + 1e-8))
    else:
        for parameter, m, gradient in zip(parameters, first, gradients):
            if work.momentum > 0:
                m.mul_(work.momentum).add_(gradient)
                gradient = m
            parameter.sub_(gradient, alpha=work.rate)


compiled = torch.compile(step, fullgraph=True, dynamic=False)


def epoch(order):
    # A short last batch would be compiled anew.
    for batch in torch.from_numpy(order)[: work.steps * work.batch].split(work.batch):
        compiled(batch)


with torch.no_grad():
    step_us = time_epochs(work, epoch)
    last = float(loss_of(parameters, x, y))
report(work, "PyTorch compiled", step_us=step_us, loss=last, version=torch.__version__)
