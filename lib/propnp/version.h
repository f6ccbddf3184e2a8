// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#ifndef PROPNP_VERSION_H_
#define PROPNP_VERSION_H_

// The one place that states the version: the build and the packages read these three lines.
#define PROPNP_VERSION_MAJOR 0
#define PROPNP_VERSION_MINOR 1
#define PROPNP_VERSION_PATCH 0

#define PROPNP_STRINGIFY_(x) #x
#define PROPNP_STRINGIFY(x) PROPNP_STRINGIFY_(x)

// "major.minor.patch".
#define PROPNP_VERSION_STRING            \
  PROPNP_STRINGIFY(PROPNP_VERSION_MAJOR) \
  "." PROPNP_STRINGIFY(PROPNP_VERSION_MINOR) "." PROPNP_STRINGIFY(PROPNP_VERSION_PATCH)

#endif  // PROPNP_VERSION_H_
