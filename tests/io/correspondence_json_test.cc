// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/correspondence_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/io/io_test_util.h"

namespace propnp::io {
namespace {

// A line of one point with `more` keys.
std::string Line(const std::string& more) {
  return R"({"id":"a","camera":{"model":"pinhole","parameters":[500,500,320,240]},)"
         R"("x3d":[[0,0,1]],"x2d":[[320,240]])" +
         more + "}\n";
}

void ExpectRoundTrip(const PoseDataset& data) {
  const std::string text = FormatCorrespondences(data);
  const Result<PoseDataset> again = ParseCorrespondences(text, "copy.jsonl");
  ASSERT_IO_OK(again);
  EXPECT_TRUE(*again == data) << text;
  EXPECT_EQ(FormatCorrespondences(*again), text);
}

TEST(CorrespondenceJson, SamplesRoundTrip) {
  for (const char* sample : {"correspondences.jsonl", "rig.jsonl", "sqrt_info.jsonl"}) {
    const Result<PoseDataset> data = ReadCorrespondences(Sample(sample));
    ASSERT_IO_OK(data);
    ExpectRoundTrip(*data);
  }
}

TEST(CorrespondenceJson, NumbersKeepEveryBit) {
  Result<PoseDataset> data = ParseCorrespondences(Line(""), "f");
  ASSERT_IO_OK(data);
  for (const double value :
       {0.1, 1e300, 5e-324, -0.0, 36028797018963968.0, 1e22, 123456789012345678.0}) {
    data->x3d[0] = value;
    const Result<PoseDataset> again = ParseCorrespondences(FormatCorrespondences(*data), "copy");
    ASSERT_IO_OK(again);
    EXPECT_EQ(std::memcmp(&again->x3d[0], &value, sizeof(value)), 0) << value;
  }
}

TEST(CorrespondenceJson, ReadsEveryField) {
  const Result<PoseDataset> data = ReadCorrespondences(Sample("correspondences.jsonl"));
  ASSERT_IO_OK(data);
  ASSERT_EQ(data->objects.size(), 3u);
  const DatasetObject& first = data->objects[0];
  EXPECT_EQ(first.id, "left01");
  EXPECT_TRUE(first.has_pose);
  EXPECT_EQ(first.pose, (Pose{0.1, -0.2, 3, 0.6, 0, 0.8, 0}));
  EXPECT_EQ(*first.target, (Pose{0, 0, 3, 1, 0, 0, 0}));
  EXPECT_EQ(data->views[0].image, "photos/left01.jpg");
  EXPECT_EQ(*data->views[0].timestamp, 1305031102.175304);
  EXPECT_EQ(data->cameras[0].model, PROPNP_CAMERA_OPENCV);
  EXPECT_EQ(data->cameras[0].size_px, (std::array<int32_t, 2>{640, 480}));
  EXPECT_EQ(data->cameras[0].parameters[5], 0.01);

  const DatasetObject& second = data->objects[1];
  EXPECT_EQ(second.id, "17");
  EXPECT_EQ(second.dof, 4);
  EXPECT_EQ(second.pose, (Pose{1, 2, 3, 0.5, 0, 0, 0}));
  EXPECT_EQ(second.yaw_axis, (Vector3{0, 0.6, 0.8}));
  EXPECT_EQ(second.base_rotation, (Quaternion{0, 1, 0, 0}));
  EXPECT_EQ(second.prior->kind, DatasetPrior::Kind::kDepthRange);

  EXPECT_FALSE(data->objects[2].has_pose);
  EXPECT_EQ(data->cameras.size(), 2u);  // objects 0 and 2 share one
  EXPECT_EQ(data->views[2].camera, data->views[0].camera);
  // Only the second line has weights; the others got 1.
  EXPECT_EQ(data->w2d, (std::vector<double>{1, 1, 1, 1, 2, 0.5, 1, 0, 1, 1}));
}

TEST(CorrespondenceJson, WeightsBecomeMatricesWhereSomeLinesHaveMatrices) {
  const std::string weights = R"(,"w2d":[[2,3]])";
  std::string text = Line(weights) + Line(R"(,"sqrt_info":[[[1,2],[3,4]]])") + Line("");
  text.replace(text.find("\"a\"", 10), 3, "\"b\"");
  text.replace(text.rfind("\"a\""), 3, "\"c\"");
  const Result<PoseDataset> data = ParseCorrespondences(text, "f");
  ASSERT_IO_OK(data);
  EXPECT_TRUE(data->w2d.empty());
  EXPECT_EQ(data->sqrt_info, (std::vector<double>{2, 0, 0, 3, 1, 2, 3, 4, 1, 0, 0, 1}));
}

TEST(CorrespondenceJson, QuaternionsAreNormalized) {
  const Result<PoseDataset> data =
      ParseCorrespondences(Line(R"(,"cam_from_object":[0,0,1,0.7071,0.7071,0,0])"), "f");
  ASSERT_IO_OK(data);
  EXPECT_NEAR(data->objects[0].pose[3], std::sqrt(.5), 1e-15);
  ExpectRoundTrip(*data);
}

TEST(CorrespondenceJson, ErrorsNameFilePlaceAndField) {
  struct Case {
    std::string text;
    std::initializer_list<const char*> named;
  };
  const Case cases[] = {
      {"{", {"f.jsonl", "line 1", "not valid JSON"}},
      {"\n[1,2]\n", {"line 2", "not an object"}},
      {Line("") + Line(""), {"line 2", "field id", "'a' is there twice", "line 1"}},
      {Line(R"(,"wd2":[[1,1]])"), {"line 1", "unknown key 'wd2'", "w2d"}},
      {Line(R"(,"id":"b")"), {"key 'id' is there twice"}},
      {Line(R"(,"w2d":[[1,-1]])"), {"w2d[0]", "negative"}},
      {Line(R"(,"w2d":[[1,1],[1,1]])"), {"w2d", "2 entries for 1 points"}},
      {Line(R"(,"w2d":[[1]])"), {"w2d[0]", "2 finite numbers"}},
      {Line(R"(,"w2d":[[1,1]],"sqrt_info":[[[1,0],[0,1]]])"), {"sqrt_info", "only one"}},
      {Line(R"(,"sqrt_info":[[[1,0]]])"), {"sqrt_info[0]"}},
      {Line(R"(,"cam_from_object":[0,0,1,1,0,0])"), {"cam_from_object", "6 elements, not 7"}},
      {Line(R"(,"cam_from_object":[0,0,1,2,0,0,0])"), {"cam_from_object", "unit length"}},
      {Line(R"(,"cam_from_object":[0,0,1,1,0,0,null])"), {"cam_from_object[6]"}},
      {Line(R"(,"cam_from_object":[0,0,1e400,1,0,0,0])"), {"line 1", "not valid JSON"}},
      {Line(R"(,"cam_from_object":[0,0,NaN,1,0,0,0])"), {"line 1", "not valid JSON"}},
      {Line(R"(,"dof":5)"), {"field dof"}},
      {Line(R"(,"dof":4,"cam_from_object":[0,0,1,1,0,0,0])"), {"7 elements, not 4"}},
      {Line(R"(,"yaw_axis":[0,1,0])"), {"yaw_axis", "\"dof\": 4"}},
      {Line(R"(,"dof":4,"yaw_axis":[0,2,0])"), {"yaw_axis", "unit length"}},
      {Line(R"(,"schema":"propnp-correspondences-9")"), {"schema", "propnp-correspondences-1"}},
      {Line(R"(,"image":"../../etc/passwd")"), {"image", "'..'"}},
      {Line(R"(,"views":[])"), {"camera", "views"}},
      {Line(R"(,"prior":{"type":"wide"})"), {"prior.type", "'wide'"}},
      {Line(R"(,"prior":{"type":"gaussian_ray","mean":[0,0,1]})"), {"prior", "covariance"}},
      {R"({"id":"a"})", {"field camera", "missing"}},
      {R"({"camera":{}})", {"field id", "missing"}},
      {R"({"id":1.5})", {"field id"}},
      {R"({"id":"a","camera":{"model":"fov","parameters":[]}})",
       {"camera.model", "'fov'", "pinhole"}},
      {R"({"id":"a","camera":{"model":"pinhole","parameters":[1,2,3]}})",
       {"camera.parameters", "4 to 5"}},
      {R"({"id":"a","camera":{"model":"pinhole","parameters":{"fx":1,"fy":1,"cx":1}}})",
       {"camera.parameters.cy", "missing"}},
      {R"({"id":"a","camera":{"model":"pinhole","parameters":{"f":1}}})", {"no 'f'"}},
      {R"({"id":"a","camera":{"model":"pinhole","parameters":[0,1,2,3]}})", {"focal length"}},
      {R"({"id":"a","camera":{"model":"pinhole","parameters":[1,1,2,3],"width":-640}})",
       {"camera.width"}},
      {"{\"id\":\"\xff\"}", {"line 1", "not valid JSON"}},
      {std::string(100000, '['), {"nested deeper"}},
  };
  for (const Case& c : cases) {
    const Result<PoseDataset> data = ParseCorrespondences(c.text, "f.jsonl");
    ASSERT_FALSE(data.ok()) << c.text;
    ExpectError(data, {"f.jsonl"});
    ExpectError(data, c.named);
    EXPECT_EQ(data.status().message().find('\n'), std::string::npos);
  }
}

TEST(CorrespondenceJson, NothingIsAnEmptyDataset) {
  const Result<PoseDataset> data = ParseCorrespondences("\n \n", "f");
  ASSERT_IO_OK(data);
  EXPECT_TRUE(data->objects.empty());
}

}  // namespace
}  // namespace propnp::io
