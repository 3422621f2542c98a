import pytest
import torch
from safetensors.torch import save_file

from crs.errors import UserError
from crs.fit import save_weights
from crs.nn import released as released_names
from crs.nn.encoder import Encoder
from pre_rec_model import checkpoint
from tests.contracts.tiny import padded, shared

ITEMS, HEADS = 10, 2


def make(layers=2, norm="post"):
    torch.manual_seed(0)
    encoder = Encoder(ITEMS, 8, layers, HEADS, 6, 0.5, 0.5, norm)
    for weight in encoder.parameters():
        torch.nn.init.normal_(weight)
    return encoder.eval()


def released(encoder):
    """The weights under the names of the authors' code, which has three matrices for one."""
    ours = encoder.state_dict()
    out = {theirs: ours.pop(our) for theirs, our in checkpoint.NAMES.items()}
    for name, weight in ours.items():
        _, number, part, kind = name.split(".")
        base = f"item_encoder.layer.{number}."
        if part == "qkv":
            for their_part, third in zip(("query", "key", "value"), weight.chunk(3), strict=True):
                out[f"{base}attention.{their_part}.{kind}"] = third
        else:
            (their_part,) = (t for t, o in released_names.NAMES.items() if o == part)
            out[f"{base}{their_part}.{kind}"] = weight
    return out


def saved(value, folder, name="w.pt"):
    torch.save(value, folder / name)
    return folder / name


IDS = padded([1, 2, 3], [4], [5, 6, 7, 8, 9, 10])


@pytest.mark.parametrize("layers", [1, 3])
def test_the_authors_weights_give_our_states(tmp_path, layers):
    encoder = make(layers)
    found, shape = checkpoint.load(saved(released(encoder), tmp_path), ITEMS, HEADS, "post")
    assert torch.equal(found.eval().states(IDS), encoder.states(IDS))
    assert shape == {
        "items": ITEMS, "dim": 8, "heads": HEADS, "max_len": 6, "layers": layers, "dropout": 0.0,
        "attention_dropout": 0.0, "norm": "post",
    }  # fmt: skip


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_our_weights_come_back(tmp_path, norm):
    encoder = make(norm=norm)
    save_weights(encoder, tmp_path / "w.safetensors")
    found, _ = checkpoint.load(tmp_path / "w.safetensors", ITEMS, HEADS, norm)
    assert torch.equal(found.states(IDS), encoder.states(IDS))


def test_what_the_authors_never_use_is_left_aside(tmp_path):
    weights = released(make()) | {"projection.0.weight": torch.ones(2, 2)}
    checkpoint.load(saved(weights, tmp_path), ITEMS, HEADS, "post")


def test_another_catalogue_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"w\.pt knows 10 items and the dataset has 11"):
        checkpoint.load(saved(released(make()), tmp_path), 11, HEADS, "post")


@pytest.mark.parametrize(
    "name",
    ["LayerNorm.bias", "item_embeddings.weight", "item_encoder.layer.1.attention.key.weight"],
)
def test_a_missing_weight_is_named(tmp_path, name):
    weights = released(make())
    del weights[name]
    with pytest.raises(UserError, match=f"w.pt has no weight '{name}'"):
        checkpoint.load(saved(weights, tmp_path), ITEMS, HEADS, "post")


@pytest.mark.parametrize("name", ["norm.bias", "item_table.weight", "layers.1.qkv.bias"])
def test_a_missing_weight_of_ours_is_refused(tmp_path, name):
    weights = make().state_dict()
    del weights[name]
    save_file(weights, tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=rf"w\.safetensors.*{name}"):
        checkpoint.load(tmp_path / "w.safetensors", ITEMS, HEADS, "post")


class Trap:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('the trap was sprung')",)


def test_code_in_a_checkpoint_is_never_run(tmp_path):
    with pytest.raises(UserError, match=r"was not loaded|not a state dict"):
        checkpoint.load(saved({"a": Trap()}, tmp_path), ITEMS, HEADS, "post")


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_any_other_file_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"not weights")
    with pytest.raises(UserError, match=name):
        checkpoint.load(tmp_path / name, ITEMS, HEADS, "post")


def test_the_released_file_of_beauty_is_read():
    path = shared("iclrec-checkpoint/ICLRec-Beauty-1.pt")
    encoder, shape = checkpoint.load(path, 12_101, HEADS, "post")
    assert (shape["layers"], shape["dim"], shape["max_len"]) == (1, 64, 50)
    assert not encoder.states(torch.zeros(1, 5, dtype=torch.long)).any()
