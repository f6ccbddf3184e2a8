// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "benchmarks/evidence_report.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "benchmarks/table.h"

namespace propnp::bench {
namespace {

using nlohmann::ordered_json;

struct FamilyResult {
  std::string family;
  EvidenceFigures figures;
};

// In the order in which the families first appear.
std::vector<FamilyResult> FamiliesOf(const std::vector<ProblemResult>& problems) {
  std::vector<FamilyResult> families;
  std::vector<std::vector<EvidenceFigures>> members;
  for (const ProblemResult& problem : problems) {
    const auto it = std::find_if(families.begin(), families.end(),
                                 [&](const FamilyResult& f) { return f.family == problem.family; });
    const size_t index = it - families.begin();
    if (it == families.end()) {
      families.push_back({problem.family, {}});
      members.emplace_back();
    }
    members[index].push_back(problem.figures);
  }
  for (size_t i = 0; i < families.size(); ++i) families[i].figures = FiguresOfFamily(members[i]);
  return families;
}

Row RowOf(const std::string& name, const EvidenceFigures& f) {
  return {name,
          Format("%.5f", f.rmse_log_evidence),
          Format("%+.5f", f.bias) + " +- " + Format("%.5f", f.bias_standard_error),
          Format("%.5f", f.gradient_error_x3d),
          Format("%.5f", f.gradient_error_x2d),
          Format("%.5f", f.gradient_error_weight),
          Format("%.5f", f.relative_gradient_error),
          Format("%.1f %%", 100 * f.ess),
          Format("%.2f", f.khat),
          f.mode_probability_error ? Format("%.4f", *f.mode_probability_error) : "-",
          TimeText(f.milliseconds),
          std::to_string(f.failed)};
}

Row Heading(const std::string& first) {
  return {first,           "RMSE log Z", "bias", "grad x3d", "grad x2d", "grad weight",
          "grad, largest", "ESS",        "khat", "modes",    "time",     "failed"};
}

void AddFigures(const EvidenceFigures& f, ordered_json* row) {
  (*row)["rmse_log_evidence"] = f.rmse_log_evidence;
  (*row)["bias"] = f.bias;
  (*row)["bias_standard_error"] = f.bias_standard_error;
  (*row)["relative_gradient_error"] = f.relative_gradient_error;
  (*row)["ess"] = f.ess;
  (*row)["khat"] = f.khat;
  (*row)["mode_probability_error"] = nullptr;
  if (f.mode_probability_error) (*row)["mode_probability_error"] = *f.mode_probability_error;
}

void AddMore(const EvidenceFigures& f, ordered_json* row) {
  (*row)["milliseconds"] = f.milliseconds;
  (*row)["gradient_error_x3d"] = f.gradient_error_x3d;
  (*row)["gradient_error_x2d"] = f.gradient_error_x2d;
  (*row)["gradient_error_weight"] = f.gradient_error_weight;
  (*row)["failed"] = f.failed;
}

}  // namespace

void PrintEvidence(const EvidenceRun& run, const std::vector<ProblemResult>& problems,
                   std::ostream& out) {
  out << run.method << ", " << run.samples << " samples, " << run.seeds << " seeds a problem, "
      << run.precision << ", " << run.threads << " threads\n\n";
  std::vector<Row> rows{Heading("family")};
  for (const FamilyResult& family : FamiliesOf(problems)) {
    rows.push_back(RowOf(family.family, family.figures));
  }
  PrintRows(rows, /*first_number=*/1, out);
  out << "\n";
  rows = {Heading("problem")};
  for (const ProblemResult& problem : problems) {
    rows.push_back(RowOf(problem.name, problem.figures));
  }
  PrintRows(rows, /*first_number=*/1, out);
  out << "\nRMSE and bias in nat; grad: relative RMS error of the gradient of cost(true pose) + "
         "log "
         "Z; modes: error\nof the modes' probabilities; time: wall time an object.\n";
}

bool WriteEvidenceJson(const EvidenceRun& run, const std::vector<ProblemResult>& problems,
                       const std::string& path) {
  ordered_json families = ordered_json::array(), rows = ordered_json::array();
  for (const FamilyResult& family : FamiliesOf(problems)) {
    ordered_json row{{"family", family.family}};
    AddFigures(family.figures, &row);
    AddMore(family.figures, &row);
    families.push_back(std::move(row));
  }
  for (const ProblemResult& problem : problems) {
    ordered_json row{{"name", problem.name}, {"family", problem.family}};
    AddFigures(problem.figures, &row);
    AddMore(problem.figures, &row);
    rows.push_back(std::move(row));
  }
  const ordered_json file{{"families", std::move(families)},
                          {"problems", std::move(rows)},
                          {"samples", run.samples},
                          {"seeds", run.seeds},
                          {"method", run.method},
                          {"precision", run.precision},
                          {"threads", run.threads}};
  std::ofstream out(path);
  out << file.dump(1) << "\n";
  out.flush();
  return static_cast<bool>(out);
}

}  // namespace propnp::bench
