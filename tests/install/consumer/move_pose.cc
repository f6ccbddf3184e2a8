// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The mathematics on its own: a step of the retraction, and back.
#include <cmath>
#include <cstdio>

#include "propnp/math/pose.h"
#include "propnp/version.h"

int main() {
  const propnp::SixDof<double> six_dof;
  const double cam_from_object[7] = {0.1, -0.2, 3.0, 1.0, 0.0, 0.0, 0.0};
  const double step[6] = {0.01, 0.02, 0.03, 0.1, -0.2, 0.3};
  double moved[7];
  double recovered[6];
  six_dof.retract(cam_from_object, step, moved);
  six_dof.local(cam_from_object, moved, recovered);

  double error = 0;
  for (int i = 0; i < 6; ++i) error = std::fmax(error, std::fabs(recovered[i] - step[i]));
  std::printf("propnp %s: step recovered to %.1e\n", PROPNP_VERSION_STRING, error);
  return error < 1e-15 ? 0 : 1;
}
