// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/samples_file.h"

#include <algorithm>
#include <array>
#include <utility>

#include "apps/propnp/io_errors.h"
#include "apps/propnp/pose_math.h"

namespace propnp::app {
namespace {

constexpr size_t kRowsInMemory = 1 << 17;  // numbers between two writes

template <typename T>
void Append(size_t array, const std::vector<T>& values, io::NpzWriter* writer) {
  ThrowIfFailed(writer->Append(array, values.data(), values.size() * sizeof(T)));
}

// J covariance J^T with the J that takes a step of [tx ty tz yaw] to the tangent of a full pose:
// yaw turns about the axis.
std::vector<double> FullCovariance(const io::DatasetObject& object,
                                   const std::vector<double>& covariance) {
  double jacobian[6][4] = {};
  for (int k = 0; k < 3; ++k) {
    jacobian[k][k] = 1;
    jacobian[3 + k][3] = object.yaw_axis[k];
  }
  std::vector<double> full(36, 0.0);
  for (int a = 0; a < 36; ++a) {
    for (int b = 0; b < 16; ++b) {
      full[a] += jacobian[a / 6][b / 4] * covariance[b] * jacobian[a % 6][b % 4];
    }
  }
  return full;
}

}  // namespace

SamplesFile::SamplesFile(const std::string& path, const io::PoseDataset& dataset, int64_t samples)
    : dataset_(dataset),
      objects_(static_cast<int64_t>(dataset.objects.size())),
      pose_size_(SharedPoseSize(dataset)),
      dof_(pose_size_ == 7 ? 6 : 4),
      writer_(ValueOrThrow(io::NpzWriter::Create(path))) {
  AddIds();
  pose_ = Add("pose", io::NpyFloat64(), {objects_, samples, pose_size_});
  log_weight_ = Add("log_weight", io::NpyFloat64(), {objects_, samples});
}

size_t SamplesFile::Add(const std::string& name, const io::NpyType& type,
                        const std::vector<int64_t>& shape) {
  return ValueOrThrow(writer_.AddArray(name, type, shape));
}

template <typename T, typename Fill>
void SamplesFile::AddRows(const std::string& name, const io::NpyType& type,
                          const std::vector<int64_t>& row_shape, const Fill& fill) {
  std::vector<int64_t> shape = row_shape;
  shape.insert(shape.begin(), objects_);
  const size_t array = Add(name, type, shape);
  std::vector<T> rows;
  for (size_t i = 0; i < dataset_.objects.size(); ++i) {
    fill(i, &rows);
    if (rows.size() < kRowsInMemory && i + 1 < dataset_.objects.size()) continue;
    Append(array, rows, &writer_);
    rows.clear();
  }
}

void SamplesFile::AddIds() {
  size_t longest = 1;
  for (const io::DatasetObject& object : dataset_.objects) {
    longest = std::max(longest, io::CountCharacters(object.id));
  }
  AddRows<char>("id", io::NpyUnicode(longest), {}, [&](size_t i, std::vector<char>* rows) {
    const std::string text = io::NpyText(dataset_.objects[i].id, longest);
    rows->insert(rows->end(), text.begin(), text.end());
  });
}

void SamplesFile::Take(const PartSamples& part) {
  Append(pose_, part.pose, &writer_);
  Append(log_weight_, part.log_weight, &writer_);
}

void SamplesFile::AddModes(const std::vector<ObjectPosterior>& posteriors) {
  size_t most = 1;
  for (const ObjectPosterior& posterior : posteriors) {
    most = std::max(most, posterior.modes.size());
  }
  AddRows<int32_t>("mode_count", io::NpyInt32(), {}, [&](size_t i, std::vector<int32_t>* rows) {
    rows->push_back(static_cast<int32_t>(posteriors[i].modes.size()));
  });
  // What `numbers` finds of each mode, and zeros behind them.
  const auto add = [&](const char* name, std::vector<int64_t> shape, auto numbers) {
    size_t width = 1;
    for (const int64_t extent : shape) width *= static_cast<size_t>(extent);
    shape.insert(shape.begin(), static_cast<int64_t>(most));
    AddRows<double>(name, io::NpyFloat64(), shape, [&](size_t i, std::vector<double>* rows) {
      const size_t begin = rows->size();
      for (const PoseMode& mode : posteriors[i].modes) {
        const auto values = numbers(dataset_.objects[i], mode);
        rows->insert(rows->end(), values.begin(), values.begin() + width);
      }
      rows->resize(begin + most * width);
    });
  };
  add("mode_pose", {pose_size_}, [&](const io::DatasetObject& object, const PoseMode& mode) {
    return pose_size_ == 7 ? FullPose(object, mode.pose) : mode.pose;
  });
  add("mode_covariance", {dof_, dof_}, [&](const io::DatasetObject& object, const PoseMode& mode) {
    return object.dof < dof_ ? FullCovariance(object, mode.covariance) : mode.covariance;
  });
  add("mode_probability", {}, [](const io::DatasetObject&, const PoseMode& mode) {
    return std::array<double, 1>{mode.probability};
  });
  add("mode_cost", {}, [](const io::DatasetObject&, const PoseMode& mode) {
    return std::array<double, 1>{mode.cost};
  });
}

void SamplesFile::AddScalars(const std::vector<ObjectPosterior>& posteriors) {
  const std::pair<const char*, double ObjectPosterior::*> kFields[] = {
      {"log_evidence", &ObjectPosterior::log_evidence},
      {"standard_error", &ObjectPosterior::standard_error},
      {"ess", &ObjectPosterior::ess},
      {"khat", &ObjectPosterior::khat}};
  for (const auto& name_and_field : kFields) {
    const auto field = name_and_field.second;
    AddRows<double>(name_and_field.first, io::NpyFloat64(), {},
                    [&](size_t i, std::vector<double>* rows) {
                      rows->push_back(posteriors[i].failed() ? 0.0 : posteriors[i].*field);
                    });
  }
  AddRows<int32_t>("status", io::NpyInt32(), {}, [&](size_t i, std::vector<int32_t>* rows) {
    rows->push_back(posteriors[i].status);
  });
}

void SamplesFile::Finish(const std::vector<ObjectPosterior>& posteriors) {
  AddModes(posteriors);
  AddScalars(posteriors);
  ThrowIfFailed(writer_.Finish());
}

}  // namespace propnp::app
