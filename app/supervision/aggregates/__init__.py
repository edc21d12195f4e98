"""Counts over class 1, made at the source: for analysts, by agreement, never of one business."""
