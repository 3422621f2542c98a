"""The attribute filter: items by how many of the asked attributes they have, then by popularity."""

from torch import Tensor

from crs.data.attributes import attribute_matrix
from crs.data.cases import Cases
from crs.data.popularity import popularity_counts
from crs.data.sequences import Sequences
from crs.models.popularity.scorers import Popularity
from crs.recommender import Recommender
from crs.store.artifact import Artifact


class AttributeFilter:
    """Query M . (known - refused) over multi-hot items; popularity below one match breaks ties."""

    sees = "attributes of the utterance"

    def __init__(self, sequences: Sequences, matrix: Tensor) -> None:
        counts = popularity_counts(sequences).float().log1p()
        self.matrix, self.bias = matrix, 0.5 * counts / counts.max().clamp_min(1)

    def queries(self, cases: Cases) -> Tensor:
        """What is known less what is refused, [B, attributes + 1].

        Raises:
            ValueError: if the cases carry no attributes.
        """
        if cases.known is None:
            raise ValueError("the attribute filter needs cases with `known`")
        return cases.known if cases.refused is None else cases.known - cases.refused

    def catalogue(self) -> tuple[Tensor, Tensor]:
        """Multi-hot items [N + 1, attributes + 1] and a popularity below 1 [N + 1]."""
        return self.matrix, self.bias


def scorers(inputs: dict[str, Artifact]) -> dict[str, Recommender]:
    """Popularity and the filter."""
    sequences = Sequences.of(inputs["dataset"])
    return {
        "popularity": Popularity(sequences),
        "attribute filter": AttributeFilter(sequences, attribute_matrix(inputs["dataset"])),
    }
