"""The outside, one folder a channel. A channel knows its vendor library and channels/base.py, nothing of the desk."""
