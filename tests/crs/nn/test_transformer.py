from crs.nn.transformer import Layer


def test_a_layer_of_width_64_has_49984_parameters():
    assert sum(p.numel() for p in Layer(64, 2, 0.5, 0.5, "post").parameters()) == 49_984
