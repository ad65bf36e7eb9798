"""Steps from one net to a smaller one, each in a folder that can be resumed.

| step                               | from                      | to                                |
|------------------------------------|---------------------------|-----------------------------------|
| `edgecnn.training.steps.distilling` | teachers                 | a student                         |
| `edgecnn.training.steps.pruning`    | a net                    | the same with fewer channels      |
| `edgecnn.training.steps.quantizing` | a float net              | one that computes in integers     |

The command line runs them one at a time; `edgecnn compress` runs them in a row.
"""
