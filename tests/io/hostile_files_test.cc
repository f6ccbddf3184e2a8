// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

// Files that somebody cut, or changed, or made to do harm. Every reader must answer with an error
// that names the file, or with a dataset that holds what it promises; nothing may crash, and no
// memory may be asked for that the file does not justify.

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>

#include "propnp/io/bal.h"
#include "propnp/io/bop.h"
#include "propnp/io/byte_reader.h"
#include "propnp/io/colmap.h"
#include "propnp/io/correspondence_json.h"
#include "propnp/io/file.h"
#include "tests/io/io_test_util.h"
#include "tests/io/largest_allocation.h"

namespace propnp::io {
namespace {

// Reads what is at `path`; the outcome of the whole way to a valid dataset.
using Reader = std::function<Status(const std::string& path)>;

template <typename Read>
Status ReadToDataset(const Read& read, const std::string& path) {
  const auto model = read(path);
  if (!model.ok()) return model.status();
  const Result<PoseDataset> data = ToPoseDataset(*model);
  return data.ok() ? data->Validate() : data.status();
}

Status ReadColmapDataset(const std::string& path) { return ReadToDataset(ReadColmap, path); }
Status ReadBalDataset(const std::string& path) { return ReadToDataset(ReadBal, path); }
Status ReadBopDataset(const std::string& path) { return ReadToDataset(ReadBopScene, path); }
Status ReadBopCsv(const std::string& path) { return ReadBopResults(path).status(); }
Status ReadJsonLines(const std::string& path) {
  const Result<PoseDataset> data = ReadCorrespondences(path);
  return data.ok() ? data->Validate() : data.status();
}

// A sample is at most 3 kB; what a reader asks for at once may be a few times that, and buffers.
constexpr size_t kMaxAllocation = 64 * 1024;

// Runs the reader on every mutation of one file of a sample.
class Attack {
 public:
  // `file` is the path of the mutated file; `input` is what the reader is given.
  Attack(Reader reader, std::string input, std::string file)
      : reader_(std::move(reader)),
        input_(std::move(input)),
        file_(std::move(file)),
        good_(ReadOrDie(file_)) {}

  void TruncateEverywhere() {
    for (size_t size = 0; size < good_.size(); ++size) Try(good_.substr(0, size), size);
    Restore();
  }

  void FlipEverywhere() {
    for (size_t i = 0; i < good_.size(); ++i) {
      for (const int mask : {0x01, 0x10, 0x80, 0xFF}) {
        std::string bad = good_;
        bad[i] = static_cast<char>(bad[i] ^ mask);
        Try(bad, i);
      }
    }
    Restore();
  }

  // Writes the value over every eight and every four bytes.
  void OverwriteEverywhere(uint64_t value) {
    for (const size_t width : {size_t{8}, size_t{4}}) {
      for (size_t i = 0; i + width <= good_.size(); ++i) {
        std::string bad = good_;
        std::memcpy(&bad[i], &value, width);
        Try(bad, i);
      }
    }
    Restore();
  }

  int errors() const { return errors_; }

 private:
  void Try(const std::string& contents, size_t place) {
    ASSERT_IO_OK(WriteFile(file_, contents));
    LargestAllocation largest;
    const Status status = reader_(input_);
    EXPECT_LT(largest.bytes(), kMaxAllocation + 2 * contents.size()) << file_ << " at " << place;
    if (status.ok()) return;
    ++errors_;
    EXPECT_NE(status.message().find(input_), std::string::npos) << status.message();
    EXPECT_EQ(status.message().find('\n'), std::string::npos) << status.message();
  }

  void Restore() { ASSERT_IO_OK(WriteFile(file_, good_)); }

  Reader reader_;
  std::string input_;
  std::string file_;
  std::string good_;
  int errors_ = 0;
};

// All attacks on every file of a sample, which is copied first.
void AttackEveryFile(const Reader& reader, const std::string& sample) {
  TemporaryFolder folder;
  const std::string input = folder / "input";
  std::filesystem::copy(sample, input);
  ASSERT_IO_OK(reader(input));
  std::vector<std::string> files = {input};
  if (IsFolder(input)) {
    files.clear();
    for (const auto& entry : std::filesystem::directory_iterator(input)) {
      files.push_back(entry.path().string());
    }
  }
  for (const std::string& file : files) {
    Attack attack(reader, input, file);
    attack.TruncateEverywhere();
    attack.FlipEverywhere();
    if (file.find(".bin") != std::string::npos) {
      attack.OverwriteEverywhere(UINT64_MAX);
      attack.OverwriteEverywhere(uint64_t{1} << 63);
    }
    EXPECT_GT(attack.errors(), 0) << file;
    ASSERT_IO_OK(reader(input));
  }
}

// The sample's model, stored in binary in `folder`.
void MakeBinary(const std::string& sample, const std::string& folder) {
  Result<ColmapModel> model = ReadColmap(Sample(sample));
  ASSERT_IO_OK(model);
  model->binary = true;
  ASSERT_IO_OK(WriteColmap(*model, folder));
}

TEST(HostileFiles, ColmapText) { AttackEveryFile(ReadColmapDataset, Sample("colmap_text")); }

TEST(HostileFiles, ColmapTextWithRigs) { AttackEveryFile(ReadColmapDataset, Sample("colmap_rig")); }

TEST(HostileFiles, ColmapBinary) {
  TemporaryFolder folder;
  MakeBinary("colmap_text", folder.path());
  AttackEveryFile(ReadColmapDataset, folder.path());
}

TEST(HostileFiles, ColmapBinaryWithRigs) {
  TemporaryFolder folder;
  MakeBinary("colmap_rig", folder.path());
  AttackEveryFile(ReadColmapDataset, folder.path());
}

TEST(HostileFiles, Bal) { AttackEveryFile(ReadBalDataset, Sample("problem.bal")); }
TEST(HostileFiles, BopScene) { AttackEveryFile(ReadBopDataset, Sample("bop_scene")); }
TEST(HostileFiles, BopResults) { AttackEveryFile(ReadBopCsv, Sample("bop_results.csv")); }

TEST(HostileFiles, JsonLines) {
  for (const char* sample : {"correspondences.jsonl", "rig.jsonl", "sqrt_info.jsonl"}) {
    AttackEveryFile(ReadJsonLines, Sample(sample));
  }
}

// A truncated binary file can never be taken for a whole one.
TEST(HostileFiles, EveryTruncationOfBinaryIsSeen) {
  TemporaryFolder folder;
  MakeBinary("colmap_rig", folder.path());
  for (const char* name : {"cameras.bin", "images.bin", "points3D.bin", "rigs.bin", "frames.bin"}) {
    const std::string good = ReadOrDie(folder / name);
    for (size_t size = 0; size < good.size(); ++size) {
      ASSERT_IO_OK(WriteFile(folder / name, good.substr(0, size)));
      ExpectError(ReadColmap(folder.path()), {name, "byte", "field"});
    }
    ASSERT_IO_OK(WriteFile(folder / name, good + "x"));
    ExpectError(ReadColmap(folder.path()), {name, "behind the last record"});
    ASSERT_IO_OK(WriteFile(folder / name, good));
  }
}

TEST(HostileFiles, HugeCounts) {
  TemporaryFolder folder;
  MakeBinary("colmap_text", folder.path());
  const std::string good = ReadOrDie(folder / "points3D.bin");
  for (const uint64_t count : {uint64_t{1} << 63, UINT64_MAX, uint64_t{1} << 60, uint64_t{100}}) {
    std::string bad;
    AppendBytes(count, &bad);
    bad += good.substr(8);
    ASSERT_IO_OK(WriteFile(folder / "points3D.bin", bad));
    ExpectError(ReadColmap(folder.path()),
                {"points3D.bin", "byte 0", "NUM_POINTS3D", std::to_string(count).c_str()});
  }
  ExpectError(ParseBal("2000000000 2000000000 2000000000\n", "f"), {"line 1", "num_cameras"});
  ExpectError(ParseBal("9223372036854775808 1 1\n", "f"), {"line 1", "num_cameras"});
  ExpectError(ParseBal("-1 1 1\n", "f"), {"num_cameras", "negative"});
}

// Some text of a sample's file replaced, and what the error must name.
struct BadText {
  const char* file;
  const char* from;
  const char* to;
  std::initializer_list<const char*> named;
};

void ExpectErrors(const char* sample, std::initializer_list<BadText> cases) {
  for (const BadText& c : cases) {
    TemporaryFolder folder;
    std::filesystem::copy(Sample(sample), folder.path());
    std::string text = ReadOrDie(folder / c.file);
    ASSERT_NE(text.find(c.from), std::string::npos) << c.from;
    text.replace(text.find(c.from), std::strlen(c.from), c.to);
    ASSERT_IO_OK(WriteFile(folder / c.file, text));
    ExpectError(ReadColmap(folder.path()), {c.file});
    ExpectError(ReadColmap(folder.path()), c.named);
  }
}

TEST(HostileFiles, ColmapTextErrorsNamePlaceAndField) {
  ExpectErrors(
      "colmap_text",
      {
          {"cameras.txt", "3 OPENCV", "1 OPENCV", {"cameras.txt", "line 5", "CAMERA_ID", "twice"}},
          {"cameras.txt", "OPENCV", "WARP", {"line 5", "MODEL", "'WARP'", "SIMPLE_PINHOLE"}},
          {"cameras.txt", "641", "-641", {"line 4", "WIDTH", "'-641'"}},
          {"cameras.txt", "500 320.5", "nan 320.5", {"line 4", "PARAMS[]", "'nan'"}},
          {"cameras.txt", "-2e-05", "-2e-05 7", {"line 5", "'7'"}},
          {"cameras.txt", " -2e-05", "", {"line 5", "PARAMS[]", "missing"}},
          {"images.txt", "8 2 0", "7 2 0", {"line 7", "IMAGE_ID", "twice"}},
          {"images.txt", "folder/b", "a b", {"line 7", "NAME", "twice"}},
          {"images.txt", "folder/b", "../b", {"line 7", "NAME", "'..'"}},
          {"images.txt", "folder/b", "\xff", {"line 7", "NAME", "UTF-8"}},
          {"images.txt", "5 3 folder", "5 4 folder", {"image 8", "CAMERA_ID", "4", "cameras.txt"}},
          {"images.txt", "200.75 11", "200.75 99", {"image 7", "POINT3D_ID", "99", "points3D.txt"}},
          {"images.txt", "200.75 11", "200.75 -2", {"line 6", "POINT3D_ID", "'-2'"}},
          {"images.txt", "10.5 20.5", "inf 20.5", {"line 6", "field X", "'inf'"}},
          {"points3D.txt", "12 -1", "11 -1", {"line 5", "POINT3D_ID", "twice"}},
          {"points3D.txt", "255", "256", {"line 4", "field R", "'256'"}},
          {"points3D.txt", "0.25 7 1", "0.25 6 1", {"point 11", "IMAGE_ID", "6", "images.txt"}},
          {"points3D.txt", "0.25 7 1", "0.25 7 3", {"point 11", "POINT2D_IDX", "3", "image 7"}},
          {"points3D.txt", "0.25 7 1", "0.25 7", {"line 4", "POINT2D_IDX", "missing"}},
      });
}

TEST(HostileFiles, RigErrorsNamePlaceAndField) {
  ExpectErrors(
      "colmap_rig",
      {
          {"frames.txt",
           "1 1 CAMERA 2 2",
           "1 1 CAMERA 2 9",
           {"frame 1", "DATA_ID", "9", "images.txt"}},
          {"frames.txt", "1 1 CAMERA 2 2", "1 1 CAMERA 1 1", {"frame 1", "DATA_ID", "two frames"}},
          {"frames.txt", "1 1 CAMERA 2 2", "1 1 CAMERA 3 3", {"frame 1", "SENSOR_ID", "rig 1"}},
          {"frames.txt", "1 CAMERA 1 4", "0", {"image 4", "no frame"}},
          {"frames.txt", "2 2 1 0", "2 7 1 0", {"frame 2", "RIG_ID", "7", "rigs.txt"}},
          {"frames.txt",
           "2 CAMERA 1 1",
           "4000000000 CAMERA 1 1",
           {"line 4", "SENSOR_TYPE", "missing"}},
          {"rigs.txt", "2 CAMERA 1", "4000000000 CAMERA 1", {"line 4", "SENSOR_TYPE", "missing"}},
          {"rigs.txt", "IMU", "NOSE", {"line 5", "SENSOR_TYPE", "'NOSE'"}},
          {"rigs.txt", "CAMERA 3", "CAMERA 8", {"rig 2", "SENSOR_ID", "8", "cameras.txt"}},
          {"rigs.txt", "CAMERA 2", "CAMERA 1", {"rig 1", "SENSOR_ID", "twice"}},
          {"rigs.txt", "2 1 1 0 0 0 -0.5", "2 5 1 0 0 0 -0.5", {"line 4", "HAS_POSE"}},
      });
  TemporaryFolder folder;
  std::filesystem::copy(Sample("colmap_rig"), folder.path());
  std::filesystem::remove(folder / "frames.txt");
  ExpectError(ReadColmap(folder.path()), {"frames.txt", "missing", "rigs.txt"});
}

TEST(HostileFiles, WhatIsNoFile) {
  TemporaryFolder folder;
  ExpectError(ReadBal(folder.path()), {folder.path().c_str(), "not a regular file"});
  ExpectError(ReadBal("/dev/zero"), {"/dev/zero", "not a regular file"});
  ExpectError(ReadBal(folder / "none"), {"none", "No such file"});
  ExpectError(ReadColmap(folder / "none"), {"none", "cameras, images and points3D"});
}

}  // namespace
}  // namespace propnp::io
