"""Steps from one net to a smaller one, each in a folder that can be resumed.

- `edgecnn.training.steps.distilling`: from teachers to a student;
- `edgecnn.training.steps.pruning`: from a net to the same with fewer channels or weights;
- `edgecnn.training.steps.quantizing`: from a float net to one that computes in integers.

The command line runs them one at a time, ``edgecnn compress`` in a row. Nets come and go as Keras
models; `edgecnn.training.steps.config` says what each step is made of.
"""
