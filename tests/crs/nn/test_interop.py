"""Files of weights that say they hold more than they do."""

import io
import zipfile

import pytest
import torch
from safetensors import SafetensorError

from crs.errors import UserError
from crs.nn.interop import read


def test_a_tensor_that_is_larger_than_its_file_is_refused(tmp_path):
    """One number that stands for ten million."""
    path = tmp_path / "a.pt"
    for legacy in (False, True):
        row = {"state": {"table": torch.zeros(1).expand(10_000_000)}, "other": torch.zeros(3)}
        torch.save(row, path, _use_new_zipfile_serialization=not legacy)
        with pytest.raises(UserError, match=r"key=a\.pt says that it holds more than its"):
            read(path, "key")


def test_packed_tensors_are_refused_before_they_are_unpacked(tmp_path):
    torch.save({"table": torch.zeros(1_000_000)}, whole := io.BytesIO())
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
    with pytest.raises(UserError, match="says that it holds more than its"):
        read(path, "key")


def test_a_header_of_safetensors_is_compared_with_the_file(tmp_path):
    header = b'{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}'
    (path := tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(SafetensorError):
        read(path, "key")


@pytest.mark.parametrize("legacy", [False, True])
def test_honest_weights_are_read(tmp_path, legacy):
    tied = torch.arange(6.0).view(2, 3)
    path = tmp_path / "a.pt"
    torch.save({"a": tied, "b": tied.T}, path, _use_new_zipfile_serialization=not legacy)
    assert torch.equal(read(path, "key")["b"], tied.T)
