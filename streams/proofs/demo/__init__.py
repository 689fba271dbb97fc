"""`udi demo`: the main job from end to end, tied out."""
