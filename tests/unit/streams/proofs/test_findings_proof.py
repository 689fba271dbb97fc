from streams.proofs.findings_proof import FindingFigures, watch
from streams.proofs.findings_world import WARM_UP, hospital_year, months
from streams.proofs.scan_rate_world import scan_rates


def test_a_hospital_year_finds_all_that_was_seeded_and_leaves_the_desk_free() -> None:
    figures, world = FindingFigures(), hospital_year(1)
    watch(world, figures)
    figures.rates_near.append(sum(department.near for department in scan_rates(1)))
    assert (figures.years, figures.months, figures.seeded) == (1, 12, len(world.seeds))
    assert figures.good, figures
    assert figures.causes > 1000


def test_a_hospital_year_is_the_same_again_and_another_seed_is_another() -> None:
    one, again, other = hospital_year(7), hospital_year(7), hospital_year(8)
    assert (one.usage, one.seeds) == (again.usage, again.seeds)
    assert one.seeds != other.seeds
    assert all(seed.month in months()[WARM_UP:] for seed in one.seeds)


def test_what_is_not_as_wanted_is_not_good() -> None:
    assert FindingFigures(seeded=2, found=2, caseload=10, caseload_cut=8, open_most=30).good
    assert not FindingFigures(seeded=2, found=1).good
    assert not FindingFigures(open_most=31).good
    assert not FindingFigures(caseload=10, caseload_cut=7).good
    assert not FindingFigures(causes=5, causes_wrong=1).good
