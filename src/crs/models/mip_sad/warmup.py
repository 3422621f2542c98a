"""Stage `warmup` of MIP-SAD: MIP and SAD, first with random negatives, then with a generator's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from crs.console import Context
from crs.data.attribute_dialogues import id_lists
from crs.data.attributes import attribute_matrix
from crs.errors import UserError
from crs.models.mip_sad.recipe import MIPSADWarmupSettings
from crs.models.mip_sad.train import network, prepare, save
from crs.models.mip_sad.training import WarmUp
from crs.nn.encoder import Encoder
from crs.nn.sequential import load_encoder
from crs.store.artifact import Artifact
from crs.training.loop import fit


def check_generator(generator: Encoder, settings: MIPSADWarmupSettings) -> Encoder:
    """The generator, if it reads whole windows.

    Raises:
        UserError: if it does not.
    """
    if generator.max_len < settings.towers.max_len:
        raise UserError(
            f"pretrain.max_len={generator.max_len} is shorter than towers.max_len="
            f"{settings.towers.max_len}, and the generator must read whole windows; type "
            f"pretrain.max_len={settings.towers.max_len}"
        )
    return generator


def run(
    settings: MIPSADWarmupSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `model.safetensors` and `model.json` (the arguments that rebuild it)."""
    dataset, options = inputs["dataset"], settings.tasks
    if dataset.summary["items"] <= settings.towers.max_len:
        raise UserError(
            f"towers.max_len={settings.towers.max_len} but there are {dataset.summary['items']} "
            "items: a window may hold them all and leave no negative; lower towers.max_len"
        )
    # Its name leaves `reads` out: whatever is read later, histories are validated as they are
    # trained, with a [MASK] at their newest item.
    towers = replace(settings.towers, reads="mask")
    model, shape = network(inputs, towers, settings.warmup.seed)
    owned = id_lists(attribute_matrix(dataset))
    phases: dict[str, tuple[Encoder | None, float]] = {"random": (None, settings.warmup.lr)}
    if options.generator == "none":
        phases["random again"] = (None, options.generator_lr)
    else:
        generator = check_generator(load_encoder(inputs["pretrain"]), settings)
        phases["generator"] = (generator, options.generator_lr)
    summary: dict[str, Any] = {}
    data = prepare(inputs)
    for phase, (source, lr) in phases.items():
        module = WarmUp(model, options, *data, owned, dataset.summary["attributes"], source)
        lower = "warmup.lr" if phase == "random" else "tasks.generator_lr"
        found = fit(module, phase, replace(settings.warmup, lr=lr), folder, context, lower)
        summary |= {f"{phase}_{key}": value for key, value in found.items()}
    save(model, shape, folder)
    best = ", ".join(f"{summary[f'{phase}_best']:.4f} {phase}" for phase in phases)
    context.note(f"validation NDCG@10 {best}, on {module.cases():,} windows")
    return summary
