// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/bal.h"

#include "propnp/io/file.h"
#include "propnp/io/number_text.h"
#include "propnp/io/text_reader.h"

namespace propnp::io {
namespace {

// Shortest records in bytes ("0 0 0 0 ", "0 "): what the counts are checked against.
constexpr uint64_t kMinObservationBytes = 8;
constexpr uint64_t kMinNumberBytes = 2;
constexpr uint64_t kCameraNumbers = 9;
constexpr uint64_t kPointNumbers = 3;

// S as a quaternion: half a turn about x. Multiplying by it permutes and negates, without rounding.
constexpr Quaternion kOpenCvFromBal = {0, 1, 0, 0};

struct Counts {
  int32_t cameras = 0;
  int32_t points = 0;
  int32_t observations = 0;
};

bool CheckCount(const char* field, int32_t count, uint64_t record_bytes, TextReader* in) {
  if (count < 0) return in->Fail(field, "is negative");
  // One more byte: the last number needs no separator behind it.
  if (static_cast<uint64_t>(count) <= (in->remaining() + 1) / record_bytes) return true;
  return in->Fail(field, std::to_string(count) + " is more than the file can hold");
}

bool ReadCounts(TextReader* in, Counts* counts) {
  return in->Read("num_cameras", &counts->cameras) && in->Read("num_points", &counts->points) &&
         in->Read("num_observations", &counts->observations) &&
         CheckCount("num_cameras", counts->cameras, kCameraNumbers * kMinNumberBytes, in) &&
         CheckCount("num_points", counts->points, kPointNumbers * kMinNumberBytes, in) &&
         CheckCount("num_observations", counts->observations, kMinObservationBytes, in);
}

bool ReadIndex(const char* field, int32_t size, TextReader* in, int32_t* index) {
  if (!in->Read(field, index)) return false;
  if (*index >= 0 && *index < size) return true;
  return in->Fail(field, std::to_string(*index) + " is not below " + std::to_string(size));
}

bool ReadObservation(const Counts& counts, TextReader* in, BalObservation* o) {
  return ReadIndex("camera_index", counts.cameras, in, &o->camera) &&
         ReadIndex("point_index", counts.points, in, &o->point) && in->Read("x", &o->u) &&
         in->Read("y", &o->v);
}

bool ReadVector(const char* field, TextReader* in, Vector3* vector) {
  return in->Read(field, &(*vector)[0]) && in->Read(field, &(*vector)[1]) &&
         in->Read(field, &(*vector)[2]);
}

bool ReadCamera(TextReader* in, BalCamera* camera) {
  return ReadVector("camera rotation", in, &camera->angle_axis) &&
         ReadVector("camera translation", in, &camera->translation) &&
         in->Read("camera f", &camera->focal_px) && in->Read("camera k1", &camera->k1) &&
         in->Read("camera k2", &camera->k2);
}

bool ReadProblem(TextReader* in, BalProblem* problem) {
  Counts counts;
  if (!ReadCounts(in, &counts)) return false;
  problem->observations.resize(static_cast<size_t>(counts.observations));
  for (BalObservation& observation : problem->observations) {
    if (!ReadObservation(counts, in, &observation)) return false;
  }
  problem->cameras.resize(static_cast<size_t>(counts.cameras));
  for (BalCamera& camera : problem->cameras) {
    if (!ReadCamera(in, &camera)) return false;
  }
  problem->points.resize(static_cast<size_t>(counts.points));
  for (Vector3& point : problem->points) {
    if (!ReadVector("point", in, &point)) return false;
  }
  return in->ExpectEnd();
}

void AppendLine(double value, std::string* text) {
  AppendNumber(value, text);
  *text += '\n';
}

void AppendObservation(const BalObservation& observation, std::string* text) {
  AppendInteger(observation.camera, text);
  *text += ' ';
  AppendInteger(observation.point, text);
  *text += ' ';
  AppendNumber(observation.u, text);
  *text += ' ';
  AppendLine(observation.v, text);
}

// Indices of each camera's observations, in the order of the file: a counting sort.
struct ByCamera {
  std::vector<size_t> offsets;  // one per camera and one more
  std::vector<size_t> order;
};

ByCamera SortByCamera(const BalProblem& problem) {
  ByCamera result;
  result.offsets.resize(problem.cameras.size() + 1);
  for (const BalObservation& o : problem.observations) {
    ++result.offsets[static_cast<size_t>(o.camera) + 1];
  }
  for (size_t c = 1; c < result.offsets.size(); ++c) result.offsets[c] += result.offsets[c - 1];
  std::vector<size_t> next(result.offsets.begin(), result.offsets.end() - 1);
  result.order.resize(problem.observations.size());
  for (size_t i = 0; i < problem.observations.size(); ++i) {
    result.order[next[static_cast<size_t>(problem.observations[i].camera)]++] = i;
  }
  return result;
}

DatasetCamera ToDatasetCamera(const BalCamera& camera, const std::string& name) {
  DatasetCamera result;
  result.model = PROPNP_CAMERA_SIMPLE_RADIAL;
  result.parameters = {camera.focal_px, 0, 0, camera.k1, camera.k2};
  result.name = name;
  return result;
}

}  // namespace

Result<BalProblem> ParseBal(std::string_view text, const std::string& file) {
  TextReader in(text, file);
  in.OpenRest();
  BalProblem problem;
  problem.path = file;
  if (!ReadProblem(&in, &problem)) return in.status();
  return problem;
}

Result<BalProblem> ReadBal(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseBal(*text, path);
}

std::string FormatBal(const BalProblem& problem) {
  std::string text = std::to_string(problem.cameras.size()) + " " +
                     std::to_string(problem.points.size()) + " " +
                     std::to_string(problem.observations.size()) + "\n";
  for (const BalObservation& observation : problem.observations) {
    AppendObservation(observation, &text);
  }
  for (const BalCamera& camera : problem.cameras) {
    for (const double value : camera.angle_axis) AppendLine(value, &text);
    for (const double value : camera.translation) AppendLine(value, &text);
    AppendLine(camera.focal_px, &text);
    AppendLine(camera.k1, &text);
    AppendLine(camera.k2, &text);
  }
  for (const Vector3& point : problem.points) {
    for (const double value : point) AppendLine(value, &text);
  }
  return text;
}

Status WriteBal(const BalProblem& problem, const std::string& path) {
  return WriteFile(path, FormatBal(problem));
}

Pose PoseFromBal(const BalCamera& camera) {
  const Vector3& t = camera.translation;
  return MakePose(MultiplyQuaternions(kOpenCvFromBal, QuaternionFromAngleAxis(camera.angle_axis)),
                  {t[0], -t[1], -t[2]});
}

void SetBalPose(const Pose& cam_from_object, BalCamera* camera) {
  camera->angle_axis = AngleAxisFromQuaternion(
      MultiplyQuaternions(ConjugateQuaternion(kOpenCvFromBal), PoseRotation(cam_from_object)));
  camera->translation = {cam_from_object[0], -cam_from_object[1], -cam_from_object[2]};
}

Result<PoseDataset> ToPoseDataset(const BalProblem& problem) {
  PoseDataset dataset;
  dataset.x3d.reserve(problem.observations.size() * 3);
  dataset.x2d.reserve(problem.observations.size() * 2);
  const ByCamera by_camera = SortByCamera(problem);
  for (size_t c = 0; c < problem.cameras.size(); ++c) {
    DatasetObject object;
    object.id = "camera_" + std::to_string(c);
    object.has_pose = true;
    object.pose = PoseFromBal(problem.cameras[c]);
    dataset.cameras.push_back(ToDatasetCamera(problem.cameras[c], object.id));
    dataset.objects.push_back(std::move(object));
    DatasetView view;
    view.camera = static_cast<int32_t>(c);
    dataset.views.push_back(std::move(view));
    for (size_t k = by_camera.offsets[c]; k < by_camera.offsets[c + 1]; ++k) {
      const BalObservation& o = problem.observations[by_camera.order[k]];
      const Vector3& point = problem.points[static_cast<size_t>(o.point)];
      dataset.x3d.insert(dataset.x3d.end(), point.begin(), point.end());
      dataset.x2d.insert(dataset.x2d.end(), {o.u, -o.v});
    }
    dataset.EndView();
    dataset.EndObject();
  }
  if (Status status = dataset.Validate(); !status.ok()) return InFile(problem.path, status);
  return dataset;
}

Status ApplyPoses(const std::vector<Pose>& poses, BalProblem* problem) {
  if (poses.size() != problem->cameras.size()) {
    return Status::Error("the BAL problem has " + std::to_string(problem->cameras.size()) +
                         " cameras, not " + std::to_string(poses.size()));
  }
  for (size_t i = 0; i < poses.size(); ++i) {
    BalCamera& camera = problem->cameras[i];
    if (PoseFromBal(camera) != poses[i]) SetBalPose(poses[i], &camera);
  }
  return {};
}

}  // namespace propnp::io
