"""Speed and memory of the package, side by side with scipy, with the accuracy beside every time.

``python -m benchmarks`` runs everything; ``python -m benchmarks --help`` lists the parts.
"""
