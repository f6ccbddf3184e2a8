// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/npz.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <numeric>

#include "propnp/io/crc32.h"
#include "tests/io/io_test_util.h"
#include "tests/npz_reader.h"

namespace propnp::io {
namespace {

std::vector<double> Counting(size_t count) {
  std::vector<double> values(count);
  std::iota(values.begin(), values.end(), 0.5);
  return values;
}

void AppendAll(const std::vector<double>& values, size_t array, NpzWriter* writer) {
  const Status status = writer->Append(array, values.data(), values.size() * sizeof(double));
  EXPECT_TRUE(status.ok()) << status.message();
}

// Three arrays, two of them growing side by side.
void WriteExample(const std::string& path, NpzOptions options) {
  Result<NpzWriter> writer = NpzWriter::Create(path, options);
  ASSERT_IO_OK(writer);
  const Result<size_t> pose = writer->AddArray("pose", NpyFloat64(), {3, 2, 7});
  const Result<size_t> weight = writer->AddArray("log_weight", NpyFloat64(), {3, 2});
  ASSERT_IO_OK(pose);
  ASSERT_IO_OK(weight);
  const std::vector<double> poses = Counting(42), weights = Counting(6);
  for (size_t b = 0; b < 3; ++b) {
    AppendAll({weights.begin() + 2 * b, weights.begin() + 2 * b + 2}, *weight, &*writer);
    AppendAll({poses.begin() + 14 * b, poses.begin() + 14 * b + 14}, *pose, &*writer);
  }
  const Result<size_t> id = writer->AddArray("id", NpyUnicode(5), {3});
  ASSERT_IO_OK(id);
  for (const char* text : {"a", "left1", ""}) {
    const std::string element = NpyText(text, 5);
    ASSERT_IO_OK(writer->Append(*id, element.data(), element.size()));
  }
  const int32_t count = 7;
  const Result<size_t> scalar = writer->AddArray("count", NpyInt32(), {});
  ASSERT_IO_OK(scalar);
  ASSERT_IO_OK(writer->Append(*scalar, &count, sizeof(count)));
  ASSERT_IO_OK(writer->AddArray("nothing", NpyFloat64(), {0, 4}));
  ASSERT_IO_OK(writer->Finish());
}

TEST(Npz, HoldsWhatWasAppended) {
  TemporaryFolder folder;
  // 3 bytes: all offsets but the first and all sizes are ZIP64 ones; 200: some of each.
  for (const uint64_t limit : {kZip64Limit, uint64_t{3}, uint64_t{200}}) {
    const std::string path = folder / "a.npz";
    WriteExample(path, {limit});
    const test::NpzReader npz(path);
    EXPECT_EQ(npz.uses_zip64(), limit != kZip64Limit);
    EXPECT_EQ(npz.size(), 5u);
    EXPECT_EQ(npz["pose"].descr, "<f8");
    EXPECT_EQ(npz["pose"].shape, (std::vector<int64_t>{3, 2, 7}));
    EXPECT_EQ(npz["pose"].As<double>(), Counting(42));
    EXPECT_EQ(npz["log_weight"].As<double>(), Counting(6));
    EXPECT_EQ(npz["id"].descr, "<U5");
    EXPECT_EQ(npz["id"].Texts(), (std::vector<std::string>{"a", "left1", ""}));
    EXPECT_EQ(npz["count"].shape, std::vector<int64_t>());
    EXPECT_EQ(npz["count"].As<int32_t>(), std::vector<int32_t>{7});
    EXPECT_EQ(npz["nothing"].shape, (std::vector<int64_t>{0, 4}));
  }
}

TEST(Npz, TheSameArraysGiveTheSameBytes) {
  TemporaryFolder folder;
  WriteExample(folder / "a.npz", {});
  WriteExample(folder / "b.npz", {});
  EXPECT_EQ(ReadOrDie(folder / "a.npz"), ReadOrDie(folder / "b.npz"));
}

TEST(Npz, RefusesWhatDoesNotFit) {
  TemporaryFolder folder;
  ExpectError(NpzWriter::Create(folder / "no/such/a.npz"), {"a.npz", "cannot create"});
  Result<NpzWriter> writer = NpzWriter::Create(folder / "a.npz");
  ASSERT_IO_OK(writer);
  ASSERT_IO_OK(writer->AddArray("x", NpyFloat64(), {2}));
  ExpectError(writer->AddArray("x", NpyFloat64(), {2}), {"'x'", "twice"});
  ExpectError(writer->AddArray("", NpyFloat64(), {2}), {"name"});
  ExpectError(writer->AddArray("../x", NpyFloat64(), {2}), {"'../x'", "name"});
  ExpectError(writer->AddArray("y", NpyFloat64(), {-1}), {"'y'", "too large"});
  const int64_t huge = int64_t{1} << 40;
  ExpectError(writer->AddArray("y", NpyFloat64(), {huge, huge}), {"'y'", "too large"});
  const double values[3] = {};
  ExpectError(writer->Append(1, values, 8), {"no such array"});
  ExpectError(writer->Append(0, values, 24), {"x.npy", "more than"});
  ASSERT_IO_OK(writer->Append(0, values, 8));
  ExpectError(writer->Finish(), {"x.npy", "lacks 8 bytes"});
  ASSERT_IO_OK(writer->Append(0, values, 8));
  ASSERT_IO_OK(writer->Finish());
  ExpectError(writer->Finish(), {"finished already"});
  ExpectError(writer->AddArray("z", NpyFloat64(), {1}), {"finished already"});
}

TEST(Npz, AFullDiskIsAnError) {
  struct stat facts;
  if (stat("/dev/full", &facts) != 0 || !S_ISCHR(facts.st_mode)) GTEST_SKIP() << "no /dev/full";
  Result<NpzWriter> writer = NpzWriter::Create("/dev/full");
  ASSERT_IO_OK(writer);
  ExpectError(writer->AddArray("x", NpyFloat64(), {2}), {"/dev/full", "cannot write"});
}

TEST(Npz, TextIsUtf32) {
  const auto codes = [](const std::string& text, size_t characters) {
    const std::string bytes = NpyText(text, characters);
    std::vector<uint32_t> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  };
  using Codes = std::vector<uint32_t>;
  // Of one, two, three and four bytes.
  EXPECT_EQ(codes("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", 5),
            (Codes{'a', 0xE4, 0x20AC, 0x1F600, 0}));
  EXPECT_EQ(CountCharacters("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), 4u);
  EXPECT_EQ(codes("abc", 2), (Codes{'a', 'b'}));
  EXPECT_EQ(codes("\xFFz\xC3", 3), (Codes{0xFFFD, 'z', 0xFFFD}));
  EXPECT_EQ(codes("", 1), Codes{0});
  EXPECT_EQ(CountCharacters(""), 0u);
}

TEST(Npz, ChecksumIsTheKnownOneHoweverItIsCut) {
  EXPECT_EQ(Crc32(0, "123456789", 9), 0xCBF43926u);  // the check value of CRC-32
  const std::string text(1000, 'x');
  for (const size_t cut : {0, 1, 7, 8, 9, 500, 999}) {
    const uint32_t first = Crc32(0, text.data(), cut);
    EXPECT_EQ(Crc32(first, text.data() + cut, text.size() - cut), Crc32(0, text.data(), 1000));
  }
}

TEST(Npz, NumPyReadsIt) {
  if (std::system("python3 -c 'import numpy' >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "needs python3 with numpy";
  }
  TemporaryFolder folder;
  for (const uint64_t limit : {kZip64Limit, uint64_t{3}, uint64_t{200}}) {
    WriteExample(folder / "a.npz", {limit});
    const std::string program =
        "import numpy as n, zipfile as z\n"
        "f = '" +
        (folder / "a.npz") +
        "'\n"
        "assert z.ZipFile(f).testzip() is None\n"
        "d = n.load(f, allow_pickle=False)\n"
        "assert (d['pose'] == n.arange(42).reshape(3, 2, 7) + .5).all()\n"
        "assert (d['log_weight'] == n.arange(6).reshape(3, 2) + .5).all()\n"
        "assert d['id'].tolist() == ['a', 'left1', '']\n"
        "assert d['count'] == 7 and d['count'].dtype == n.int32\n"
        "assert d['nothing'].shape == (0, 4)\n";
    ASSERT_IO_OK(WriteFile(folder / "read.py", program));
    EXPECT_EQ(std::system(("python3 '" + (folder / "read.py") + "'").c_str()), 0) << limit;
  }
}

}  // namespace
}  // namespace propnp::io
