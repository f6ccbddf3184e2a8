// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// COLMAP models that come as real files and as small ones made by hand.

#include "propnp/io/colmap.h"

#include <gtest/gtest.h>

#include <map>

#include "propnp/io/colmap_cameras.h"
#include "propnp/io/file.h"
#include "tests/io/io_test_util.h"
#include "tests/test_data.h"

namespace propnp::io {
namespace {

const char* kFiles[] = {"cameras", "images", "points3D", "rigs", "frames"};

void ExpectSameFiles(const std::string& a, const std::string& b, const std::string& extension) {
  for (const char* stem : kFiles) {
    const std::string name = stem + extension;
    ASSERT_EQ(IsFile(JoinPath(a, name)), IsFile(JoinPath(b, name))) << name;
    if (IsFile(JoinPath(a, name))) {
      EXPECT_EQ(ReadOrDie(JoinPath(a, name)), ReadOrDie(JoinPath(b, name))) << name;
    }
  }
}

void ExpectRoundTrip(const std::string& folder, const std::string& extension) {
  const Result<ColmapModel> model = ReadColmap(folder);
  ASSERT_IO_OK(model);
  TemporaryFolder copy;
  ASSERT_IO_OK(WriteColmap(*model, copy.path()));
  ExpectSameFiles(folder, copy.path(), extension);
}

// The small models are written as the library writes, so even text is the same byte for byte.
TEST(Colmap, SamplesRoundTripByteForByte) {
  ExpectRoundTrip(Sample("colmap_text"), ".txt");
  ExpectRoundTrip(Sample("colmap_rig"), ".txt");
}

TEST(Colmap, TextAndBinaryAreTheSameDataset) {
  for (const char* sample : {"colmap_text", "colmap_rig"}) {
    Result<ColmapModel> text = ReadColmap(Sample(sample));
    ASSERT_IO_OK(text);
    ColmapModel binary = *text;
    binary.binary = true;
    TemporaryFolder folder;
    ASSERT_IO_OK(WriteColmap(binary, folder.path()));
    ExpectRoundTrip(folder.path(), ".bin");
    const Result<ColmapModel> again = ReadColmap(folder.path());
    ASSERT_IO_OK(again);
    const Result<PoseDataset> from_text = ToPoseDataset(*text);
    const Result<PoseDataset> from_binary = ToPoseDataset(*again);
    ASSERT_IO_OK(from_text);
    ASSERT_IO_OK(from_binary);
    EXPECT_TRUE(*from_text == *from_binary);
  }
}

// As some programs write them: COLMAP takes such a model for one without rigs.
TEST(Colmap, EmptyFilesOfRigs) {
  TemporaryFolder folder;
  std::filesystem::copy(Sample("colmap_text"), folder.path());
  ASSERT_IO_OK(WriteFile(folder / "rigs.txt", "# Number of rigs: 0\n"));
  ASSERT_IO_OK(WriteFile(folder / "frames.txt", "# Number of frames: 0\n"));
  const Result<ColmapModel> model = ReadColmap(folder.path());
  ASSERT_IO_OK(model);
  EXPECT_FALSE(model->has_rigs);
  TemporaryFolder copy;
  ASSERT_IO_OK(WriteColmap(*model, copy.path()));
  EXPECT_TRUE(IsFile(copy / "rigs.txt"));
  ASSERT_IO_OK(ToPoseDataset(*model));
}

TEST(Colmap, BinaryWinsWhereBothAre) {
  Result<ColmapModel> model = ReadColmap(Sample("colmap_text"));
  ASSERT_IO_OK(model);
  TemporaryFolder folder;
  ASSERT_IO_OK(WriteColmap(*model, folder.path()));
  model->binary = true;
  model->images[0].cam_from_world.translation[0] = 42;
  ASSERT_IO_OK(WriteColmap(*model, folder.path()));
  const Result<ColmapModel> read = ReadColmap(folder.path());
  ASSERT_IO_OK(read);
  EXPECT_TRUE(read->binary);
  EXPECT_EQ(read->images[0].cam_from_world.translation[0], 42);
}

TEST(Colmap, HalfAPixelIsTakenFromPixelsAndPrincipalPoints) {
  const Result<ColmapModel> model = ReadColmap(Sample("colmap_text"));
  ASSERT_IO_OK(model);
  const Result<PoseDataset> data = ToPoseDataset(*model);
  ASSERT_IO_OK(data);
  EXPECT_EQ(model->cameras[0].parameters[1], 320.5);
  EXPECT_EQ(data->cameras[0].parameters[2], 320);
  EXPECT_EQ(model->images[0].points[1].x, 100.25);
  EXPECT_EQ(data->x2d[0], 99.75);  // the first point has no 3D point and is left out
}

// One COLMAP camera of every model that has a counterpart.
TEST(Colmap, CameraModels) {
  struct Case {
    const char* name;
    std::vector<double> from;
    int32_t model;
    std::array<double, 12> to;
  };
  const Case cases[] = {
      {"SIMPLE_PINHOLE", {9, 2.5, 3.5}, PROPNP_CAMERA_PINHOLE, {9, 9, 2, 3}},
      {"PINHOLE", {9, 8, 2.5, 3.5}, PROPNP_CAMERA_PINHOLE, {9, 8, 2, 3}},
      {"SIMPLE_RADIAL", {9, 2.5, 3.5, .1}, PROPNP_CAMERA_SIMPLE_RADIAL, {9, 2, 3, .1}},
      {"RADIAL", {9, 2.5, 3.5, .1, .2}, PROPNP_CAMERA_SIMPLE_RADIAL, {9, 2, 3, .1, .2}},
      {"OPENCV",
       {9, 8, 2.5, 3.5, .1, .2, .3, .4},
       PROPNP_CAMERA_OPENCV,
       {9, 8, 2, 3, .1, .2, .3, .4}},
      {"FULL_OPENCV",
       {9, 8, 2.5, 3.5, .1, .2, .3, .4, .5, .6, .7, .8},
       PROPNP_CAMERA_OPENCV,
       {9, 8, 2, 3, .1, .2, .3, .4, .5, .6, .7, .8}},
      {"OPENCV_FISHEYE",
       {9, 8, 2.5, 3.5, .1, .2, .3, .4},
       PROPNP_CAMERA_FISHEYE,
       {9, 8, 2, 3, .1, .2, .3, .4}},
      {"SIMPLE_RADIAL_FISHEYE", {9, 2.5, 3.5, .1}, PROPNP_CAMERA_FISHEYE, {9, 9, 2, 3, .1}},
      {"RADIAL_FISHEYE", {9, 2.5, 3.5, .1, .2}, PROPNP_CAMERA_FISHEYE, {9, 9, 2, 3, .1, .2}},
      {"SIMPLE_FISHEYE", {9, 2.5, 3.5}, PROPNP_CAMERA_FISHEYE, {9, 9, 2, 3}},
      {"FISHEYE", {9, 8, 2.5, 3.5}, PROPNP_CAMERA_FISHEYE, {9, 8, 2, 3}},
  };
  for (const Case& c : cases) {
    ColmapCamera camera;
    camera.model = FindColmapCameraModel(c.name)->id;
    camera.parameters = c.from;
    const Result<DatasetCamera> result = ToDatasetCamera(camera);
    ASSERT_IO_OK(result);
    EXPECT_EQ(result->model, c.model) << c.name;
    EXPECT_EQ(result->parameters, c.to) << c.name;
  }
}

TEST(Colmap, CameraWithoutCounterpartIsNamed) {
  ColmapCamera camera;
  camera.id = 7;
  camera.model = FindColmapCameraModel("FOV")->id;
  camera.parameters = {9, 8, 2, 3, .5};
  ExpectError(ToDatasetCamera(camera), {"camera 7", "FOV"});
}

TEST(Colmap, ErrorsOfTheDatasetNameTheModel) {
  Result<ColmapModel> model = ReadColmap(Sample("colmap_text"));
  ASSERT_IO_OK(model);
  model->cameras[0].model = FindColmapCameraModel("DIVISION")->id;
  model->cameras[0].parameters.resize(5);
  ExpectError(ToPoseDataset(*model), {"colmap_text", "camera 1", "DIVISION"});
}

TEST(Colmap, ApplyingTheSamePosesChangesNothing) {
  for (const char* sample : {"colmap_text", "colmap_rig"}) {
    Result<ColmapModel> model = ReadColmap(Sample(sample));
    ASSERT_IO_OK(model);
    const Result<PoseDataset> data = ToPoseDataset(*model);
    ASSERT_IO_OK(data);
    std::vector<Pose> poses;
    for (const DatasetObject& object : data->objects) poses.push_back(object.pose);
    ASSERT_IO_OK(ApplyPoses(poses, &*model));
    TemporaryFolder folder;
    ASSERT_IO_OK(WriteColmap(*model, folder.path()));
    ExpectSameFiles(Sample(sample), folder.path(), ".txt");
  }
}

TEST(Colmap, AppliedPosesAreReadBack) {
  for (const char* sample : {"colmap_text", "colmap_rig"}) {
    Result<ColmapModel> model = ReadColmap(Sample(sample));
    ASSERT_IO_OK(model);
    const Result<PoseDataset> data = ToPoseDataset(*model);
    ASSERT_IO_OK(data);
    std::vector<Pose> poses;
    for (const DatasetObject& object : data->objects) {
      poses.push_back(ComposePoses({.1, .2, .3, .8, .6, 0, 0}, object.pose));
    }
    ASSERT_IO_OK(ApplyPoses(poses, &*model));
    const Result<PoseDataset> again = ToPoseDataset(*model);
    ASSERT_IO_OK(again);
    for (size_t i = 0; i < poses.size(); ++i) {
      for (size_t k = 0; k < 7; ++k) EXPECT_NEAR(again->objects[i].pose[k], poses[i][k], 1e-14);
    }
    EXPECT_EQ(again->x2d, data->x2d);
  }
  Result<ColmapModel> model = ReadColmap(Sample("colmap_text"));
  ASSERT_IO_OK(model);
  ExpectError(ApplyPoses({}, &*model), {"poses, not 0"});
}

// In the sample, rig 1 carries cameras 1 and 2 and frame 1 has an image of each; rig 2 has an IMU
// as reference and one camera; frame 3 is a lone image of the reference camera.
TEST(Colmap, RigsBecomeViews) {
  const Result<ColmapModel> model = ReadColmap(Sample("colmap_rig"));
  ASSERT_IO_OK(model);
  const Result<PoseDataset> data = ToPoseDataset(*model);
  ASSERT_IO_OK(data);
  ASSERT_EQ(data->objects.size(), 3u);
  EXPECT_EQ(data->objects[0].id, "frame_1");
  EXPECT_EQ(data->objects[1].id, "imu/c.png");
  EXPECT_EQ(data->objects[2].id, "left/d.png");
  EXPECT_TRUE(data->HasRigs());
  EXPECT_EQ(data->view_offsets, (std::vector<int64_t>{0, 2, 3, 4}));
  EXPECT_EQ(data->views[0].rig, -1);
  EXPECT_EQ(data->views[1].rig, 0);
  EXPECT_EQ(data->views[2].rig, -1);
  EXPECT_EQ(data->camera_from_rig[0], (Pose{-0.5, 0, 0, 1, 0, 0, 0}));
  // The frame's pose, not the stale one of the images.
  EXPECT_EQ(data->objects[0].pose, (Pose{1, 2, 10, 1, 0, 0, 0}));
  // sensor_from_rig: half a turn about z and a step; rig_from_world: a step.
  EXPECT_EQ(data->objects[1].pose, (Pose{-1, -1, 3, 0, 0, 0, 1}));
}

TEST(Colmap, PosesGoIntoFramesAndImages) {
  Result<ColmapModel> model = ReadColmap(Sample("colmap_rig"));
  ASSERT_IO_OK(model);
  const Result<PoseDataset> data = ToPoseDataset(*model);
  ASSERT_IO_OK(data);
  std::vector<Pose> poses;
  for (const DatasetObject& object : data->objects) poses.push_back(object.pose);
  poses[0] = {5, 6, 7, 1, 0, 0, 0};
  ASSERT_IO_OK(ApplyPoses(poses, &*model));
  EXPECT_EQ(model->frames[0].rig_from_world.translation, (Vector3{5, 6, 7}));
  EXPECT_EQ(model->images[0].cam_from_world.translation, (Vector3{5, 6, 7}));
  EXPECT_EQ(model->images[1].cam_from_world.translation, (Vector3{4.5, 6, 7}));
}

TEST(Colmap, UnknownPlaceOnTheRigIsNamed) {
  Result<ColmapModel> model = ReadColmap(Sample("colmap_rig"));
  ASSERT_IO_OK(model);
  model->rigs[0].sensors[1].sensor_from_rig.reset();
  ExpectError(ToPoseDataset(*model), {"rig 1", "camera 2", "sensor_from_rig"});
}

// Mean reprojection error of the model's own observations in px, as its README states it.
TEST(Colmap, RealModelReprojects) {
  const auto folder = test::FindTestData("real/colmap_maupertuis");
  if (!folder) GTEST_SKIP() << "needs real/colmap_maupertuis";
  const Result<ColmapModel> model = ReadColmap(folder->string());
  ASSERT_IO_OK(model);
  EXPECT_FALSE(model->binary);
  const Result<PoseDataset> data = ToPoseDataset(*model);
  ASSERT_IO_OK(data);
  EXPECT_EQ(data->num_points(), 3355);
  const std::map<std::string, double> expected = {
      {"03.jpg", .365}, {"02.jpg", .350}, {"00.jpg", .369}, {"01.jpg", .314}};
  ASSERT_EQ(data->objects.size(), expected.size());
  for (size_t b = 0; b < data->objects.size(); ++b) {
    const auto begin = static_cast<size_t>(data->point_offsets[b]);
    const auto end = static_cast<size_t>(data->point_offsets[b + 1]);
    double sum = 0;
    for (size_t p = begin; p < end; ++p) {
      const auto error = ReprojectionError(*data, b, b, p);
      sum += std::hypot(error[0], error[1]);
    }
    // Stated to three decimals.
    EXPECT_NEAR(sum / static_cast<double>(end - begin), expected.at(data->objects[b].id), 5e-4);
  }
}

TEST(Colmap, RealModelRoundTrips) {
  const auto folder = test::FindTestData("real/colmap_maupertuis");
  if (!folder) GTEST_SKIP() << "needs real/colmap_maupertuis";
  ExpectRoundTrip((*folder / "bin").string(), ".bin");

  // Comments differ in digits of means; the lines of data are the same, byte for byte.
  const Result<ColmapModel> text = ReadColmap(folder->string());
  ASSERT_IO_OK(text);
  TemporaryFolder copy;
  ASSERT_IO_OK(WriteColmap(*text, copy.path()));
  const auto without_comments = [](const std::string& contents) {
    std::string kept;
    for (size_t begin = 0; begin < contents.size();) {
      const size_t end = std::min(contents.find('\n', begin), contents.size() - 1) + 1;
      if (contents[begin] != '#') kept += contents.substr(begin, end - begin);
      begin = end;
    }
    return kept;
  };
  for (const char* name : {"cameras.txt", "images.txt", "points3D.txt"}) {
    EXPECT_EQ(without_comments(ReadOrDie((*folder / name).string())),
              without_comments(ReadOrDie(copy / name)))
        << name;
  }
  const Result<PoseDataset> from_text = ToPoseDataset(*text);
  ASSERT_IO_OK(from_text);
  const Result<ColmapModel> again = ReadColmap(copy.path());
  ASSERT_IO_OK(again);
  const Result<PoseDataset> from_copy = ToPoseDataset(*again);
  ASSERT_IO_OK(from_copy);
  EXPECT_TRUE(*from_text == *from_copy);
}

// The rows of `numbers` that belong to view v.
std::vector<double> PointsOf(const std::vector<double>& numbers, int64_t columns,
                             const PoseDataset& data, size_t v) {
  return {numbers.begin() + columns * data.point_offsets[v],
          numbers.begin() + columns * data.point_offsets[v + 1]};
}

// To the last bit but one: the binary file was made from the text with rounding through long
// double.
void ExpectNearlyEqual(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_DOUBLE_EQ(a[i], b[i]);
}

TEST(Colmap, RealTextAndBinaryAgree) {
  const auto folder = test::FindTestData("real/colmap_maupertuis");
  if (!folder) GTEST_SKIP() << "needs real/colmap_maupertuis";
  const Result<ColmapModel> text = ReadColmap(folder->string());
  const Result<ColmapModel> binary = ReadColmap((*folder / "bin").string());
  ASSERT_IO_OK(text);
  ASSERT_IO_OK(binary);
  EXPECT_TRUE(binary->binary);
  const Result<PoseDataset> a = ToPoseDataset(*text);
  const Result<PoseDataset> b = ToPoseDataset(*binary);
  ASSERT_IO_OK(a);
  ASSERT_IO_OK(b);
  // The files have their images in another order, and the binary one normalised quaternions.
  ASSERT_EQ(a->objects.size(), b->objects.size());
  for (size_t i = 0; i < a->objects.size(); ++i) {
    size_t j = 0;
    while (j < b->objects.size() && b->objects[j].id != a->objects[i].id) ++j;
    ASSERT_LT(j, b->objects.size()) << a->objects[i].id;
    for (size_t k = 0; k < 7; ++k) {
      EXPECT_NEAR(a->objects[i].pose[k], b->objects[j].pose[k], 1e-15);
    }
    ExpectNearlyEqual(PointsOf(a->x3d, 3, *a, i), PointsOf(b->x3d, 3, *b, j));
    ExpectNearlyEqual(PointsOf(a->x2d, 2, *a, i), PointsOf(b->x2d, 2, *b, j));
  }
  EXPECT_TRUE(a->cameras == b->cameras);
}

}  // namespace
}  // namespace propnp::io
