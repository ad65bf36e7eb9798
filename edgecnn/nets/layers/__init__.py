"""Building blocks of the nets, from ordinary Keras layers with stable names.

Blocks are functions that add layers to a graph, so that whoever folds, prunes or quantizes a net
meets convolutions and batch norms, not closed boxes. What Keras lacks (channel shuffle, slices of
channels, statistics over channels, local response norm) is a layer of its own, in backend-neutral
`keras.ops` and with operators that TFLite and OpenVINO have built in; it is registered, so a saved
net is loaded without ``custom_objects`` once `edgecnn.nets` is imported.
"""

from __future__ import annotations
