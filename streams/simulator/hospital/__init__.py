"""The simulated hospital's run: catalogue, goods, months."""
