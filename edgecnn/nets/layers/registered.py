"""Import this before loading a saved net: it registers the layers that Keras lacks."""

from __future__ import annotations

from edgecnn.nets.layers.channels import ChannelShuffle, ChannelSlice, ChannelStatistics
from edgecnn.nets.layers.local_response_norm import LocalResponseNorm

OWN_LAYERS = (ChannelShuffle, ChannelSlice, ChannelStatistics, LocalResponseNorm)
"""Every layer class of edgecnn, as whoever prunes or quantizes a net meets them."""
