"""The warm-up and the fine-tuning of MIP-SAD."""

from dataclasses import dataclass

import torch
from torch import Tensor

from crs.data.attribute_dialogues import Turns, upto
from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.mip_sad import tasks
from crs.models.mip_sad.networks import MIPSAD
from crs.models.mip_sad.recipe import Tasks, Tuning
from crs.models.mip_sad.scorers import Fused
from crs.nn.encoder import Encoder
from crs.nn.losses import linear_cross_entropy
from crs.nn.packed import Packed
from crs.training.loop import TrainingTask


class OverTurns(TrainingTask):
    """What both trainings share: training dialogues, a batch of which is an index, and a
    validation on every turn of the validation dialogues.

    Args:
        sequences: users' items.
        turns: the training dialogues.
        valid: a case for each validation turn.
    """

    def __init__(self, model: MIPSAD, sequences: Sequences, turns: Turns, valid: Cases) -> None:
        super().__init__()
        self.model, self.sequences, self.turns, self.valid = model, sequences, turns, valid

    def cases(self) -> int:
        """Training dialogues."""
        return len(self.turns.user)

    def taken(self, index: Tensor) -> Tensor:
        """The items that are no negatives of some dialogues: the whole history, which may be longer
        than a window, and the target; masks [B, N + 1]."""
        turns, index = self.turns, index.cpu()
        row, item = self.sequences.histories(turns.user[index], turns.cut[index] + 1)
        found = torch.zeros(len(index), self.model.items + 1, dtype=torch.bool)
        found[row, item] = True
        return found.to(self.device)

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Metrics at 10 over the whole catalogue, what was seen or refused out."""
        cases, scorer = self.valid, Fused(self.model.eval())
        found = ranks(
            scorer.queries(cases),
            scorer.catalogue(),
            cases.target,
            cases.excluded,
            n_items=self.model.items,
        ).numpy()
        return means(found)


@dataclass
class Slots:
    """The masked slots of a batch, S of them, and what was drawn for them.

    Attributes:
        masked: windows with [MASK] in these slots, [B, T].
        place: places of the slots among the packed positions, [S].
        candidates: the masked item, then its negatives, [S, 1 + m].
        chosen, changed: some of its attributes, and the same with some replaced, [S, K].
    """

    masked: Tensor
    place: Tensor
    candidates: Tensor
    chosen: Tensor
    changed: Tensor


class WarmUp(OverTurns):
    """L = w_mip L_MIP + w_sad L_SAD on the histories of the training dialogues, targets included.

    Args:
        owned: attributes of each item, ascending, 0 behind, [N + 1, W].
        attributes: how many there are.
        generator: where negatives come from; None draws them uniformly.
    """

    def __init__(
        self,
        model: MIPSAD,
        options: Tasks,
        sequences: Sequences,
        turns: Turns,
        valid: Cases,
        owned: Tensor,
        attributes: int,
        generator: Encoder | None,
    ) -> None:
        super().__init__(model, sequences, turns, valid)
        self.options, self.attributes, self.generator = options, attributes, generator
        self.owned: Tensor
        self.register_buffer("owned", owned, persistent=False)
        self.keep = "last" if options.schedule == "fixed" else "best"

    def batch(self, index: Tensor) -> Tensor:
        """Windows that end with the target of some training dialogues, [B, T]."""
        turns, index = self.turns, index.cpu()
        length = self.model.max_len
        ids = self.sequences.windows(turns.user[index], turns.cut[index] + 1, length)
        return ids.to(self.device)

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss of a batch of dialogue numbers, [B]."""
        return self.loss(self.draw(self.batch(batch), self.taken(batch)))

    @torch.no_grad()
    def draw(self, ids: Tensor, taken: Tensor) -> Slots:
        """Mask a batch of windows [B, T], and draw attributes and negatives for what is masked.

        Args:
            taken: the items that are no negatives of each row, masks [B, N + 1].
        """
        options = self.options
        mask, packed = tasks.masked_slots(ids, options.mask), Packed.of(ids)
        place = mask.flatten()[packed.index].nonzero().squeeze(1)
        item = ids.flatten()[packed.index[place]]
        owned = self.owned[item]
        chosen = tasks.subsets(owned, options.subset)
        changed = tasks.substituted(chosen, owned, options.substitute, self.attributes)
        masked = ids.masked_fill(mask, self.model.mask)
        negatives = self.negatives(ids, masked, taken, packed, place)
        candidates = torch.cat([item[:, None], negatives], 1)
        return Slots(masked, place, candidates, chosen, changed)

    def loss(self, slots: Slots) -> Tensor:
        """w_mip L_MIP + w_sad L_SAD, each a mean over masked slots or their attributes."""
        model, options = self.model, self.options
        # Only masked slots are scored, and one call of the attribute tower serves both tasks.
        states, packed = model.item_tower(slots.masked)
        f = states[slots.place]
        outputs, lists = model.attribute_tower(torch.cat([slots.chosen, slots.changed]))
        loss = f.new_zeros(())
        if options.mip:
            # Of the window's items that are not masked.
            words = model.history_words(slots.masked)
            s_words = None if words is None else words[packed.row[slots.place]]
            query = model.query(f, lists.newest(outputs)[: len(f)], s_words)
            mip = tasks.candidate_loss(query, model.table, slots.candidates, options.loss_on)
            mip = self.overall(mip, len(f))
            self.record("loss_mip", mip)
            loss = loss + options.mip * mip
        if options.sad:
            judged = lists.row >= len(f)
            state = f[lists.row[judged] - len(f)]
            original = (slots.chosen == slots.changed).flatten()
            original = original[lists.index[judged] - original.numel()]
            sad = tasks.discrimination_loss(model.judge(outputs[judged]), state, original)
            sad = self.overall(sad, len(state))
            self.record("loss_sad", sad)
            loss = loss + options.sad * sad
        return loss

    def start_epoch(self, epoch: int) -> None:
        """The generator never changes and draws without dropout."""
        if self.generator is not None:
            self.generator.eval()

    def negatives(
        self, ids: Tensor, masked: Tensor, taken: Tensor, packed: Packed, place: Tensor
    ) -> Tensor:
        """Negatives of some packed positions, [S, m]: none is taken or padding.

        The generator's state before a position, on the unmasked window, cannot have seen its item;
        the first position of a window draws uniformly (eq. 5). One that sees both sides, as the
        released one does, is given the masked window and asked at the position itself.

        Args:
            ids, masked: windows without and with [MASK], [B, T].
        """
        row, options = packed.row[place], self.options
        if self.generator is None:
            logits = torch.zeros(len(place), self.model.items + 1, device=self.device)
        else:
            if self.generator.causal:
                states, _ = self.generator(ids)
                inside = (place > 0) & (packed.row[place - 1] == row)
                asked = states[place - 1] * inside[:, None]
            else:
                states, _ = self.generator(masked)
                asked = states[place]
            logits = asked @ self.generator.item_table.weight[: self.model.items + 1].T
            logits = logits.sigmoid() if options.generator == "flattened" else logits
            logits = logits / options.temperature
        return tasks.draw_negatives(logits, taken[row], options.negatives)


class Tune(OverTurns):
    """Cross-entropy of the target after every turn (eq. 7), against the catalogue or negatives."""

    def __init__(
        self, model: MIPSAD, options: Tuning, sequences: Sequences, turns: Turns, valid: Cases
    ) -> None:
        super().__init__(model, sequences, turns, valid)
        self.options = options

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss over the turns of a batch of dialogue numbers, [B]."""
        turns, index = self.turns, batch.cpu()
        user, cut = turns.user[index], turns.cut[index]
        row, turn = turns.turns_of(index)
        count = turns.accepted[turn]
        if self.options.opening:
            row = torch.cat([row, torch.arange(len(index))])
            count = torch.cat([count, torch.zeros(len(index), dtype=torch.long)])
        lists = upto(turns.attributes[index][row], count)
        history = self.sequences.windows(user, cut, self.model.window)
        target = self.sequences.at(user, cut)
        taken = self.taken(index) if self.options.negatives else None
        history, target, row, lists = (x.to(self.device) for x in (history, target, row, lists))
        loss = self.overall(self.loss(history, target, row, lists, taken), len(row))
        self.record("loss", loss)
        return loss

    def loss(
        self, history: Tensor, target: Tensor, row: Tensor, lists: Tensor, taken: Tensor | None
    ) -> Tensor:
        """Mean over turns.

        Args:
            history, target: of each dialogue, [B, T] and [B].
            row, lists: dialogue and attributes of each turn, [n] and [n, L].
            taken: the items that are no negatives of each dialogue, masks [B, N + 1], or None for
                the loss over the catalogue.
        """
        model, options, wanted = self.model, self.options, target[row]
        query = model.queries(history, row, lists)
        if taken is None:
            return linear_cross_entropy(query, model.table[1:], wanted - 1)
        logits = torch.zeros(len(row), model.items + 1, device=self.device)
        negatives = tasks.draw_negatives(logits, taken[row], options.negatives)
        candidates = torch.cat([wanted[:, None], negatives], 1)
        return tasks.candidate_loss(query, model.table, candidates, options.loss_on)
