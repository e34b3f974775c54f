print("layers: not yet")
