"""Why a use of an item grew: the parts of its growth, and the months they are read from."""
