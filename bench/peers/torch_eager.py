"""PyTorch as most people write it, without the slow parts: eager, fused optimizer, no DataLoader."""
from measured import Workload, arguments, report, time_epochs

given = arguments()
import torch
from torch import nn

torch.set_num_threads(given.threads)
work = Workload(given.folder)
x, y = torch.from_numpy(work.x), torch.from_numpy(work.y)
layers = []
for place, (weight, bias) in enumerate(work.parameters):
    dense = nn.Linear(*weight.shape)
    with torch.no_grad():
        dense.weight.copy_(torch.from_numpy(weight.T.copy()))
        dense.bias.copy_(torch.from_numpy(bias))
    layers.append(dense)
    if place + 1 < len(work.parameters):
        layers.append(nn.ReLU() if work.activation == "relu" else nn.Tanh())
network = nn.Sequential(*layers)
losses = {
    "mse": nn.MSELoss(),
    "binary_cross_entropy": nn.BCEWithLogitsLoss(),
    "categorical_cross_entropy": nn.CrossEntropyLoss(),
}
loss = losses[work.loss]
if work.optimizer == "adam":
    optimizer = torch.optim.Adam(network.parameters(), lr=work.rate, fused=True)
else:
    optimizer = torch.optim.SGD(
        network.parameters(), lr=work.rate, momentum=work.momentum, fused=True
    )


def epoch(order):
    order = torch.from_numpy(order)
    rows, targets = x[order].split(work.batch), y[order].split(work.batch)
    for batch, target in zip(rows, targets):
        optimizer.zero_grad(set_to_none=True)
        loss(network(batch), target).backward()
        optimizer.step()


step = time_epochs(work, epoch)
with torch.no_grad():
    last = float(loss(network(x), y))
report(work, "PyTorch", step_us=step, loss=last, version=torch.__version__)
