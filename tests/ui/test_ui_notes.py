"""``N`` on a run keeps a note."""

from runwatch.domain.intents import AddNote


async def test_a_note_on_the_run_under_the_cursor(board) -> None:
    async with board() as it:
        await it.sees("Runs")
        await it.press("1", "e")
        await it.sees("what is worth knowing")
        await it.press(*"odd", "enter")
        (intent,) = [intent for intent in it.watching.intents if isinstance(intent, AddNote)]
        assert (intent.kind, intent.text) == ("run", "odd")
