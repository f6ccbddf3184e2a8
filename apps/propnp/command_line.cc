// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The propnp authors
#include "apps/propnp/command_line.h"

#include <CLI/CLI.hpp>
#include <opencv2/core.hpp>

#include "apps/propnp/convert_command.h"
#include "apps/propnp/demo_command.h"
#include "apps/propnp/help_text.h"
#include "apps/propnp/info_command.h"
#include "apps/propnp/input_error.h"
#include "apps/propnp/refine_command.h"
#include "apps/propnp/refine_options.h"
#include "apps/propnp/text.h"
#include "apps/propnp/version_text.h"

namespace propnp::app {
namespace {

constexpr int kDefaultOverlays = 50;

// Option values as typed; they are parsed by our own parsers, whose messages say more than CLI11's.
struct RefineWords {
  std::string loss = "none", sigma, covariance = "posterior", engine = "batch";
  std::string threads, overlays = std::to_string(kDefaultOverlays);
};

int ParseCount(const std::string& option, const std::string& text, int least) {
  const auto number = ParseInteger(text);
  if (number && *number >= least) return *number;
  throw InputError(
      Format("%s %s: accepted are whole numbers from %d", option.c_str(), text.c_str(), least));
}

void ParseWords(const RefineWords& words, RefineOptions* options) {
  options->loss = ParseLoss(words.loss);
  if (!words.sigma.empty()) options->sigma = ParseSigma(words.sigma);
  options->covariance = ParseCovarianceKind(words.covariance);
  if (words.engine != "batch" && words.engine != "ceres") {
    throw InputError("--engine " + words.engine + ": accepted are batch, ceres");
  }
  options->use_ceres = words.engine == "ceres";
  if (!words.threads.empty()) options->threads = ParseCount("--threads", words.threads, 1);
  options->overlays = ParseCount("--overlays", words.overlays, 0);
}

void AddSourceOptions(CLI::App* command, InputSource* source) {
  command
      ->add_option("--camera", source->camera,
                   "For photographs: calibration as OpenCV or ROS write it, or the numbers "
                   "fx,fy,cx,cy[,k1,k2,p1,p2[,k3]]")
      ->type_name("FILE");
  command
      ->add_option("--board", source->board,
                   "For photographs: chessboard:COLUMNSxROWS:SIDE (inner corners), "
                   "aruco:DICT:SIDE or apriltag:FAMILY:SIDE; SIDE with mm, cm, m or in gives "
                   "poses in metres")
      ->type_name("BOARD");
}

void AddRefine(CLI::App* app, RefineOptions* options, RefineWords* words) {
  CLI::App* command =
      app->add_subcommand("refine", "Refine poses; show, draw and write the result");
  command->footer(kRefineExamples);
  command
      ->add_option("INPUT", options->source.paths, "Model, file, photographs or a quoted pattern")
      ->required();
  command->add_option("-o,--output", options->output, "Folder to write; without it only the table")
      ->type_name("DIR");
  AddSourceOptions(command, &options->source);
  command
      ->add_option("--images", options->source.images,
                   "Folder of a model's photographs, for the pictures; otherwise looked for "
                   "beside the model")
      ->type_name("DIR");
  command
      ->add_option("--loss", words->loss,
                   "none (least squares), huber[:D], cauchy[:D] with D in sigmas, or "
                   "adaptive[:R]; default none")
      ->type_name("LOSS");
  command
      ->add_option("--sigma", words->sigma,
                   "Noise of the 2D points in pixels, or auto to estimate it; default auto, or "
                   "the input's own weights, on whose sigmas PX is a factor")
      ->type_name("PX");
  command
      ->add_option("--covariance", words->covariance,
                   "posterior (robust Hessian), gauss_newton (as Ceres), or sandwich (honest "
                   "under outliers); default posterior")
      ->type_name("KIND");
  command->add_option("--engine", words->engine, "batch or ceres; default batch")
      ->type_name("ENGINE");
  command
      ->add_option("--threads", words->threads,
                   "Threads; default one a core; never changes results")
      ->type_name("N");
  command
      ->add_option(
          "--overlays", words->overlays,
          Format("Pictures at most, those with the largest errors; default %d", kDefaultOverlays))
      ->type_name("N");
  command->add_flag("--json", options->json, "Print the run as JSON instead of the table");
}

void AddConvert(CLI::App* app, ConvertOptions* options) {
  CLI::App* command = app->add_subcommand("convert", "Write poses and points in another format");
  command->footer(kConvertExamples);
  command->add_option("FILES", options->source.paths, "IN... OUT")
      ->required()
      ->expected(2, -1)
      ->type_name("");
  AddSourceOptions(command, &options->source);
  command
      ->add_option("--to", options->to,
                   "jsonl, tum, colmap-text, colmap-binary, bal or bop; default by OUT's ending")
      ->type_name("FORMAT");
}

void AddInfo(CLI::App* app, InputSource* source) {
  CLI::App* command = app->add_subcommand("info", "Say what an input holds and how well it fits");
  command->add_option("INPUT", source->paths, "As for refine")->required();
  AddSourceOptions(command, source);
}

void AddDemo(CLI::App* app, DemoOptions* options) {
  CLI::App* command = app->add_subcommand("demo", "Refine 13 real chessboard poses; start here");
  command->footer(kDemoAbout);
  command->add_option("-o,--output", options->output, "Folder to write")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--images", options->images, "Folder with left01.jpg ... left14.jpg")
      ->type_name("DIR");
}

// CLI11 thinks of programs that end here; we want its text and our exit code.
int Explain(const CLI::App& app, const CLI::ParseError& error, std::ostream& out,
            std::ostream& err) {
  if (error.get_exit_code() == 0) {  // --help, --version
    app.exit(error, out, err);
    return kAllGood;
  }
  std::string command = "propnp";
  for (const CLI::App* sub : app.get_subcommands()) command += " " + sub->get_name();
  err << "propnp: " << error.what() << " (see " << command << " --help)\n";
  return kUsageError;
}

int Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err) {
  CLI::App app(kAbout, "propnp");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", VersionText());
  RefineOptions refine;
  InputSource info;
  RefineWords words;
  ConvertOptions convert;
  DemoOptions demo;
  AddRefine(&app, &refine, &words);
  AddConvert(&app, &convert);
  AddInfo(&app, &info);
  AddDemo(&app, &demo);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return Explain(app, error, out, err);
  }
  if (app.got_subcommand("refine")) {
    ParseWords(words, &refine);
    return RunRefine(refine, out);
  }
  if (app.got_subcommand("convert")) {
    convert.output = convert.source.paths.back();
    convert.source.paths.pop_back();
    return RunConvert(convert, out);
  }
  if (app.got_subcommand("info")) return RunInfo(info, out);
  return RunDemo(demo, out);
}

// Messages of others may have several lines.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return text;
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, std::ostream& out,
                   std::ostream& err) {
  try {
    return Run(arguments, out, err);
  } catch (const InputError& error) {
    err << "propnp: " << OneLine(error.what()) << "\n";
  } catch (const cv::Exception& error) {
    err << "propnp: OpenCV: " << OneLine(error.err) << "\n";
  } catch (const std::bad_alloc&) {
    err << "propnp: not enough memory for this input\n";
  } catch (const std::exception& error) {
    err << "propnp: " << OneLine(error.what()) << "\n";
  }
  return kUsageError;
}

}  // namespace propnp::app
