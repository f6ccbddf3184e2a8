# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Calls from many threads and from forked children, and how many threads they use."""

import gc
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import propnp
from scenes import make_scene

SCENE = make_scene(1, objects=64)


@pytest.fixture(autouse=True)
def default_threads():
    yield
    propnp.set_num_threads(0)


def pose():
    return propnp.sample(**SCENE.problem(), num_samples=64, draws=2).draws


def threads_of_process():
    return len(list(Path("/proc/self/task").iterdir()))


def test_results_do_not_depend_on_the_number_of_threads():
    propnp.set_num_threads(1)
    one = pose()
    propnp.set_num_threads(3)
    assert propnp.get_num_threads() == 3
    np.testing.assert_array_equal(pose(), one)
    for wrong in (-1, 5000):
        with pytest.raises(ValueError, match=str(wrong)):
            propnp.set_num_threads(wrong)


def test_many_threads_at_once():
    expected = pose()
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: pose(), range(32)))
    for result in results:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc/self/task")
def test_threads_take_their_workers_along():
    """A thread's context goes when the thread ends."""
    propnp.set_num_threads(2)
    pose()
    before = threads_of_process()
    for _ in range(20):
        thread = threading.Thread(target=pose)
        thread.start()
        thread.join()
    gc.collect()
    # An ended thread may linger in /proc for a moment; twenty leaked workers would stay.
    assert threads_of_process() <= before + 5


def test_other_threads_run_meanwhile():
    """The interpreter's lock is released: another thread counts while a call works."""
    scene = make_scene(2, objects=4000)
    counted = []
    done = threading.Event()

    def count():
        while not done.wait(0.001):
            counted.append(None)

    counter = threading.Thread(target=count)
    counter.start()
    before = len(counted)
    propnp.sample(**scene.problem(), samples=False)
    during = len(counted) - before
    done.set()
    counter.join()
    assert during > 10


def child(queue):
    queue.put(pose())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children(method):
    expected = pose()  # the parent has worker threads, which a fork does not copy
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    children = [context.Process(target=child, args=(queue,)) for _ in range(2)]
    for process in children:
        process.start()
    results = [queue.get(timeout=60) for _ in children]
    for process in children:
        process.join(60)
        assert process.exitcode == 0
    for result in results:
        np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(pose(), expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fork_while_another_thread_is_in_a_call():
    scene = make_scene(3, objects=2000)
    working = threading.Thread(target=lambda: propnp.sample(**scene.problem(), samples=False))
    pose()
    working.start()
    process_id = os.fork()
    if process_id == 0:
        try:
            pose()
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
    _, status = os.waitpid(process_id, 0)
    working.join()
    assert status == 0
