"""The proof of pairing finds every pair, and notices a false one."""

import pytest

from streams.proofs.pairing_corpus import make_corpus
from streams.proofs.pairing_proof import prove_pairing


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_true_pair_is_joined_or_released_and_no_false_one_made(seed: int) -> None:
    corpus = make_corpus(400, seed)

    figures = await prove_pairing(corpus, seed)

    assert figures.joined == figures.joinable == len(corpus.joinable)
    assert figures.joined + figures.released == figures.pairs
    assert (figures.false_pairs, figures.lost, figures.waiting) == (0, 0, 0)
    assert figures.takeovers > 0


async def test_half_of_the_labels_come_in_halves() -> None:
    corpus = make_corpus(2000, 1)

    assert 0.45 < (len(corpus.pairs) + len(corpus.alone)) / corpus.labels < 0.55
    assert corpus.events == make_corpus(2000, 1).events


async def test_a_pair_that_is_not_the_truth_is_counted_false() -> None:
    corpus = make_corpus(200, 1)
    one, other = sorted(corpus.joinable)[:2]
    corpus.pairs[one], corpus.pairs[other] = corpus.pairs[other], corpus.pairs[one]

    figures = await prove_pairing(corpus, 1)

    assert (figures.false_pairs, figures.lost) == (2, 2)


async def test_a_label_joined_with_another_serial_is_counted_false() -> None:
    corpus = make_corpus(200, 1)
    corpus.serials[min(corpus.joinable)] = "S-OTHER"

    assert (await prove_pairing(corpus, 1)).false_pairs == 1
