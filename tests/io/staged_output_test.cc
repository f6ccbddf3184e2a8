// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors

#include "propnp/io/staged_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "propnp/io/file.h"
#include "tests/io/io_test_util.h"

namespace propnp::io {
namespace {

namespace fs = std::filesystem;

constexpr int kFiles = 8;

// A folder of several files that all hold the same number: two numbers in one are a torn folder.
Status WriteGeneration(int generation, const std::string& target, bool use_exchange) {
  Result<StagedFolder> staged = StagedFolder::Create(target, {use_exchange});
  if (!staged.ok()) return staged.status();
  for (int i = 0; i < kFiles; ++i) {
    const std::string text = std::to_string(generation) + std::string(2000, ' ');
    const std::string name = "file" + std::to_string(i);
    if (Status status = WriteFile(JoinPath(staged->path(), name), text); !status.ok())
      return status;
  }
  return staged->Commit();
}

// The number that all files hold, or -1.
int Generation(const std::string& folder) {
  int generation = -1;
  for (int i = 0; i < kFiles; ++i) {
    const Result<std::string> text = ReadFile(JoinPath(folder, "file" + std::to_string(i)));
    if (!text.ok() || text->size() < 2000) return -1;
    const int number = std::atoi(text->c_str());
    if (i > 0 && number != generation) return -1;
    generation = number;
  }
  return generation;
}

size_t CountEntries(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(StagedFolder, MakesAndReplaces) {
  for (const bool use_exchange : {true, false}) {
    TemporaryFolder folder;
    const std::string target = folder / "a/b/out";
    for (int generation = 1; generation <= 3; ++generation) {
      ASSERT_IO_OK(WriteGeneration(generation, target, use_exchange));
      EXPECT_EQ(Generation(target), generation);
      EXPECT_EQ(CountEntries(folder / "a/b"), 1u) << "nothing is left beside the target";
    }
  }
}

TEST(StagedFolder, WithoutCommitNothingHappens) {
  TemporaryFolder folder;
  {
    Result<StagedFolder> staged = StagedFolder::Create(folder / "out");
    ASSERT_IO_OK(staged);
    ASSERT_IO_OK(WriteFile(staged->path() + "/x", "x"));
  }
  EXPECT_EQ(CountEntries(folder.path()), 0u);
}

TEST(StagedFolder, NeverReplacesWhatIsNotOurs) {
  TemporaryFolder folder;
  fs::create_directories(folder / "mine");
  ASSERT_IO_OK(WriteFile(folder / "mine/thesis.txt", "x"));
  ExpectError(StagedFolder::Create(folder / "mine"), {"thesis.txt", "not replaced"});
  ASSERT_IO_OK(WriteFile(folder / "file", "x"));
  ExpectError(StagedFolder::Create(folder / "file"), {"not a folder"});

  ASSERT_IO_OK(WriteGeneration(1, folder / "out", true));
  ASSERT_IO_OK(WriteFile(folder / "out/notes.txt", "x"));
  ExpectError(StagedFolder::Create(folder / "out"), {"notes.txt"});
  EXPECT_EQ(Generation(folder / "out"), 1);
}

TEST(StagedFolder, TakesAnEmptyFolderAndFollowsLinks) {
  TemporaryFolder folder;
  fs::create_directories(folder / "real");
  fs::create_directory_symlink(folder / "real", folder / "link");
  ASSERT_IO_OK(WriteGeneration(1, folder / "link/", true));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(Generation(folder / "real"), 1);
}

TEST(StagedFolder, RunningOnesAreLeftAlone) {
  TemporaryFolder folder;
  Result<StagedFolder> first = StagedFolder::Create(folder / "out");
  Result<StagedFolder> second = StagedFolder::Create(folder / "out");
  ASSERT_IO_OK(first);
  ASSERT_IO_OK(second);
  EXPECT_TRUE(IsFolder(first->path()));
  EXPECT_TRUE(IsFolder(second->path()));
}

TEST(StagedFolder, AKillBetweenTwoRenamesIsRepaired) {
  TemporaryFolder folder;
  ASSERT_IO_OK(WriteGeneration(1, folder / "out", true));
  fs::rename(folder / "out", folder / ".out.previous");
  { ASSERT_IO_OK(StagedFolder::Create(folder / "out")); }
  EXPECT_EQ(Generation(folder / "out"), 1);
  EXPECT_EQ(CountEntries(folder.path()), 1u);
}

// Starts a program that replaces the folder for ever, and kills it.
void KillAWriter(const std::string& target, int first_generation, bool use_exchange, int delay_us) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (int generation = first_generation;; ++generation) {
      if (!WriteGeneration(generation, target, use_exchange).ok()) _exit(1);
    }
  }
  usleep(static_cast<useconds_t>(delay_us));
  kill(child, SIGKILL);
  int how = 0;
  waitpid(child, &how, 0);
  EXPECT_TRUE(WIFSIGNALED(how)) << "the writer failed by itself";
}

// "StagedFolder.SurvivesKillsAtAnyMoment" as a number.
constexpr unsigned kSeed = 0x4b494c4c;

// Kills writers in rounds. After each round the folder must be whole and no older than before; what
// `repair` does is done first.
template <typename Repair>
void SurviveKills(bool use_exchange, const Repair& repair) {
  TemporaryFolder folder;
  const std::string target = folder / "out";
  ASSERT_IO_OK(WriteGeneration(0, target, use_exchange));
  std::mt19937 random(kSeed);
  std::uniform_int_distribution<int> delay_us(0, 8000);
  int last = 0;
  for (int round = 0; round < 100; ++round) {
    KillAWriter(target, last + 1, use_exchange, delay_us(random));
    repair(target);
    const int generation = Generation(target);
    ASSERT_GE(generation, last) << "torn or lost in round " << round;
    last = generation;
  }
  EXPECT_GT(last, 0) << "no writer got as far as a commit";
  ASSERT_IO_OK(WriteGeneration(last + 1, target, use_exchange));
  EXPECT_EQ(CountEntries(folder.path()), 1u) << "leftovers of killed writers are removed";
}

TEST(StagedFolder, SurvivesKillsAtAnyMoment) {
  SurviveKills(true, [](const std::string&) {});
}

// Without an exchange of names the next program to use the folder repairs it.
TEST(StagedFolder, SurvivesKillsWithoutExchange) {
  SurviveKills(false,
               [](const std::string& target) { ASSERT_IO_OK(StagedFolder::Create(target)); });
}

TEST(WriteFileAtomically, WritesAndReplaces) {
  TemporaryFolder folder;
  ASSERT_IO_OK(WriteFileAtomically(folder / "a/x", "one"));
  ASSERT_IO_OK(WriteFileAtomically(folder / "a/x", "two"));
  EXPECT_EQ(ReadOrDie(folder / "a/x"), "two");
  EXPECT_EQ(CountEntries(folder / "a"), 1u);
  ExpectError(WriteFileAtomically(folder / "a", "x"), {"is a folder"});
}

TEST(WriteFileAtomically, NeverReplacesAPipe) {
  TemporaryFolder folder;
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  const int reader = open((folder / "pipe").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  ASSERT_IO_OK(WriteFileAtomically(folder / "pipe", "text"));
  char buffer[8] = {};
  EXPECT_EQ(read(reader, buffer, sizeof(buffer)), 4);
  close(reader);
  EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
}

}  // namespace
}  // namespace propnp::io
