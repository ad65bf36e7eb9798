"""How good the net of examples/fashion_mnist_train.toml is on all test pictures."""

from __future__ import annotations

from benchmarks.timing import table
from benchmarks.training_runs import accuracy, main_config, main_net, test_data, trainable
from edgecnn.evaluation.classification import confusion_matrix
from edgecnn.training.judging import predict
from edgecnn.training.prune import count_macs

AIM_TOP1 = 93.5
MOST_PARAMETERS = 200_000


def main_net_table() -> int:
    """Print the table; returns 1 if the aim is missed."""
    net, test = main_net(), test_data()
    top1 = 100 * accuracy(net)
    print(
        f"\n{main_config().fit.epochs} epochs; {trainable(net):,} trainable parameters, "
        f"{count_macs(net) / 1e6:.1f} million multiply-adds; top-1 {top1:.2f} % of {len(test):,} "
        f"test pictures (aim {AIM_TOP1} % with under {MOST_PARAMETERS:,}).\n"
    )
    named = predict(net, test.pixels, 500).argmax(axis=1)
    counts = confusion_matrix(test.labels, named, len(test.names))
    rows = [
        [name, f"{100 * counts[label, label] / counts[label].sum():.1f}"]
        for label, name in enumerate(test.names)
    ]
    print(table(["class", "named right, %"], rows))
    return int(top1 < AIM_TOP1 or net.count_params() > MOST_PARAMETERS)
