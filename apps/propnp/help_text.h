// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The parts of --help that teach by example.
#ifndef PROPNP_APPS_HELP_TEXT_H_
#define PROPNP_APPS_HELP_TEXT_H_

namespace propnp::app {

inline constexpr char kAbout[] =
    "propnp refines camera and object poses from 2D-3D points and says how sure it is of each.";

inline constexpr char kExamples[] = R"(
Examples
  See it work, on photographs where OpenCV's samples are installed:
    propnp demo

  A chessboard with 9 x 6 inner corners and squares of 25 mm:
    propnp refine 'left*.jpg' --board chessboard:9x6:25mm --camera left_intrinsics.yml -o out

  Square markers, one pose for each:
    propnp refine photo.jpg --board aruco:DICT_6X6_250:40mm --camera camera.yml -o out
    propnp refine photo.jpg --board apriltag:36h11:65mm --camera 620,620,320,240 -o out

  The cameras of a COLMAP model (points fixed), outliers held down:
    propnp refine sparse/0 --images images --loss cauchy -o out

  Is there another pose that fits? All of them, with probabilities:
    propnp posterior photo.jpg --board apriltag:36h11:65mm --camera 620,620,320,240 -o out

  Your own correspondences, one JSON object a line; numbers for another program:
    propnp refine points.jsonl --json

Every command explains itself: propnp refine --help. Exit codes: 0 all good, 1 some poses failed
(they are listed), 2 the command or its input is wrong (one line says what to do).
)";

inline constexpr char kRefineExamples[] = R"(
Input is recognised by its content: a COLMAP model (folder), a BAL problem, correspondences as JSON
lines, or photographs together with --board and --camera. Poses start from the input's own; where it
has none (photographs), from random samples.

-o DIR leaves
  DIR/poses.jsonl   one pose a line: pose, covariance, errors before and after, status
  DIR/poses.tum     trajectory of the cameras
  DIR/summary.json  the whole run, what --json prints
  DIR/model/        the input with refined poses, in its own format
  DIR/overlays/     pictures to judge the poses by
An existing DIR is replaced in one step, and only if propnp wrote it.

Examples
  propnp refine 'left*.jpg' --board chessboard:9x6:25mm --camera left_intrinsics.yml -o out
  propnp refine sparse/0 --loss huber --sigma auto --covariance sandwich -o out
  propnp refine problem-16-22106-pre.txt --loss none --sigma 1
  propnp refine points.jsonl --json --threads 1
  propnp refine points.jsonl --posterior --sigma 0.5
)";

inline constexpr char kPosteriorExamples[] = R"(
A pose is seldom all that the points allow. A flat marker seen from far away fits almost as well
tilted the other way; a symmetric object may be turned. This command looks for every such pose (a
mode), draws samples around all of them and weighs each by how well it fits. Input as for refine.

The table has, under each object's name and what is to be said about it, one line a mode:
  probability  the share of all that the points allow; two modes of .8 and .2: the second is right
               one time in five
  x y z        where the object's origin is, in the camera's frame
  turned deg   how far the mode is turned from the first one
  sigma t, R   one standard deviation around the mode: translation, rotation
  rms px, cost how well the pose fits
and in brackets the log evidence (+- its standard error) and how good the samples are: the effective
sample size (ESS) and k-hat, which above 0.7 says that the numbers are not to be relied on.

  two modes             believe neither alone; a second view, more points or a prior decides
  needs a prior         the points do not keep the object from being far away
  estimate not reliable use more --samples

How sure hangs on sigma: with only four points it cannot be estimated well, so give --sigma.

What else is known goes into the JSON lines of an object as "prior": a Gaussian of the direction and
log distance (gaussian_ray), a range of them (depth_range), or a Gaussian of the pose
(gaussian_pose), such as
  "prior": {"type": "depth_range", "min": [-1, -1, 0.5], "max": [1, 1, 4]}   of x/z, y/z, z
propnp convert makes JSON lines of other input. propnp refine takes priors, too.

-o DIR leaves
  DIR/posterior.jsonl  one object a line: modes with pose, covariance, probability; evidence
  DIR/summary.json     the run: input, noise, counts
  DIR/overlays/        every mode on its photograph, the fainter the less probable
  DIR/samples.npz      with --save-samples: numpy.load(...)["pose"], ["log_weight"], ["id"], ...

Examples
  propnp posterior photo.jpg --board apriltag:36h11:65mm --camera 620,620,320,240 -o out
  propnp posterior points.jsonl --sigma 0.5 --samples 4096 --seed 7
  propnp posterior sparse/0 --loss cauchy -o out --save-samples
)";

inline constexpr char kConvertExamples[] = R"(
  from                      to
  COLMAP model              jsonl  tum  colmap-text  colmap-binary
  BAL problem               jsonl  tum  bal
  correspondences (jsonl)   jsonl  tum
  photographs of a board    jsonl
  BOP scene, BOP results    bop

Examples
  propnp convert sparse/0 points.jsonl
  propnp convert sparse/0 sparse_text --to colmap-text
  propnp convert 'left*.jpg' corners.jsonl --board chessboard:9x6:25mm --camera left_intrinsics.yml
)";

inline constexpr char kInfoExamples[] = R"(
Examples
  propnp info sparse/0
  propnp info 'left*.jpg' --board chessboard:9x6:25mm --camera left_intrinsics.yml
)";

inline constexpr char kDemoAbout[] = R"(
Refines the poses of 13 chessboard photographs (OpenCV's calibration samples) from deliberately bad
starts and compares them with the published calibration. Then takes one square alone, as if it were
a marker, and shows both poses that its corners allow. The corners are built in; the pictures use
the photographs where they are installed (Debian package opencv-doc).
)";

}  // namespace propnp::app

#endif  // PROPNP_APPS_HELP_TEXT_H_
