"""The routes by which a drug may be given: the words of orders, data sets and drug files, and what they mean."""

from __future__ import annotations

__all__ = ["ROUTES"]

ROUTES = {
    "iv": "into a vein",
    "im": "into a muscle",
    "po": "by mouth",
    "in": "into the nose",
    "buccal": "into the cheek",
    "sl": "under the tongue",
    "sc": "under the skin",
    "pr": "into the rectum",
}
