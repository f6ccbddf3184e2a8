// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/pose_dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "propnp/io/correspondence_json.h"
#include "tests/io/io_test_util.h"

namespace propnp::io {
namespace {

// Two objects, three views, a rig, weights.
PoseDataset Example() {
  Result<PoseDataset> data = ReadCorrespondences(Sample("rig.jsonl"));
  EXPECT_TRUE(data.ok()) << data.status().message();
  return data.ok() ? *data : PoseDataset();
}

template <typename T>
T At(const propnp_tensor& tensor, int64_t i, int64_t j = 0) {
  return static_cast<const T*>(tensor.data)[i * tensor.stride[0] + j * tensor.stride[1]];
}

TEST(PoseDataset, ViewsShowWhatIsStored) {
  const PoseDataset data = Example();
  ASSERT_EQ(data.objects.size(), 2u);
  ASSERT_EQ(data.views.size(), 3u);
  const propnp_correspondences c = data.Correspondences();
  EXPECT_EQ(c.struct_size, sizeof(c));
  EXPECT_EQ(c.num_objects, 2);
  EXPECT_EQ(c.x3d.shape[0], data.num_points());
  EXPECT_EQ(c.x3d.data, data.x3d.data());
  EXPECT_EQ(c.w2d.shape[0], data.num_points());
  EXPECT_EQ(c.sqrt_info.data, nullptr);
  EXPECT_EQ(c.counts.data, nullptr);
  for (int64_t v = 0; v < 3; ++v) {
    EXPECT_EQ(At<int32_t>(c.view_camera, v), data.views[static_cast<size_t>(v)].camera);
    EXPECT_EQ(At<int32_t>(c.view_rig, v), data.views[static_cast<size_t>(v)].rig);
  }
  for (int64_t v = 0; v < 4; ++v) {
    EXPECT_EQ(At<int64_t>(c.offsets, v), data.point_offsets[static_cast<size_t>(v)]);
  }
  EXPECT_EQ(At<int64_t>(c.view_offsets, 2), 3);
  for (int64_t k = 0; k < 7; ++k) {
    EXPECT_EQ(At<double>(c.camera_from_rig, 0, k), data.camera_from_rig[0][static_cast<size_t>(k)]);
    EXPECT_EQ(At<double>(data.Poses(6), 1, k), data.objects[1].pose[static_cast<size_t>(k)]);
  }
  EXPECT_EQ(At<double>(c.base_rotation, 1, 0), 1);

  const propnp_cameras cameras = data.Cameras();
  for (size_t i = 0; i < data.cameras.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    EXPECT_EQ(At<int32_t>(cameras.model, row), data.cameras[i].model);
    EXPECT_EQ(At<int32_t>(cameras.size_px, row, 1), data.cameras[i].size_px[1]);
    for (int64_t k = 0; k < cameras.parameters.shape[1]; ++k) {
      EXPECT_EQ(At<double>(cameras.parameters, row, k),
                data.cameras[i].parameters[static_cast<size_t>(k)]);
    }
  }
}

TEST(PoseDataset, OneViewPerObjectLeavesTheViewFieldsEmpty) {
  Result<PoseDataset> data = ReadCorrespondences(Sample("correspondences.jsonl"));
  ASSERT_IO_OK(data);
  const propnp_correspondences c = data->Correspondences();
  EXPECT_EQ(c.view_offsets.data, nullptr);
  EXPECT_EQ(c.view_rig.data, nullptr);
  EXPECT_EQ(c.camera_from_rig.data, nullptr);
}

TEST(PoseDataset, AnEmptyOneIsValid) {
  const PoseDataset data;
  ASSERT_IO_OK(data.Validate());
  EXPECT_EQ(data.Correspondences().num_objects, 0);
  EXPECT_EQ(data.Cameras().model.data, nullptr);
}

TEST(PoseDataset, ValidateNamesWhatIsWrong) {
  struct Case {
    std::function<void(PoseDataset*)> spoil;
    const char* named;
  };
  const Case cases[] = {
      {[](PoseDataset* d) { d->x3d.pop_back(); }, "x3d"},
      {[](PoseDataset* d) { d->x2d.pop_back(); }, "x2d"},
      {[](PoseDataset* d) { d->w2d[0] = -1; }, "w2d"},
      {[](PoseDataset* d) { d->w2d.pop_back(); }, "w2d"},
      {[](PoseDataset* d) { d->sqrt_info.resize(d->x2d.size() * 2); }, "sqrt_info"},
      {[](PoseDataset* d) { d->x2d[3] = NAN; }, "x2d"},
      {[](PoseDataset* d) { d->point_offsets[1] = 99; }, "point_offsets"},
      {[](PoseDataset* d) { d->view_offsets.pop_back(); }, "view_offsets"},
      {[](PoseDataset* d) { d->views[1].camera = 9; }, "views[1]"},
      {[](PoseDataset* d) { d->views[1].rig = 9; }, "views[1]"},
      {[](PoseDataset* d) { d->views[1].image = "../x"; }, "views[1]"},
      {[](PoseDataset* d) { d->cameras[0].model = 77; }, "77"},
      {[](PoseDataset* d) { d->cameras[0].parameters[0] = 0; }, "focal"},
      {[](PoseDataset* d) { d->cameras[0].size_px[0] = -1; }, "size"},
      {[](PoseDataset* d) { d->objects[0].id = ""; }, "id"},
      {[](PoseDataset* d) { d->objects[0].id = d->objects[1].id; }, "twice"},
      {[](PoseDataset* d) { d->objects[0].dof = 5; }, "dof"},
      {[](PoseDataset* d) { d->objects[0].pose[3] = 2; }, "quaternion"},
      {[](PoseDataset* d) { d->objects[0].target = Pose{}; }, "target"},
      {[](PoseDataset* d) { d->objects[0].yaw_axis = {}; }, "yaw_axis"},
      {[](PoseDataset* d) { d->camera_from_rig[0][6] = 3; }, "camera_from_rig[0]"},
      {[](PoseDataset* d) { d->objects[0].prior = DatasetPrior(); }, "prior"},
  };
  ASSERT_IO_OK(Example().Validate());
  for (const Case& c : cases) {
    PoseDataset data = Example();
    c.spoil(&data);
    ExpectError(data.Validate(), {c.named});
  }
}

}  // namespace
}  // namespace propnp::io
