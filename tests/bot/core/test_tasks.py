"""Background tasks are kept until they end, and their errors are in the log without anybody's words."""

import asyncio
import gc
import logging
import weakref

import pytest

from bot.core.tasks import Tasks, running, spawn


async def fail(words: str) -> None:
    raise ValueError(words)


async def test_an_error_is_logged_with_its_place_but_without_its_words(caplog):
    task = spawn(fail("sesame"), name="A walk")
    await asyncio.wait([task])
    await asyncio.sleep(0)
    [record] = caplog.records
    assert record.getMessage() == "A walk failed: ValueError"
    assert record.levelno == logging.ERROR
    assert "test_tasks.py" in caplog.text, "the log says where"
    assert "sesame" not in caplog.text


async def test_being_cancelled_is_no_error(caplog):
    task = spawn(asyncio.Event().wait(), name="A walk")
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert caplog.records == []


async def test_a_task_that_nobody_else_keeps_is_not_collected():
    done: list[bool] = []
    gates: list[weakref.ref[asyncio.Future[None]]] = []

    async def wait_alone() -> None:
        gate = asyncio.get_running_loop().create_future()  # this frame alone refers to it
        gates.append(weakref.ref(gate))
        await gate
        done.append(True)

    spawn(wait_alone(), name="A walk")
    await asyncio.sleep(0)
    gc.collect()
    gate = gates[0]()
    assert gate is not None
    gate.set_result(None)
    await asyncio.sleep(0.01)
    assert done == [True]


async def test_a_running_task_ends_with_its_block():
    with pytest.raises(KeyError):
        async with running(asyncio.Event().wait(), name="A walk") as task:
            await asyncio.sleep(0)
            assert not task.done()
            raise KeyError
    assert task.cancelled()


async def test_an_owner_waits_for_its_tasks_or_cancels_them():
    tasks = Tasks()
    await tasks.wait()
    assert not tasks
    soon = tasks.spawn(asyncio.sleep(0, "done"), name="Soon")
    never = tasks.spawn(asyncio.Event().wait(), name="Never")
    await tasks.wait(0.01)
    assert (soon.result(), never.done()) == ("done", False)
    tasks.cancel()
    await tasks.wait()
    assert never.cancelled()
    await asyncio.sleep(0)
    assert not tasks
