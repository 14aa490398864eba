"""Finds every formula on a photographed page."""
