#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Times workload W4 also with the peers that come as Python packages.

    pip install poselib pycolmap opencv-python-headless
    benchmarks/peers.py --bench build/default/benchmarks/propnp_bench

The numbers of the workload come from `propnp_bench problem`, so that everybody refines the same pose
from the same start. propnp_bench and the packages take turns, pass after pass, and one table compares
them. A call from Python also converts its arguments; where a peer can be asked for zero iterations, the
figure "one iteration" is free of that: (time of n iterations - time of 0) / n. Everything runs on one
thread. Packages that are not installed are named and left out.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

# On one core nobody gains from a second thread; propnp_bench, started from here, stays there too.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

TURN_MS = 20
DEFAULT_BENCH = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "../build/default/benchmarks/propnp_bench"
)


class PoseLib:
    package, name = "poselib", "PoseLib"

    def __init__(self, problem):
        import numpy as np
        import poselib

        self.version = package_version("poselib")
        points, pixels = np.array(problem["x3d"]), np.array(problem["x2d"])
        start = poselib.CameraPose()
        start.t = np.array(problem["pose_init"][:3])
        start.q = np.array(problem["pose_init"][3:])
        camera = {"model": "PINHOLE", "width": 640, "height": 480, "params": problem["camera"][:4]}

        def refine(options):
            options = {"loss_type": "TRIVIAL", **options}
            pose, info = poselib.refine_absolute_pose(pixels, points, start, camera, options)
            if info["invalid_steps"] != 0:
                raise RuntimeError("PoseLib rejects steps, which cost less than others")
            return list(pose.t) + list(pose.q)

        # It converges in three; more would only be rejected.
        self.iterations = 3
        self.methods = {
            "refine_absolute_pose, to convergence": lambda: refine({}),
            "refine_absolute_pose, 3 iterations": lambda: refine({"max_iterations": 3}),
            "refine_absolute_pose, 0 iterations": lambda: refine({"max_iterations": 0}),
        }
        self.differences = [tuple(self.methods)[1:]]


class PyColmap:
    package, name = "pycolmap", "COLMAP"

    def __init__(self, problem):
        import numpy as np
        import pycolmap

        self.version = package_version("pycolmap")
        points, pixels = np.array(problem["x3d"]), np.array(problem["x2d"])
        qw, qx, qy, qz = problem["pose_init"][3:]
        start = pycolmap.Rigid3d(
            pycolmap.Rotation3d(np.array([qx, qy, qz, qw])), np.array(problem["pose_init"][:3])
        )
        camera = pycolmap.Camera(
            model="PINHOLE", width=640, height=480, params=problem["camera"][:4]
        )
        inliers = np.ones(len(points), dtype=bool)
        options = pycolmap.AbsolutePoseRefinementOptions()
        # Its loss is Cauchy's, which a large scale turns into least squares.
        options.loss_function_scale = 1e5
        options.gradient_tolerance = 1e-6

        def refine(covariance):
            result = pycolmap.refine_absolute_pose(
                start, pixels, points, inliers, camera, options, covariance
            )
            pose = result["cam_from_world"]
            qx, qy, qz, qw = pose.rotation.quat
            return list(pose.translation) + [qw, qx, qy, qz]

        self.methods = {
            "refine_absolute_pose, covariance": lambda: refine(True),
            "refine_absolute_pose": lambda: refine(False),
        }
        self.differences = []


class OpenCv:
    package, name = "cv2", "OpenCV"

    def __init__(self, problem):
        import cv2
        import numpy as np

        cv2.setNumThreads(1)
        self.version = cv2.__version__
        points, pixels = np.array(problem["x3d"]), np.array(problem["x2d"])
        fx, fy, cx, cy, skew = problem["camera"]
        camera = np.array([[fx, skew, cx], [0, fy, cy], [0, 0, 1]])
        rotation, translation = angle_axis(problem["pose_init"][3:]), problem["pose_init"][:3]

        def start():
            return np.array(rotation).reshape(3, 1), np.array(translation).reshape(3, 1)

        def pose(rvec, tvec):
            return [float(x) for x in tvec.ravel()] + quaternion([float(x) for x in rvec.ravel()])

        criteria = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, problem["iterations"], 0)

        def refine():
            result = cv2.solvePnPRefineLM(points, pixels, camera, None, *start(), criteria)
            return pose(*result)

        def solve():
            _, rvec, tvec = cv2.solvePnP(
                points, pixels, camera, None, *start(), True, cv2.SOLVEPNP_ITERATIVE
            )
            return pose(rvec, tvec)

        self.methods = {
            "solvePnPRefineLM, 5 iterations": refine,
            "solvePnP from a guess": solve,
        }
        self.differences = []


PEERS = (PoseLib, PyColmap, OpenCv)


def package_version(package):
    from importlib.metadata import version

    return version(package)


def angle_axis(q):
    """Rotation vector of the unit quaternion [w x y z]."""
    import math

    norm = math.sqrt(sum(x * x for x in q[1:]))
    angle = 2 * math.atan2(norm, q[0])
    if angle > math.pi:
        angle -= 2 * math.pi
    return [x / norm * angle for x in q[1:]]


def quaternion(rotation_vector):
    import math

    angle = math.sqrt(sum(x * x for x in rotation_vector))
    return [math.cos(angle / 2)] + [x / angle * math.sin(angle / 2) for x in rotation_vector]


def require_optimum(name, pose, optimum):
    """The poses of all methods agree, with the sign of the quaternion free, or they are not timed."""
    same = sum(a * b for a, b in zip(pose[3:], optimum[3:])) > 0
    expected = optimum[:3] + [x if same else -x for x in optimum[3:]]
    distance = max(abs(a - b) for a, b in zip(pose, expected))
    if not distance < 1e-5:
        sys.exit(f"peers.py: {name} ends {distance:.1e} from the optimum")


def find_peers(problem):
    """The peers that can be imported, ready to run, and the packages of the others."""
    found, missing = [], []
    for peer_type in PEERS:
        try:
            peer = peer_type(problem)
        except ImportError as error:
            missing.append(f"{peer_type.name} ({error})")
            continue
        for name, method in peer.methods.items():
            if "0 iterations" not in name:
                require_optimum(f"{peer.name} {name}", method(), problem["pose_optimum"])
        found.append(peer)
    return found, missing


def turn(method):
    """Times of single calls in ms after one that is not timed."""
    method()
    times, spent = [], 0.0
    while spent < TURN_MS:
        begin = time.perf_counter_ns()
        method()
        times.append((time.perf_counter_ns() - begin) * 1e-6)
        spent += times[-1]
    return times


def resident_high_water():
    """VmHWM of this process in MB (2^20 bytes); None where there is no /proc."""
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def peak_memory(arguments, peer, method):
    """The peak of a process of its own, interpreter and NumPy included."""
    command = [sys.executable, os.path.abspath(__file__), "--bench", arguments.bench]
    output = subprocess.run(
        command + ["--memory", peer.package, method], capture_output=True, text=True
    )
    try:
        return float(output.stdout)
    except ValueError:
        return None


def run_memory(arguments, problem):
    package, method = arguments.memory
    peer = next(p for p in PEERS if p.package == package)(problem)
    peer.methods[method]()
    print(resident_high_water())


def run_propnp_bench(arguments, times):
    """One pass of propnp_bench: appends to times[key] a dictionary of its figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "w4.json")
        command = [arguments.bench, "workloads", "--only", "W4", "--json", path]
        command += ["--repetitions", str(arguments.repetitions)]
        if arguments.isa:
            command += ["--isa", arguments.isa]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with open(path) as file:
            for row in json.load(file)["workloads"]:
                times.setdefault((row["method"], row["peer"], row["precision"]), []).append(row)


def merged_row(rows):
    """Median of the passes' medians, least and greatest of all."""
    row = dict(rows[0])
    row["median_ms"] = statistics.median(r["median_ms"] for r in rows)
    row["min_ms"] = min(r["min_ms"] for r in rows)
    row["max_ms"] = max(r["max_ms"] for r in rows)
    return row


def figures(values):
    return {
        "median_ms": statistics.median(values),
        "min_ms": min(values),
        "max_ms": max(values),
    }


def row_of(peer, method, values, peak_mb):
    return {
        "workload": "W4",
        "method": method,
        "peer": f"{peer.name} {peer.version} from Python",
        "precision": "double",
        "threads": 1,
        "isa": "own",
        **figures(values),
        "peak_mb": peak_mb,
        "extra_mb": None,
        "workspace_mb": None,
    }


def peer_rows(arguments, peer, turns):
    """`turns` has a list of turns for every method, of the same length."""
    rows, memory = [], {}
    for name in peer.methods:
        memory[name] = peak_memory(arguments, peer, name)
        rows.append(row_of(peer, name, [t for times in turns[name] for t in times], memory[name]))
    for some, none in peer.differences:
        values = [
            (statistics.median(a) - statistics.median(b)) / peer.iterations
            for a, b in zip(turns[some], turns[none])
        ]
        rows.append(row_of(peer, f"{peer.name}, one iteration", values, memory[some]))
    return rows


def measure(arguments, peers):
    ours, turns = {}, {peer: {name: [] for name in peer.methods} for peer in peers}
    for _ in range(arguments.passes):
        run_propnp_bench(arguments, ours)
        for peer in peers:
            for name, method in peer.methods.items():
                turns[peer][name].append(turn(method))
    rows = [merged_row(r) for r in ours.values()]
    for peer in peers:
        rows += peer_rows(arguments, peer, turns[peer])
    return rows


def print_table(rows, missing):
    whole = [r for r in rows if "one iteration" not in r["method"]]
    single = [r for r in rows if "one iteration" in r["method"]]
    for title, part in (("W4: one call", whole), ("W4: one iteration", single)):
        print(f"\n{title}")
        print(f"{'method':<48}{'whose':<28}{'precision':<11}{'median us':>10}{'min us':>10}"
              f"{'ratio':>8}{'peak MB':>9}")
        for r in part:
            peak = "unknown" if r["peak_mb"] is None else f"{r['peak_mb']:.1f}"
            print(f"{r['method']:<48}{r['peer'] or 'ours':<28}{r['precision']:<11}"
                  f"{1e3 * r['median_ms']:>10.2f}{1e3 * r['min_ms']:>10.2f}"
                  f"{r['median_ms'] / part[0]['median_ms']:>8.2f}{peak:>9}")
    print("\nratio: median over that of the first line of its table.")
    for name in missing:
        print(f"not found: {name}")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", default=DEFAULT_BENCH, help="the program propnp_bench")
    parser.add_argument("--passes", type=int, default=7, help="turns of everybody (default 7)")
    parser.add_argument("--repetitions", type=int, default=5,
                        help="rounds of propnp_bench in each pass (default 5)")
    parser.add_argument("--isa", help="instruction set of propnp's kernels (default: the best)")
    parser.add_argument("--json", help="also write the results to this file, as propnp_bench does")
    parser.add_argument("--memory", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if not os.access(arguments.bench, os.X_OK):
        parser.error(f"no program at {arguments.bench}: build propnp_bench and name it with --bench")
    return arguments


def main():
    arguments = parse_arguments()
    problem = json.loads(
        subprocess.run(
            [arguments.bench, "problem", "--only", "W4"], check=True, capture_output=True
        ).stdout
    )
    if arguments.memory:
        run_memory(arguments, problem)
        return
    peers, missing = find_peers(problem)
    rows = measure(arguments, peers)
    print_table(rows, missing)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"workloads": rows}, file, indent=2)
            file.write("\n")


if __name__ == "__main__":
    main()
