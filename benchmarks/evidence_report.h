// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// The errors of a sampler as tables and as JSON.
#ifndef PROPNP_BENCHMARKS_EVIDENCE_REPORT_H_
#define PROPNP_BENCHMARKS_EVIDENCE_REPORT_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "benchmarks/evidence_figures.h"

namespace propnp::bench {

struct ProblemResult {
  std::string name, family;
  EvidenceFigures figures;
};

// How the figures were made.
struct EvidenceRun {
  int samples = 512, seeds = 24, threads = 1;
  std::string method, precision;
};

// A line for every family and one for every problem.
void PrintEvidence(const EvidenceRun& run, const std::vector<ProblemResult>& problems,
                   std::ostream& out);

// Writes {"families": [...], "problems": [...]} and how they were made. Figures that are absent or
// not finite are null. False if the file cannot be written.
bool WriteEvidenceJson(const EvidenceRun& run, const std::vector<ProblemResult>& problems,
                       const std::string& path);

}  // namespace propnp::bench

#endif  // PROPNP_BENCHMARKS_EVIDENCE_REPORT_H_
