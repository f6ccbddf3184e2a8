// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// One square of the demo's chessboard, taken alone as if it were a marker: four measured corners,
// seen small, fit almost as well with the square tilted the other way. The whole board tells which
// way is right.
#ifndef PROPNP_APPS_DEMO_SQUARE_H_
#define PROPNP_APPS_DEMO_SQUARE_H_

#include <string>

#include "apps/propnp/demo_command.h"
#include "apps/propnp/input.h"
#include "apps/propnp/posterior_report.h"

namespace propnp::app {

// Which square: its corners are those of rows `row` and `row + 1`, columns `column` and `column +
// 1` of the board's 6 x 9.
struct BoardSquare {
  std::string photo;
  int row = 0, column = 0;
  double sigma_px = 0;  // of a corner, in u and in v
};

// The square of the demo. Its corners fit its true pose less well than the wrong one, and not very
// well: a quarter of a pixel is what is left of them there. (The board's other corners have 0.16
// px.)
BoardSquare DemoSquare();

// The square's corners as correspondences without a start; its middle is its origin. `board` is
// DemoInput().
LoadedInput SquareInput(const LoadedInput& board, const BoardSquare& square);

// Its pose by the published pose of the whole board.
io::Pose TrueSquarePose(const BoardSquare& square);

// What the modes are worth, in words; `agrees` if one of them is the true pose.
std::string JudgeModes(const PosteriorOutcome& outcome, const BoardSquare& square, bool* agrees);

}  // namespace propnp::app

#endif  // PROPNP_APPS_DEMO_SQUARE_H_
