# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors
"""Layers with the names and signatures of others, so that training code changes one import."""
