/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: The propnp authors */

/* Plugins that a library must not take for its own: without the symbol, or of another version. */
#include "propnp/engine/backend.h"

#ifdef FAKE_VERSION
static const propnp_backend kBackend = {.struct_size = sizeof(propnp_backend),
                                        .version = FAKE_VERSION};

__attribute__((visibility("default"))) const propnp_backend* propnp_cuda_backend(void) {
  return &kBackend;
}
#else
int fake_plugin_without_symbol(void) { return 0; }
#endif
